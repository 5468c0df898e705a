"""What the worker does by the clock."""

from datetime import timedelta

import pytest
from django.core.management import call_command, get_commands
from django.utils import timezone
from django_q.models import Schedule

from kotaku.schedules import SCHEDULES, lay_out

pytestmark = pytest.mark.django_db


def test_each_command_stands_once_and_not_before_its_time():
    Schedule.objects.all().delete()
    lay_out("default")
    lay_out("default")
    assert set(SCHEDULES) <= set(get_commands())
    planned = {one.name: one for one in Schedule.objects.all()}
    assert planned.keys() == SCHEDULES.keys()
    assert all(one.next_run > timezone.now() for one in planned.values())
    assert timezone.localtime(planned["remind"].next_run).strftime("%H:%M") == "07:00"


def test_laid_out_again_the_next_run_stays_unless_the_times_changed():
    long_ago = timezone.now() - timedelta(days=1)
    Schedule.objects.filter(name="remind").update(next_run=long_ago)
    Schedule.objects.filter(name="seal_history").update(next_run=long_ago, cron="0 1 * * *")
    lay_out("default")
    assert Schedule.objects.get(name="remind").next_run == long_ago
    assert Schedule.objects.get(name="seal_history").next_run > timezone.now()


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_runs_as_the_worker_calls_it(name, capsys):
    planned = Schedule.objects.get(name=name)
    assert planned.func == "django.core.management.call_command"
    call_command(planned.args.strip("'"))
    assert "Error" not in capsys.readouterr().err
