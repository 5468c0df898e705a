"""Writing agreements from the minutes page: as quick as an entry, without script, and nothing lost."""

import datetime
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from agreements.models import Agreement, AgreementRecord, Evidence, Signatory
from tests import factories
from tests.agreements.photographs import picture
from workshops.models import Workshop

pytestmark = pytest.mark.django_db
JSON = {"headers": {"Accept": "application/json"}}


def url(name, *args):
    return reverse(f"agreements:{name}", args=args)


@pytest.fixture
def workshop(db):
    workshop = factories.WorkshopFactory()
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    workshop.refresh_from_db()
    return workshop


def add(client, workshop, text, uid=None, **headers):
    return client.post(url("agreement_create", workshop.slug), {"uid": uid or uuid.uuid4(), "text": text}, **headers)


def minutes(client, workshop):
    return client.get(reverse("workshops:minutes", args=[workshop.slug])).content.decode()


# --- writing ----------------------------------------------------------------------------------------------


def test_an_agreement_is_added_from_the_minutes_and_the_next_one_can_follow(as_role, workshop, people):
    item = factories.AgendaItemFactory(workshop=workshop, kind="agreement")
    client = as_role("planner")
    page = minutes(client, workshop)
    assert f'name="agenda_item" value="{item.pk}"' in page
    answer = client.post(
        url("agreement_create", workshop.slug),
        {"uid": uuid.uuid4(), "text": " Sepakat satu\r\nbaris dua ", "agenda_item": item.pk},
    )
    assert answer.headers["Location"] == f"{reverse('workshops:minutes', args=[workshop.slug])}#add-agreement"
    add(client, workshop, "Sepakat dua")
    assert list(workshop.agreements.order_by("number").values_list("number", "text", "created_by", "agenda_item")) == [
        (1, "Sepakat satu\nbaris dua", people["planner"].pk, item.pk),
        (2, "Sepakat dua", people["planner"].pk, None),
    ]
    assert "Sepakat dua" in minutes(client, workshop)


def test_sending_twice_makes_one(as_role, workshop):
    client, uid = as_role("planner"), uuid.uuid4()
    for _click in range(2):
        assert add(client, workshop, "Sepakat", uid, **JSON).status_code == 200
    assert workshop.agreements.count() == 1


def test_a_program_gets_the_list_or_the_sentence(as_role, workshop):
    client = as_role("planner")
    assert "Sepakat cepat" in add(client, workshop, "Sepakat cepat", **JSON).json()["html"]
    empty = add(client, workshop, "  ", **JSON)
    assert (empty.status_code, list(empty.json())) == (400, ["detail"])


@pytest.mark.parametrize("status", ["signing", "closed"])
def test_what_can_not_be_stored_comes_back_in_the_form(as_role, workshop, status):
    factories.AgreementFactory(workshop=workshop)
    client = as_role("planner")
    if status == "closed":
        Workshop.objects.update(status="closed")
    else:
        AgreementRecord.objects.update(status="signing")
    answer = add(client, workshop, "Kalimat yang panjang")
    assert answer.status_code == 409
    assert "Kalimat yang panjang" in answer.content.decode()
    assert add(client, workshop, "Kalimat", **JSON).status_code == 409
    assert workshop.agreements.count() == 1


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user"])
def test_readers_read_and_get_no_form(as_role, workshop, role):
    agreement = factories.AgreementFactory(workshop=workshop, text="Sepakat terbaca")
    client = as_role(role)
    page = minutes(client, workshop)
    assert "Sepakat terbaca" in page
    assert "add-agreement" not in page
    assert add(client, workshop, "Lain").status_code == 403
    assert client.get(url("agreement_edit", agreement.key)).status_code == 403
    assert workshop.agreements.count() == 1


def test_an_outsider_reads_agreements_once_they_are_published(as_role, workshop):
    factories.AgreementFactory(workshop=workshop, text="Sepakat rahasia")
    Workshop.objects.update(status="closed")
    client = as_role("viewer")
    assert "Sepakat rahasia" not in minutes(client, workshop)
    factories.publish(workshop)
    page = minutes(client, workshop)
    assert "Sepakat rahasia" in page
    assert "Penanda Contoh" in page


# --- changing ---------------------------------------------------------------------------------------------


def test_everything_of_an_agreement_is_changed_on_its_page(as_role, agreement, agency):
    client, area = as_role("planner"), factories.SlumAreaFactory()
    page = client.get(url("agreement_edit", agreement.key))
    form = {
        "text": "Naskah baru", "kind": "periodic", "target_kind": "number", "target": "Jamban", "target_number": "33,5",
        "target_unit": "unit", "organizations": [agency.pk], "slum_areas": [area.pk],
        "criteria": ["wastewater_system", "open_space_m2"], "note": "", "seen": page.context["form"]["seen"].value(),
    }  # fmt: skip
    assert client.post(url("agreement_edit", agreement.key), form).status_code == 302
    stored = Agreement.objects.get()
    assert (stored.text, stored.kind, str(stored.target_number)) == ("Naskah baru", "periodic", "33.50")
    assert list(stored.organizations.all()) == [agency]
    assert [row.criterion for row in stored.criteria.all()] == ["wastewater_system", "open_space_m2"]
    form |= {"criteria": ["road_surface"], "seen": stored.history.first().history_id}
    client.post(url("agreement_edit", agreement.key), form)
    assert [row.criterion for row in Agreement.objects.get().criteria.all()] == ["road_surface"]


def test_a_frozen_text_is_shown_and_not_asked_for(as_role, record, agreement):
    AgreementRecord.objects.update(status="signing")
    client = as_role("planner")
    page = client.get(url("agreement_edit", agreement.key)).content.decode()
    assert agreement.text in page
    assert 'name="text"' not in page
    client.post(url("agreement_edit", agreement.key), {"text": "Lain", "kind": "once", "note": "Catatan"})
    stored = Agreement.objects.get()
    assert (stored.text, stored.note) == (agreement.text, "Catatan")


def test_a_wrong_target_is_named_and_kept_in_the_form(as_role, agreement):
    answer = as_role("planner").post(
        url("agreement_edit", agreement.key),
        {"text": "x", "kind": "once", "target_kind": "number", "target_number": ""},
    )
    assert answer.status_code == 400
    assert answer.context["form"].errors["target_number"]


def test_moving_and_deleting(as_role, agreement):
    second = factories.AgreementFactory(workshop=agreement.workshop)
    client = as_role("planner")
    client.post(url("agreement_move", second.key), {"up": "1"})
    second.refresh_from_db()
    assert second.number == 1
    assert client.get(url("agreement_delete", second.key)).status_code == 200
    client.post(url("agreement_delete", second.key))
    assert Agreement.objects.get().number == 1
    factories.FollowUpFactory(agreement=Agreement.objects.get())
    client.post(url("agreement_delete", Agreement.objects.get().key), follow=True)
    assert Agreement.objects.count() == 1


def test_looking_at_the_frame_stores_nothing_and_saving_it_begins_the_record(as_role, workshop):
    client = as_role("planner")
    assert client.get(url("record_edit", workshop.slug)).status_code == 200
    assert not AgreementRecord.objects.exists()
    form = {"number": "", "preamble": "Dengan ini", "place": "Balai", "agreed_on": "2026-03-10"}
    assert client.post(url("record_edit", workshop.slug), form).status_code == 302
    record = AgreementRecord.objects.get()
    assert (record.workshop, record.preamble, record.agreed_on) == (workshop, "Dengan ini", datetime.date(2026, 3, 10))


# --- signing ----------------------------------------------------------------------------------------------


def test_from_the_first_name_to_the_published_record(as_role, agreement, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    slug, client = agreement.workshop.slug, as_role("planner")
    for name in ("Budi Contoh", "Sari Contoh", "Tono Contoh"):
        client.post(url("signatory_create", slug), {"uid": uuid.uuid4(), "name": name})
    budi, sari, tono = Signatory.objects.order_by("order")
    assert client.post(url("signatory_sign", budi.pk), {"how": "paper", "on": "2026-03-10"}).status_code == 409
    client.post(url("record_open_for_signing", slug))
    page = client.get(url("signatory_sign", budi.pk)).content.decode()
    assert "bukan tanda tangan elektronik tersertifikasi" in page
    drawn = SimpleUploadedFile("tanda.png", picture("PNG"), "image/png")
    assert (
        client.post(url("signatory_sign", budi.pk), {"how": "drawn", "on": "2026-03-10", "file": drawn}).status_code
        == 302
    )
    assert client.post(url("signatory_decline", sari.pk), {"reason": ""}).status_code == 400
    client.post(url("signatory_decline", sari.pk), {"reason": "Tidak berwenang"})
    client.post(url("signatory_delegate", tono.pk), {"signs_for": "a.n.", "name": "Wakil Contoh"})
    client.post(url("signatory_sign", tono.pk), {"how": "paper", "on": "2026-03-10"})
    again = client.post(url("signatory_sign", tono.pk), {"how": "paper", "on": "2026-03-10"})
    assert again.status_code == 409
    assert "sudah tercatat" in again.content.decode()
    assert client.post(url("record_publish", slug)).status_code == 403
    assert as_role("verifier").post(url("record_publish", slug)).status_code == 302
    late = as_role("planner").post(url("signatory_decline", tono.pk), {"reason": "Berubah pikiran"})
    assert late.status_code == 409
    assert [(one.state, one.how) for one in Signatory.objects.order_by("order")] == [
        ("signed", "drawn"), ("declined", ""), ("signed", "paper"),
    ]  # fmt: skip
    file = as_role("verifier").get(url("signatory_file", budi.pk))
    assert b"".join(file.streaming_content) == picture("PNG")
    Workshop.objects.update(status="closed")
    for role in ("pokja_member", "opd_user", "village_user", "viewer"):
        assert as_role(role).get(url("signatory_file", budi.pk)).status_code == 403


@pytest.mark.parametrize(
    "form", [{"how": "drawn", "on": "2026-03-10"}, {"how": "paper", "on": ""}, {"how": "", "on": "2026-03-10"}]
)
def test_an_incomplete_signature_is_named(as_role, record, form):
    AgreementRecord.objects.update(status="signing")
    person = record.signatories.first()
    answer = as_role("planner").post(url("signatory_sign", person.pk), form)
    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert not Signatory.objects.exclude(state="pending").exists()


def test_evidence_is_served_with_the_rights_of_its_follow_up(as_role, own, people, now, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    evidence = Evidence(follow_up=own, kind="document", title="BA", file=SimpleUploadedFile("ba.pdf", b"%PDF-1.4 uji"))
    evidence.submit(by=people["opd_user"], at=now)
    factories.publish(own.workshop)
    address = url("evidence_file", evidence.pk)
    for role in ("planner", "opd_user", "pokja_member"):
        assert b"".join(as_role(role).get(address).streaming_content) == b"%PDF-1.4 uji"
    assert as_role("viewer").get(address).status_code in (403, 404)
    people["village_user"].organization = None
    people["village_user"].save()
    assert as_role("village_user").get(address).status_code == 404
    evidence.file.storage.delete(evidence.file.name)
    assert as_role("planner").get(address).status_code == 404
