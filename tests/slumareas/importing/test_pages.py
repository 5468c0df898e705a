"""The importer's pages: who may, what is shown, what is refused, and that nothing is stored before somebody says so."""

from functools import cache

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from slumareas.importing import doors
from slumareas.models import Baseline, ColumnMapping, Import
from tests import factories
from tests.slumareas.importing.messy import KINDS, damaged

pytestmark = pytest.mark.django_db
LIST = reverse("slumareas:import_list")


@pytest.fixture(autouse=True)
def villages():
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")


@pytest.fixture
def planner_client(as_role):
    return as_role("planner")


@cache
def made(kind):
    """Once, since a workbook bears the second of its making."""
    return KINDS[kind]()


def sent(client, kind, **values):
    mess = made(kind)
    return client.post(LIST, {"file": SimpleUploadedFile(mess.name, mess.content), "year": 2019, **values})


def uploaded(client, kind):
    response = sent(client, kind)
    assert response.status_code == 302, response.content
    return Import.objects.get()


@pytest.mark.parametrize(
    ("role", "status"), [(None, 302), ("viewer", 403), ("village_user", 403), ("verifier", 403), ("pokja_member", 403)]
)
def test_only_who_may_import_sends_a_file(as_role, role, status):
    client = as_role(role)
    response = sent(client, "clean")
    assert response.status_code == status
    assert not Import.objects.exists()


@pytest.mark.parametrize("role", ["verifier", "viewer", "village_user"])
@pytest.mark.parametrize("verb", ["look", "apply", "undo", "delete"])
def test_nobody_else_decides_about_it(planner_client, as_role, role, verb):
    record = uploaded(planner_client, "clean")
    response = as_role(role).post(reverse(f"slumareas:import_{verb}", args=[record.pk]))
    assert response.status_code in (403, 404)
    assert Import.objects.get().state == "previewed"


def test_a_village_user_knows_of_no_file_of_other_villages(planner_client, as_role):
    record = uploaded(planner_client, "clean")
    for name in ("import_detail", "import_file"):
        assert as_role("village_user").get(reverse(f"slumareas:{name}", args=[record.pk])).status_code == 404


def test_a_sent_file_is_shown_and_not_stored(planner_client):
    record = uploaded(planner_client, "clean")
    page = planner_client.get(record.get_absolute_url()).content.decode()
    assert "Tanjung" in page
    assert not Baseline.objects.exists()


def test_what_is_no_table_is_refused_at_the_field(planner_client):
    response = planner_client.post(LIST, {"file": SimpleUploadedFile("foto.xlsx", b"\x89PNG" * 50), "year": 2019})
    assert response.status_code == 400
    assert response.context["form"].errors["file"]
    assert not Import.objects.exists()


def test_a_year_is_needed_and_must_be_possible(planner_client):
    for year in ("", "1800", "abc"):
        response = sent(planner_client, "clean", year=year)
        assert response.status_code == 400
        assert response.context["form"].errors["year"]


def test_stored_and_taken_back(planner_client):
    record = uploaded(planner_client, "clean")
    assert planner_client.post(reverse("slumareas:import_apply", args=[record.pk])).status_code == 302
    assert Baseline.objects.filter(source_import=record).count() == 6
    again = planner_client.post(reverse("slumareas:import_apply", args=[record.pk]))
    assert again.status_code == 409
    page = planner_client.post(reverse("slumareas:import_undo", args=[record.pk]), follow=True)
    assert page.status_code == 200
    assert not Baseline.objects.exists()
    assert planner_client.post(reverse("slumareas:import_undo", args=[record.pk])).status_code == 409


def test_errors_and_warnings_need_an_explicit_word(planner_client):
    record = uploaded(planner_client, "text_in_a_number")
    address = reverse("slumareas:import_apply", args=[record.pk])
    assert planner_client.post(address).status_code == 400
    assert not Baseline.objects.exists()
    assert planner_client.post(address, {"valid_rows_only": "on"}).status_code == 302
    assert Baseline.objects.count() == 5


def test_warnings_need_a_reason_that_is_kept(planner_client):
    record = uploaded(planner_client, "more_than_the_whole")
    address = reverse("slumareas:import_apply", args=[record.pk])
    assert planner_client.post(address, {"reason": "  "}).status_code == 400
    assert planner_client.post(address, {"reason": "Dicek di lapangan"}).status_code == 302
    assert Import.objects.get().reason == "Dicek di lapangan"


def test_a_cell_is_mended_in_the_page_and_looked_at_again(planner_client):
    record = uploaded(planner_client, "text_in_a_number")
    [row] = planner_client.get(record.get_absolute_url()).context["rows"]
    [cell] = [one["cell"] for one in row["cells"]]
    name = f"{row['sheet']}!{cell}"
    planner_client.post(
        reverse("slumareas:import_look", args=[record.pk]), {f"cell:{name}": "3", f"was:{name}": "tiga"}
    )
    record.refresh_from_db()
    assert record.counts["errors"] == 0
    planner_client.post(reverse("slumareas:import_apply", args=[record.pk]))
    assert Baseline.objects.count() == 6


def test_a_misspelt_village_is_confirmed_once(planner_client):
    record = uploaded(planner_client, "a_misspelt_village")
    page = planner_client.get(record.get_absolute_url())
    [(name, choices, _chosen)] = page.context["villages"]
    planner_client.post(reverse("slumareas:import_look", args=[record.pk]), {f"village:{name}": choices[0][0]})
    record.refresh_from_db()
    assert record.counts["errors"] == 0


def test_a_column_is_explained_once_and_remembered(planner_client):
    record = uploaded(planner_client, "a_heading_that_nobody_understands")
    [one] = planner_client.get(record.get_absolute_url()).context["columns"]
    name = f"column:{one['sheet']}!{one['unmapped'][0]['column']}"
    planner_client.post(reverse("slumareas:import_look", args=[record.pk]), {name: "ignored"})
    record.refresh_from_db()
    assert record.counts["warnings"] == 0
    assert ColumnMapping.objects.count() == 1
    record.delete()
    assert uploaded(planner_client, "a_heading_that_nobody_understands").counts["warnings"] == 0


def test_figures_that_changed_since_the_look_are_not_overwritten(planner_client):
    first = uploaded(planner_client, "clean")
    sent(planner_client, "more_than_the_whole")
    second = Import.objects.exclude(pk=first.pk).get()
    planner_client.post(reverse("slumareas:import_apply", args=[first.pk]))
    address = reverse("slumareas:import_apply", args=[second.pk])
    assert planner_client.post(address, {"reason": "sudah dicek"}).status_code == 409
    second.refresh_from_db()
    assert second.counts["changed"] == 1
    assert planner_client.post(address, {"reason": "sudah dicek"}).status_code == 302


def test_a_discarded_file_leaves_nothing(planner_client):
    record = uploaded(planner_client, "clean")
    kept = record.file.storage, record.file.name, record.preview.name
    planner_client.post(reverse("slumareas:import_delete", args=[record.pk]))
    assert not Import.objects.exists()
    assert not any(kept[0].exists(name) for name in kept[1:])


def test_a_stored_import_is_not_discarded(planner_client):
    record = uploaded(planner_client, "clean")
    planner_client.post(reverse("slumareas:import_apply", args=[record.pk]))
    assert planner_client.post(reverse("slumareas:import_delete", args=[record.pk])).status_code == 409
    assert Baseline.objects.count() == 6


def test_the_files_of_an_import(planner_client):
    record = uploaded(planner_client, "text_in_a_number")
    sent_file = planner_client.get(reverse("slumareas:import_file", args=[record.pk]))
    assert b"".join(sent_file.streaming_content)[:2] == b"PK"
    errors = planner_client.get(reverse("slumareas:import_errors", args=[record.pk]))
    assert errors.content[:2] == b"PK"
    blank = planner_client.get(
        reverse("slumareas:import_blank"), {"blank-region": "19.05.01.1001", "blank-year": "2020"}
    )
    assert blank.content[:2] == b"PK"
    refused = planner_client.get(reverse("slumareas:import_blank"), {"blank-region": "x"})
    assert refused.status_code == 400


def test_two_sentences_about_one_cell_have_one_place_to_mend_it(planner_client):
    record = uploaded(planner_client, "something_over_nothing")
    for state in ("error", "warning"):
        for row in planner_client.get(record.get_absolute_url(), {"state": state}).context["rows"]:
            cells = [one["cell"] for one in row["cells"] if one["label"]]
            assert len(cells) == len(set(cells))


def test_what_is_said_of_a_file_follows_the_language(planner_client):
    record = uploaded(planner_client, "text_in_a_number")
    assert "bukan angka" in planner_client.get(record.get_absolute_url()).content.decode()
    planner_client.cookies["django_language"] = "en"
    assert "is no number" in planner_client.get(record.get_absolute_url()).content.decode()


def test_a_file_sent_twice_waits_once(planner_client):
    record = uploaded(planner_client, "clean")
    again = sent(planner_client, "clean")
    assert again.url == record.get_absolute_url()
    assert "masih menunggu" in planner_client.get(again.url).content.decode()
    assert Import.objects.count() == 1
    sent(planner_client, "clean", year=2020)  # another year is another matter
    assert Import.objects.count() == 2


def test_a_double_click_makes_one_preview(planner_client, monkeypatch):
    """Both halves look before either is kept; the database lets one of them in."""
    real, first = doors._waiting_twin, []

    def blind_at_first(record):
        first.append(record)
        return None if len(first) <= 2 else real(record)

    monkeypatch.setattr(doors, "_waiting_twin", blind_at_first)
    sent(planner_client, "clean")
    assert sent(planner_client, "clean").url == Import.objects.get().get_absolute_url()


def test_a_stored_file_may_be_sent_again(planner_client):
    record = uploaded(planner_client, "clean")
    planner_client.post(reverse("slumareas:import_apply", args=[record.pk]))
    sent(planner_client, "clean")
    assert sorted(Import.objects.values_list("state", flat=True)) == ["applied", "previewed"]


def test_what_was_typed_is_kept_where_the_check_refuses_it(planner_client):
    record = uploaded(planner_client, "text_in_a_number")
    [row] = planner_client.get(record.get_absolute_url()).context["rows"]
    name = f"{row['sheet']}!{row['cells'][0]['cell']}"
    address = reverse("slumareas:import_look", args=[record.pk])
    typed = {f"cell:{name}": "31", f"was:{name}": "tiga", "cell:Tidak ada!A1": "5"}
    refused = planner_client.post(address, typed)
    assert refused.status_code == 400
    page = planner_client.get(record.get_absolute_url())
    [row] = page.context["rows"]
    assert row["cells"][0]["typed"] == "31"
    assert "belum diperiksa" in page.content.decode()
    record.refresh_from_db()
    assert record.decisions["cells"] == {}
    planner_client.post(address, {"forget": "1"})
    planner_client.post(address, {f"cell:{name}": "31", f"was:{name}": "tiga"})
    record.refresh_from_db()
    assert (record.counts["errors"], list(record.decisions["cells"].values())) == (0, [{row["cells"][0]["cell"]: "31"}])


def test_the_workbook_with_the_reasons_comes_back_with_no_new_question(planner_client):
    """Also where something is said of a heading, in whose row the column of reasons has its own."""
    planner_client.post(LIST, {"file": SimpleUploadedFile("rusak.xlsx", damaged()), "year": 2019})
    first = Import.objects.get()
    [asked] = planner_client.get(first.get_absolute_url()).context["columns"]
    assert [one["heading"] for one in asked["unmapped"]] == ["Surveyor"]
    marked = planner_client.get(reverse("slumareas:import_errors", args=[first.pk])).content
    planner_client.post(LIST, {"file": SimpleUploadedFile("rusak-diperiksa.xlsx", marked), "year": 2019})
    second = Import.objects.exclude(pk=first.pk).get()
    assert second.counts == first.counts
    [asked] = planner_client.get(second.get_absolute_url()).context["columns"]
    assert [one["heading"] for one in asked["unmapped"]] == ["Surveyor"]
