"""What headings mean: the realistic wide header, other spellings, codes, and what must not be understood."""

import pytest

from slumareas.importing.headings import PERCENT, SCORE, VOLUME, code_of, meaning_of
from slumareas.scoring import PERMEN_2_2016, PERMEN_14_2018

UNDERSTOOD = {
    "Luas Verifikasi (Ha)": "verified_area_ha",
    "LUAS_VERIFIKASI_HA": "verified_area_ha",
    "Jumlah Bangunan (Unit)": "building_count",
    "Jml Bangunan": "building_count",
    "Jumlah KK": "household_count",
    "Jumlah Kepala Keluarga": "household_count",
    "Jumlah Penduduk (Jiwa)": "population",
    "Panjang Jalan Lingkungan Ideal (m)": "ideal_road_m",
    "Pjg. Drainase Lingk. Ideal (m)": "ideal_drainage_m",
    "1a. Ketidakteraturan Bangunan (Unit)": "building_irregular",
    "Jml Bangunan tidak memiliki keteraturan": "building_irregular",
    "1b. Kepadatan Bangunan (Ha)": "building_density",
    "Tingkat Kepadatan Bangunan": "building_density",
    "1c. Ketidaksesuaian dengan Persyaratan Teknis Bangunan (Unit)": "building_substandard",
    "2a. Cakupan Pelayanan Jalan Lingkungan (m)": "road_coverage",
    "Panjang jalan yang belum ada": "road_coverage",
    "2b. Kualitas Permukaan Jalan Lingkungan (m)": "road_surface",
    "Panjang Jalan Lingkungan dengan kondisi Rusak (m)": "road_surface",
    "3a. Ketidaktersediaan Akses Aman Air Minum (KK)": "water_access",
    "3b. Tidak Terpenuhinya Kebutuhan Air Minum (KK)": "water_quantity",
    "4a. Ketidakmampuan Mengalirkan Limpasan Air (Ha)": "drainage_flooding",
    "DRAINASE LIMPASAN (M)": "drainage_flooding",
    "Luas Kawasan Terkena Genangan": "drainage_flooding",
    "4b. Ketidaktersediaan Drainase (m)": "drainage_missing",
    "4c. Kualitas Konstruksi Drainase (m)": "drainage_construction",
    "5a. Sistem Pengelolaan Air Limbah Tidak Sesuai Standar Teknis (KK)": "wastewater_system",
    "5b. Prasarana dan Sarana Air Limbah Tidak Sesuai Persyaratan Teknis (KK)": "wastewater_facility",
    "6a. Prasarana dan Sarana Persampahan Tidak Sesuai Persyaratan Teknis (KK)": "waste_facility",
    "6b. Sistem Pengelolaan Persampahan Tidak Sesuai Standar Teknis (KK)": "waste_system",
    "Jumlah KK dg sistem pengolahan sampah tdk sesuai standar teknis": "waste_system",
    "7a. Ketidaktersediaan Prasarana Proteksi Kebakaran (Unit)": "fire_infrastructure",
    "7b. Ketidaktersediaan Sarana Proteksi Kebakaran (Unit)": "fire_equipment",
    "Luas RTH (m2)": "open_space_m2",
    "Luas RTP (m2)": "public_space_m2",
    "Total Nilai": "total",
    "Tingkat Kekumuhan": "class",
    "Kelurahan/Desa": "village",
    "Kode Wilayah": "region",
    "RT": "rt",
    "No. RW": "rw",
    "RT/RW": "rt_rw",
    "Keterangan": "note",
    "waste_system": "waste_system",
}
LEFT_OUT = [
    "No", "Provinsi", "Kabupaten/Kota", "Luas Wilayah RT (Ha)", "Luas Flag (Ha)", "Luas Permukiman (Ha)",
    "Jumlah Jiwa Laki-laki", "Jumlah Jiwa Perempuan", "Jumlah KK MBR", "Jumlah KK Non MBR", "Panjang Jalan Eksisting (m)",
    "Panjang Drainase Eksisting (m)", "Kontribusi Penanganan",
]  # fmt: skip


@pytest.mark.parametrize(("text", "field"), UNDERSTOOD.items())
def test_headings_are_understood(text, field):
    assert meaning_of(text, PERMEN_14_2018).field == field


@pytest.mark.parametrize("text", LEFT_OUT)
def test_known_columns_that_a_baseline_does_not_keep_are_left_out_without_a_word(text):
    assert meaning_of(text, PERMEN_14_2018).field == "known"


@pytest.mark.parametrize("text", ["", "Jumlah RT", "Foto", "Surveyor", "Nama Ketua", "8z", "Pembagian Kawasan Kumuh"])
def test_what_is_not_understood_is_not_guessed(text):
    meaning = meaning_of(text, PERMEN_14_2018)
    assert meaning is None or meaning.field == "known"


def test_the_same_code_is_another_criterion_in_the_other_rule_set():
    assert meaning_of("4c", PERMEN_14_2018).field == "drainage_construction"
    assert meaning_of("4c", PERMEN_2_2016).field == "drainage_unconnected"
    assert meaning_of("4e", PERMEN_14_2018) is None


def test_words_win_over_a_wrong_code():
    assert meaning_of("4d. Kualitas Konstruksi Drainase", PERMEN_14_2018).field == "drainage_construction"


@pytest.mark.parametrize(
    ("text", "kind"), [("5a VOLUME", VOLUME), ("5a PROSEN (%)", PERCENT), ("5a_nilai", SCORE), ("5a", VOLUME)]
)
def test_volume_per_cent_and_score_are_told_apart(text, kind):
    assert meaning_of(text, PERMEN_14_2018).kind == kind


def test_codes_are_read_from_the_heading():
    assert [code_of(text) for text in ("4c. Kualitas", "(4C) Kualitas", "4.c Kualitas", "4c_volume", "Kualitas 4c")] == [
        "4c", "4c", "4c", "4c", None,
    ]  # fmt: skip
