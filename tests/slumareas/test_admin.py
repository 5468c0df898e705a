"""The admin of slum areas: the doors of the pages, what stays closed, what goes in and out as a spreadsheet."""

import io
from decimal import Decimal

import openpyxl
import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from core.spreadsheet import write_csv, write_xlsx
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    ColumnMapping,
    Decree,
    DecreeArea,
    Import,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
    YearStatusChange,
)
from slumareas.models.quantities import QUANTITY_KEYS
from tests import factories
from tests.factories import BASELINE_CLASS, BASELINE_TOTAL, BASELINE_VALUES

MODELS = [model for model in admin.site._registry if model._meta.app_label == "slumareas"]
COMPUTED = [Assessment, Import, YearStatusChange]
NEW = "permen_14_2018"
IDENTITY = ["region", "rw", "rt", "year", "rule_set"]


def address(model, page="changelist", *args):
    return reverse(f"admin:slumareas_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def area(village):
    return factories.SlumAreaFactory(name="Kampung Uji", villages=[village])


@pytest.fixture
def baseline(people, village, area):
    return factories.BaselineFactory(
        unit=factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rw="1", rt="2")
    )


def put_in(status):
    AssessmentYear.objects.update(status=status)


def form_of(client, url):
    """What the page would send when nothing was changed."""
    answer = client.get(url)
    assert answer.status_code == 200
    forms = [answer.context["adminform"].form, *(one.formset for one in answer.context["inline_admin_formsets"])]
    sent = {}
    for form in forms:
        for part in [form] if hasattr(form, "fields") else [form.management_form, *form.forms]:
            for bound in part:
                value = bound.value()
                if isinstance(value, Decimal):
                    value = bound.field.prepare_value(value)
                sent[bound.html_name] = "" if value is None else value
    return {name: value for name, value in sent.items() if value is not False and name != "photo"}


def text_values(**changed):
    return {key: f"{value}".replace(".", ",") for key, value in {**BASELINE_VALUES, **changed}.items()}


def sentences(answer):
    return [str(message) for message in answer.context["messages"]]


# --- what everything has -----------------------------------------------------------------------------------


def test_every_record_of_slum_areas_is_here():
    assert set(MODELS) == {
        AreaBoundary,
        Assessment,
        AssessmentYear,
        Baseline,
        ColumnMapping,
        Decree,
        DecreeArea,
        Import,
        NeighbourhoodUnit,
        ReportedHectares,
        ReportingGroup,
        SlumArea,
        Work,
        YearStatusChange,
    }


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_records_are_looked_for_and_narrowed(model):
    registered = admin.site._registry[model]
    assert registered.search_fields
    assert registered.list_filter
    assert len(registered.list_display) > 1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_what_has_many_rows_is_chosen_by_typing(model):
    registered, many = admin.site._registry[model], {"region", "unit", "slum_area", "villages", "regions"}
    if model in COMPUTED or model is AreaBoundary:
        return
    chosen = {field.name for field in model._meta.get_fields() if field.name in many and field.concrete}
    chosen &= {field.name for field in model._meta.get_fields() if getattr(field, "editable", False)}
    assert chosen <= set(registered.autocomplete_fields)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_list_costs_the_same_with_more_rows(as_role, village, model, django_assert_max_num_queries):
    client = as_role("admin")
    for number in (1, 3):
        for _copy in range(number):
            area = factories.SlumAreaFactory(villages=[village])
            factories.AreaBoundaryFactory(slum_area=area)
            factories.DecreeAreaFactory(slum_area=area)
            factories.ReportedHectaresFactory()
            unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
            factories.BaselineFactory(unit=unit)
            factories.WorkFactory(unit=unit)
        with django_assert_max_num_queries(16):
            assert client.get(address(model)).status_code == 200


@pytest.mark.parametrize("role", ["planner", "verifier"])
@pytest.mark.parametrize(
    "model", [AreaBoundary, AssessmentYear, Decree, ReportedHectares, ReportingGroup, SlumArea, Work]
)
def test_a_year_is_not_grouped_in_thousands(as_role, baseline, area, model, role):
    factories.AreaBoundaryFactory(slum_area=area)
    decree = factories.DecreeAreaFactory(slum_area=area).decree
    factories.ReportedHectaresFactory(decree=decree)
    factories.WorkFactory(unit=baseline.unit)
    for url in (address(model), address(model, "change", model.objects.get().pk)):
        page = as_role(role).get(url).content.decode()
        assert "2.024" not in page
        assert "2.025" not in page


@pytest.mark.parametrize("name", ["19.05.01", "19.05.02"])
@pytest.mark.parametrize("model", [SlumArea, NeighbourhoodUnit, Baseline, Work])
def test_rows_are_narrowed_to_a_district(as_role, baseline, model, name):
    factories.WorkFactory(unit=baseline.unit)
    answer = as_role("planner").get(address(model), {"district": name})
    assert answer.context["cl"].result_count == (name == "19.05.01")


@pytest.mark.parametrize("model", COMPUTED)
def test_what_the_product_writes_nobody_writes(as_role, baseline, model):
    client = as_role("admin")
    factories.ImportFactory()
    AssessmentYear.objects.get().verify(by=None, at="2026-03-10T02:00Z")
    record = model.objects.first()
    before = model.objects.values().get(pk=record.pk)
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "change", record.pk), {"total": 0, "reason": "x"}).status_code == 403
    assert client.post(address(model, "delete", record.pk), {"post": "yes"}).status_code == 403
    assert model.objects.values().get(pk=record.pk) == before


@pytest.mark.parametrize(
    "model", [model for model in MODELS if model not in COMPUTED], ids=lambda model: model.__name__
)
def test_a_verifier_changes_nothing(as_role, baseline, area, model):
    for make in (factories.AreaBoundaryFactory, factories.DecreeAreaFactory):
        make(slum_area=area)
    factories.ReportedHectaresFactory()
    factories.ImportFactory()
    ColumnMapping.objects.create(shape="0" * 64, heading="RT | RW")
    factories.WorkFactory(unit=baseline.unit)
    client, record = as_role("verifier"), model.objects.first()
    assert client.get(address(model, "change", record.pk)).status_code == 200
    assert client.get(address(model, "add")).status_code == 403
    assert client.post(address(model, "change", record.pk), {"name": "Lain"}).status_code == 403
    assert client.post(address(model, "delete", record.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=record.pk).exists()


# --- baselines ---------------------------------------------------------------------------------------------


def test_a_baseline_is_scored_and_added_up(as_role, village, area):
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
    year = factories.AssessmentYearFactory()
    sent = {"unit": unit.pk, "assessment_year": year.pk, **text_values()}
    answer = as_role("planner").post(address(Baseline, "add"), sent, follow=True)
    assert len(answer.redirect_chain) == 1, answer.context["adminform"].form.errors
    made = Baseline.objects.get()
    assert (made.verified_area_ha, made.total, made.slum_class) == (Decimal("2.75"), BASELINE_TOTAL, BASELINE_CLASS)
    assert made.slum_area == area
    assert Assessment.objects.get(level="area").total == BASELINE_TOTAL


def test_a_warning_is_told_and_refuses_nothing(as_role, village):
    unit, year = factories.NeighbourhoodUnitFactory(region=village), factories.AssessmentYearFactory()
    sent = {"unit": unit.pk, "assessment_year": year.pk, **text_values(fire_equipment=150)}
    answer = as_role("planner").post(address(Baseline, "add"), sent, follow=True)
    assert Baseline.objects.get().fire_equipment == 150
    assert len(sentences(answer)) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verified_area_ha", "0"),
        ("verified_area_ha", "-1"),
        ("verified_area_ha", "27500"),
        ("building_count", "12,5"),
        ("building_irregular", "banyak"),
        ("unit", "999999"),
        ("assessment_year", ""),
    ],
)
def test_a_wrong_value_is_named_at_its_field(as_role, village, name, value):
    unit, year = factories.NeighbourhoodUnitFactory(region=village), factories.AssessmentYearFactory()
    sent = {"unit": unit.pk, "assessment_year": year.pk, **text_values(), name: value}
    answer = as_role("planner").post(address(Baseline, "add"), sent)
    assert answer.status_code == 200
    assert name in answer.context["adminform"].form.errors
    assert not Baseline.objects.exists()


@pytest.mark.parametrize("status", ["verified", "locked"])
def test_a_year_that_is_no_draft_is_read_only(as_role, baseline, status):
    put_in(status)
    client = as_role("admin")
    page = client.get(address(Baseline, "change", baseline.pk))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert client.post(address(Baseline, "change", baseline.pk), {"note": "x"}).status_code == 403
    assert client.post(address(Baseline, "delete", baseline.pk), {"post": "yes"}).status_code == 403
    client.post(
        address(Baseline), {"action": "delete_selected", "_selected_action": baseline.pk, "post": "yes"}, follow=True
    )
    assert Baseline.objects.values_list("note", flat=True).get() == ""


def test_nothing_new_is_measured_in_a_locked_year(as_role, baseline):
    put_in("locked")
    unit = factories.NeighbourhoodUnitFactory(region=baseline.unit.region)
    sent = {"unit": unit.pk, "assessment_year": baseline.assessment_year.pk, **text_values()}
    answer = as_role("admin").post(address(Baseline, "add"), sent)
    assert list(answer.context["adminform"].form.errors) == ["assessment_year"]
    assert Baseline.objects.count() == 1


def test_a_year_locked_in_between_refuses_with_a_sentence(as_role, baseline, monkeypatch):
    client, url = as_role("admin"), address(Baseline, "change", baseline.pk)
    sent = form_of(client, url)
    put_in("locked")
    monkeypatch.setattr(type(admin.site._registry[Baseline]), "has_change_permission", lambda *args: True)
    answer = client.post(url, {**sent, "note": "Lain"}, follow=True)
    assert len(sentences(answer)) == 1
    assert Baseline.objects.get().note == ""


def test_a_baseline_stays_where_it_was_measured_and_results_are_not_typed(as_role, baseline):
    client, url = as_role("planner"), address(Baseline, "change", baseline.pk)
    other = factories.NeighbourhoodUnitFactory(region=baseline.unit.region)
    sent = {**form_of(client, url), "unit": other.pk, "total": "0", "slum_class": "not_slum", "note": "Diperiksa"}
    assert client.post(url, sent).status_code == 302
    stored = Baseline.objects.get()
    assert (stored.unit, stored.total, stored.slum_class) == (baseline.unit, BASELINE_TOTAL, BASELINE_CLASS)
    assert (stored.note, stored.values) == ("Diperiksa", baseline.values)


def test_many_are_deleted_by_their_own_door(as_role, baseline):
    client = as_role("planner")
    client.post(address(Baseline), {"action": "delete_selected", "_selected_action": baseline.pk, "post": "yes"})
    assert not Baseline.objects.exists()
    assert not Assessment.objects.exists()


# --- years -------------------------------------------------------------------------------------------------


def act(client, verb, *years):
    sent = {"action": verb, "_selected_action": [year.pk for year in years]}
    return client.post(address(AssessmentYear), sent, follow=verb != "reopen")


def test_a_verifier_verifies_and_locks(as_role, baseline):
    client, year = as_role("verifier"), AssessmentYear.objects.get()
    for verb, status in (("lock", "draft"), ("verify", "verified"), ("verify", "verified"), ("lock", "locked")):
        assert len(sentences(act(client, verb, year))) == 1
        year.refresh_from_db()
        assert year.status == status
    assert [step.verb for step in year.status_changes.all()] == ["verify", "lock"]


def test_reopening_asks_for_the_reason_on_its_page(as_role, baseline):
    put_in("locked")
    client, year = as_role("verifier"), AssessmentYear.objects.get()
    answer = act(client, "reopen", year)
    assert answer.headers["Location"] == reverse("slumareas:year_reopen", args=[year.pk])
    other = factories.AssessmentYearFactory(year=2024)
    assert act(client, "reopen", year, other).headers["Location"] == address(AssessmentYear)
    assert AssessmentYear.objects.get(pk=year.pk).status == "locked"


@pytest.mark.parametrize("verb", ["verify", "lock", "reopen"])
def test_a_planner_moves_no_year(as_role, baseline, verb):
    put_in("verified" if verb == "lock" else "draft")
    before = AssessmentYear.objects.get().status
    act(as_role("planner"), verb, AssessmentYear.objects.get())
    assert AssessmentYear.objects.get().status == before


def test_a_year_is_made_as_a_draft_and_keeps_what_it_is(as_role, people):
    client = as_role("planner")
    sent = {"year": "2025", "rule_set": NEW, "status": "locked", **no_rows("status_changes")}
    assert client.post(address(AssessmentYear, "add"), sent).status_code == 302
    year = AssessmentYear.objects.get()
    assert year.status == "draft"
    assert client.post(address(AssessmentYear, "change", year.pk), {**sent, "year": "2026"}).status_code == 403
    assert client.post(address(AssessmentYear, "add"), sent).status_code == 200
    assert AssessmentYear.objects.values_list("year", flat=True).get() == 2025


@pytest.mark.parametrize("year", ["1999", "2101", "", "dua ribu"])
def test_a_year_that_cannot_be_is_refused(as_role, people, year):
    sent = {"year": year, "rule_set": NEW, **no_rows("status_changes")}
    assert as_role("planner").post(address(AssessmentYear, "add"), sent).status_code == 200
    assert not AssessmentYear.objects.exists()


@pytest.mark.parametrize("status", ["verified", "locked"])
def test_a_year_that_was_verified_is_not_deleted(as_role, people, status):
    year = factories.AssessmentYearFactory()
    put_in(status)
    assert as_role("admin").post(address(AssessmentYear, "delete", year.pk), {"post": "yes"}).status_code == 403


def test_a_year_that_was_measured_is_not_deleted(as_role, baseline):
    client = as_role("admin")
    client.post(address(AssessmentYear, "delete", baseline.assessment_year.pk), {"post": "yes"})
    assert AssessmentYear.objects.exists()


# --- areas and neighbourhoods ------------------------------------------------------------------------------


def no_rows(*prefixes):
    return {f"{prefix}-{name}": "0" for prefix in prefixes for name in ("TOTAL_FORMS", "INITIAL_FORMS")}


def test_an_area_keeps_the_villages_of_its_neighbourhoods(as_role, baseline, area):
    other = factories.VillageFactory()
    sent = {"name": "Lain", "kind": "prevention", "villages": [other.pk], **no_rows("boundaries", "decree_areas")}
    answer = as_role("planner").post(address(SlumArea, "change", area.pk), sent)
    assert list(answer.context["adminform"].form.errors) == ["villages"]
    area.refresh_from_db()
    assert area.name == "Kampung Uji"


def test_a_village_has_one_area_of_a_name(as_role, village, area):
    other = factories.SlumAreaFactory(name="Lain", villages=[village])
    client, before = as_role("planner"), list(SlumArea.objects.values())
    sent = {
        "name": "kampung uji",
        "kind": "prevention",
        "villages": [village.pk],
        **no_rows("boundaries", "decree_areas"),
    }
    for url in (address(SlumArea, "add"), address(SlumArea, "change", other.pk)):
        assert list(client.post(url, sent).context["adminform"].form.errors) == ["name"]
    heads = ["slug", "name", "kind", "villages"]
    assert not imported(client, SlumArea, [heads, ["", "Kampung  Uji", "prevention", HERE]])
    assert not imported(client, SlumArea, [heads[:2], [other.slug, "Kampung Uji"]])
    assert list(SlumArea.objects.values()) == before


def test_an_area_is_made_with_its_decree(as_role, village):
    decree = factories.DecreeFactory()
    rows = no_rows("boundaries", "decree_areas") | {"decree_areas-TOTAL_FORMS": "1"}
    row = {"decree_areas-0-decree": decree.pk, "decree_areas-0-hectares": "2,5"}
    sent = {"name": "Teluk Uji", "kind": "prevention", "villages": [village.pk], **rows, **row}
    answer = as_role("planner").post(address(SlumArea, "add"), sent)
    assert answer.status_code == 302
    made = SlumArea.objects.get()
    assert (made.slug, made.decree_areas.get().hectares) == ("teluk-uji", Decimal("2.5"))


def test_outlines_are_not_drawn_here(as_role, area):
    boundary = factories.AreaBoundaryFactory(slum_area=area)
    client = as_role("planner")
    assert client.get(address(AreaBoundary, "add")).status_code == 403
    sent = {"source": "Survei uji", "year": "2001", "geometry": "{}", "area_ha": "1"}
    assert client.post(address(AreaBoundary, "change", boundary.pk), sent).status_code == 302
    stored = AreaBoundary.objects.get()
    assert (stored.source, stored.year, stored.geometry, stored.area_ha) == (
        "Survei uji",
        boundary.year,
        boundary.geometry,
        boundary.area_ha,
    )


@pytest.mark.parametrize(("model", "name"), [(SlumArea, "area"), (NeighbourhoodUnit, "unit")])
def test_what_others_refer_to_stays(as_role, baseline, area, model, name):
    record = {"area": area, "unit": baseline.unit}[name]
    as_role("admin").post(address(model, "delete", record.pk), {"post": "yes"})
    assert model.objects.filter(pk=record.pk).exists()


def test_works_stand_in_the_page_of_their_neighbourhood(as_role, baseline):
    client, url = as_role("planner"), address(NeighbourhoodUnit, "change", baseline.unit.pk)
    sent = form_of(client, url) | {
        "works-TOTAL_FORMS": "1",
        "works-0-year": "2025",
        "works-0-criterion": "road_surface",
        "works-0-activity": "Paving",
        "works-0-volume": "120,5",
    }
    assert client.post(url, sent).status_code == 302
    assert Work.objects.get().volume == Decimal("120.5")


# --- spreadsheets ------------------------------------------------------------------------------------------


def preview(client, model, rows, write=write_csv):
    file = io.BytesIO(write(rows))
    kind = "0" if write is write_xlsx else "1"
    file.name = "data.xlsx" if write is write_xlsx else "data.csv"
    answer = client.post(address(model, "import"), {"format": kind, "import_file": file, "resource": "0"})
    assert answer.status_code == 200
    return answer


def imported(client, model, rows, write=write_csv):
    """Upload, and confirm where the admin offers it. Returns whether it was offered."""
    form = preview(client, model, rows, write).context.get("confirm_form")
    if form:
        assert client.post(address(model, "process_import"), form.initial).status_code == 302
    return bool(form)


def exported(client, model, resource):
    fields = {f"{resource.__name__.lower()}_{name}": "on" for name in resource().get_export_order()}
    answer = client.post(address(model, "export"), {"format": "0", "resource": "0", **fields})
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def resource_of(model):
    return admin.site._registry[model].resource_classes[0]


HERE = "19.05.01.1001"


WORK_HEADS = ["id", "region", "rw", "rt", "year", "criterion", "activity", "volume", "cost"]
WORK_ROW = ["", HERE, "1", "2", 2025, "road_surface", "Paving", "120.5", ""]


def test_looking_at_a_list_stores_nothing(as_role, baseline):
    assert preview(as_role("planner"), Work, [WORK_HEADS, WORK_ROW]).context["confirm_form"]
    assert not Work.objects.exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("region", "19.05.01"),
        ("region", "99.99.99.9999"),
        ("rt", "99"),
        ("year", 1999),
        ("year", "lalu"),
        ("criterion", "danau"),
        ("volume", "banyak"),
        ("volume", "2,75"),
    ],
)
def test_one_wrong_row_stops_the_whole_list(as_role, baseline, column, value):
    wrong = [value if name == column else kept for name, kept in zip(WORK_HEADS, WORK_ROW, strict=True)]
    assert not imported(as_role("admin"), Work, [WORK_HEADS, WORK_ROW, wrong])
    assert not Work.objects.exists()


@pytest.mark.parametrize(("role", "is_led"), [("admin", True), ("planner", True), ("verifier", False)])
def test_baselines_come_in_by_the_importer_alone(as_role, baseline, role, is_led):
    client, importer = as_role(role), reverse("slumareas:import_list")
    assert (f'href="{importer}"' in client.get(address(Baseline)).content.decode()) == is_led
    file = io.BytesIO(write_csv([[*IDENTITY, "note"], [HERE, "1", "2", 2025, NEW, "Dari daftar"]]))
    file.name = "data.csv"
    sent = {"format": "1", "import_file": file, "resource": "0"}
    for door in ("import", "process_import"):
        with pytest.raises(NoReverseMatch):
            address(Baseline, door)
        client.post(f"{address(Baseline)}{door}/", sent, follow=True)
    assert Baseline.objects.get().note == ""


def test_baselines_go_out_with_what_names_them_and_what_follows(as_role, baseline):
    heads, row = exported(as_role("planner"), Baseline, resource_of(Baseline))
    assert set(heads) >= {*IDENTITY, *QUANTITY_KEYS, "total", "class"}
    shown = dict(zip(heads, row, strict=True))
    assert [shown[name] for name in IDENTITY] == [HERE, "1", "2", "2025", NEW]
    assert {name: Decimal(str(shown[name])) for name in BASELINE_VALUES} == BASELINE_VALUES
    assert (shown["total"], shown["class"]) == (str(BASELINE_TOTAL), BASELINE_CLASS)


@pytest.mark.parametrize("model", [model for model in MODELS if hasattr(admin.site._registry[model], "import_action")])
def test_every_list_that_goes_out_comes_in_again_unchanged(as_role, baseline, area, model):
    decree = factories.DecreeAreaFactory(slum_area=area).decree
    factories.ReportedHectaresFactory(decree=decree)
    factories.WorkFactory(unit=baseline.unit, cost="1500000.50")
    client, before = as_role("planner"), list(model.objects.values())
    rows = exported(client, model, resource_of(model))
    assert len(rows) == 2
    assert imported(client, model, rows, write_xlsx)
    assert list(model.objects.values()) == before


def test_lists_of_areas_and_neighbourhoods_come_in(as_role, village):
    client = as_role("planner")
    rows = [["slug", "name", "kind", "villages"], ["", "Kampung Baru", "prevention", HERE]]
    assert imported(client, SlumArea, rows)
    area = SlumArea.objects.get()
    assert (area.slug, [one.code for one in area.villages.all()]) == ("kampung-baru", [HERE])
    rows = [["region", "rw", "rt", "slum_area"], [HERE, "RW 1", "RT 01", "kampung-baru"], [HERE, "1", "1", ""]]
    assert not imported(client, NeighbourhoodUnit, [*rows[:2], ["19.05.01.9999", "1", "1", ""]])
    assert imported(client, NeighbourhoodUnit, rows[:2])
    assert NeighbourhoodUnit.objects.get().slum_area == area


@pytest.mark.parametrize("villages", ["", "19.05.01", f"{HERE}, 99.99.99.9999"])
def test_an_area_lies_in_villages_that_exist(as_role, village, villages):
    rows = [["slug", "name", "kind", "villages"], ["", "Kampung Baru", "prevention", villages]]
    assert not imported(as_role("planner"), SlumArea, rows)
    assert not SlumArea.objects.exists()


def test_a_list_of_works_names_neighbourhoods_that_exist(as_role, baseline):
    client, heads, row = as_role("planner"), WORK_HEADS, WORK_ROW
    assert not imported(client, Work, [heads, row[:7] + ["0", ""]])
    assert not imported(client, Work, [heads, [*row[:5], "water_access", "Sumur", "2.5", ""]])
    assert imported(client, Work, [heads, row])
    assert not imported(client, Work, [heads, row])
    assert Work.objects.get().unit == baseline.unit


def test_works_of_a_settled_year_do_not_come_in(as_role, baseline):
    work = factories.WorkFactory(unit=baseline.unit)
    put_in("locked")
    client, before = as_role("admin"), list(Work.objects.values())
    assert not imported(client, Work, [WORK_HEADS, WORK_ROW])
    assert imported(client, Work, [WORK_HEADS, [*WORK_ROW[:4], 2026, *WORK_ROW[5:]]])
    Work.objects.filter(year=2026).delete()
    url = address(Work, "change", work.pk)
    for page, sent in (
        (url, form_of(client, url) | {"volume": "9"}),
        (address(Work, "delete", work.pk), {"post": "yes"}),
    ):
        assert ["2025" in one for one in sentences(client.post(page, sent, follow=True))] == [True]
    inline = address(NeighbourhoodUnit, "change", baseline.unit.pk)
    answer = client.post(inline, form_of(client, inline) | {"works-0-volume": "9"}, follow=True)
    assert ["2025" in one for one in sentences(answer)] == [True]
    assert list(Work.objects.values()) == before


def test_the_same_works_or_area_are_refused_here_too(as_role, baseline, area):
    client = as_role("planner")
    work = factories.WorkFactory(unit=baseline.unit)
    twin = factories.WorkFactory(unit=baseline.unit, activity="Lain")
    url = address(Work, "change", twin.pk)
    answer = client.post(url, form_of(client, url) | {"activity": work.activity})
    assert answer.context["errors"]
    rows = [["slug", "name", "kind", "villages"], ["", area.name.upper(), "prevention", HERE]]
    assert not imported(client, SlumArea, rows)
    sent = {"name": area.name.upper(), "kind": "prevention", "villages": [baseline.unit.region.pk]}
    answer = client.post(
        address(SlumArea, "add"),
        {f"{name}-{part}": 0 for name in ("boundaries", "decree_areas") for part in ("TOTAL_FORMS", "INITIAL_FORMS")}
        | sent,
    )
    assert list(answer.context["adminform"].form.errors) == ["name"]
    assert (Work.objects.count(), SlumArea.objects.count()) == (2, 1)


def test_results_go_out_only(as_role, baseline):
    client = as_role("planner")
    rows = exported(client, Assessment, resource_of(Assessment))
    assert {row[0] for row in rows[1:]} == {"area", "village", "district", "regency"}
    assert not hasattr(admin.site._registry[Assessment], "import_action")


def test_what_goes_out_is_no_formula(as_role, baseline):
    Baseline.objects.update(note="=HYPERLINK(1)")
    rows = exported(as_role("planner"), Baseline, resource_of(Baseline))
    assert rows[1][rows[0].index("note")] == "'=HYPERLINK(1)"
