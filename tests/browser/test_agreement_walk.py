"""One agreement from the minutes to accepted evidence, by three people on their phones."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from agreements.models import Agreement, Evidence, FollowUp, Review, ReviewItem, Signatory
from tests import factories
from tests.agreements.photographs import phone_photo
from workshops.models import Workshop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 800}
TEXT = "Jalan setapak Kampung Uji dibangun tahun ini."


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def people(village):
    """The Pokja member comes from another organization than the agency that does the work."""
    cast = factories.make_people()
    member = cast["pokja_member"]
    member.organization = factories.OrganizationFactory(key="bappeda-uji", name="Bappeda Uji", short_name="Bappeda")
    member.save()
    return cast


def press(page):
    page.locator("main form .form-actions button").first.click()
    expect(page.locator(".notice-error")).to_have_count(0)


def draw(page):
    pad = page.locator("canvas.pad")
    pad.wait_for()
    page.wait_for_load_state("load")  # the mouse waits for nothing, and the pad draws when its script has run
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 40 + 15 * step, box["y"] + 60 + (30 if step % 2 else 0))
    page.mouse.up()


def test_from_the_minutes_to_accepted_evidence(page_as, people, tmp_path):
    workshop = factories.WorkshopFactory(title="Lokakarya Uji Jalan", held_on=timezone.localdate())
    Workshop.objects.update(status="in_progress")

    # The planner writes the sentence down, has it signed on the spot, and plans what follows.
    planner = page_as("planner", viewport=PHONE, has_touch=True)
    planner.goto(f"{workshop.get_absolute_url()}minutes/")
    planner.locator("#new-agreement").fill(TEXT)
    planner.locator("[data-add-agreement] button").click()
    expect(planner.locator("[data-agreements]")).to_contain_text(TEXT)
    planner.locator("#new-signatory").fill("Sari Contoh, S.T.")
    planner.locator("#add-signatory button").click()
    expect(planner.locator("#signatories ~ ol")).to_contain_text("Sari Contoh, S.T.")
    agreement = Agreement.objects.get()

    planner.goto(f"/agreements/records/{workshop.slug}/")
    planner.locator(".actions .btn-primary").click()
    press(planner)
    planner.locator(".actions .btn-primary").click()
    draw(planner)
    press(planner)
    expect(planner.locator("#signatories")).to_contain_text("1 dari 1 menandatangani")
    signatory = Signatory.objects.get()
    assert (signatory.state, signatory.how) == ("signed", "drawn")
    assert signatory.file.size > 1000

    planner.goto(agreement.get_absolute_url())
    planner.locator(".actions .btn-primary").click()
    planner.locator("[name=activity]").fill("Membangun jalan setapak")
    planner.locator("[name=responsible_organization]").select_option(label="Disperkimhub")
    planner.locator("[name=due_on]").fill(timezone.localdate().isoformat())
    press(planner)
    follow_up = FollowUp.objects.get()
    expect(planner.locator("h1")).to_contain_text("Membangun jalan setapak")

    # The owner finds it at home and reports with a photo in one form.
    owner = page_as("opd_user", viewport=PHONE, has_touch=True)
    owner.goto("/")
    owner.get_by_role("link", name="Laporkan 1.1").click()
    picture = tmp_path / "lapangan.jpg"
    picture.write_bytes(phone_photo())
    owner.locator("input[name=photo]").set_input_files(picture)
    expect(owner.locator(".photo-shown")).to_be_visible()
    owner.wait_for_function("document.querySelector('.photo-shown').naturalWidth > 0")
    owner.locator("[data-steps] button", has_text="75").click()
    owner.locator("[name=note]").fill("Tinggal sisi selatan.")
    press(owner)
    expect(owner.locator("main")).to_contain_text("Tinggal sisi selatan.")
    evidence = Evidence.objects.get()
    assert (evidence.status, str(FollowUp.objects.get().physical_percent)) == ("submitted", "75.00")

    # The Pokja member is led through the queue, looks at the photo, accepts it, and decides.
    factories.ReviewFactory(held_on=timezone.localdate())
    member = page_as("pokja_member", viewport=PHONE, has_touch=True)
    member.goto("/")
    member.get_by_role("link", name="Kerjakan antrean").click()
    expect(member.locator("h1")).to_contain_text("Membangun jalan setapak")
    expect(member.locator(".judged img")).to_be_visible()
    member.locator(".judge-inline [name=accept]").click()
    expect(member.locator(".judged")).to_contain_text("Diterima")
    member.locator(".choice", has_text="Dilanjutkan").click()
    member.locator("form[data-decide] [name=note]").fill("Selesaikan sisi selatan.")
    press(member)
    expect(member.locator("#decisions")).to_contain_text("Selesaikan sisi selatan.")
    evidence.refresh_from_db()
    assert (evidence.status, evidence.reviewed_by) == ("accepted", people["pokja_member"])
    assert ReviewItem.objects.get().decision == "continue"

    owner.goto(follow_up.get_absolute_url())
    expect(owner.locator("main")).to_contain_text("Selesaikan sisi selatan.")
    owner.goto(f"{agreement.get_absolute_url()}chain/")
    for words in ("Lokakarya Uji Jalan", TEXT, "Membangun jalan setapak", "Tinggal sisi selatan.", "Diterima"):
        expect(owner.locator(".chain")).to_contain_text(words)


def test_the_queue_by_keyboard(page_as, people):
    workshop = factories.WorkshopFactory()
    agreement = factories.AgreementFactory(workshop=workshop)
    for _number in range(3):
        factories.FollowUpFactory(agreement=agreement, due_on="2026-01-10")
    Workshop.objects.update(status="in_progress")
    review = factories.ReviewFactory()
    page = page_as("pokja_member")
    page.goto(f"{review.get_absolute_url()}queue/")
    first = page.locator("h1").inner_text()
    page.keyboard.press("?")
    expect(page.locator("dialog.keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("h1")).not_to_have_text(first)
    page.keyboard.press("k")
    expect(page.locator("h1")).to_have_text(first)
    page.keyboard.press("2")
    page.keyboard.press("n")
    page.keyboard.type("Percepat 12 hari.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).not_to_have_text(first)
    item = ReviewItem.objects.get()
    assert (item.decision, item.note) == ("speed_up", "Percepat 12 hari.")


def test_signing_and_reporting_without_script(page_as, people, tmp_path):
    signatory = factories.SignatoryFactory()
    Workshop.objects.update(status="in_progress")
    signatory.record.open_for_signing(by=people["planner"], at=timezone.now())
    page = page_as("planner", viewport=PHONE, java_script_enabled=False)
    page.goto(f"/agreements/signatories/{signatory.pk}/sign/")
    expect(page.locator("canvas.pad")).to_be_hidden()
    scan = tmp_path / "lembar.pdf"
    scan.write_bytes(b"%PDF-1.4 uji")
    page.locator("input[name=file]").set_input_files(scan)
    press(page)
    signatory.refresh_from_db()
    assert signatory.how == "scan"

    follow_up = factories.FollowUpFactory(
        agreement=signatory.record.workshop.agreements.get(), responsible_organization=people["opd_user"].organization
    )
    owner = page_as("opd_user", viewport=PHONE, java_script_enabled=False)
    owner.goto(f"{follow_up.get_absolute_url()}report/")
    picture = tmp_path / "lapangan.jpg"
    picture.write_bytes(phone_photo())
    owner.locator("input[name=photo]").set_input_files(picture)
    owner.locator("[name=physical_percent]").fill("30")
    press(owner)
    assert Evidence.objects.get().follow_up == follow_up
    assert Review.objects.count() == 0
