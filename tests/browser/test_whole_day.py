"""The day of 16 July 2019 in short, on a phone: from an empty workshop to the paper that is signed and closed."""

from io import BytesIO

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests import factories
from workshops.models import Workshop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 800}
AGREEMENTS = ["Pokja PKP menyusun agenda pertemuan rutin.", "Target kumuh 0 ha pada tahun 2021."]


def save(page):
    page.locator("main form .form-actions button").first.click()
    expect(page.locator(".notice-error")).to_have_count(0)


def add_item(page, title, start, end, kind):
    form = page.locator("form#add")
    form.locator("[name=title]").fill(title)
    form.locator("[name=kind]").select_option(kind)
    form.locator("[name=planned_start]").fill(start)
    form.locator("[name=planned_end]").fill(end)
    form.locator("button.btn-primary").click()
    expect(page.locator(".agenda-item", has_text=title)).to_be_visible()


def add_leader(page, role, name):
    row = page.locator("fieldset.card-box").last
    row.locator("select[name$=role]").select_option(role)
    row.locator("input[name$='-name']").fill(name)
    page.locator("button[name=again]").click()
    expect(page.locator("legend", has_text=name)).to_be_visible()


def write_entry(page, kind, **fields):
    page.locator("[data-add]").last.click()
    form = page.locator("form.entry-edit").last
    form.locator("[name=kind]").select_option(kind)
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("[data-state=saved]").wait_for()
    page.keyboard.press("Escape")
    expect(page.locator("form.entry-edit")).to_have_count(0)


def do(page, verb):
    page.goto(f"{Workshop.objects.get().get_absolute_url()}{verb}/")
    page.locator("main form button.btn-primary").click()


def test_the_day_from_an_empty_workshop_to_the_closed_paper(page_as, people, village):
    factories.OrganizationFactory(key="lkm-uji", name="LKM Uji", short_name="LKM Uji")
    page = page_as("planner", viewport=PHONE)

    page.goto("/workshops/new/")
    page.locator("[name=title]").fill("Lokakarya Kota Tanpa Kumuh")
    page.locator("[name=held_on]").fill("2019-07-16")
    page.locator("[name=call_time]").fill("09:00")
    page.locator("[name=start_time]").fill("09:15")
    page.locator("[name=end_time]").fill("16:30")
    page.locator("[name=place]").fill("Aula Rumah Makan Kebun")
    save(page)

    add_item(page, "Registrasi peserta", "08:00", "08:30", "registration")
    add_item(page, "Diskusi kelompok", "15:45", "16:15", "discussion")
    add_item(page, "Kesimpulan dan penutup", "16:45", "17:00", "closing")
    expect(page.locator(".clock-warning")).to_have_count(2)
    page.locator(".agenda-item").nth(1).locator("button[name=up]").click()
    expect(page.locator(".agenda-item").first).to_contain_text("Diskusi kelompok")

    workshop = Workshop.objects.get()
    address = workshop.get_absolute_url()
    page.goto(f"{address}rows/leaders/")
    add_leader(page, "chair", "Budi Contoh, S.T.")
    add_leader(page, "minute_taker", "Sari Contoh, A.Md.")

    do(page, "invite")
    do(page, "start")

    phone = page_as(None, viewport=PHONE)
    phone.goto(f"/workshops/check-in/{workshop.check_in_code}/")
    phone.locator("[name=name]").fill("Rahmat Contoh")
    phone.locator("[name=organization_name]").fill("LKM Uji")
    phone.locator("main form button.btn-primary").click()
    expect(phone.locator("main")).to_contain_text("Rahmat Contoh")

    page.goto(f"{address}check-in/")
    expect(page.locator("main")).to_contain_text("Rahmat Contoh")
    if not page.locator("#walk-in").evaluate("fold => fold.open"):
        page.locator("#walk-in summary").click()
    page.locator("#walk-in [name=name]").fill("Dewi Contoh")
    page.locator("#walk-in [name=organization_name]").fill("Dinas Uji")
    page.locator("#walk-in button.btn-primary").click()
    expect(page.locator("#desk")).to_contain_text("Dewi Contoh")
    assert workshop.participants.present().count() == 2

    page.goto(f"{address}minutes/")
    expect(page.locator(".empty")).to_be_visible()
    write_entry(page, "problem", title="Bangunan baru di BOOZEM", text="Menunggu serah terima aset.")
    expect(page.locator(".empty")).to_be_hidden()
    for text in AGREEMENTS:
        page.locator("#new-agreement").fill(text)
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-agreements]")).to_contain_text(text)
        expect(page.locator("#new-agreement")).to_have_value("")
    page.locator("#new-signatory").fill("Rahmat Contoh")
    page.locator("#new-signatory-organization").fill("LKM Uji")
    page.locator("#add-signatory button").click()
    expect(page.locator("#signatories ~ ol")).to_contain_text("Rahmat Contoh")

    do(page, "finish")
    verifier = page_as("verifier", viewport=PHONE)
    do(verifier, "close")
    workshop.refresh_from_db()
    assert workshop.status == "closed"
    page.goto(f"{address}minutes/")
    expect(page.locator("[data-add]")).to_have_count(0)

    paper = page.request.get(f"{address}minutes.pdf")
    text = " ".join(" ".join(sheet.extract_text() for sheet in PdfReader(BytesIO(paper.body())).pages).split())
    for said in (*AGREEMENTS, "Selasa, 16 Juli 2019", "Aula Rumah Makan Kebun", "Budi Contoh, S.T.", "Rahmat Contoh"):
        assert said in text
