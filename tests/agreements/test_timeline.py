"""Days as parts of a line."""

from datetime import date

from agreements.timeline import Scale, bar


def test_a_line_has_room_at_both_ends():
    scale = Scale.around([date(2026, 1, 1), None, date(2026, 12, 31)])
    assert scale.first < date(2026, 1, 1)
    assert scale.last > date(2026, 12, 31)


def test_a_single_day_gets_a_line_of_two_months():
    assert Scale.around([date(2026, 3, 10)]).days >= 60


def test_ticks_are_first_days_and_few():
    for last in (date(2026, 5, 1), date(2027, 3, 1), date(2032, 1, 1), date(2060, 1, 1)):
        ticks = Scale(date(2026, 1, 15), last).ticks()
        assert 1 <= len(ticks) <= 9
        assert all(day.day == 1 for _x, day in ticks)


def test_what_lies_behind_the_due_day_is_late():
    scale = Scale(date(2026, 1, 1), date(2026, 4, 11))  # a hundred days
    found = bar(scale, date(2026, 1, 11), date(2026, 1, 31), date(2026, 3, 2))
    assert (found.start, found.length, found.due) == ("10.00", "20.00", "30.00")
    assert (found.late_start, found.late_length) == ("30.00", "30.00")


def test_what_is_done_in_time_has_nothing_late():
    scale = Scale(date(2026, 1, 1), date(2026, 4, 11))
    found = bar(scale, date(2026, 1, 11), date(2026, 1, 31), date(2026, 1, 21))
    assert (found.length, found.late_start, found.late_length) == ("20.00", None, None)
