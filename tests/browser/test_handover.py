"""One package from the list to operating, by the people whom it takes: giver, receiver, planner, village."""

import datetime

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import expect

from assets import stages
from assets.models import Package
from tests import factories
from tests.assets.conftest import pdf

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 800}


@pytest.fixture
def cast(people, village):
    """The four, each of another organization."""
    giver = factories.OrganizationFactory(key="balai-uji", name="Balai Uji", short_name="Balai Uji", kind="ministry")
    people["balai"] = factories.UserFactory(username="balai", role="opd_user", organization=giver)
    planning = factories.OrganizationFactory(short_name="Bappeda Uji")
    people["planner"].organization = planning
    people["planner"].save()
    people["village_user"].organization = None
    people["village_user"].save()
    return people


def step(page, package, to):
    page.goto(f"/assets/{package}/advance/?to={to}")
    page.locator("main form button.btn-primary").click()
    expect(page.locator(".notice-success")).to_be_visible()
    assert Package.objects.get(number=package).stage == to


def bring(page, package, kind, tmp_path):
    """The paper goes into its place, as a file that is its own."""
    file = tmp_path / f"{kind}.pdf"
    file.write_bytes(pdf(kind).read())
    page.goto(f"/assets/{package}/documents/{kind}/")
    page.locator("#receive [name=file]").set_input_files(file)
    page.locator("#receive [name=dated_on]").fill(datetime.date.today().isoformat())
    page.locator("#receive button").click()
    expect(page.locator(".notice-success")).to_be_visible()


def accept(page, package, kind):
    page.goto(f"/assets/{package}/documents/{kind}/")
    page.locator("#accept button").click()
    expect(page.locator(".notice-success")).to_be_visible()


def accept_all_before(stage, package):
    """What the browser did with one paper, done with the others by the same verbs."""
    held = Package.objects.get(number=package)
    receiver = held.receiver.users.get(role="opd_user")
    giver = held.giver.users.get(role="opd_user")
    for document in held.documents.filter(is_required=True, needed_before__in=stages.up_to(stage)).exclude(
        state="accepted"
    ):
        if document.state != "received":
            document.receive(
                ContentFile(pdf(document.kind).read(), "uji.pdf"), by=giver, at=_now(), dated_on=datetime.date.today()
            )
        document.accept(by=receiver, at=_now())


def _now():
    return datetime.datetime.now(datetime.UTC)


def test_from_the_list_to_operating(page_as, cast, tmp_path):
    balai, agency = page_as("balai", viewport=PHONE), page_as("opd_user", viewport=PHONE)
    planner, village = page_as("planner", viewport=PHONE), page_as("village_user", viewport=PHONE)
    number = "PLP-900"

    # The giver lists the package and what is in it.
    balai.goto("/assets/new/")
    for name, value in {"number": number, "name": "TPS3R Uji", "value": "500.000.000", "budget_year": "2016"}.items():
        balai.locator(f"main [name={name}]").fill(value)
    balai.locator("main [name=sector]").select_option("plp")
    balai.locator("main [name=receiver]").select_option(label="Disperkimhub")
    balai.locator("main [name=village]").select_option(label="Kelurahan Tanjung, Mentok")
    balai.locator("main form button.btn-primary").click()
    balai.locator("#assets a", has_text="Tambah aset").click()
    balai.locator("[name=asset_type]").select_option("waste_station")
    balai.locator("main [name=name]").fill("Bangunan TPS3R Uji")
    balai.locator("main form button.btn-primary").click()
    expect(balai.locator("#asset-1")).to_contain_text("Bangunan TPS3R Uji")
    balai.locator(".pagehead a.btn-primary", has_text="pengumpulan dokumen").click()
    balai.locator("main form button.btn-primary").click()
    step(balai, number, "joint_inspection")

    # One paper by hand, from both sides; what misses is said in one look.
    bring(balai, number, "contract", tmp_path)
    agency.goto("/")
    agency.locator("a", has_text="Kontrak beserta adendum").click()
    agency.locator("#accept button").click()
    agency.goto(f"/assets/{number}/accept/")
    agency.locator("main form button.btn-primary").click()
    assert Package.objects.get(number=number).accepted_on
    step(balai, number, "acceptance_letter")
    balai.goto(f"/assets/{number}/")
    expect(balai.locator("section[aria-labelledby=h-missing] .missing")).to_contain_text(
        "Berita acara serah terima pertama"
    )
    letter = balai.request.get(f"/assets/{number}/missing-documents.pdf")
    assert letter.headers["content-type"] == "application/pdf"

    # Planner and giver bring it through the ministry.
    accept_all_before("submitted_to_ministry", number)
    step(planner, number, "submitted_to_ministry")
    step(planner, number, "approval")
    accept_all_before("grant_deed_signed", number)
    step(agency, number, "grant_deed_signed")
    accept_all_before("bast_signed", number)
    step(balai, number, "bast_signed")
    accept_all_before("ministry_writeoff", number)
    step(balai, number, "ministry_writeoff")

    # The receiver enters it in the books and hands it to who runs it.
    accept_all_before("recorded_regency", number)
    agency.goto(f"/assets/{number}/assets/1/book/")
    agency.locator("[name=kib_code]").fill("1.3.3.01")
    agency.locator("main form button.btn-primary").click()
    step(agency, number, "recorded_regency")
    agency.goto(f"/assets/{number}/assets/1/manager/")
    agency.locator("[name=manager]").select_option(label="Disperkimhub")
    agency.locator("[name=duties]").fill("Iuran Rp15.000 per rumah")
    agency.locator("main form button.btn-primary").click()
    accept_all_before("handed_to_manager", number)
    step(agency, number, "handed_to_manager")

    # The village sees that it works, and says so.
    village.goto(f"/assets/{number}/assets/1/check/")
    village.locator("[name=is_functioning][value=yes]").check()
    village.locator("[name=condition][value=good]").check()
    village.locator("main form button.btn-primary").click()
    accept_all_before("operating", number)
    step(village, number, "operating")
    expect(village.locator(".answer-grid")).to_contain_text("Serah terima selesai.")
    package = Package.objects.get(number=number)
    people = set(package.moves.values_list("by__username", flat=True))
    assert people == {"balai", "opd_user", "planner", "village_user"}
    assert [move.to_stage for move in package.moves.filter(kind="advance")] == list(stages.STAGES)[1:]
