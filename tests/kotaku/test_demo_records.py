"""What the demo programme holds. It is loaded once for all tests of this module."""

import datetime
import io
import json
from collections import Counter
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import models
from django.forms.models import model_to_dict
from django.test import override_settings
from pypdf import PdfReader

from agreements.models import RaisedEntry
from core.models import Organization, Region, RegionAlias, User, normalised_name
from kotaku.demo import PASSWORD
from kotaku.demo_store import FIXTURES
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    Decree,
    DecreeArea,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
    YearStatusChange,
)
from slumareas.models.assessments import WholeYears, reassess
from workshops import documents
from workshops.models import Leader, MinutesEntry, Participant, Workshop
from workshops.models.agenda import agenda_warnings

SLUG = "lokakarya-kotaku-2019"
SLUM_MODELS = (
    SlumArea,
    Decree,
    DecreeArea,
    ReportingGroup,
    ReportedHectares,
    AreaBoundary,
    NeighbourhoodUnit,
    AssessmentYear,
    YearStatusChange,
    Baseline,
    Assessment,
    Work,
)


@pytest.fixture(scope="module", autouse=True)
def _loaded(store_for_module):
    with override_settings(DEBUG=True):
        store_for_module(lambda: call_command("demo", stdout=StringIO()))


@pytest.fixture
def demo(db):
    return Workshop.objects.get(slug=SLUG)


def entries(workshop, *kinds):
    return workshop.minutes_entries.filter(kind__in=kinds).order_by("order")


# --- regions and organizations -------------------------------------------------------------------------


def test_holds_six_districts_and_66_villages_64_of_them_with_a_boundary(demo):
    villages = Region.objects.villages()
    assert Region.objects.filter(level="district").count() == 6
    assert Counter(villages.values_list("kind", flat=True)) == {"kelurahan": 6, "desa": 60}
    without = {village.name for village in villages if village.boundary is None}
    assert without == {"Keranggan", "Menjelang"}
    assert all(
        village.parent.code == village.code[:8] and village.parent.parent.code == "19.05"
        for village in villages.select_related("parent__parent")
    )
    by_kind = {village.kind: village.code.split(".")[3][0] for village in villages}
    assert by_kind == {"kelurahan": "1", "desa": "2"}


def test_boundaries_are_closed_rings_inside_the_regency_with_at_most_five_decimals(demo):
    for region in Region.objects.exclude(boundary=None):
        geometry = region.boundary
        assert geometry["type"] in ("Polygon", "MultiPolygon")
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        for ring in (ring for polygon in polygons for ring in polygon):
            assert len(ring) >= 4, region
            assert ring[0] == ring[-1], region
            for longitude, latitude in ring:
                assert 105 < longitude < 106.1, region
                assert -2.4 < latitude < -1.4, region
                assert round(longitude, 5) == longitude
                assert round(latitude, 5) == latitude


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("MUNTOK", "19.05.01"),
        ("Parit tiga", "19.05.06"),
        ("Sei Baru", "19.05.01.1003"),
        ("Sungaibaru", "19.05.01.1003"),
        ("Sei Daeng", "19.05.01.1002"),
        ("Bentengkuta", "19.05.05.2006"),
        ("Benteng Kuta", "19.05.05.2006"),
    ],
)
def test_other_spellings_lead_to_one_region(demo, written, code):
    assert [a.region.code for a in RegionAlias.objects.filter(normalised=normalised_name(written))] == [code]


def test_a_kelurahan_that_does_not_exist_is_not_guessed(demo):
    assert not RegionAlias.objects.filter(normalised="sinarbaru").exists()
    assert not Region.objects.filter(name="Sinar Baru").exists()


# --- accounts ------------------------------------------------------------------------------------------


def test_accounts_are_those_of_the_contract(demo):
    accounts = {
        user.username: (
            user.role,
            user.organization and user.organization.key,
            user.region and user.region.code,
            sorted(group.name for group in user.groups.all()),
        )
        for user in User.objects.all()
    }
    assert accounts == {
        "admin": ("admin", "bappelitbangda", None, ["admin"]),
        "planner": ("planner", "bappelitbangda", None, ["planner"]),
        "verifier": ("verifier", "bappelitbangda", None, ["verifier"]),
        "viewer": ("viewer", None, None, ["viewer"]),
        "pokja_member": ("pokja_member", "bappelitbangda", None, ["pokja_member"]),
        "opd_user": ("opd_user", "disperkimhub", None, ["opd_user"]),
        "balai": ("opd_user", "balai-prasarana-permukiman", None, ["opd_user"]),
        "village_user": ("village_user", "kelurahan-tanjung", "19.05.01.1001", ["village_user"]),
    }
    assert all(user.check_password(PASSWORD) and "ontoh" in user.name for user in User.objects.all())
    assert PASSWORD == "kotaku-demo"
    assert [user.username for user in User.objects.filter(is_superuser=True)] == ["admin"]


# --- the workshop of 16 July 2019 ----------------------------------------------------------------------


def test_the_workshop_was_closed_by_the_verbs_on_its_day(demo):
    assert demo.status == Workshop.Status.CLOSED
    assert demo.held_on == datetime.date(2019, 7, 16)
    assert demo.organizer.key == "bappelitbangda"
    assert [change.to_status for change in demo.status_changes.all()] == ["in_progress", "correction", "closed"]
    assert {change.at.date() for change in demo.status_changes.all()} == {demo.held_on}
    assert demo.report_due_on == datetime.date(2019, 7, 23)
    assert demo.reported_on is None, "the source names the last day for the report, not the day it went out"


def test_every_record_passes_the_checks_of_its_model(demo):
    for name in ("areas", "leaders", "report_sections", "textual_notes", "agenda_items", "minutes_entries"):
        records = getattr(demo, name).all()
        assert records.exists(), name
        for record in records:
            record.full_clean()
    assert demo.participants.count() == 12
    assert [(area.name, area.region.code) for area in demo.areas.all()] == [
        ("Tanjung Laut", "19.05.01.1001"),
        ("Teluk Rubiah", "19.05.01.1001"),
    ]


def test_the_agenda_clock_gives_its_four_warnings(demo):
    warnings = agenda_warnings(demo, list(demo.agenda_items.all()))
    found = [
        (warning.code, warning.key.planned_start.strftime("%H.%M"), warning.key.planned_end.strftime("%H.%M"))
        for warning in warnings
    ]
    assert found == [
        ("starts_before_event", "08.00", "08.30"),
        ("starts_before_event", "08.30", "09.30"),
        ("ends_after_event", "16.15", "16.45"),
        ("ends_after_event", "16.45", "17.00"),
    ]


def test_the_agenda_keeps_slots_without_a_time_and_ordered_sub_items(demo):
    top = demo.agenda_items.top()
    assert [(item.kind, item.children.count()) for item in top] == [
        ("registration", 0),
        ("opening", 4),
        ("panel", 3),
        ("break", 0),
        ("panel", 3),
        ("discussion", 0),
        ("agreement", 0),
        ("closing", 0),
    ]
    assert [item.kind for item in top if not item.planned_start] == ["panel", "break", "panel"]


def test_the_committee_report_keeps_its_numerals_and_its_own_order(demo):
    sections = demo.report_sections.all()
    assert [section.numeral for section in sections] == ["I", "II", "", "", "III", "IV", "V", "IX", "X", "XI"]
    assert [section.order for section in sections] == list(range(1, 11))
    items = {section.kind: len(section.items.splitlines()) for section in sections if section.items}
    assert items == {"objectives": 4, "outputs": 4, "resource_persons": 3, "materials": 6}


def test_one_person_holds_several_leading_roles(demo):
    roles = {leader.role: leader.name for leader in demo.leaders.all()}
    assert roles["chair"] == roles["moderator"] == roles["closer"] == "Romi'at, S.P., M.E."
    assert roles["minute_taker"] == "Feri Triyono, A.Md."
    assert roles["opener"] == "Drs. Muhammad Soleh, M.Ap"


def test_the_speech_keeps_who_read_it_for_whom_and_figures_that_add_up(demo):
    speech = entries(demo, "speech").get()
    assert speech.speaker == "Drs. Muhammad Soleh, M.Ap"
    assert "Markus, S.H" in speech.on_behalf_of
    assert len(speech.points.splitlines()) == 3
    assert len(speech.addressed_to.splitlines()) == 7
    assert speech.verse
    assert speech.statement
    figures = [Decimal(line.split(" ")[0].replace(",", ".")) for line in speech.figures.splitlines()]
    assert figures[:2] == [Decimal("85.20"), Decimal("82.04")]
    assert figures[2:] == [Decimal("16.23"), Decimal("36.97"), Decimal("28.84")]
    assert sum(figures[2:]) == figures[1]


def test_five_presentations_had_slides_and_print(demo):
    presentations = entries(demo, "presentation")
    assert [entry.speaker for entry in presentations] == [
        "Miarka Risdawati, ST, M.Si",
        "Sarifudin",
        "Novianto",
        "Amar Sopi, S.T., M.Eng",
        "Romi'at, S.P., M.E.",
    ]
    assert all(entry.has_slides and entry.has_hardcopy for entry in presentations)
    assert all(entry.agenda_item.parent.kind == "panel" for entry in presentations)


def test_the_discussion_is_one_thread_with_the_promise_that_was_not_kept(demo):
    promise = entries(demo, "promise").get()
    thread = [promise]
    while thread[0].parent:
        thread.insert(0, thread[0].parent)
    assert [entry.kind for entry in thread] == ["question", "rebuttal", "response", "promise"]
    assert promise.amount == Decimal("50000000.00")
    facts = " ".join(entries(demo, "fact").values_list("text", flat=True))
    for figure in ("43 paket", "128 paket", "15 paket", "9 paket", "sepuluh desa"):
        assert figure in facts


def test_two_groups_found_five_problems(demo):
    assert entries(demo, "discussion_group").count() == 2
    problems = entries(demo, "problem")
    assert len(problems) == 5
    assert all(problem.location and problem.text for problem in problems)


def test_thirteen_agreements_stand_in_order_with_their_facts(demo):
    agreements = list(demo.agreements.order_by("number").values_list("text", flat=True))
    facts = [
        ("2016-2021", "RPLP", "RPJM Desa", "Renstra Kecamatan", "musrenbang", "Renstra OPD"),
        ("Pokja PKP",),
        ("Kelurahan/Desa", "BUMN", "swasta"),
        ("Tim KOTAKU", "BKM"),
        ("proposal", "RPLP", "perbankan"),
        ("kabupaten, kecamatan",),
        ("0 ha", "2021", "2016-2021"),
        ("direplikasi",),
        ("Tempilang", "Parittiga", "Jebus", "7+1", "peta tematik"),
        ("Pokja PKP", "rutin", "agenda kerja"),
        ("Forum LKM", "kecamatan"),
        ("Perkimhub", "33 unit", "Kampung Palembang Jebus", "APBD Rp100.000.000,00", "DAK", "stunting", "2020"),
        ("OPD teknis", "Perbup/Perda"),
    ]
    assert len(agreements) == len(facts) == 13
    for number, (text, words) in enumerate(zip(agreements, facts, strict=True), start=1):
        assert [word for word in words if word not in text] == [], number
    record = demo.agreement_record
    assert record.status == "published"
    assert record.preamble
    assert record.place == "Rumah Kebun Muntok"
    assert record.agreed_on == demo.held_on


def test_five_signatories_signed(demo):
    signatories = demo.signatories
    assert [person.name for person in signatories] == ["SUKANDI", "NOVIANTO", "MIWANI", "SYARIFUDIN", "MUJAHIDDIN"]
    assert {(person.state, person.how, person.signed_on) for person in signatories} == {
        ("signed", "paper", demo.held_on)
    }
    assert all(person.position and person.organization_name and person.organization for person in signatories)
    assert {person.nip for person in signatories} == {""}


def test_every_agreement_has_follow_ups_and_what_the_source_does_not_say_is_marked(demo):
    counts = Counter(demo.follow_ups.exclude(agreement=None).values_list("agreement__number", flat=True))
    assert counts == {1: 2, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 2, 10: 1, 11: 4, 12: 3, 13: 1}
    certain = demo.follow_ups.filter(is_proposal=False)
    assert [follow_up.code for follow_up in certain] == ["12.3"]
    assert set(demo.follow_ups.values_list("status", flat=True)) == {"not_started"}, "no progress is made up"
    for follow_up in demo.follow_ups.all():
        follow_up.full_clean()
        assert [change.verb for change in follow_up.changes.all()] == ["create"]
    targets = {row.number: (row.target_number, row.target_unit) for row in demo.agreements.filter(target_kind="number")}
    assert targets == {7: (0, "ha"), 9: (3, "kecamatan"), 12: (33, "unit"), 13: (0, "unit")}


def test_item_twelve_is_split_in_three_and_its_amount_flagged(demo):
    latrines, path, proposal = demo.follow_ups.filter(agreement__number=12).order_by("order")
    assert (latrines.volume, latrines.unit, latrines.budget) == (33, "unit", None)
    assert (path.budget, path.slum_area.slug, path.region.code) == (100_000_000, "kampung-palembang", "19.05.03.2001")
    assert "Rp100.000.000,00" in path.needs_confirmation
    assert (proposal.due_on.year, proposal.fundings.get().source) == (2020, "dak")
    assert {follow_up.responsible_organization.key for follow_up in (latrines, path, proposal)} == {"disperkimhub"}


def test_the_five_problems_are_answered_and_the_promise_still_waits(demo):
    answered = demo.follow_ups.exclude(source_entry=None)
    assert {follow_up.source_entry.kind for follow_up in answered} == {"problem"}
    assert answered.values("source_entry").distinct().count() == 5
    waiting = RaisedEntry.objects.filter(workshop=demo).unanswered()
    assert [entry.kind for entry in waiting] == ["promise"]


def test_the_minutes_of_2019_print_all_agreements_and_signatories(demo):
    content = documents.minutes(demo)
    text = "".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split()).lower()
    for agreement in demo.agreements.all():
        assert "".join(agreement.text.split()).lower() in text, agreement.number
    for person in demo.signatories:
        assert "".join(f"{person.position}{person.organization_name}".split()).lower() in text, person
    assert text.count("telahmenandatangani") == 5


def test_the_minutes_follow_the_agenda(demo):
    places = [
        (entry.agenda_item.parent or entry.agenda_item).order
        for entry in demo.minutes_entries.select_related("agenda_item__parent").order_by("order")
    ]
    assert places == sorted(places)
    assert all(
        entry.agenda_item_id == entry.parent.agenda_item_id for entry in demo.minutes_entries.exclude(parent=None)
    )


def test_every_organization_named_by_the_data_is_known(demo):
    data = json.loads((FIXTURES / "demo" / f"{SLUG}.json").read_text())
    named = {row["organization"] for row in data["participants"] if "organization" in row}
    assert named <= set(Organization.objects.values_list("key", flat=True))
    assert demo.participants.exclude(organization=None).count() == 11


def test_no_personal_data_beyond_name_and_office(demo):
    assert set(demo.participants.values_list("sex", "phone", "email")) == {("", "", "")}
    assert set(demo.leaders.values_list("nip", "rank_grade")) == {("", "")}
    texts = [
        str(value)
        for model in (Workshop, Leader, Participant, MinutesEntry, User)
        for row in model.objects.all()
        for name, value in model_to_dict(row).items()
        if isinstance(model._meta.get_field(name), models.CharField | models.TextField) and name != "password"
    ]
    digits = ["".join(filter(str.isdigit, word)) for text in texts for word in text.split()]
    assert not [number for number in digits if len(number) >= 12], "no NIP, NIK or phone number in any text"


# --- slum areas ------------------------------------------------------------------------------------------


def test_seven_areas_lie_in_their_villages(demo):
    areas = {
        area.slug: (area.kind, [village.code for village in area.villages.all()])
        for area in SlumArea.objects.prefetch_related("villages")
    }
    improvement = "quality_improvement"
    assert areas == {
        "tanjung-laut": (improvement, ["19.05.01.1001"]),
        "teluk-rubiah": (improvement, ["19.05.01.1001"]),
        "puput": (improvement, ["19.05.06.2005"]),
        "kampung-palembang": (improvement, ["19.05.03.2001"]),
        "air-lintang": (improvement, ["19.05.05.2007"]),
        "benteng-kota": (improvement, ["19.05.05.2006"]),
        "sinar-manik": ("prevention", ["19.05.03.2020"]),
    }


def test_the_disputed_land_is_not_in_order(demo):
    assert SlumArea.objects.get(slug="tanjung-laut").is_legal is not True
    assert SlumArea.objects.get(slug="tanjung-laut").is_tenure_clear is False
    assert SlumArea.objects.get(slug="teluk-rubiah").is_legal


def test_hectares_are_reported_for_three_groups_that_make_the_whole(demo):
    reported = {
        figure.group.slug: figure.hectares
        for figure in ReportedHectares.objects.filter(year=2018, kind="reported").select_related("group")
    }
    whole = reported.pop("bangka-barat")
    assert reported == {
        "mentok": Decimal("16.23"),
        "parittiga-jebus": Decimal("36.97"),
        "tempilang": Decimal("28.84"),
    }
    assert sum(reported.values()) == whole == Decimal("82.04")
    assert ReportedHectares.objects.get(year=2017).hectares == Decimal("85.20")
    assert ReportedHectares.objects.get(kind="target").hectares == 0


def test_the_one_figure_of_two_districts_is_not_split(demo):
    group = ReportingGroup.objects.get(slug="parittiga-jebus")
    assert [region.code for region in group.regions.all()] == ["19.05.03", "19.05.06"]
    alone = ReportingGroup.objects.filter(regions__code__in=["19.05.03", "19.05.06"]).exclude(pk=group.pk)
    assert not alone.exists()


def test_hectares_of_single_areas_are_not_known_and_not_made_up(demo):
    assert Decree.objects.count() == 2
    assert DecreeArea.objects.count() == 10
    assert not DecreeArea.objects.exclude(hectares=None).exists()


def test_what_is_made_up_says_so_everywhere(demo):
    assert Baseline.objects.count() == 45
    assert not Baseline.objects.filter(is_made_up=False).exists()
    assert not Baseline.objects.exclude(source__icontains="rekaan").exists()
    assert not Assessment.objects.filter(has_made_up=False, unit_count__gt=0).exists()
    assert AreaBoundary.objects.exists()
    assert not AreaBoundary.objects.exclude(source__icontains="rekaan").exists()


def test_two_years_under_one_rule_set_the_first_of_them_locked_by_the_verbs(demo):
    years = {year.year: (year.rule_set, year.status) for year in AssessmentYear.objects.all()}
    assert years == {2018: ("permen_14_2018", "locked"), 2019: ("permen_14_2018", "draft")}
    steps = YearStatusChange.objects.values_list("assessment_year__year", "verb", "by__username")
    assert list(steps) == [(2018, "verify", "verifier"), (2018, "lock", "verifier")]


def test_measured_values_pass_the_checks_and_the_results_follow_from_them(demo):
    for model in set(SLUM_MODELS) - {Assessment}:  # that one is computed, not entered
        for record in model.objects.all():
            record.full_clean()
    rows_of = WholeYears()
    for year in AssessmentYear.objects.order_by("year", "rule_set"):
        assert reassess(year, rows_of, store=False).differing == []


def test_slum_areas_show_every_case_that_the_pages_must_tell(demo):
    """A class that improved, one that could not be assessed, an area without rows, a village known by its survey alone."""
    areas = {
        (one.assessment_year.year, one.slum_area.slug): one.slum_class
        for one in Assessment.objects.filter(level="area").select_related("assessment_year", "slum_area")
    }
    assert (areas[2018, "air-lintang"], areas[2019, "air-lintang"]) == ("light", "not_slum")
    assert (areas[2018, "tanjung-laut"], areas[2019, "tanjung-laut"]) == ("moderate", "")
    assert not any(slug == "sinar-manik" for _year, slug in areas)
    assert Assessment.objects.filter(level="village", is_village_survey=True).exists()


def test_no_works_lie_outside_what_was_measured(demo):
    measured = Baseline.objects.values("unit")
    assert Work.objects.exists()
    assert not Work.objects.exclude(unit__in=measured).exists()
