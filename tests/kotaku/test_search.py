"""Search over all subjects: what each role finds and does not, in which order, and what odd words do."""

import datetime
import re
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agreements.models import Agreement
from assets.models import Package
from core.models import IssuedPaper, RegionAlias, User
from core.searching import ROWS, piece_around
from kotaku.searching import SEARCHERS
from slumareas.searching import dotted
from tests import factories
from workshops.models import Workshop

ALL = set(User.Role.values)
STAFF = {"admin", "planner", "verifier"}
INSIDERS = STAFF | {"pokja_member", "opd_user"}
PROGRAMME = INSIDERS | {"village_user"}
WATCH = {"admin", "verifier"}
SUBJECTS = {searcher.key for searcher in SEARCHERS}


def workshop(title, status, area=None, **entry):
    """`area` is (name, region), `entry` what was said in it."""
    made = factories.WorkshopFactory(title=title, place=f"Balai {title.split()[-1]}")
    if area:
        factories.WorkshopAreaFactory(workshop=made, name=area[0], region=area[1])
    if entry:
        factories.MinutesEntryFactory(workshop=made, **entry)
    Workshop.objects.filter(pk=made.pk).update(status=status)


def make_world():
    people = factories.make_people()
    own, other = people["village_user"].region, factories.VillageFactory(code="19.05.02.2001", name="Sinar Jauh")
    RegionAlias.objects.create(region=own.parent, name="Muntok")
    RegionAlias.objects.create(region=other, name="Sinar Lama")
    workshop("Lokakarya Bakau", "closed", kind="question", speaker="Sari Penanya", text="Perahu nelayan di muara")
    workshop("Lokakarya Rahasia", "draft", speaker="Sari Tersembunyi", text="Bisikan belum resmi")
    workshop("Lokakarya Undangan", "in_progress")
    workshop("Lokakarya Setempat", "in_progress", ("Kampung Halaman", own), text="Sumur warga")
    workshop("Lokakarya Berwilayah", "closed", ("Kampung Ketapang", other))
    area = factories.SlumAreaFactory(name="Kampung Ulu", villages=[own])
    factories.NeighbourhoodUnitFactory(region=own, rw="7", rt="77", slum_area=area)
    factories.NeighbourhoodUnitFactory(region=other, rw="8", rt="88")
    make_agreements(own)
    for number, village, published in [("DEKAT-1", own, False), ("JAUH-1", other, False), ("TERBIT-1", other, True)]:
        package = factories.PackageFactory(number=number, name=f"Pompa {number}", village=village)
        factories.AssetFactory(package=package, name=f"Sumur {number}", state_code=f"SIMAK/{number}")
        Package.objects.filter(pk=package.pk).update(is_published=published)
    make_paper()
    make_personal()
    return people


def make_agreements(own):
    published = factories.AgreementFactory(
        workshop=factories.WorkshopFactory(slug="terbit"), text="Jalan setapak diperbaiki"
    )
    Agreement.objects.filter(pk=published.pk).update(number=41)
    factories.FollowUpFactory(
        agreement=published, activity="Mengecor setapak", output="Panjang beton", responsible_person="Orang Terlindung"
    )
    factories.publish(published.workshop)
    hidden = factories.AgreementFactory(workshop=factories.WorkshopFactory(slug="ditutup"), text="Tanggul dibangun")
    factories.FollowUpFactory(agreement=hidden, activity="Menggali tanggul", region=own)
    factories.FollowUpFactory(agreement=hidden, activity="Menimbun kolong", status="blocked")
    Workshop.objects.filter(pk=hidden.workshop_id).update(status="in_progress")
    secret = factories.AgreementFactory(workshop=factories.WorkshopFactory(slug="disusun"), text="Dermaga direncana")
    factories.FollowUpFactory(agreement=secret, activity="Mengukur dermaga", region=own)


def make_paper(**values):
    return IssuedPaper.objects.create(
        **{
            "kind": "minutes", "record_id": 1, "key": "kunci-naskah", "title": "Notulen Termaktub", "code": "ABCDEFGHJK",
            "number": "005/TERMAKTUB/2026", "signers": "Penanda Terlindung", "sha256": "a" * 64, "archive_sha256": "b" * 64,
            "issued_at": timezone.now(),
        }
        | values
    )  # fmt: skip


def make_personal():
    """People as they are noted in fields that are theirs; the search looks into none of them."""
    made = factories.WorkshopFactory(title="Lokakarya orang")
    factories.ParticipantFactory(workshop=made, name="Peserta Terlindung", phone="081234567", email="diri@contoh.test")
    factories.LeaderFactory(workshop=made, name="Ketua Terlindung", nip="196001011980011001")
    factories.SignatoryFactory(name="Wakil Terlindung")


@pytest.fixture(scope="module", autouse=True)
def stored(store_for_module):
    return store_for_module(make_world)


@pytest.fixture
def people(db, stored):
    return {user.role: user for user in User.objects.filter(pk__in=[user.pk for user in stored.values()])}


def found(client, text) -> dict[str, list[str]]:
    """{subject: titles} of the page."""
    answer = client.get("/search/", {"q": text})
    assert answer.status_code == 200
    return {group.key: [hit.title for hit in group.hits] for group in answer.context["answer"].groups}


# (what is typed, the subject, part of the title, who finds it)
WHO_FINDS = [
    ("bakau", "workshops", "Lokakarya Bakau", ALL),
    ("lokakarya-bakau-2026", "workshops", "Lokakarya Bakau", ALL),
    ("ketapang", "workshops", "Lokakarya Berwilayah", ALL),
    ("nelayan muara", "workshops", "Lokakarya Bakau", ALL),
    ("sari penanya", "workshops", "Lokakarya Bakau", ALL),
    ("rahasia", "workshops", "Lokakarya Rahasia", STAFF),
    ("bisikan", "workshops", "Lokakarya Rahasia", STAFF),
    ("sari tersembunyi", "workshops", "Lokakarya Rahasia", STAFF),
    ("undangan", "workshops", "Lokakarya Undangan", INSIDERS),
    ("setempat", "workshops", "Lokakarya Setempat", PROGRAMME),
    ("sumur warga", "workshops", "Lokakarya Setempat", PROGRAMME),
    ("kampung ulu", "slum-areas", "Kampung Ulu", ALL),
    ("tanjung", "slum-areas", "Kampung Ulu", ALL),
    ("muntok", "districts", "Kecamatan Mentok", ALL),
    ("kec. mentok", "districts", "Kecamatan Mentok", ALL),
    ("kelurahan tanjung", "villages", "Kelurahan Tanjung", ALL),
    ("sinarlama", "villages", "Desa Sinar Jauh", ALL),
    ("19.05.01.1001", "villages", "Kelurahan Tanjung", ALL),
    ("1905011001", "villages", "Kelurahan Tanjung", ALL),
    ("19.05.02", "villages", "Desa Sinar Jauh", ALL),
    ("rt 77", "neighbourhoods", "RT 77 RW 7", PROGRAMME),
    ("RT.077/RW.007 Tanjung", "neighbourhoods", "RT 77 RW 7", PROGRAMME),
    ("19.05.01.1001/7/77", "neighbourhoods", "RT 77 RW 7", PROGRAMME),
    ("rt 88", "neighbourhoods", "RT 88 RW 8", INSIDERS),
    ("setapak", "agreements", "41. Jalan setapak diperbaiki", ALL),
    ("41", "agreements", "41. Jalan setapak diperbaiki", ALL),
    ("tanggul dibangun", "agreements", "1. Tanggul dibangun", INSIDERS),
    ("dermaga", "agreements", "1. Dermaga direncana", STAFF),
    ("mengecor", "follow-ups", "41.1 Mengecor setapak", ALL),
    ("41.1", "follow-ups", "41.1 Mengecor setapak", ALL),
    ("panjang beton", "follow-ups", "41.1 Mengecor setapak", ALL),
    ("menggali", "follow-ups", "1.1 Menggali tanggul", PROGRAMME),
    ("terkendala uji", "follow-ups", "1.2 Menimbun kolong", INSIDERS),
    ("mengukur dermaga", "follow-ups", "1.1 Mengukur dermaga", STAFF),
    ("dekat-1", "packages", "DEKAT-1 Pompa DEKAT-1", PROGRAMME),
    ("sumur dekat", "packages", "DEKAT-1 Pompa DEKAT-1", PROGRAMME),
    ("jauh-1", "packages", "JAUH-1 Pompa JAUH-1", INSIDERS),
    ("terbit-1", "packages", "TERBIT-1 Pompa TERBIT-1", ALL - {"village_user"}),
    ("sumur dekat", "assets", "Sumur DEKAT-1", PROGRAMME),
    ("dekat-1-1", "assets", "Sumur DEKAT-1", PROGRAMME),
    ("simak/jauh-1", "assets", "Sumur JAUH-1", INSIDERS),
    ("sumur terbit", "assets", "Sumur TERBIT-1", ALL - {"village_user"}),
    ("abcde-fghjk", "papers", "Notulen Termaktub", WATCH),
    ("005/termaktub/2026", "papers", "Notulen Termaktub", WATCH),
    ("termaktub", "papers", "Notulen Termaktub", WATCH),
]


def test_every_subject_is_looked_for():
    assert {subject for _text, subject, _title, _who in WHO_FINDS} == SUBJECTS


@pytest.mark.parametrize("role", User.Role.values)
def test_each_role_finds_what_its_pages_show_and_nothing_else(as_role, role):
    client = as_role(role)
    for text, subject, title, who in WHO_FINDS:
        titles = found(client, text).get(subject, [])
        assert (title in titles) is (role in who), (text, subject, titles)


@pytest.mark.parametrize("role", User.Role.values)
def test_what_is_found_opens(as_role, role):
    client = as_role(role)
    for text in ["a", "sumur", "rt 77", "41", "19.05", "termaktub"]:
        answer = client.get("/search/", {"q": text})
        for group in answer.context["answer"].groups if answer.context["answer"] else []:
            for hit in group.hits:
                assert client.get(hit.url.partition("#")[0]).status_code == 200, hit
                assert not hit.piece_url or client.get(hit.piece_url.partition("#")[0]).status_code == 200, hit


@pytest.mark.parametrize("role", User.Role.values)
@pytest.mark.parametrize(
    "text",
    ["orang terlindung", "peserta terlindung", "ketua terlindung", "wakil terlindung", "penanda terlindung",
     "081234567", "diri@contoh.test", "196001011980011001", "planner@contoh.test", "Uji Planner"],
)  # fmt: skip
def test_nobody_is_found_by_personal_data(as_role, role, text):
    assert found(as_role(role), text) == {}


def test_without_login_there_is_no_search(db, client, api):
    assert client.get("/search/?q=bakau").headers["Location"].startswith("/accounts/login/")
    assert api(None).get("/api/v1/search/?q=bakau").status_code == 401


def test_an_agreement_is_not_found_by_follow_ups_that_the_person_may_not_see(as_role, people):
    """Of its own workshop a village sees the agreement before it is published, but of the follow-ups only its own."""
    agreement = factories.AgreementFactory(text="Sepakat setempat")
    factories.FollowUpFactory(agreement=agreement, activity="Pekerjaan tertutup")
    factories.WorkshopAreaFactory(workshop=agreement.workshop, region=people["village_user"].region)
    Workshop.objects.filter(pk=agreement.workshop_id).update(status="in_progress")
    assert "agreements" in found(as_role("village_user"), "sepakat setempat")
    assert "agreements" in found(as_role("planner"), "pekerjaan tertutup")
    for address in ["/search/?q=pekerjaan+tertutup", "/agreements/?search=pekerjaan+tertutup"]:
        assert "Sepakat setempat" not in as_role("village_user").get(address).content.decode(), address


# --- over the API ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", User.Role.values)
def test_a_program_finds_what_its_person_finds(api, as_role, role):
    program, client = api(role), as_role(role)
    for text in sorted({text for text, _subject, _title, _who in WHO_FINDS}):
        answer = program.get("/api/v1/search/", {"q": text})
        told = {one["subject"]: [hit["title"] for hit in one["results"]] for one in answer.json()["subjects"]}
        assert told == found(client, text), text


def test_the_answer_of_the_api_names_record_and_list(api):
    answer = api("viewer").get("/api/v1/search/", {"q": " Kampung   ulu "}).json()
    assert (answer["q"], answer["count"]) == ("Kampung ulu", 2)
    area, village = answer["subjects"]
    assert area == {
        "subject": "slum-areas", "label": "Kawasan kumuh", "count": 1,
        "list_url": "http://testserver/slum-areas/?search=Kampung+ulu",
        "results": [
            {"key": "kampung-ulu", "title": "Kampung Ulu", "detail": "Kelurahan Tanjung", "piece": "",
             "url": "http://testserver/slum-areas/kampung-ulu/"},
        ],
    }  # fmt: skip
    assert (village["subject"], village["results"][0]["key"]) == ("villages", "19.05.01.1001")


@pytest.mark.parametrize("text", ["", " ", "a", "x" * 200, "kata " * 11, "a\0b"])
def test_the_api_refuses_with_a_sentence_at_its_field(api, text):
    answer = api("viewer").get("/api/v1/search/", {"q": text})
    assert (answer.status_code, list(answer.json())) == (400, ["q"])


def test_the_api_only_reads(api):
    for verb in ("post", "put", "patch", "delete"):
        assert getattr(api("admin"), verb)("/api/v1/search/").status_code == 405


# --- how it is typed -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "Ketik nama, nomor, atau kata dari suatu teks."),
        ("   ", "Ketik nama, nomor, atau kata dari suatu teks."),
        ("a", "Ketik paling sedikit dua huruf, atau sebuah angka."),
        ("🚰", "Ketik paling sedikit dua huruf, atau sebuah angka."),
        ("x" * 200, "Terlalu panjang untuk dicari: sisakan paling banyak sepuluh kata"),
        ("kata " * 11, "Terlalu panjang untuk dicari: sisakan paling banyak sepuluh kata"),
        ("tidak ada begini", "Tidak ada yang terbuka bagi Anda memuat “tidak ada begini”."),
    ],
)
def test_what_cannot_be_searched_for_gets_one_sentence(as_role, text, sentence):
    answer = as_role("planner").get("/search/", {} if text is None else {"q": text})
    assert answer.status_code == 200
    assert answer.content.decode().count(sentence) == 1


@pytest.mark.parametrize("text", ["BAKAU", "bAkAu", "  bakau  ", "lokakarya   bakau", "bakau lokakarya", "baka"])
def test_neither_case_nor_order_nor_spaces_matter(as_role, text):
    assert found(as_role("viewer"), text) == {"workshops": ["Lokakarya Bakau"]}


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("100%", ["Lokakarya 100% layak"]),
        ("0%", ["Lokakarya 100% layak"]),
        ("a_b", ["Lokakarya a_b"]),
        ("_b", ["Lokakarya a_b"]),
        ("%%", []),
        ("air 🚰", ["Lokakarya air 🚰 bersih"]),
        ("<b>te", ["Lokakarya <b>tebal</b>"]),
        ("'; drop", []),
        ("back\\", ["Lokakarya back\\slash"]),
        ("(a+)+$", ["Lokakarya (a+)+$"]),
        ("[a-z]", []),
        (".*", []),
    ],
)
def test_signs_mean_themselves(as_role, text, titles):
    for title in ["100% layak", "1000 layak", "a_b", "axb", "air 🚰 bersih", "<b>tebal</b>", "back\\slash", "(a+)+$"]:
        factories.WorkshopFactory(title=f"Lokakarya {title}")
    assert found(as_role("planner"), text).get("workshops", []) == titles
    listed = as_role("planner").get("/workshops/", {"search": text}).context["object_list"]
    assert [one.title for one in listed] == titles


def test_what_was_typed_and_what_was_found_are_no_markup(as_role):
    factories.WorkshopFactory(title="Lokakarya <script>alert('judul')</script>", place="<i>Balai</i>")
    said = as_role("planner").get("/search/", {"q": "<script>alert"}).content.decode()
    assert "<mark>&lt;script&gt;alert</mark>(&#x27;judul&#x27;)&lt;/script&gt;" in said
    assert "&lt;i&gt;Balai&lt;/i&gt;" in said
    assert 'value="&lt;script&gt;alert"' in said
    assert "<script>alert" not in said
    assert "<i>Balai" not in said


# --- order, number, place ----------------------------------------------------------------------------------------
def test_exact_first_then_the_beginning_of_a_word_then_inside_then_elsewhere(as_role):
    for number, name in [("U-1", "Perpipaan"), ("U-2", "Sambungan (pipa)"), ("U-3", "Pipa"), ("U-4", "Sumur bor")]:
        factories.PackageFactory(number=number, name=name)
    factories.AssetFactory(package=Package.objects.get(number="U-4"), name="Pipa isap")
    factories.PackageFactory(number="PIPA", name="Lain sama sekali")
    titles = found(as_role("planner"), "pipa")["packages"]
    assert titles == ["PIPA Lain sama sekali", "U-3 Pipa", "U-2 Sambungan (pipa)", "U-1 Perpipaan", "U-4 Sumur bor"]


def test_the_first_rows_are_shown_and_the_list_holds_as_many_as_told(as_role):
    for number in range(ROWS + 3):
        name = f"Berulang {number}"
        made = factories.WorkshopFactory(title=name)
        factories.MinutesEntryFactory(workshop=factories.WorkshopFactory(), text=name)
        factories.SlumAreaFactory(name=name)
        factories.VillageFactory(name=name)
        agreement = factories.AgreementFactory(workshop=made, text=name)
        factories.FollowUpFactory(agreement=agreement, activity=name)
        factories.PackageFactory(name=name)
    client = as_role("planner")
    answer = client.get("/search/", {"q": "berulang"})
    lists = {group.key: group for group in answer.context["answer"].groups if group.list_url}
    assert set(lists) == {"workshops", "slum-areas", "villages", "agreements", "follow-ups", "packages"}
    for group in lists.values():
        assert (len(group.hits), group.more) == (ROWS, group.total - ROWS)
        listed = client.get(group.list_url).context
        assert listed["paginator"].count == group.total, group.key
        href = group.list_url.replace("&", "&amp;")
        assert re.search(rf'<a href="{re.escape(href)}">{group.more} lagi<', answer.content.decode()), group.key


def test_what_was_said_is_shown_where_the_title_does_not_tell(as_role):
    entry = Workshop.objects.get(title="Lokakarya Bakau").minutes_entries.get()
    said = as_role("viewer").get("/search/?q=nelayan").content.decode()
    assert "Perahu <mark>nelayan</mark> di muara" in said
    assert f'href="{entry.workshop.get_absolute_url()}minutes/#entry-{entry.uid}"' in said
    assert 'class="small piece"' not in as_role("viewer").get("/search/?q=bakau").content.decode()


@pytest.mark.parametrize(
    ("text", "words", "piece"),
    [
        ("Satu dua tiga", ["dua"], "Satu dua tiga"),
        ("Satu\n dua", ["DUA"], "Satu dua"),
        ("Satu dua", ["empat"], ""),
        ("", ["empat"], ""),
    ],
)
def test_a_piece_of_text(text, words, piece):
    assert piece_around(text, words) == piece


def test_a_long_text_is_cut_around_the_word():
    text = f"{'awal ' * 100}jembatan {'akhir ' * 100}"
    piece = piece_around(text, ["jembatan"])
    assert len(piece) < 200
    assert re.fullmatch(r"… (awal )+jembatan (akhir )*akhir …", piece)


@pytest.mark.parametrize(
    ("code", "expected"),
    [("1905", "19.05"), ("190501", "19.05.01"), ("1905011001", "19.05.01.1001"), ("19.05", "19.05"), ("12", "12")],
)
def test_a_code_may_come_without_dots(code, expected):
    assert dotted(code) == expected


# --- cost and place in the page -------------------------------------------------------------------------------------
def test_as_many_questions_for_one_row_as_for_many(as_role, people):
    def one_more():
        name = f"Hitungan {Workshop.objects.count()}"
        made = factories.WorkshopFactory(title=name)
        factories.MinutesEntryFactory(workshop=made, text=f"Kata hitungan {name}")
        village = factories.VillageFactory(name=name)
        area = factories.SlumAreaFactory(name=name, villages=[village])
        factories.NeighbourhoodUnitFactory(region=village, rw="9", slum_area=area)
        agreement = factories.AgreementFactory(workshop=made, text=name)
        factories.FollowUpFactory(agreement=agreement, activity=name)
        factories.AssetFactory(package=factories.PackageFactory(name=name, village=village), name=name)
        number = IssuedPaper.objects.count()
        make_paper(title=name, code=f"HITUNGAN{number:02}", record_id=number + 1)

    def asked(text):
        client.get("/search/", {"q": text})
        with CaptureQueriesContext(connection) as seen:
            answer = client.get("/search/", {"q": text}).context["answer"]
        return len(seen), {group.key for group in answer.groups}

    client = as_role("admin")
    one_more()
    one = asked("hitungan"), asked("rt 1 rw 9 hitungan")
    for _again in range(8):
        one_more()
    assert (asked("hitungan"), asked("rt 1 rw 9 hitungan")) == one
    assert one[0][0] <= 24
    assert one[0][1] == SUBJECTS - {"districts", "neighbourhoods"}


@pytest.mark.parametrize(
    "address", ["/", "/workshops/", "/slum-areas/", "/agreements/", "/assets/", "/account/", "/verify/"]
)
def test_every_page_has_the_box_for_whoever_is_logged_in(as_role, address):
    said = as_role("viewer").get(address).content.decode()
    assert re.search(r'<form class="search-box" method="get" action="/search/" role="search"', said)
    assert re.search(r'<a class="[^"]*search-link" href="/search/">', said)


def test_whoever_is_not_logged_in_has_no_box(db, client):
    assert 'class="search-box"' not in client.get("/verify/").content.decode()


def test_the_words_come_back_in_the_box(as_role):
    said = as_role("viewer").get(f"/search/?{urlencode({'q': 'bakau'})}").content.decode()
    assert len(re.findall(r'<input [^>]*name="q"[^>]* value="bakau"', said)) == 2  # in the head, and for phones


def test_the_day_stands_beside_a_workshop(as_role):
    Workshop.objects.filter(title="Lokakarya Bakau").update(held_on=datetime.date(2026, 3, 10))
    assert "10 Maret 2026" in as_role("viewer").get("/search/?q=bakau").content.decode()
