"""What the background worker does by the clock: commands that may as well be run by cron."""

from django_q.models import Schedule

# command: when, as cron writes it, in the time zone of the house.
SCHEDULES = {
    "refresh_statistics": "5 * * * *",  # SQLite never does it by itself
    "issue_papers": "10 * * * *",
    "seal_history": "20 * * * *",
    "expire_personal_data": "40 3 * * *",
    "remind": "0 7 * * *",
}


def lay_out(using: str, **kwargs) -> None:
    """Runs after every `migrate`. The first run is the next time of the clock, not the moment of installing."""
    for command, times in SCHEDULES.items():
        values = {
            "func": "django.core.management.call_command",
            "args": f"'{command}'",
            "schedule_type": Schedule.CRON,
            "cron": times,
        }
        planned, is_new = Schedule.objects.using(using).get_or_create(name=command, defaults=values)
        if is_new or planned.cron != times:
            planned.cron = times
            planned.next_run = planned.calculate_next_run()
            planned.save(using=using)
