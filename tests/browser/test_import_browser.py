"""A damaged workbook in the browser of a phone: sent, explained, mended, stored and taken back."""

import pytest
from playwright.sync_api import expect

from slumareas.models import Baseline
from tests import factories
from tests.slumareas.importing.messy import damaged

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def sent(people):
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")
    return {"name": "rusak.xlsx", "mimeType": "application/octet-stream", "buffer": damaged()}


@pytest.mark.parametrize("has_script", [True, False], ids=["with a script", "without"])
def test_a_damaged_workbook_is_mended_stored_and_taken_back(page_as, sent, has_script):
    page = page_as("planner", viewport={"width": 390, "height": 800}, java_script_enabled=has_script)
    page.goto("/slum-areas/imports/")
    page.set_input_files("input[name=file]", sent)
    page.fill("input[name=year] >> nth=0", "2019")
    page.click("text=Kirim dan periksa")
    expect(page.get_by_text("“tiga” bukan angka")).to_be_visible()
    page.fill("input[name$='!O3'][name^='cell:']", "31")
    page.select_option("select[name='village:Tanjng']", "19.05.01.1001")
    page.select_option("select[name^='column:']", "ignored")
    page.click("text=Periksa lagi dengan isian ini")
    expect(page.get_by_text("Sudah diperiksa lagi")).to_be_visible()
    assert page.locator("text=bukan angka").count() == 0
    assert not Baseline.objects.exists()
    page.get_by_role("button", name="Simpan", exact=True).click()
    expect(page.get_by_text("Tuliskan alasan")).to_be_visible()  # one figure is not known
    page.fill("textarea[name=reason]", "Belum diukur, sudah ditanyakan")
    page.get_by_role("button", name="Simpan", exact=True).click()
    expect(page.get_by_text("Tersimpan.")).to_be_visible()
    assert Baseline.objects.count() == 6
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") if has_script else True
    page.get_by_role("link", name="Tarik kembali impor").click()
    page.get_by_role("button", name="Tarik kembali impor").click()
    expect(page.get_by_text("6 baris ditarik kembali").first).to_be_visible()
    assert not Baseline.objects.exists()
