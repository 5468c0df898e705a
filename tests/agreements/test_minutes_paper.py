"""The minutes and their extracts print what was agreed and who signed, as it was signed."""

import datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from agreements.models import Agreement
from tests import factories
from workshops import documents
from workshops.models import Checkpoint, Workshop
from workshops.models.minutes import snapshot

pytestmark = pytest.mark.django_db


def squeezed(text):
    return "".join(text.split()).lower()


def text_of(content):
    return squeezed(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages))


@pytest.fixture
def signed(agreement):
    workshop = agreement.workshop
    record = workshop.agreement_record
    record.preamble, record.place, record.agreed_on = "Mukadimah uji", "Aula Sepakat", datetime.date(2019, 7, 16)
    record.save()
    item = factories.AgendaItemFactory(workshop=workshop)
    factories.AgreementFactory(workshop=workshop, text="Sepakat kedua", agenda_item=item)
    factories.SignatoryFactory(
        record=record, name="Budi Contoh", position="Kabid Uji", organization_name="Dinas Uji", represents="Kepala Uji"
    )
    return factories.publish(workshop), item


def test_every_part_of_the_record_stands_in_the_minutes(signed, agreement):
    workshop = Workshop.objects.get(pk=agreement.workshop_id)
    text = text_of(documents.minutes(workshop))
    for said in (
        "Mukadimah uji", "Aula Sepakat", "16 Juli 2019", agreement.text, "Sepakat kedua", "Budi Contoh", "Kabid Uji",
        "Dinas Uji", "mewakili Kepala Uji", "telah menandatangani",
    ):  # fmt: skip
        assert squeezed(said) in text
    without = text_of(documents.minutes(workshop, agreements=False))
    for said in ("Mukadimah uji", "Sepakat kedua", "Budi Contoh"):
        assert squeezed(said) not in without


def test_an_extract_holds_what_was_agreed_under_its_item(signed, agreement):
    _record, item = signed
    text = text_of(documents.extract(item))
    assert squeezed("Sepakat kedua") in text
    assert squeezed(agreement.text) not in text
    assert squeezed("Budi Contoh") in text


def test_minutes_keep_the_signed_text_after_an_amendment(signed, agreement, planner, now):
    before = agreement.text
    Agreement.objects.get(pk=agreement.pk).amend(by=planner, at=now, text="Naskah pengganti", reason="Rapat")
    text = text_of(documents.minutes(Workshop.objects.get(pk=agreement.workshop_id)))
    assert squeezed(before) in text
    assert "naskahpengganti" not in text
    assert squeezed("Naskah ini kemudian diubah") in text


def test_the_paper_of_a_viewer_waits_for_publishing(as_role, agreement):
    Workshop.objects.update(status="closed")
    paper = as_role("viewer").get(f"{agreement.workshop.get_absolute_url()}minutes.pdf")
    assert squeezed(agreement.text) not in text_of(paper.content)
    factories.publish(agreement.workshop)
    paper = as_role("viewer").get(f"{agreement.workshop.get_absolute_url()}minutes.pdf")
    assert squeezed(agreement.text) in text_of(paper.content)


def test_a_checkpoint_shows_agreements_and_leaves_them_alone_when_it_is_returned_to(
    record, agreement, planner, now, as_role
):
    workshop = agreement.workshop
    note = factories.MinutesEntryFactory(workshop=workshop, text="Catatan awal")
    checkpoint = Checkpoint.take(workshop, name="Pagi", by=planner, at=now)
    assert [row["kind"] for row in checkpoint.entries] == ["note", "agreement", "signatory", "signatory"]
    agreement.text = "Naskah siang"
    agreement.save()
    note.text = "Catatan siang"
    note.write(by=planner, based_on=note.version)
    compared = as_role("planner").get(
        f"{workshop.get_absolute_url()}minutes/checkpoints/compare/", {"a": checkpoint.pk}
    )
    assert [row["kind"] for row in compared.context["differences"]] == ["catatan", "kesepakatan"]
    checkpoint.restore(by=planner, at=now)
    rows = {row["kind"]: row["text"] for row in snapshot(Workshop.objects.get(pk=workshop.pk))}
    assert (rows["note"], rows["agreement"]) == ("Catatan awal", "Naskah siang")


def test_the_workshop_over_the_api_shows_agreements_to_who_may_read_them(api, agreement):
    Workshop.objects.update(status="closed")
    url = f"/api/v1/workshops/{agreement.workshop.slug}/"
    row = {"key": agreement.key, "number": 1, "text": agreement.text}
    assert api("planner").get(url).json()["agreements"] == [row]
    assert api("viewer").get(url).json()["agreements"] == []
    factories.publish(agreement.workshop)
    assert api("viewer").get(url).json()["agreements"] == [row]
