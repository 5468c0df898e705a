"""Agreements are drafted, signed, published, and afterwards only amended."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from agreements.models import Agreement, AgreementRecord, EntryRefusal, RaisedEntry, Signatory
from core.refusals import Refused
from tests import factories
from tests.agreements.photographs import picture
from workshops.models import Workshop

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 3, 10)


def as_far_as(record, status):
    if status == "signing" or status == "published":
        AgreementRecord.objects.filter(pk=record.pk).update(status="signing")
    if status == "published":
        record.signatories.update(state="signed", how="paper")
        AgreementRecord.objects.filter(pk=record.pk).update(status="published")
    record.refresh_from_db()
    return record


# --- course of the record --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", AgreementRecord.Status.values)
@pytest.mark.parametrize("verb", AgreementRecord.TRANSITIONS)
def test_every_verb_from_every_state(record, planner, now, status, verb):
    record = as_far_as(record, status)
    if verb == "publish" and status == "signing":
        record.signatories.update(state="signed", how="paper")
    sources, target, needs_reason = AgreementRecord.TRANSITIONS[verb]
    arguments = {"by": planner, "at": now} | ({"reason": "Uji"} if needs_reason else {})
    if status in sources:
        getattr(record, verb)(**arguments)
        assert record.changes.get().reason == arguments.get("reason", "")
    else:
        with pytest.raises(Refused):
            getattr(record, verb)(**arguments)
    record.refresh_from_db()
    assert record.status == (target if status in sources else status)


def test_nothing_is_opened_for_signing_without_a_text_and_a_name(planner, now):
    empty = factories.AgreementRecordFactory()
    with pytest.raises(Refused):
        empty.open_for_signing(by=planner, at=now)
    factories.AgreementFactory(workshop=empty.workshop)
    with pytest.raises(Refused):
        empty.open_for_signing(by=planner, at=now)
    assert not empty.changes.exists()


def test_a_record_goes_back_to_the_draft_only_while_nobody_has_answered(record, planner, now):
    record.open_for_signing(by=planner, at=now)
    with pytest.raises(Refused):
        record.withdraw(by=planner, at=now, reason="  ")
    record.signatories.first().sign(by=planner, at=now, how="paper", on=DAY)
    with pytest.raises(Refused):
        record.withdraw(by=planner, at=now, reason="Salah ketik")
    record.signatories.first().take_back(by=planner, at=now, reason="Salah orang")
    record.withdraw(by=planner, at=now, reason="Salah ketik")
    assert record.is_draft


def test_publishing_waits_for_every_answer_and_needs_one_signature(record, planner, now):
    record.open_for_signing(by=planner, at=now)
    one, other = record.signatories.all()
    one.decline(by=planner, at=now, reason="Tidak berwenang")
    with pytest.raises(Refused):
        record.publish(by=planner, at=now)
    other.delegate(by=planner, at=now, signs_for="a.n.", name="Wakil Contoh")
    with pytest.raises(Refused):
        record.publish(by=planner, at=now)
    other.decline(by=planner, at=now, reason="Belum setuju")
    with pytest.raises(Refused):
        record.publish(by=planner, at=now)
    other.take_back(by=planner, at=now, reason="Berubah pendapat")
    other.sign(by=planner, at=now, how="paper", on=DAY)
    record.publish(by=planner, at=now)
    assert record.is_published


@pytest.mark.parametrize("status", ["signing", "published"])
def test_what_is_frozen_is_changed_by_no_door(record, agreement, status):
    record = as_far_as(record, status)
    before = list(Agreement.objects.values()), list(Signatory.objects.values()), list(AgreementRecord.objects.values())
    person = record.signatories.first()
    record.preamble = person.name = agreement.text = "Lain"
    doors = [
        record.save,
        agreement.save,
        agreement.delete,
        lambda: agreement.move(1),
        person.save,
        person.delete,
        lambda: person.move(1),
        lambda: factories.AgreementFactory(workshop=record.workshop),
        lambda: factories.SignatoryFactory(record=record),
        record.delete,
    ]
    for door in doors:
        with pytest.raises(Refused):
            door()
    assert before == (
        list(Agreement.objects.values()),
        list(Signatory.objects.values()),
        list(AgreementRecord.objects.values()),
    )


def test_what_only_classifies_may_change_after_signing(record, agreement):
    as_far_as(record, "published")
    agreement.refresh_from_db()
    agreement.target_kind, agreement.target_number, agreement.target_unit = "number", "33", "unit"
    agreement.full_clean()
    agreement.save()
    agreement.refresh_from_db()
    assert (agreement.target_number, agreement.version) == (33, 1)


def test_a_closed_or_cancelled_workshop_takes_no_text(record, agreement, planner, now):
    for status in ("closed", "cancelled"):
        Workshop.objects.filter(pk=record.workshop_id).update(status=status)
        agreement.text = "Lain"
        with pytest.raises(Refused):
            agreement.save()
    with pytest.raises(Refused):
        record.open_for_signing(by=planner, at=now)


def test_signing_goes_on_after_the_minutes_are_closed(record, planner, now):
    Workshop.objects.filter(pk=record.workshop_id).update(status="closed")
    record.open_for_signing(by=planner, at=now)
    record.signatories.first().sign(by=planner, at=now, how="paper", on=DAY)
    assert record.signatories.waiting().count() == 1


# --- numbers ----------------------------------------------------------------------------------------------


def test_numbers_follow_the_order_and_the_keys_the_numbers(agreement):
    workshop = agreement.workshop
    second, third = factories.AgreementFactory.create_batch(2, workshop=workshop)
    third.move(-1)
    assert list(workshop.agreements.order_by("number").values_list("pk", "key")) == [
        (agreement.pk, f"{workshop.slug}-1"),
        (third.pk, f"{workshop.slug}-2"),
        (second.pk, f"{workshop.slug}-3"),
    ]
    assert third.number == 2
    agreement.delete()
    assert list(workshop.agreements.order_by("number").values_list("number", "pk")) == [(1, third.pk), (2, second.pk)]
    third.refresh_from_db()
    third.move(-1)
    assert third.number == 1


def test_a_number_is_taken_once_in_a_workshop(agreement):
    other = factories.AgreementFactory(workshop=agreement.workshop)
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.filter(pk=other.pk).update(number=1)


@pytest.mark.parametrize(
    "values",
    [
        {"target_kind": "number", "target_number": None, "target_unit": "unit"},
        {"target_kind": "number", "target_number": 3, "target_unit": ""},
        {"target_kind": "yes_no", "target_number": 3},
        {"target_kind": "", "target_number": 3},
    ],
)
def test_a_target_in_numbers_has_number_and_unit_and_another_has_none(agreement, values):
    for name, value in values.items():
        setattr(agreement, name, value)
    with pytest.raises(ValidationError):
        agreement.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Agreement.objects.filter(pk=agreement.pk).update(**values)


# --- amendments --------------------------------------------------------------------------------------------


def test_an_amendment_names_what_it_replaces_and_the_minutes_keep_what_was_signed(record, agreement, planner, now):
    as_far_as(record, "published")
    signed = agreement.text
    agreement.amend(by=planner, at=now, text="Sepakat lain", reason="Rapat Pokja 1 April 2026")
    agreement.amend(by=planner, at=now, text="Sepakat ketiga", reason="Rapat Pokja 1 Mei 2026")
    stored = Agreement.objects.get()
    assert (stored.text, stored.version, stored.signed_text) == ("Sepakat ketiga", 3, signed)
    assert list(stored.versions.values_list("version", "text", "reason", "replaced_by")) == [
        (1, signed, "Rapat Pokja 1 April 2026", planner.pk),
        (2, "Sepakat lain", "Rapat Pokja 1 Mei 2026", planner.pk),
    ]


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        ("draft", "Lain", "Uji"),
        ("signing", "Lain", "Uji"),
        ("published", "Lain", "  "),
        ("published", "", "Uji"),
        ("published", None, "Uji"),
    ],
)
def test_what_is_no_amendment_changes_nothing(record, agreement, planner, now, status, text, reason):
    as_far_as(record, status)
    with pytest.raises(Refused):
        agreement.amend(by=planner, at=now, text=agreement.text if text is None else text, reason=reason)
    assert not agreement.versions.exists()


# --- signatures -------------------------------------------------------------------------------------------


def put(signatory, state):
    empty = {"how": "", "reason": "", "delegate_name": "", "signs_for": "", "signed_on": None}
    values = empty | {
        "signed": {"how": "paper", "signed_on": DAY},
        "declined": {"reason": "Uji"},
        "delegated": {"delegate_name": "Wakil Contoh", "signs_for": "Plt."},
    }.get(state, {})
    Signatory.objects.filter(pk=signatory.pk).update(state=state, **values)
    signatory.refresh_from_db()


ARGUMENTS = {
    "sign": {"how": "paper", "on": DAY},
    "decline": {"reason": "Tidak berwenang"},
    "delegate": {"signs_for": "Plh.", "name": "Wakil Contoh"},
    "take_back": {"reason": "Salah catat"},
}


@pytest.mark.parametrize("status", AgreementRecord.Status.values)
def test_every_verb_of_a_signature_from_every_state(record, planner, now, status):
    person = record.signatories.first()
    for verb, (sources, target, _needs) in Signatory.TRANSITIONS.items():
        for state in Signatory.State.values:
            as_far_as(record, status)
            put(person, state)
            allowed = status == "signing" and state in sources
            if allowed:
                getattr(person, verb)(by=planner, at=now, **ARGUMENTS[verb])
            else:
                with pytest.raises(Refused):
                    getattr(person, verb)(by=planner, at=now, **ARGUMENTS[verb])
            stored = Signatory.objects.get(pk=person.pk)
            assert stored.state == (target if allowed else state), (verb, state)


def test_the_second_click_signs_nothing(record, planner, now):
    record.open_for_signing(by=planner, at=now)
    one, same = Signatory.objects.first(), Signatory.objects.first()
    one.sign(by=planner, at=now, how="paper", on=DAY)
    with pytest.raises(Refused, match="sudah"):
        same.sign(by=planner, at=now, how="paper", on=DAY)
    assert one.history.filter(state="signed").count() == 1


@pytest.mark.parametrize(
    ("how", "file", "field"),
    [
        ("drawn", None, "file"),
        ("scan", None, "file"),
        ("paper", b"isi", "file"),
        ("drawn", b"bukan gambar", "file"),
        ("certified", None, "how"),
    ],
)
def test_a_signature_is_what_it_says(record, planner, now, how, file, field):
    record.open_for_signing(by=planner, at=now)
    person = record.signatories.first()
    sent = file and SimpleUploadedFile("tanda.png", file)
    with pytest.raises(ValidationError) as refused:
        person.sign(by=planner, at=now, how=how, on=DAY, file=sent)
    assert list(refused.value.error_dict) == [field]
    assert Signatory.objects.get(pk=person.pk).state == "pending"


def test_a_drawn_signature_is_kept_with_its_fingerprint_and_deleted_when_taken_back(
    record, planner, now, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.MEDIA_ROOT = tmp_path
    record.open_for_signing(by=planner, at=now)
    person = record.signatories.first()
    person.sign(by=planner, at=now, how="drawn", on=DAY, file=SimpleUploadedFile("tanda.png", picture("PNG")))
    person.refresh_from_db()
    assert person.file.read() == picture("PNG")
    person.file.close()
    assert len(person.sha256) == 64
    with django_capture_on_commit_callbacks(execute=True):
        person.take_back(by=planner, at=now, reason="Salah orang")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert (person.state, person.how, person.file.name) == ("pending", "", "")


def test_a_delegate_signs_in_the_name_of_somebody(record, planner, now):
    record.open_for_signing(by=planner, at=now)
    person = record.signatories.first()
    for wrong in ({"signs_for": "", "name": "Wakil"}, {"signs_for": "a.n.", "name": " "}):
        with pytest.raises(ValidationError):
            person.delegate(by=planner, at=now, **wrong)
    person.delegate(by=planner, at=now, signs_for="a.n.", name="Wakil Contoh", position="Sekretaris")
    person.sign(by=planner, at=now, how="paper", on=DAY)
    stored = Signatory.objects.get(pk=person.pk)
    assert (stored.state, stored.signs_for, stored.delegate_name) == ("signed", "a.n.", "Wakil Contoh")


@pytest.mark.parametrize("nip", ["123", "19800101200501100X"])
def test_a_nip_has_eighteen_digits(record, nip):
    person = record.signatories.first()
    person.nip = nip
    with pytest.raises(ValidationError, match="18"):
        person.full_clean()


# --- problems and promises ---------------------------------------------------------------------------------


@pytest.fixture
def problem(agreement):
    return factories.MinutesEntryFactory(workshop=agreement.workshop, kind="problem", title="Masalah uji")


def test_what_was_raised_waits_until_it_is_answered(agreement, problem, agency, planner, now):
    promise = factories.MinutesEntryFactory(workshop=agreement.workshop, kind="promise")
    factories.MinutesEntryFactory(workshop=agreement.workshop, kind="fact")
    refused = factories.MinutesEntryFactory(workshop=agreement.workshop, kind="problem")
    agreed = factories.MinutesEntryFactory(workshop=agreement.workshop, kind="problem")
    waiting = RaisedEntry.objects.unanswered
    assert {entry.pk for entry in waiting()} == {problem.pk, promise.pk, refused.pk, agreed.pk}
    factories.FollowUpFactory(agreement=None, source_entry=problem, responsible_organization=agency)
    RaisedEntry.objects.get(pk=refused.pk).refuse(by=planner, at=now, reason="Bukan kewenangan daerah")
    agreement.source_entry = agreed
    agreement.save()
    assert [entry.pk for entry in waiting()] == [promise.pk]


def test_a_refusal_needs_a_reason_and_happens_once(problem, planner, now):
    raised = RaisedEntry.objects.get(pk=problem.pk)
    with pytest.raises(Refused):
        raised.refuse(by=planner, at=now, reason="  ")
    raised.refuse(by=planner, at=now, reason="Bukan kewenangan")
    with pytest.raises(Refused):
        raised.refuse(by=planner, at=now, reason="Lagi")
    assert EntryRefusal.objects.get().reason == "Bukan kewenangan"
    with pytest.raises(ValidationError):
        factories.FollowUpFactory.build(agreement=None, source_entry=problem).clean()
    raised.withdraw_refusal()
    assert RaisedEntry.objects.unanswered().exists()
    with pytest.raises(Refused):
        raised.withdraw_refusal()


def test_an_entry_that_is_answered_stays_in_the_minutes(problem):
    factories.FollowUpFactory(agreement=None, source_entry=problem)
    with pytest.raises(Refused):
        problem.delete()


def test_a_draft_with_agreements_is_not_deleted(agreement):
    with pytest.raises(Refused):
        agreement.workshop.delete()


# --- who sees it -------------------------------------------------------------------------------------------


def test_who_sees_agreements_by_state_of_workshop_and_record(record, people, village):
    factories.WorkshopAreaFactory(workshop=record.workshop, region=village)
    foreign = factories.AgreementFactory()
    cases = {
        ("draft", "draft"): {"admin", "planner", "verifier"},
        ("correction", "signing"): {"admin", "planner", "verifier", "pokja_member", "opd_user", "village_user"},
        ("closed", "signing"): {"admin", "planner", "verifier", "pokja_member", "opd_user", "village_user"},
        ("closed", "published"): set(people),
    }
    for (workshop, status), expected in cases.items():
        as_far_as(record, status)
        Workshop.objects.filter(pk=record.workshop_id).update(status=workshop)
        for model in (Agreement, Signatory, AgreementRecord):
            own = model.objects.exclude(workshop=foreign.workshop) if model is not Signatory else model.objects.all()
            seen = {role for role, user in people.items() if own.visible_to(user).exists()}
            assert seen == expected, (workshop, status, model)
    Workshop.objects.filter(pk=foreign.workshop_id).update(status="closed")
    assert not Agreement.objects.filter(pk=foreign.pk).visible_to(people["village_user"]).exists()
    assert not Agreement.objects.filter(pk=foreign.pk).visible_to(people["viewer"]).exists()


def test_a_record_with_agreements_is_not_deleted_away_from_under_them(record, agreement):
    with pytest.raises(Refused, match="Hapus dulu|Delete those first"):
        record.delete()
    assert agreement.workshop.agreement_record == record
    Agreement.objects.all().delete()
    record.delete()
    assert not AgreementRecord.objects.exists()
