"""Results above the neighbourhood: sums of volumes scored again, refreshed by one door, proved by `reassess --check`."""

import json
import random
import threading
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.refusals import Refused
from slumareas.models import Assessment, AssessmentYear, Baseline, Work
from slumareas.models.assessments import CAUSES, METHODS
from slumareas.models.quantities import QUANTITY_KEYS
from slumareas.scoring import PERMEN_2_2016, PERMEN_14_2018
from tests.slumareas.records import (
    DRAFT_YEAR,
    RT_1,
    RT_2,
    make_area,
    make_baseline,
    make_unit,
    make_village,
    make_year,
    with_score,
)

pytestmark = pytest.mark.django_db
NEVER_A_SLUM, LIGHT, MODERATE = 0, 20, 40


def check():
    """`reassess --check` as (exit code, what it prints)."""
    out = StringIO()
    try:
        call_command("reassess", check=True, format="json", stdout=out, language="en")
    except CommandError as refused:
        return refused.returncode, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def assert_all_follow():
    """Every stored result follows from its rows, and the changes of every place add up to the difference."""
    code, found = check()
    assert (code, found["differing"]) == (0, [])
    for one in Assessment.objects.select_related("assessment_year"):
        before_year = one.assessment_year.previous()
        if before_year is None:
            continue
        before = before_year.assessments.filter(region=one.region_id, slum_area=one.slum_area_id).first()
        for method in METHODS:
            difference = one.slum_hectares(method) - (before.slum_hectares(method) if before else 0)
            assert sum(one.changes(method).values()) == difference, (one.key, method)


def result(place, year=DRAFT_YEAR, rule_set=PERMEN_14_2018) -> Assessment:
    key = "slum_area" if hasattr(place, "slug") else "region"
    return Assessment.objects.get(assessment_year=make_year(year, rule_set), **{key: place})


def changes(place, method, year=DRAFT_YEAR, **kwargs) -> dict:
    return {cause: value for cause, value in result(place, year, **kwargs).changes(method).items() if value}


def hectares(place, method, year=DRAFT_YEAR) -> dict:
    return {bucket: value for bucket, value in result(place, year).hectares(method).items() if value}


@pytest.fixture
def area(village):
    return make_area("Kampung Uji", village)


@pytest.fixture
def two_rts(village, area):
    """The worked example as two neighbourhoods of one area."""
    return [make_baseline(make_unit(village, rt, area), values) for rt, values in (("1", RT_1), ("2", RT_2))]


# --- sums ------------------------------------------------------------------------------------------------
def test_an_area_adds_numerators_and_denominators_and_never_averages(two_rts, area):
    assert [row.total for row in two_rts] == [32, 12]
    whole = result(area)
    assert (whole.total, whole.slum_class, whole.unit_count, whole.assessed_count) == (19, "light", 2, 2)
    assert (whole.building_irregular, whole.building_count) == (39, 104)
    assert hectares(area, "a") == {"light": Decimal("2.00")}
    assert hectares(area, "b") == {"light": Decimal("1.20"), "not_slum": Decimal("0.80")}
    assert (whole.slum_hectares("a"), whole.slum_hectares("b")) == (Decimal("2.00"), Decimal("1.20"))


def test_the_same_sums_stand_at_village_district_and_regency(two_rts, village):
    for region in (village, village.parent, village.parent.parent):
        found = result(region)
        assert (found.total, found.unit_count, found.building_irregular) == (19, 2, 39)
        assert found.slum_hectares("a") == 2
        assert found.level == region.level


def test_districts_and_regency_add_their_villages(village):
    elsewhere = make_village("19.05.02.2001")
    make_baseline(make_unit(village, "1"), RT_1)
    make_baseline(make_unit(elsewhere, "1"), RT_2)
    assert (result(village.parent).total, result(elsewhere.parent).total) == (32, 12)
    assert (result(village.parent.parent).total, result(village.parent.parent).unit_count) == (19, 2)


def test_a_blank_makes_the_sum_not_assessed(village, area):
    make_baseline(make_unit(village, "1", area), RT_1)
    blank = make_baseline(make_unit(village, "2", area), RT_2 | {"water_access": None})
    assert (blank.total, blank.slum_class) == (None, "")
    for place in (area, village, village.parent.parent):
        found = result(place)
        assert (found.water_access, found.total, found.slum_class) == (None, None, "")
        assert (found.building_irregular, found.household_count) == (39, 108)
        assert (found.unit_count, found.assessed_count) == (2, 1)
        assert hectares(place, "a") == {"not_assessed": 2}
        assert hectares(place, "b") == {"light": Decimal("1.2"), "not_assessed": Decimal("0.8")}


def test_negative_values_are_added_as_they_are_stored(village, area):
    make_baseline(make_unit(village, "1", area), RT_1 | {"drainage_flooding": "-0.5"})
    make_baseline(make_unit(village, "2", area), RT_2 | {"drainage_flooding": "0.7"})
    assert result(area).drainage_flooding == Decimal("0.2")


def test_a_village_survey_is_shown_where_there_are_no_neighbourhoods(village):
    make_baseline(make_unit(village, ""), RT_1)
    assert result(village).is_village_survey
    assert (result(village).total, result(village).unit_count) == (32, 1)
    assert hectares(village, "b") == {}


def test_a_village_survey_is_never_added_to_neighbourhoods(village):
    survey = make_baseline(make_unit(village, ""), RT_1)
    row = make_baseline(make_unit(village, "2"), RT_2)
    for place in (village, village.parent, village.parent.parent):
        assert (result(place).total, result(place).unit_count, result(place).is_village_survey) == (12, 1, False)
    row.delete()
    assert (result(village).total, result(village).is_village_survey) == (32, True)
    survey.delete()
    assert not Assessment.objects.exists()


def test_a_survey_of_another_village_does_not_enter_the_district(village):
    make_baseline(make_unit(make_village("19.05.01.2009"), ""), RT_1)
    assert result(village.parent).is_village_survey
    make_baseline(make_unit(village, "2"), RT_2)
    assert (result(village.parent).total, result(village.parent).unit_count) == (12, 1)
    assert not result(village.parent).is_village_survey


def test_an_area_over_two_villages_is_one_result(village):
    other = make_village("19.05.02.2001")
    area = make_area("Pesisir Uji", village, other)
    make_baseline(make_unit(village, "1", area), RT_1)
    make_baseline(make_unit(other, "1", area), RT_2)
    assert result(area).total == 19
    # By method A each village holds its part of the area, under the class of the whole.
    assert hectares(village, "a") == {"light": Decimal("1.2")}
    assert hectares(other, "a") == {"light": Decimal("0.8")}
    assert hectares(other, "b") == {"not_slum": Decimal("0.8")}
    assert hectares(village.parent.parent, "a") == {"light": 2}
    assert_all_follow()


def test_a_change_in_one_village_reaches_the_area_s_other_village(village):
    other = make_village("19.05.02.2001")
    area = make_area("Pesisir Uji", village, other)
    make_baseline(make_unit(other, "1", area), with_score(15, "9"))
    assert hectares(other, "a") == {"not_slum": 9}
    make_baseline(make_unit(village, "1", area), with_score(60, "9"))
    assert hectares(other, "a") == {"light": 9}
    assert_all_follow()


def test_large_sums_are_exact(village, area):
    """Beyond 2^53 a float would lose the last digits; SQLite keeps Django's own decimals as floats."""
    for rt in ("1", "2", "3"):
        make_baseline(make_unit(village, rt, area), RT_1 | {"verified_area_ha": "123456789012.123457"})
    assert result(area).verified_area_ha == Decimal("370370367036.370371")
    assert result(village.parent.parent).hectares("a")["light"] == Decimal("370370367036.370371")
    assert_all_follow()


def test_a_score_follows_from_the_digits_that_are_kept(village):
    """Half up to the stored places first: 75.995 m of 100 m are stored as 76.00 and score 5."""
    row = make_baseline(make_unit(village, "1"), with_score(0) | {"road_coverage": "75.995", "ideal_road_m": "100"})
    assert (row.road_coverage, row.total) == (Decimal("76.00"), 5)
    assert Baseline.objects.get().road_coverage == Decimal("76.00")
    assert_all_follow()


def test_an_area_without_rows_of_the_year_is_not_assessed(village, area):
    """Zeros in place of what nobody measured would read as "not a slum"."""
    make_baseline(make_unit(village, "1", area), with_score(LIGHT), year=2019)
    make_baseline(make_unit(village, "2"), with_score(LIGHT))
    empty = result(area)
    assert (empty.unit_count, empty.verified_area_ha, empty.total, empty.slum_class) == (0, None, None, "")
    assert empty.result().total is None
    assert_all_follow()


# --- what moves and goes ------------------------------------------------------------------------------------
def test_rows_of_drafts_follow_their_neighbourhood_and_locked_ones_stay(village, area, people, now):
    other = make_area("Kampung Lain", village)
    unit = make_unit(village, "1", area)
    for year in (2018, 2019, DRAFT_YEAR):
        make_baseline(unit, with_score(LIGHT), year=year)
    make_year(2018).verify(people["verifier"], now)
    make_year(2018).lock(people["verifier"], now)
    make_year(2019).verify(people["verifier"], now)
    unit.slum_area = other
    unit.save()
    assert dict(Baseline.objects.values_list("assessment_year__year", "slum_area__name")) == {
        2018: "Kampung Uji",
        2019: "Kampung Uji",
        2020: "Kampung Lain",
    }
    assert result(other).total == LIGHT
    assert result(area, 2019).total == LIGHT
    assert result(area).total is None
    assert_all_follow()


def test_correcting_a_reopened_year_does_not_move_its_row(village, area, people, now):
    unit = make_unit(village, "1", area)
    row = make_baseline(unit, with_score(LIGHT), year=2018)
    make_year(2018).verify(people["verifier"], now)
    unit.slum_area = make_area("Kampung Lain", village)
    unit.save()
    make_year(2018).reopen(people["verifier"], now, "salah ketik")
    row = Baseline.objects.get(pk=row.pk)
    row.water_access = 100
    row.save()
    assert Baseline.objects.get().slum_area == area
    assert_all_follow()


def test_saving_an_old_copy_does_not_undo_a_move(village, area):
    unit = make_unit(village, "1", area)
    old_copy = make_baseline(unit, with_score(LIGHT))
    other = make_area("Kampung Lain", village)
    unit.slum_area = other
    unit.save()
    old_copy.unit.slum_area = area
    old_copy.save()
    assert Baseline.objects.get().slum_area == other
    assert_all_follow()


def test_a_drafted_row_follows_its_neighbourhood_into_another_village(village):
    other = make_village("19.05.02.2001")
    unit = make_unit(village, "1")
    make_baseline(unit, with_score(LIGHT))
    unit.region = other
    unit.save()
    assert result(other).total == LIGHT
    assert not Assessment.objects.filter(region__in=[village, village.parent]).exists()
    assert_all_follow()


def test_a_neighbourhood_with_verified_rows_stays_in_its_village(village, people, now):
    unit = make_unit(village, "1")
    make_baseline(unit, with_score(LIGHT))
    make_year().verify(people["verifier"], now)
    unit.region = make_village("19.05.02.2001")
    with pytest.raises(Refused, match="stays in its village|tetap"):
        unit.save()
    unit.region, unit.rw, unit.rt = village, "", ""
    with pytest.raises(Refused, match="stays in its village|tetap"):
        unit.save()
    assert_all_follow()


def test_a_row_given_to_another_neighbourhood_leaves_nothing_behind(village, area):
    elsewhere = make_village("19.05.02.2001")
    row = make_baseline(make_unit(village, "1", area), with_score(LIGHT))
    row.unit = make_unit(elsewhere, "1")
    row.save()
    assert Baseline.objects.get().slum_area is None
    assert list(Assessment.objects.filter(level="village").values_list("region__code", flat=True)) == ["19.05.02.2001"]
    assert not Assessment.objects.filter(level="area").exists()
    assert_all_follow()


def test_deleting_rows_takes_them_out_of_every_sum(two_rts, village, area):
    two_rts[0].delete()
    assert (result(area).total, result(village.parent.parent).building_count) == (12, 40)
    two_rts[1].delete()
    assert not Assessment.objects.exists()


def test_deleting_many_rows_at_once_passes_the_same_door(two_rts, village, people, now):
    third = make_baseline(make_unit(village, "3"), with_score(LIGHT), year=2019)
    make_year(2019).verify(people["verifier"], now)
    with pytest.raises(Refused):
        Baseline.objects.all().delete()
    assert Baseline.objects.count() == 3
    Baseline.objects.exclude(pk=third.pk).delete()
    assert not Assessment.objects.filter(assessment_year__year=DRAFT_YEAR).exists()
    assert_all_follow()


def test_a_row_deleted_meanwhile_is_no_error(two_rts):
    again = Baseline.objects.get(pk=two_rts[0].pk)
    two_rts[0].delete()
    assert again.delete() == (0, {})
    assert_all_follow()


def test_a_part_of_a_row_saves_its_result_too(two_rts, area):
    row = Baseline.objects.get(pk=two_rts[1].pk)
    row.water_access = 38
    row.save(update_fields=["water_access"])
    assert Baseline.objects.get(pk=row.pk).total == 16
    assert_all_follow()


def test_a_row_stays_in_its_year(two_rts):
    two_rts[0].assessment_year = make_year(2019)
    with pytest.raises(ValueError, match="stays in its year"):
        two_rts[0].save()


# --- change of hectares by cause ------------------------------------------------------------------------------
@pytest.fixture
def before(village, area):
    """One neighbourhood of one light area of 3 ha in 2019."""
    unit = make_unit(village, "1", area)
    make_baseline(unit, with_score(LIGHT, "3"), year=2019)
    return unit


def test_the_first_year_has_no_change(before, area):
    assert changes(area, "a", 2019) == changes(area, "b", 2019) == {}


@pytest.mark.parametrize("method", METHODS)
class TestCauses:
    def test_a_slum_that_stays_one_changes_nothing(self, before, area, method):
        make_baseline(before, with_score(MODERATE, "3"))
        assert changes(area, method) == {}

    def test_without_works_it_is_a_correction(self, before, area, village, method):
        make_baseline(before, with_score(NEVER_A_SLUM, "3"))
        for place in (area, village, village.parent, village.parent.parent):
            assert changes(place, method) == {"correction": -3}
        assert_all_follow()

    def test_works_since_the_year_before_are_the_cause(self, before, area, method):
        row = make_baseline(before, with_score(NEVER_A_SLUM, "3"))
        work = Work.objects.create(unit=before, year=2019, criterion="road_surface", activity="Jalan", volume=10)
        assert changes(area, method) == {"correction": -3}  # what was built in 2019 is in the baseline of 2019
        work.year = 2020
        work.save()
        assert changes(area, method) == {"works": -3}
        work.delete()
        assert changes(area, method) == {"correction": -3}
        Work.objects.create(unit=before, year=2020, criterion="road_surface", activity="Jalan", volume=10)
        assert changes(area, method) == {"works": -3}
        Work.objects.all().delete()
        assert changes(area, method) == {"correction": -3}
        row.delete()
        assert_all_follow()

    def test_works_moved_to_another_neighbourhood_take_their_cause_along(self, before, area, village, method):
        second_area = make_area("Kampung Lain", village)
        second = make_unit(village, "2", second_area)
        make_baseline(second, with_score(LIGHT, "5"), year=2019)
        for unit, size in ((before, "3"), (second, "5")):
            make_baseline(unit, with_score(NEVER_A_SLUM, size))
        work = Work.objects.create(unit=before, year=2020, criterion="road_surface", activity="Jalan", volume=10)
        assert changes(village, method) == {"works": -3, "correction": -5}
        work.unit = second
        work.save()
        assert changes(village, method) == {"works": -5, "correction": -3}
        assert_all_follow()

    def test_a_boundary_drawn_anew(self, before, area, village, method):
        make_baseline(before, with_score(LIGHT, "3.5"))
        assert changes(area, method) == {"delineation": Decimal("0.5")}
        assert_all_follow()

    def test_what_is_measured_for_the_first_time_is_no_change_on_the_ground(self, before, area, village, method):
        make_baseline(before, with_score(LIGHT, "3"))
        make_baseline(make_unit(village, "2", area), with_score(LIGHT, "1"))
        assert changes(area, method) == {"missing": 1}
        assert_all_follow()

    def test_what_is_not_yet_measured_again_is_no_reduction(self, before, area, village, method):
        second = make_unit(village, "2", area)
        make_baseline(second, with_score(LIGHT, "2"), year=2019)
        make_baseline(second, with_score(LIGHT, "2"))
        assert changes(area, method) == {"missing": -3}
        assert_all_follow()

    def test_what_is_not_completely_assessed_is_no_reduction(self, before, area, village, method):
        make_baseline(before, {**with_score(LIGHT, "3"), "fire_equipment": None})
        assert changes(area, method) == {"missing": -3}
        assert_all_follow()

    def test_a_neighbourhood_that_left_the_area(self, before, area, village, people, now, method):
        make_year(2019).verify(people["verifier"], now)
        before.slum_area = None
        before.save()
        make_baseline(before, with_score(LIGHT, "3"))
        assert changes(area, method) == {"delineation": -3}
        assert_all_follow()

    def test_a_move_while_the_earlier_year_is_a_draft_is_no_change(self, before, area, village, method):
        before.slum_area = None
        before.save()
        make_baseline(before, with_score(LIGHT, "3"))
        assert changes(village, method) == {}
        assert_all_follow()

    def test_a_neighbourhood_that_moved_leaves_one_area_and_joins_the_other(
        self, before, area, village, people, now, method
    ):
        make_year(2019).verify(people["verifier"], now)
        other = make_area("Kampung Lain", village)
        before.slum_area = other
        before.save()
        make_baseline(before, with_score(LIGHT, "3"))
        assert changes(area, method) == {"delineation": -3}
        assert changes(other, method) == {"delineation": 3}
        assert changes(village, method) == {}
        assert_all_follow()

    def test_a_change_of_the_rule(self, before, area, method):
        make_baseline(before, with_score(18, "3", PERMEN_2_2016), rule_set=PERMEN_2_2016)
        assert changes(area, method, rule_set=PERMEN_2_2016) == {"rule": -3}
        assert_all_follow()

    def test_works_come_before_the_rule(self, before, area, method):
        Work.objects.create(unit=before, year=2020, criterion="road_surface", activity="Jalan", volume=10)
        make_baseline(before, with_score(18, "3", PERMEN_2_2016), rule_set=PERMEN_2_2016)
        assert changes(area, method, rule_set=PERMEN_2_2016) == {"works": -3}

    def test_a_slum_that_appeared(self, village, area, method):
        unit = make_unit(village, "1", area)
        make_baseline(unit, with_score(NEVER_A_SLUM, "3"), year=2019)
        make_baseline(unit, with_score(LIGHT, "3"))
        assert changes(area, method) == {"correction": 3}

    def test_correcting_the_earlier_year_changes_the_later_one(self, before, area, method):
        make_baseline(before, with_score(NEVER_A_SLUM, "3"))
        earlier = Baseline.objects.get(assessment_year__year=2019)
        earlier.verified_area_ha = 7
        earlier.save()
        assert changes(area, method) == {"correction": -7}
        earlier.delete()
        assert changes(area, method) == {}
        assert_all_follow()


def test_method_b_sees_the_cause_of_one_neighbourhood_alone(before, area, village):
    second = make_unit(village, "2", area)
    make_baseline(second, with_score(LIGHT, "5"), year=2019)
    Work.objects.create(unit=second, year=2020, criterion="road_surface", activity="Jalan", volume=10)
    for unit, size in ((before, "3"), (second, "5")):
        make_baseline(unit, with_score(NEVER_A_SLUM, size))
    assert changes(area, "a") == {"works": -8}
    assert changes(area, "b") == {"works": -5, "correction": -3}
    assert_all_follow()


def test_a_class_that_changed_with_a_move_keeps_its_cause_by_method_b(before, area, village, people, now):
    make_year(2019).verify(people["verifier"], now)
    other = make_area("Kampung Lain", village)
    before.slum_area = other
    before.save()
    Work.objects.create(unit=before, year=2020, criterion="road_surface", activity="Jalan", volume=10)
    make_baseline(before, with_score(NEVER_A_SLUM, "3"))
    assert (changes(area, "b"), changes(other, "b"), changes(village, "b")) == ({"works": -3}, {}, {"works": -3})
    assert (changes(area, "a"), changes(other, "a")) == ({"delineation": -3}, {})
    assert_all_follow()


# --- works and years that are no longer drafted -------------------------------------------------------------------
def stored_changes():
    return list(Assessment.objects.order_by("pk").values())


@pytest.fixture
def settled(before, people, now):
    """`settled(status)`: 2020 measured, with works of 2019 and of 2020 on record, and then verified or locked."""

    def settle(status="locked"):
        make_baseline(before, with_score(NEVER_A_SLUM, "3"))
        works = [
            Work.objects.create(unit=before, year=year, criterion="road_surface", activity="Jalan", volume=10)
            for year in (2019, 2020)
        ]
        make_year(2020).verify(people["verifier"], now)
        if status == "locked":
            make_year(2020).lock(people["verifier"], now)
        return works

    return settle


def new_works(unit, year):
    return Work(unit=unit, year=year, criterion="road_surface", activity="Jembatan", volume=5)


def moved(work, **changed):
    for name, value in changed.items():
        setattr(work, name, value)
    return work


@pytest.mark.parametrize("status", ["verified", "locked"])
@pytest.mark.parametrize(
    "attempt",
    [
        lambda unit, works: new_works(unit, 2020).save(),
        lambda unit, works: moved(works[1], year=2021).save(),
        lambda unit, works: moved(works[1], volume=7).save(),
        lambda unit, works: moved(works[0], year=2020).save(),
        lambda unit, works: works[1].delete(),
        lambda unit, works: Work.objects.filter(year=2020).delete(),
        lambda unit, works: Work.objects.all().delete(),
    ],
    ids=["new", "out of the year", "another volume", "into the year", "deleted", "deleted as a list", "all deleted"],
)
def test_works_cannot_change_the_causes_of_a_year_that_is_not_a_draft(settled, before, status, attempt):
    works = settled(status)
    causes, recorded = stored_changes(), list(Work.objects.order_by("pk").values())
    with pytest.raises(Refused) as refused:
        attempt(before, works)
    assert refused.value.code == "locked_year"
    assert "2020" in refused.value.sentence
    assert (stored_changes(), list(Work.objects.order_by("pk").values())) == (causes, recorded)
    assert_all_follow()


def test_works_of_years_without_rows_count_for_the_next_measured_year(settled, before, people, now):
    settled()
    make_baseline(before, with_score(LIGHT, "3"), year=2023)
    new_works(before, 2021).save()  # 2023 is a draft
    make_year(2023).verify(people["verifier"], now)
    with pytest.raises(Refused, match="2023"):
        new_works(before, 2022).save()
    assert_all_follow()


def test_works_after_the_last_measured_year_are_recorded_as_they_come(settled, before, area):
    settled()
    causes = changes(area, "a")
    new_works(before, 2024).save()
    assert changes(area, "a") == causes == {"works": -3}


def test_a_reopened_year_takes_works_again(settled, before, people, now):
    works = settled()
    make_year(2020).reopen(people["verifier"], now, "Pekerjaan terlewat")
    works[1].delete()
    assert changes(before.slum_area, "a") == {"correction": -3}
    assert_all_follow()


def test_works_are_held_back_where_one_rule_set_of_the_year_is_settled(settled, before):
    settled()
    make_baseline(before, with_score(18, "3", PERMEN_2_2016), rule_set=PERMEN_2_2016)
    with pytest.raises(Refused):
        new_works(before, 2020).save()


@pytest.mark.parametrize("cost", [None, 1000])
def test_the_database_refuses_the_same_works_twice(before, cost):
    for activity, twice in (("Jalan", False), ("Jalan", True)):
        work = Work(unit=before, year=2020, criterion="road_surface", activity=activity, volume=10, cost=cost)
        if twice:
            with pytest.raises(IntegrityError), transaction.atomic():
                work.save()
        else:
            work.save()
    assert Work.objects.count() == 1


def test_an_empty_year_is_compared_with_nothing(before, area):
    make_baseline(before, with_score(NEVER_A_SLUM, "3"), year=2021)
    make_year(2020)
    assert changes(area, "a", 2021) == {"correction": -3}
    assert_all_follow()
    make_year(2020).delete()
    assert_all_follow()


def test_a_year_that_begins_between_two_is_compared_from_then_on(before, area, village):
    """Also in villages that the first row does not touch."""
    make_baseline(before, with_score(NEVER_A_SLUM, "3"), year=2021)
    elsewhere = make_village("19.05.02.2001")
    row = make_baseline(make_unit(elsewhere, "1"), with_score(LIGHT, "1"), year=2020)
    assert changes(area, "a", 2020) == {"missing": -3}
    assert changes(area, "a", 2021) == {}
    assert_all_follow()
    row.delete()
    assert changes(area, "a", 2021) == {"correction": -3}
    assert not Assessment.objects.filter(assessment_year__year=2020).exists()
    assert_all_follow()


def test_a_year_compares_with_the_same_rule_set_where_there_are_both(before, area):
    make_baseline(before, with_score(NEVER_A_SLUM, "3"))
    make_baseline(before, with_score(NEVER_A_SLUM, "3", PERMEN_2_2016), year=2019, rule_set=PERMEN_2_2016)
    assert changes(area, "a") == {"correction": -3}
    Baseline.objects.get(assessment_year=make_year(2019)).delete()
    assert changes(area, "a") == {}  # now 2019 is known under the other rule only, where it was no slum
    assert_all_follow()


# --- the year's lock --------------------------------------------------------------------------------------
STATES, VERBS = ("draft", "verified", "locked"), ("verify", "lock", "reopen")
ALLOWED = {
    ("draft", "verify"): "verified",
    ("verified", "lock"): "locked",
    ("verified", "reopen"): "draft",
    ("locked", "reopen"): "draft",
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", STATES)
def test_all_pairs_of_state_and_verb(state, verb, people, now):
    year = AssessmentYear.objects.create(year=2019, rule_set=PERMEN_14_2018, status=state)
    reason = {"reason": "angka salah"} if verb == "reopen" else {}
    target = ALLOWED.get((state, verb))
    assert year.can(verb) is (target is not None)
    if target is None:
        with pytest.raises(Refused):
            getattr(year, verb)(people["verifier"], now, **reason)
        assert not year.status_changes.exists()
    else:
        getattr(year, verb)(people["verifier"], now, **reason)
        step = year.status_changes.get()
        assert (step.verb, step.status, step.by, step.at) == (verb, target, people["verifier"], now)
        assert step.reason == reason.get("reason", "")
    assert AssessmentYear.objects.get().status == (target or state)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_reopening_needs_a_reason(people, now, reason):
    year = AssessmentYear.objects.create(year=2019, rule_set=PERMEN_14_2018, status="locked")
    with pytest.raises(Refused):
        year.reopen(people["verifier"], now, reason)
    assert AssessmentYear.objects.get().status == "locked"


@pytest.mark.parametrize("status", ["verified", "locked"])
def test_what_is_verified_refuses_every_change(two_rts, village, area, status):
    AssessmentYear.objects.update(status=status)
    stored = list(Baseline.objects.values()) + list(Assessment.objects.values())
    row = Baseline.objects.get(pk=two_rts[0].pk)
    row.water_access = 0
    for change in (
        row.save,
        row.delete,
        Baseline.objects.all().delete,
        lambda: make_baseline(make_unit(village, "9", area), RT_2),
    ):
        with pytest.raises(Refused) as refusal:
            change()
        assert refusal.value.code == "locked_year"
    assert list(Baseline.objects.values()) + list(Assessment.objects.values()) == stored


def test_a_year_with_baselines_keeps_its_number_and_rule_set(two_rts):
    year = make_year()
    for name, value in (("year", 2031), ("rule_set", PERMEN_2_2016)):
        changed = AssessmentYear.objects.get(pk=year.pk)
        setattr(changed, name, value)
        with pytest.raises(Refused):
            changed.save()
    empty = make_year(2030)
    empty.year = 2031
    empty.save()


# --- reassess --------------------------------------------------------------------------------------------
def reassess():
    out = StringIO()
    call_command("reassess", format="json", stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize(
    ("tamper", "key"),
    [
        (lambda: Baseline.objects.filter(unit__rt="1").update(total=33), "19.05.01.1001/1/1/2020/permen_14_2018"),
        (lambda: Baseline.objects.filter(unit__rt="2").update(slum_class="light"), "19.05.01.1001/1/2/2020/permen_14_2018"),
        (lambda: Assessment.objects.filter(level="area").update(total=20), "2020-permen_14_2018-area-kampung-uji"),
        (lambda: Assessment.objects.filter(level="village").update(population=1), "2020-permen_14_2018-village-19.05.01.1001"),
        (lambda: Assessment.objects.filter(level="district").update(a_light=0), "2020-permen_14_2018-district-19.05.01"),
        (lambda: Assessment.objects.filter(level="regency").update(b_by_works=1), "2020-permen_14_2018-regency-19.05"),
        (lambda: Assessment.objects.filter(level="area").update(unit_count=3), "2020-permen_14_2018-area-kampung-uji"),
        (lambda: Assessment.objects.filter(level="district").delete(), "2020-permen_14_2018-district-19.05.01"),
    ],
)  # fmt: skip
def test_check_finds_what_was_tampered_with_and_reassess_mends_it(two_rts, tamper, key):
    tamper()
    code, found = check()
    assert (code, found["check"], found["differing"]) == (1, True, [key])
    assert reassess()["differing"] == [key]
    assert_all_follow()
    assert Baseline.objects.get(unit__rt="1").total == 32


def test_check_finds_a_superfluous_result(two_rts, village):
    other = make_village("19.05.02.2001")
    Assessment.objects.create(assessment_year=make_year(), level="village", region=other)
    code, found = check()
    assert (code, found["differing"]) == (1, ["2020-permen_14_2018-village-19.05.02.2001"])
    assert reassess()["assessments"] == 4
    assert_all_follow()


def test_a_row_changed_behind_the_door_shows_in_every_result_above(two_rts):
    Baseline.objects.filter(unit__rt="1").update(fire_equipment=0)
    code, found = check()
    assert code == 1
    assert len(found["differing"]) == 5  # the row, its area, village, district and regency


def test_reassess_counts_rows_and_results_of_all_years(two_rts, village):
    make_baseline(make_unit(village, "3"), RT_1, year=2019)
    assert reassess() == {"check": False, "baselines": 3, "assessments": 7, "differing": []}


def test_reassess_of_right_results_leaves_them_alone(two_rts):
    stored = list(Assessment.objects.values())
    reassess()
    assert list(Assessment.objects.values()) == stored


def test_check_writes_nothing(two_rts):
    Assessment.objects.filter(level="area").update(total=20)
    stored = list(Baseline.objects.values()) + list(Assessment.objects.values())
    check()
    assert list(Baseline.objects.values()) + list(Assessment.objects.values()) == stored


def test_nothing_measured_is_right(db):
    assert check() == (0, {"check": True, "baselines": 0, "assessments": 0, "differing": []})


# --- any order of changes ------------------------------------------------------------------------------------
def random_values(dice, rule_set):
    values = with_score(dice.choice((0, 15, 16, 20, 38, 60)), str(dice.randint(1, 9)), rule_set)
    if dice.random() < 0.15:
        values[dice.choice([key for key in QUANTITY_KEYS if key in values])] = None
    return values


@pytest.mark.parametrize("seed", range(6))
def test_results_follow_after_any_sequence_of_changes(village, people, seed):
    """Saves, moves, deletions, works and states in any order: the results of the parts equal those of the whole."""
    dice = random.Random(seed)  # noqa: S311
    villages = [village, make_village("19.05.01.2002"), make_village("19.05.02.2001")]
    areas = [make_area(f"Area {number}", *villages) for number in range(3)]
    units = [make_unit(place, str(rt), dice.choice([None, *areas])) for place in villages for rt in range(1, 4)]
    units += [make_unit(place, "") for place in villages]
    years = [(2018, PERMEN_2_2016), (2018, PERMEN_14_2018), (2019, PERMEN_14_2018), (2021, PERMEN_14_2018)]

    def save_row():
        year, rule_set = dice.choice(years)
        unit = dice.choice(units)
        row = Baseline.objects.filter(unit=unit, assessment_year=make_year(year, rule_set)).first()
        row = row or Baseline(unit=unit, assessment_year=make_year(year, rule_set))
        for key, value in random_values(dice, rule_set).items():
            setattr(row, key, value)
        row.save()

    def delete_row():
        row = dice.choice(list(Baseline.objects.all()) or [None])
        if row:
            row.delete()

    def delete_rows():
        Baseline.objects.filter(
            unit__region=dice.choice(villages), assessment_year__year=dice.choice(years)[0]
        ).delete()

    def move_unit():
        unit = dice.choice([unit for unit in units if unit.rt])
        unit.refresh_from_db()
        if dice.random() < 0.3:
            unit.rw, unit.region = str(dice.randint(2, 10**6)), dice.choice(villages)
        unit.slum_area = dice.choice([None, *areas])
        unit.save()

    def build():
        Work.objects.create(
            unit=dice.choice(units), year=dice.randint(2017, 2021), criterion="road_surface", activity="X", volume=1
        )

    def tear_down():
        work = Work.objects.order_by("?").first()
        if work:
            work.delete()

    def turn():
        year = make_year(*dice.choice(years))
        verb = dice.choice([verb for verb in VERBS if year.can(verb)])
        getattr(year, verb)(people["verifier"], timezone.now(), *(["uji"] if verb == "reopen" else []))

    for _step in range(40):
        act = dice.choice([save_row] * 6 + [delete_row, delete_rows, move_unit, move_unit, build, tear_down, turn])
        try:
            act()
        except Refused:
            for unit in units:
                unit.refresh_from_db()
        assert_all_follow()


# --- what one save costs ---------------------------------------------------------------------------------------
def test_the_queries_of_one_save_do_not_grow_with_rows_elsewhere(two_rts):
    def queries():
        row = Baseline.objects.select_related("unit", "assessment_year").get(pk=two_rts[0].pk)
        with CaptureQueriesContext(connection) as seen:
            row.save()
        return len(seen)

    few = queries()
    for number in range(1, 4):
        place = make_village(f"19.05.0{number}.30{number:02}")
        here = make_area(f"Kampung {number}", place)
        for rt in range(1, 4):
            make_baseline(make_unit(place, str(rt), here), RT_2)
    assert queries() == few


# --- two people at once ------------------------------------------------------------------------------------------
def at_once(*actions):
    """Run each in a thread with a connection of its own; what they raise is raised here."""
    start, raised = threading.Barrier(len(actions)), []

    def run(action):
        try:
            start.wait(10)
            action()
        except BaseException as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if raised:
        raise raised[0]


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_two_rows_of_one_year(self, village, area):
        units = [make_unit(village, str(rt), area) for rt in range(1, 9)]

        def write(mine):
            for unit in mine:
                make_baseline(unit, RT_2)

        at_once(lambda: write(units[:4]), lambda: write(units[4:]))
        assert (result(area).unit_count, result(area).building_count) == (8, 320)
        assert_all_follow()

    def test_two_years_of_which_one_is_compared_with_the_other(self, village, area):
        unit = make_unit(village, "1", area)
        for year in (2019, 2020, 2021):
            make_baseline(unit, with_score(LIGHT, "3"), year=year)

        def write(year):
            for total in (0, 20, 0, 38, 15, 16):
                row = Baseline.objects.get(assessment_year__year=year)
                for key, value in with_score(total, "3").items():
                    setattr(row, key, value)
                row.save()

        at_once(lambda: write(2019), lambda: write(2020), lambda: write(2021))
        assert_all_follow()

    def test_a_row_is_corrected_while_its_neighbourhood_moves(self, village, area):
        other = make_area("Kampung Lain", village)
        unit = make_unit(village, "1", area)
        for year in (2019, 2020):
            make_baseline(unit, with_score(LIGHT, "3"), year=year)

        def correct(year):
            for hectares in range(4, 10):
                row = Baseline.objects.get(assessment_year__year=year)
                row.verified_area_ha = hectares
                row.save()

        def move():
            for target in (other, area, other, area, other):
                unit.slum_area = target
                unit.save()

        at_once(lambda: correct(2019), lambda: correct(2020), move)
        rows = Baseline.objects.values_list("verified_area_ha", "slum_area__name")
        assert set(rows) == {(9, "Kampung Lain")}
        assert_all_follow()

    def test_a_row_is_saved_while_its_year_is_verified(self, village, area, people, now):
        unit = make_unit(village, "1", area)
        row = make_baseline(unit, with_score(LIGHT))

        def write():
            for hectares in range(1, 30):
                row.verified_area_ha = hectares
                try:
                    row.save()
                except Refused:
                    return

        at_once(write, lambda: make_year().verify(people["verifier"], now))
        assert_all_follow()
        assert set(CAUSES) == set(result(area).changes("a"))
