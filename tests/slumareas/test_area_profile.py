"""The area profile tells everything that is known of an area, in Indonesian, and nothing that its reader may not know."""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from html import unescape
from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from PIL import Image
from pypdf import PdfReader

from core import pdf
from core.models import Letterhead
from slumareas import documents, scoring
from slumareas.documents import rows
from slumareas.models import Assessment, AssessmentYear, Baseline
from slumareas.models.quantities import QUANTITY_KEYS
from tests import factories
from tests.factories import BASELINE_VALUES, BaselineFactory, NeighbourhoodUnitFactory, SlumAreaFactory

pytestmark = pytest.mark.django_db


# --- reading the paper ---------------------------------------------------------------------------------------
@cache
def pages_of(content: bytes) -> list[str]:
    """The text of each page without line breaks; where no font has an emoji, the reader puts NULs between letters."""
    pages = [page.extract_text().replace("\0", "") for page in PdfReader(BytesIO(content)).pages]
    return [re.sub(r"\s+", " ", page) for page in pages]


INLINE = re.compile(r"</?(?:b|i|em|strong|span|a|small|sup|sub|tspan)\b[^>]*>")


def profile(area, year=None, **options) -> str:
    """What the finished HTML of the paper says; setting it takes a hundred times as long.

    `test_all_that_the_page_says_is_set` proves that nothing of it is lost on the way to the paper.
    """
    handed_over = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf, "from_html", lambda html, *rest, **more: handed_over.append(html) or b"")
        documents.area_profile(area, year, **options)
    (html,) = handed_over
    body = INLINE.sub("", html.split("<body", 1)[1].split(">", 1)[1])
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text).lower()


def structure(content: bytes, name: str) -> list[dict]:
    """Every element of this kind in the tags."""
    found = []

    def walk(element):
        element = element.get_object()
        if not isinstance(element, dict):
            return
        if element.get("/S") == name:
            found.append(element)
        children = element.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            if not isinstance(child, int):
                walk(child)

    walk(PdfReader(BytesIO(content)).trailer["/Root"]["/StructTreeRoot"])
    return found


def alternatives(content: bytes) -> list[str]:
    return [str(figure["/Alt"]) for figure in structure(content, "/Figure")]


# --- records -------------------------------------------------------------------------------------------------
@pytest.fixture
def area(village):
    return SlumAreaFactory(name="Teluk Uji", villages=[village])


def measure(area, rt="1", year=2025, **values) -> Baseline:
    region = area.villages.first()
    unit = area.neighbourhood_units.filter(rt=rt).first() or NeighbourhoodUnitFactory(
        region=region, rt=rt, slum_area=area
    )
    return BaselineFactory(unit=unit, year=year, **values)


def verify(year: int, now):
    for one in AssessmentYear.objects.filter(year=year, status="draft"):
        one.verify(by=None, at=now)


def square(west=105.16, south=-2.07, size=0.002) -> dict:
    east, north = round(west + size, 6), round(south + size, 6)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def picture(size=(40, 30), **options) -> ContentFile:
    content = BytesIO()
    Image.new("RGB", size, "teal").save(content, "JPEG", **options)
    return ContentFile(content.getvalue(), "foto.jpg")


# --- the answer ------------------------------------------------------------------------------------------------
def test_the_answer_comes_first(area):
    measure(area)
    first = pages_of(documents.area_profile(area))[0]
    assert "Kumuh ringan, 32 dari 80." in first
    assert first.index("Teluk Uji") < first.index("Kumuh ringan, 32 dari 80.") < first.index("Fakta pokok")


@pytest.mark.parametrize(
    ("values", "headline"),
    [
        ({"fire_equipment": 0}, "Kumuh ringan, 27 dari 80, turun dari 32 pada 2024."),
        ({"waste_system": 125}, "Kumuh ringan, 34 dari 80, naik dari 32 pada 2024."),
        ({}, "Kumuh ringan, 32 dari 80, tetap seperti pada 2024."),
    ],
)
def test_the_answer_says_where_it_goes(area, values, headline):
    measure(area, year=2024)
    measure(area, year=2025, **values)
    assert headline in profile(area)


def test_a_change_of_rule_is_no_trend(area):
    measure(area, year=2018, rule_set=scoring.PERMEN_2_2016, **factories.OLD_RULES_VALUES)
    measure(area, year=2019)
    text = profile(area)
    assert "Kumuh ringan, 32 dari 80; pada 2018 menurut aturan lain kumuh ringan, 35 dari 95." in text
    assert "Antara 2018 dan 2019 aturan berganti dari Permen PUPR 02/PRT/M/2016 ke Permen PUPR 14/PRT/M/2018" in text
    assert "turun dari" not in text


def test_the_most_expensive_criterion_is_named_with_its_numbers(area):
    measure(area)
    text = profile(area)
    assert "Nilai 5 pada 2 dari 16 kriteria" in text
    assert "Ketidaktersediaan Sarana Proteksi Kebakaran (7b): 100,00 %, 120 dari 120 unit" in text
    assert "lalu prasarana dan sarana persampahan tidak sesuai persyaratan teknis (6a)" in text


def test_without_any_point_nothing_is_blamed(area):
    measure(area, **{criterion: 0 for criterion in scoring.CRITERIA if criterion in BASELINE_VALUES})
    text = profile(area)
    assert "Tidak kumuh, 0 dari 80." in text
    assert "semua bernilai 0" in text


def test_what_is_not_assessed_is_said_and_there_is_no_class(area):
    measure(area, fire_equipment=None)
    text = profile(area)
    assert "Kelas belum dapat ditetapkan: 1 dari 16 kriteria belum dinilai." in text
    assert "Belum dinilai: Ketidaktersediaan Sarana Proteksi Kebakaran (7b)." in text
    assert "Jumlah nilai belum ada" in text
    assert "kawasan utuh (ha) belum dinilai 2,75" in " ".join(text.split())


def test_what_was_not_assessed_is_no_reduction(area):
    measure(area, year=2024)
    measure(area, year=2025, fire_equipment=None)
    text = profile(area)
    assert "pada 2024 kumuh ringan, 32 dari 80" in text
    assert "Perubahan luas kumuh" not in text


def test_a_real_reduction_is_told_with_its_cause(area):
    measure(area, year=2024)
    nothing = {criterion: 0 for criterion in scoring.CRITERIA if criterion in BASELINE_VALUES}
    unit = measure(area, year=2025, **nothing).unit
    factories.WorkFactory(unit=unit, year=2025)
    assert "metode A (kawasan utuh): turun 2,75 ha karena pekerjaan" in profile(area)


# --- numbers ----------------------------------------------------------------------------------------------------
def test_every_number_of_the_record_is_printed(area):
    """Each column has a value that no other has; written as Indonesian papers write it."""
    wholes = {
        "verified_area_ha": ("1234.56", "1.234,56"),
        "building_count": ("10001", "10.001"),
        "population": ("20002", "20.002"),
        "household_count": ("15003", "15.003"),
        "ideal_road_m": ("30004.5", "30.004,50"),
        "ideal_drainage_m": ("40005", "40.005"),
    }
    values, expected = {}, {}
    for number, (key, (value, printed)) in enumerate(wholes.items()):
        values[key], expected[key] = Decimal(value), printed
        for offset, criterion in enumerate(one for one in scoring.CRITERIA.values() if one.denominator == key):
            if scoring.PERMEN_14_2018 in criterion.codes:
                if key == "verified_area_ha":
                    values[criterion.key], printed = Decimal(f"7{offset}.25"), f"7{offset},25"
                else:
                    values[criterion.key], printed = Decimal(1100 + 10 * number + offset), f"1.1{number}{offset}"
                expected[criterion.key] = printed
    values["open_space_m2"], expected["open_space_m2"] = Decimal("4321.5"), "4.321,50 m²"
    measure(area, **values)
    text = profile(area)
    result = Assessment.objects.get(slum_area=area).result()
    expected |= {f"{key} %": f"{percent:.2f}".replace(".", ",") for key, percent in result.percent.items()}
    expected["sector"] = f"{result.sector_average:.2f}".replace(".", ",")
    expected["total"] = f"{result.total} dari 80"
    assert {key for key in QUANTITY_KEYS if key in values} == set(values)
    assert [key for key, printed in expected.items() if printed not in text] == []
    assert not re.search(r"\d,\d{3}\.\d", text)


def test_a_flooded_spot_is_not_rounded_to_nothing(area):
    measure(area, drainage_flooding=Decimal("0.0047"))
    assert "0,0047" in profile(area)


def test_strange_values_are_printed_with_a_remark(area):
    measure(area, drainage_flooding=Decimal("-0.5"), road_surface=Decimal(1600))
    text = profile(area)
    assert "-0,50" in text
    assert "200,00" in text
    assert "Nilai di bawah 0 dicatat sebagaimana adanya dan dihitung 0." in text
    assert "Volume melebihi penyebutnya; dicatat sebagaimana adanya dan bernilai 5." in text


def test_the_area_is_scored_from_sums_and_says_so(area):
    measure(area, rt="1")
    measure(area, rt="2", **{key: 0 for key in scoring.CRITERIA if key in BASELINE_VALUES})
    text = profile(area)
    assert f"dari {Assessment.objects.get(slum_area=area).result().rule_set.maximum}" in text
    assert "bukan dari rata-rata nilai RT" in text
    assert "5,50 ha" in text
    assert "RT 1 RW 1 2,75 120 125 480 32 Kumuh ringan 6a, 7b" in text
    assert "RT 2 RW 1 2,75 120 125 480 0 Tidak kumuh –" in text


# --- facts -------------------------------------------------------------------------------------------------------
def test_key_facts(area):
    area.is_strategic = area.has_community_support = 5
    area.is_tenure_clear, area.fits_spatial_plan = True, True
    area.description = "Sebagian lahan bersengketa."
    area.save()
    decree = factories.DecreeFactory(number="188.45/12/UJI/2023", year=2023, issued_on=date(2023, 5, 2))
    factories.DecreeAreaFactory(decree=decree, slum_area=area, hectares=Decimal("3.25"))
    measure(area)
    text = profile(area)
    for fact in (
        "Kelurahan Tanjung, Kecamatan Mentok, Kabupaten Bangka Barat",
        "188.45/12/UJI/2023 tahun 2023, luas 3,25 ha",
        "Prioritas 3 dari 9",
        "Pertimbangan lain tinggi jumlah 13 dari 15",
        "Legalitas lahan legal status lahan jelas, tata ruang sesuai",
        "Pola penanganan pemugaran",
        "Kewenangan pemerintah kabupaten",
        "Kepadatan penduduk 175 jiwa/ha",
        "Layanan di atas 80 % belum terpenuhi",
        "Sebagian lahan bersengketa.",
    ):
        assert fact in text


def test_what_is_not_known_is_said(area):
    measure(area)
    text = profile(area)
    for gap in (
        "Keputusan bupati belum disebut dalam keputusan",
        "Prioritas belum dapat ditetapkan",
        "Pertimbangan lain belum lengkap diisi",
        "Legalitas lahan belum diperiksa",
        "Ruang terbuka hijau belum dicatat",
        "Luas dalam garis batas garis batas belum digambar",
    ):
        assert gap in text


def test_illegal_land_changes_the_handling(area):
    area.is_tenure_clear = False
    area.save()
    measure(area)
    text = profile(area)
    assert "Legalitas lahan tidak legal status lahan belum jelas" in text
    assert "Pola penanganan pemukiman kembali" in text


# --- state of the data ---------------------------------------------------------------------------------------------
def test_a_draft_is_marked_on_every_page(area, now):
    measure(area)
    for page in pages_of(documents.area_profile(area)):
        assert "RANCANGAN" in page
        assert "data 2025, rancangan, belum diverifikasi" in page
    verify(2025, now)
    for page in pages_of(documents.area_profile(area)):
        assert "RANCANGAN" not in page
        assert "data 2025, terverifikasi" in page


def test_made_up_figures_are_marked_on_every_page(area):
    measure(area, is_made_up=True)
    assert all("ANGKA REKAAN UNTUK CONTOH" in page for page in pages_of(documents.area_profile(area)))


def test_real_figures_are_not_called_made_up(area):
    measure(area)
    assert "rekaan" not in profile(area).lower()


@pytest.mark.sets_papers
def test_an_earlier_year_is_told_as_it_was(area, now):
    measure(area, year=2024)
    verify(2024, now)
    before = documents.area_profile(area)
    measure(area, year=2025, fire_equipment=0)
    assert documents.area_profile(area, AssessmentYear.objects.get(year=2024)) == before
    assert "2025" not in profile(area, AssessmentYear.objects.get(year=2024))


def test_years_stand_side_by_side(area):
    for year, failing in ((2023, 120), (2024, 60), (2025, 0)):
        measure(area, year=year, fire_equipment=failing)
    text = profile(area)
    assert "Jumlah nilai 32 dari 80 28 dari 80 27 dari 80" in text
    assert "Luas terverifikasi (ha) 2,75 2,75 2,75" in text


def test_a_year_in_which_the_area_was_not_measured_is_no_result(area, village):
    measure(area, year=2024)
    BaselineFactory(unit=NeighbourhoodUnitFactory(region=village, rt="99"), year=2025)
    assert Assessment.objects.filter(slum_area=area, assessment_year__year=2025).exists()
    assert "Kumuh ringan, 32 dari 80." in profile(area)


@pytest.mark.sets_papers
def test_the_same_record_gives_the_same_bytes(area):
    factories.AreaBoundaryFactory(slum_area=area)
    measure(area, photo=picture())
    assert documents.area_profile(area) == documents.area_profile(area)


@pytest.mark.sets_papers
def test_the_paper_is_indonesian_in_every_language_of_the_pages(area):
    measure(area)
    with translation.override("en"):
        english = documents.area_profile(area)
    with translation.override("id"):
        assert documents.area_profile(area) == english
    assert "Proteksi Kebakaran" in " ".join(pages_of(english))


# --- nothing there ---------------------------------------------------------------------------------------------------
def test_an_area_without_baseline_says_so(area):
    text = profile(area)
    assert "Belum ada hasil penilaian untuk kawasan ini." in text
    assert "Tujuh aspek" not in text
    assert "Tidak kumuh" not in text


def test_the_survey_of_the_village_is_told_but_not_as_the_class_of_the_area(area, village):
    BaselineFactory(unit=NeighbourhoodUnitFactory(region=village, rw="", rt=""), year=2025)
    text = profile(area)
    assert "Belum ada hasil penilaian untuk kawasan ini." in text
    assert "Kelurahan Tanjung mempunyai survei sekelurahan/sedesa tahun 2025: kelas hitungan kumuh ringan" in text
    assert "Itu bukan kelas kawasan ini." in text


def test_an_area_without_villages_still_prints():
    assert "Belum ada hasil penilaian" in profile(SlumAreaFactory(villages=[]))


# --- names -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "Kawasan Permukiman Tepi Pantai Pelabuhan Lama Kampung Baru dan Sekitarnya Timur",
        "Kampung 🌊 Ombak",
        "Gang <b>A&B</b>",
        "X" * 150,
    ],
)
def test_any_name_is_printed_whole(village, name):
    area = SlumAreaFactory(name=name, villages=[village])
    factories.AreaBoundaryFactory(slum_area=area)
    measure(area)
    content = documents.area_profile(area)
    letters = squeezed(name.replace("🌊", ""))
    assert letters in squeezed("".join(pages_of(content))).replace("🌊", "")
    assert name in PdfReader(BytesIO(content)).metadata.title


# --- maps ----------------------------------------------------------------------------------------------------------------
def test_an_area_without_boundary_says_so_instead_of_a_map(area):
    measure(area)
    content = documents.area_profile(area)
    assert "Garis batas kawasan ini belum digambar untuk tahun 2025" in " ".join(pages_of(content))
    assert not any(text.startswith("Peta kawasan") for text in alternatives(content))


def test_a_boundary_drawn_for_a_later_year_is_not_shown(area):
    factories.AreaBoundaryFactory(slum_area=area, year=2026)
    measure(area)
    assert "belum digambar untuk tahun 2025" in profile(area)


def test_the_map_has_scale_source_and_place(area, village):
    village.boundary = square(105.1, -2.1, 0.1)
    village.save()
    village.parent.boundary = square(105.0, -2.2, 0.4)
    village.parent.save()
    neighbour = factories.VillageFactory(name="Air Uji", boundary=square(105.2, -2.1, 0.1))
    factories.AreaBoundaryFactory(slum_area=area, geometry=square(), source="Survei GPS 2024")
    baseline = measure(area)
    baseline.unit.boundary = square(105.1602, -2.0698, 0.001)
    baseline.unit.save()
    content = documents.area_profile(area)
    text = " ".join(pages_of(content))
    assert "batas kawasan Survei GPS 2024, sejak 2024" in text
    assert "titik tengah 105,1610° BT, 2,0690° LS" in text
    assert re.search(r"\b(50|100) m\b", text)
    assert re.search(r"\b\d+ km\b", text)
    assert "1/1" in text
    assert neighbour.name in text
    shown = alternatives(content)
    assert "Peta kawasan Teluk Uji: garis batas kawasan, 1 RT dengan garis batasnya." in shown
    assert "Letak kawasan di Kelurahan Tanjung; tetangganya Desa Air Uji." in shown
    assert "Letak kawasan di kabupaten, dengan batas kecamatan." in shown


def test_every_picture_can_be_read_aloud(area):
    factories.AreaBoundaryFactory(slum_area=area)
    measure(area, photo=picture())
    shown = alternatives(documents.area_profile(area))
    assert all(shown)
    assert "Proteksi Kebakaran: 65,00 persen kebutuhan belum terpenuhi" in shown
    assert any("kumuh ringan 16–37" in text for text in shown)
    assert "Foto RT 1 RW 1, Kelurahan Tanjung" in shown


# --- works, neighbourhoods, photos -------------------------------------------------------------------------------------------
def test_works_are_added_up_by_kind_with_funding_and_cost(area):
    unit, other = measure(area, rt="1").unit, measure(area, rt="2").unit
    for one in (unit, other):
        factories.WorkFactory(
            unit=one, year=2024, activity="Rabat beton", volume=Decimal("60.5"), funding_source="DAK", cost=50_000_000
        )
    factories.WorkFactory(unit=unit, year=2025, activity="Talud")
    factories.WorkFactory(unit=unit, year=2026, activity="Nanti")
    text = profile(area)
    assert "2024 Rabat beton 2b Kualitas Permukaan Jalan Lingkungan 121 m 2 DAK Rp100.000.000,00" in text
    assert "Biaya seluruhnya, tanpa 1 pekerjaan yang biayanya belum dicatat Rp100.000.000,00" in text
    assert "Nanti" not in text


def test_of_many_neighbourhoods_the_worst_are_listed(area):
    measure(area, rt="100")
    for number in range(1, rows.MOST_UNITS + 1):
        measure(area, rt=str(number), waste_system=125)
    content = documents.area_profile(area)
    text = " ".join(pages_of(content))
    assert "RT 9 RW 1" in text
    assert text.index("RT 9 RW 1") < text.index("RT 10 RW 1")
    assert "RT 100 RW 1" not in text
    assert f"Hanya {rows.MOST_UNITS} RT yang belum dinilai lengkap atau bernilai tertinggi" in text
    assert f"dari {rows.MOST_UNITS + 1} RT" in text


def test_photos_are_small_and_without_the_camera_s_notes(area):
    exif = Image.Exif()
    exif[0x010E] = "rahasia-kamera"
    measure(area, photo=picture((3000, 2000), exif=exif), note="Genangan di gang.")
    content = documents.area_profile(area)
    reader = PdfReader(BytesIO(content))
    images = {image.data: image.image.size for page in reader.pages for image in page.images}
    assert [max(size) for size in images.values()] == [rows.PHOTO_PIXELS]
    assert b"rahasia-kamera" not in content + b"".join(images)
    assert "Genangan di gang." in " ".join(pages_of(content))


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_photo_that_cannot_be_read_is_left_out(area, harm):
    baseline = measure(area, photo=picture())
    if harm == "missing":
        baseline.photo.storage.delete(baseline.photo.name)
    else:
        with baseline.photo.storage.open(baseline.photo.name, "wb") as file:
            file.write(b"rusak")
    text = profile(area)
    assert "Kumuh ringan, 32 dari 80." in text
    assert "Foto" not in text


# --- the paper as paper --------------------------------------------------------------------------------------------------------
def full_record(area):
    """Two years of fifteen neighbourhoods with works and photos, and an outline."""
    factories.AreaBoundaryFactory(slum_area=area)
    for number in range(1, 16):
        unit = measure(area, rt=str(number), year=2024).unit
        measure(area, rt=str(number), year=2025, photo=picture() if number < 7 else "")
        factories.WorkFactory(unit=unit, year=2025, activity="Jalan", cost=1_000_000, funding_source="APBD")


def test_all_that_the_page_says_is_set(area):
    full_record(area)
    content = documents.area_profile(area)
    on_paper = squeezed(" ".join([*pages_of(content), *alternatives(content)]))
    said = profile(area).split()
    assert len(said) > 500
    assert " ".join(word for word in said if squeezed(word) not in on_paper) == ""


@pytest.mark.parametrize(("paper", "height"), [("F4", 330), ("A4", 297)])
def test_it_has_two_to_four_numbered_pages(area, settings, paper, height):
    settings.PAPER = paper
    full_record(area)
    content = documents.area_profile(area)
    pages = pages_of(content)
    assert 2 <= len(pages) <= 4
    for number, page in enumerate(pages, start=1):
        assert f"Halaman {number} dari {len(pages)}" in page
    box = PdfReader(BytesIO(content)).pages[0].mediabox
    assert round(float(box.height) / 72 * 25.4) == height


def test_it_is_tagged_with_title_language_and_author(area):
    Letterhead.objects.create(government="Pemerintah Kabupaten Uji", name="Badan Uji", place="Mentok", is_active=True)
    measure(area)
    content = documents.area_profile(area)
    reader = PdfReader(BytesIO(content))
    assert reader.metadata.title == "Profil Kawasan Kumuh Teluk Uji 2025"
    assert reader.metadata.author == "Badan Uji"
    assert reader.trailer["/Root"]["/Lang"] == "id"
    assert b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_object().get_data()
    assert structure(content, "/H1")
    assert structure(content, "/TH")
    assert "PEMERINTAH KABUPATEN UJI" in pages_of(content)[0].upper()


def test_method_source_and_limits_are_told(area):
    measure(area)
    text = profile(area)
    assert "Nilai 5 mulai 76 %, 3 mulai 51 %, 1 mulai 25 %" in text
    assert "tidak kumuh 0–15, kumuh ringan 16–37, kumuh sedang 38–59, kumuh berat 60–80" in text
    assert "Permen PUPR 14/PRT/M/2018" in text
    assert "Kelas resmi adalah milik kawasan" in text
    assert "tidak memuat tanda tangan elektronik tersertifikasi" in text


def test_queries_do_not_grow_with_what_is_in_the_area(area, unset_papers):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            documents.area_profile(area)
        return len(captured)

    def fill(number):
        baseline = measure(area, rt=str(number), photo=picture())
        baseline.unit.boundary = square(105.16 + number / 1000)
        baseline.unit.save()
        factories.WorkFactory(unit=baseline.unit, activity=f"Pekerjaan {number}")

    factories.AreaBoundaryFactory(slum_area=area)
    fill(1)
    few = queries()
    for number in range(2, 8):
        fill(number)
    assert queries() == few


# --- who may read what -----------------------------------------------------------------------------------------------------------
def address(area, **query) -> str:
    return f"{area.get_absolute_url()}area-profile.pdf" + (
        "?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else ""
    )


def text_of(answer) -> str:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    return " ".join(pages_of(answer.content))


def test_the_anonymous_go_to_the_login(client, area):
    measure(area)
    answer = client.get(address(area))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_an_unknown_area_is_not_found(as_role, area):
    assert as_role("planner").get("/slum-areas/tidak-ada/area-profile.pdf").status_code == 404


def test_the_file_is_named_after_area_and_year(as_role, area):
    measure(area)
    answer = as_role("planner").get(address(area))
    assert answer["Content-Disposition"] == f'inline; filename="profil-kawasan-{area.slug}-2025.pdf"'
    assert answer["Cache-Control"] == "private, no-cache"


def test_who_may_not_read_results_is_refused(as_role, people, area):
    people["viewer"].groups.get().permissions.remove(Permission.objects.get(codename="view_assessment"))
    assert as_role("viewer").get(address(area)).status_code == 403


def test_the_public_gets_the_latest_verified_year_and_no_draft(as_role, area, now):
    measure(area, year=2024)
    verify(2024, now)
    measure(area, year=2025, fire_equipment=0)
    viewer = as_role("viewer")
    text = text_of(viewer.get(address(area)))
    assert "Kumuh ringan, 32 dari 80." in text
    assert "2025" not in text
    assert viewer.get(address(area, year=2025)).status_code == 404
    assert "Kumuh ringan, 27 dari 80" in text_of(as_role("planner").get(address(area)))


def test_the_public_reads_no_draft_as_the_first_year(as_role, area):
    measure(area)
    text = text_of(as_role("viewer").get(address(area)))
    assert "Belum ada hasil penilaian" in text
    assert "32 dari 80" not in text


def test_the_public_reads_no_rows_works_or_photos(as_role, area, now):
    baseline = measure(area, photo=picture(), note="Catatan dalam")
    factories.WorkFactory(unit=baseline.unit, activity="Rabat beton")
    verify(2025, now)
    text = text_of(as_role("viewer").get(address(area)))
    assert "Kumuh ringan, 32 dari 80." in text
    assert "Salinan ini tidak memuat rincian per RT, pekerjaan, dan foto." in text
    for hidden in ("RT 1 RW 1", "Catatan dalam", "Rabat beton"):
        assert hidden not in text
    inside = text_of(as_role("pokja_member").get(address(area)))
    for shown in ("RT 1 RW 1", "Catatan dalam", "Rabat beton"):
        assert shown in inside
    assert "Salinan ini tidak memuat" not in inside


def test_a_village_reads_the_rows_of_its_own(as_role, village, now):
    other = factories.VillageFactory(name="Sebelah")
    area = SlumAreaFactory(villages=[village, other])
    for region, rt in ((village, "7"), (other, "8")):
        BaselineFactory(unit=NeighbourhoodUnitFactory(region=region, rt=rt, slum_area=area))
    verify(2025, now)
    text = text_of(as_role("village_user").get(address(area)))
    assert "RT 7 RW 1" in text
    assert "RT 8 RW 1" not in text
    assert "RT 8 RW 1" in text_of(as_role("planner").get(address(area)))


@pytest.mark.parametrize(
    "query", [{"year": 2020}, {"year": "abc"}, {"year": ""}, {"year": 2025, "rule_set": "permen_2_2016"}]
)
def test_a_year_without_result_is_not_found(as_role, area, query):
    measure(area)
    assert as_role("planner").get(address(area, **query)).status_code == 404


def test_a_year_can_be_chosen(as_role, area):
    measure(area, year=2024)
    measure(area, year=2025, fire_equipment=0)
    assert "Kumuh ringan, 32 dari 80." in text_of(as_role("planner").get(address(area, year=2024)))
    chosen = address(area, year=2025, rule_set="permen_14_2018")
    assert "Kumuh ringan, 27 dari 80" in text_of(as_role("planner").get(chosen))
