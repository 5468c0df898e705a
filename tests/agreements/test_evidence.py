"""Evidence is sent by who does the work and judged by somebody else; photos keep nothing of the camera but place and day."""

import datetime
import hashlib
import io
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image

from agreements.models import Evidence, FollowUp
from core import photos
from core.refusals import Refused
from tests import factories
from tests.agreements.conftest import TODAY
from tests.agreements.photographs import phone_photo, picture
from workshops.models import Workshop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def send(follow_up, by, at, content=None, name="foto.jpg", **values):
    file = SimpleUploadedFile(name, phone_photo() if content is None else content)
    values = {"kind": "photo", "title": "Bukti uji", "file": file} | values
    evidence = Evidence(follow_up=follow_up, **values)
    evidence.submit(by=by, at=at)
    return evidence


# --- photos ----------------------------------------------------------------------------------------------


def test_a_photo_is_turned_upright_and_keeps_place_and_day_in_columns_alone(own, people, now):
    evidence = send(own, people["opd_user"], now)
    assert (evidence.latitude, evidence.longitude) == (Decimal("-2.075000"), Decimal("105.160000"))
    assert evidence.taken_on == datetime.date(2026, 3, 8)
    stored = Evidence.objects.get()
    with stored.file.open("rb") as file:
        content = file.read()
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (40, 60), "turned by the orientation that the camera noted"
        assert image.getpixel((20, 5))[0] > 200 > image.getpixel((20, 5))[2], "red on top"
        assert image.getpixel((20, 55))[2] > 200, "blue below"
        assert dict(image.getexif()) == {}
        assert "exif" not in image.info
    assert b"Merek Uji" not in content
    assert b"GPS" not in content
    assert (stored.sha256, stored.size) == (hashlib.sha256(content).hexdigest(), len(content))


def test_what_a_person_wrote_is_not_overwritten_by_the_camera(own, people, now):
    evidence = send(own, people["opd_user"], now, taken_on=TODAY, latitude=Decimal("-2.1"), longitude=Decimal("105.2"))
    assert (evidence.taken_on, evidence.latitude) == (TODAY, Decimal("-2.1"))


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (None, (None, None)),
        (((0, 0, 0), "N", (0, 0, 0), "E"), (None, None)),
        (((95, 0, 0), "N", (10, 0, 0), "E"), (None, None)),
        (((2, 30, 0), "N", (10, 0, 0), "W"), (Decimal("2.5"), Decimal(-10))),
    ],
)
def test_a_place_is_whole_or_none(place, expected):
    photo = photos.prepare(SimpleUploadedFile("foto.jpg", phone_photo(place=place)))
    assert (photo.latitude, photo.longitude) == expected


def test_a_large_photo_is_made_smaller_and_one_with_see_through_parts_white():
    photo = photos.prepare(SimpleUploadedFile("foto.jpg", phone_photo(size=(4000, 1000), orientation=1)))
    with Image.open(photo.content) as image:
        assert image.size == (2560, 640)
    buffer = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(buffer, "PNG")
    photo = photos.prepare(SimpleUploadedFile("denah.png", buffer.getvalue()))
    with Image.open(photo.content) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)
    assert photo.content.name == "denah.jpg"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"bukan gambar", "foto.jpg"),
        (picture()[:200], "foto.jpg"),
        (picture("PNG"), "foto.jpg"),
        (picture(), "foto.exe"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "foto.svg"),
        (b"", "foto.jpg"),
    ],
)
def test_a_photo_that_is_no_photo_is_refused_and_nothing_is_kept(own, people, now, media, content, name):
    with pytest.raises(ValidationError) as refused:
        send(own, people["opd_user"], now, content, name)
    assert list(refused.value.error_dict) == ["file"]
    assert not Evidence.objects.exists()
    assert [path for path in media.rglob("*") if path.is_file()] == []


# --- documents and links ------------------------------------------------------------------------------------


def test_a_document_and_a_link(own, people, now):
    send(own, people["opd_user"], now, b"%PDF-1.4 uji", "ba.pdf", kind="document")
    link = Evidence(follow_up=own, kind="link", title="Berita", url="https://contoh.test/berita")
    link.submit(by=people["opd_user"], at=now)
    assert list(Evidence.objects.values_list("kind", flat=True)) == ["document", "link"]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "link", "url": "javascript:alert(1)", "file": ""},
        {"kind": "link", "url": "", "file": ""},
        {"kind": "document", "file": ""},
        {"kind": "rumor"},
        {"title": ""},
        {"taken_on": TODAY + datetime.timedelta(days=1)},
        {"latitude": Decimal(5)},
        {"latitude": Decimal(91), "longitude": Decimal(5)},
    ],
)
def test_evidence_that_cannot_be_is_refused(own, people, now, values):
    with pytest.raises(ValidationError):
        send(own, people["opd_user"], now, phone_photo(place=None), **values)
    assert not Evidence.objects.exists()


def test_the_second_click_sends_nothing_but_what_was_returned_may_come_again(own, people, reviewer, now):
    first = send(own, people["opd_user"], now)
    with pytest.raises(ValidationError):
        send(own, people["opd_user"], now)
    first.send_back(by=reviewer, at=now, note="Terlalu jauh")
    send(own, people["opd_user"], now)
    assert Evidence.objects.count() == 2


def test_evidence_is_a_sign_of_life_and_refused_when_cancelled(own, people, now):
    FollowUp.objects.update(updated_on=datetime.date(2025, 1, 1))
    send(own, people["opd_user"], now)
    assert FollowUp.objects.get().updated_on == TODAY
    own.cancel(by=people["planner"], at=now, reason="Batal")
    with pytest.raises(Refused):
        send(own, people["opd_user"], now, picture(colour="red"))


# --- judgement ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", Evidence.Status.values)
@pytest.mark.parametrize("verb", Evidence.TRANSITIONS)
def test_every_judgement_from_every_state(own, people, reviewer, now, status, verb):
    judged = {} if status == "submitted" else {"reviewed_by": reviewer, "review_note": "Uji", "status": status}
    evidence = factories.EvidenceFactory(follow_up=own, submitted_by=people["opd_user"], **judged)
    judge = {"accept": evidence.accept, "return": evidence.send_back}[verb]
    if status == "submitted":
        judge(by=reviewer, at=now, note="Jelas")
        assert (evidence.status, evidence.reviewed_by, evidence.reviewed_at, evidence.review_note) == (
            Evidence.TRANSITIONS[verb][1], reviewer, now, "Jelas",
        )  # fmt: skip
    else:
        with pytest.raises(Refused):
            judge(by=reviewer, at=now, note="Jelas")
        assert Evidence.objects.get().status == status


def test_nobody_judges_their_own(own, people, reviewer, now):
    evidence = factories.EvidenceFactory(follow_up=own, submitted_by=reviewer)
    with pytest.raises(Refused):
        evidence.accept(by=reviewer, at=now)
    with pytest.raises(Refused):
        evidence.accept(by=people["pokja_member"], at=now)  # of the agency that does the work
    assert Evidence.objects.get().status == "submitted"
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.update(status="accepted", reviewed_by=reviewer)


def test_two_reviewers_at_once_give_one_judgement(own, people, reviewer, now):
    other = factories.UserFactory(role="pokja_member", organization=factories.OrganizationFactory())
    factories.EvidenceFactory(follow_up=own, submitted_by=people["opd_user"])
    one, same = Evidence.objects.get(), Evidence.objects.get()
    one.accept(by=reviewer, at=now)
    with pytest.raises(Refused, match=str(reviewer)):
        same.send_back(by=other, at=now, note="Kabur")
    assert Evidence.objects.get().status == "accepted"


def test_returning_needs_a_note(own, people, reviewer, now):
    evidence = factories.EvidenceFactory(follow_up=own, submitted_by=people["opd_user"])
    with pytest.raises(Refused):
        evidence.send_back(by=reviewer, at=now, note="  ")
    with pytest.raises(IntegrityError), transaction.atomic():
        Evidence.objects.update(status="returned", reviewed_by=reviewer)


def test_work_goes_on_when_the_last_evidence_of_it_is_returned(own, people, reviewer, now):
    FollowUp.objects.update(status="in_progress")
    own.refresh_from_db()
    one, other = factories.EvidenceFactory.create_batch(2, follow_up=own, submitted_by=people["opd_user"])
    own.finish(by=people["opd_user"], at=now)
    one.send_back(by=reviewer, at=now, note="Kabur")
    assert FollowUp.objects.get().status == "done"
    other.send_back(by=reviewer, at=now, note="Lokasi lain")
    stored = FollowUp.objects.get()
    assert (stored.status, stored.done_on) == ("in_progress", None)
    change = stored.changes.last()
    assert (change.verb, change.by, change.note) == ("set_back", reviewer, "Lokasi lain")


def test_only_what_waits_is_taken_away_with_its_file(
    own, people, reviewer, now, media, django_capture_on_commit_callbacks
):
    evidence = send(own, people["opd_user"], now)
    with django_capture_on_commit_callbacks(execute=True):
        evidence.delete()
    assert [path for path in media.rglob("*") if path.is_file()] == []
    kept = send(own, people["opd_user"], now)
    kept.accept(by=reviewer, at=now)
    with pytest.raises(Refused):
        kept.delete()


def test_the_only_evidence_of_done_work_stays(own, people, now):
    FollowUp.objects.update(status="in_progress")
    own.refresh_from_db()
    evidence = factories.EvidenceFactory(follow_up=own, submitted_by=people["opd_user"])
    own.finish(by=people["opd_user"], at=now)
    with pytest.raises(Refused):
        evidence.delete()


def test_who_sees_evidence_and_for_whom_it_waits(own, people, reviewer, village):
    elsewhere = factories.EvidenceFactory(follow_up__region=factories.VillageFactory())
    evidence = factories.EvidenceFactory(follow_up=own, submitted_by=people["opd_user"])
    for workshop in (own.workshop, elsewhere.follow_up.workshop):
        factories.publish(workshop)
    seen = {role: set(Evidence.objects.visible_to(user)) for role, user in people.items()}
    both = {evidence, elsewhere}
    assert seen == dict.fromkeys(people, both) | {"viewer": set(), "village_user": {evidence}}
    waiting = {role: set(Evidence.objects.reviewable_by(user)) for role, user in people.items()}
    assert waiting == {role: set() for role in people} | {"pokja_member": {elsewhere}, "admin": {elsewhere}}
    assert set(Evidence.objects.reviewable_by(reviewer)) == both
    Workshop.objects.update(status="draft")
    assert not Evidence.objects.visible_to(reviewer).exists()
