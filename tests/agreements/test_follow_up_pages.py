"""The pages of follow-ups and their evidence: rights, steps, bad input, what a phone sends in one form."""

import datetime
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agreements.models import Evidence, FollowUp
from core.models import SavedFilter
from tests import factories
from tests.agreements.photographs import phone_photo
from workshops.models import Workshop

LIST = "/agreements/follow-ups/"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def open_work(own):
    """The follow-up of the agency, of minutes that are being corrected."""
    Workshop.objects.update(status="correction")
    own.refresh_from_db()
    return own


@pytest.fixture
def other(agreement):
    return factories.FollowUpFactory(agreement=agreement, activity="Pekerjaan instansi lain")


def said(answer) -> str:
    return answer.content.decode()


def photo(name="lapangan.jpg"):
    return SimpleUploadedFile(name, phone_photo(), content_type="image/jpeg")


def report(client, follow_up, **values):
    return client.post(f"{follow_up.get_absolute_url()}report/", {"based_on": follow_up.version, "note": ""} | values)


# --- lists -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("page", ["", "matrix/"])
def test_lists_ask_the_same_number_of_questions_for_one_and_for_three(as_role, agency, page, django_assert_num_queries):
    def one_more():
        follow_up = factories.FollowUpFactory(
            responsible_organization=agency, slum_area=factories.SlumAreaFactory(), region=factories.VillageFactory()
        )
        follow_up.partners.add(factories.OrganizationFactory())
        factories.FundingFactory(follow_up=follow_up)
        factories.EvidenceFactory(follow_up=follow_up)

    one_more()
    client, queries = as_role("planner"), {"": 13, "matrix/": 17}[page]
    client.get(LIST + page)
    with django_assert_num_queries(queries):
        client.get(LIST + page)
    one_more()
    one_more()
    with django_assert_num_queries(queries):
        assert said(client.get(LIST + page)).count("Tindak lanjut uji") >= 3


def days(number):
    return datetime.date.today() + datetime.timedelta(days=number)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=blocked", {"Terkendala uji"}),
        ("overdue=true", {"Lewat tenggat"}),
        ("due=30", {"Segera"}),
        ("due=none", {"Terkendala uji"}),
        ("silent=true", {"Lewat tenggat"}),
        ("mine=true", {"Segera"}),
        ("search=lewat", {"Lewat tenggat"}),
        ("organization=disperkimhub", {"Segera"}),
        ("region=19.05.01.1001", {"Segera"}),
        ("status=done", set()),
    ],
)
def test_follow_ups_are_found(as_role, agency, village, query, found):
    make = factories.FollowUpFactory
    today = datetime.date.today()
    make(activity="Segera", due_on=days(10), responsible_organization=agency, region=village, updated_on=today)
    make(activity="Lewat tenggat", due_on=days(-10), updated_on=days(-100))
    make(activity="Terkendala uji", due_on=None, status="blocked", updated_on=today)
    Workshop.objects.update(status="in_progress")
    text = said(as_role("opd_user").get(f"{LIST}?{query}"))
    assert {name for name in ("Segera", "Lewat tenggat", "Terkendala uji") if f">{name}<" in text} == found


def test_the_saved_views_count_what_they_show(as_role, open_work, other):
    factories.FollowUpFactory(agreement=open_work.agreement, status="blocked", due_on=None)
    text = re.sub(r"\s+", " ", said(as_role("opd_user").get(LIST)))
    counts = dict(re.findall(r'<a href="[^"]*\?([a-z]*)[^"]*"[^>]*>[^<]+ <small>(\d+)</small>', text))
    assert (counts[""], counts["mine"], counts["status"]) == ("3", "1", "0")


@pytest.mark.parametrize("path", ["/agreements/", LIST, f"{LIST}matrix/"])
def test_a_person_keeps_a_way_to_look_at_a_list(as_role, open_work, agency, path):
    client = as_role("opd_user")
    assert "Simpan saringan ini" not in said(client.get(path))
    query = f"organization={agency.key}&status=blocked"
    sent = {"path": path, "name": "Kami yang terkendala", "query": f"search=&{query}&slum_area=&page=2"}
    assert 'name="path" value="' + path in said(client.get(f"{path}?{query}"))
    assert client.post("/filters/", sent).headers["Location"] == f"{path}?{query}"
    assert f'href="{path}?{query.replace("&", "&amp;")}"' in said(client.get(path))
    for other in {"/agreements/", LIST, f"{LIST}matrix/", "/assets/"} - {path}:
        assert "Kami yang terkendala" not in said(client.get(other)), other
    assert "Kami yang terkendala" not in said(as_role("planner").get(path))


@pytest.mark.parametrize("path", ["/agreements/", LIST])
def test_a_kept_filter_shows_what_it_showed_and_only_that_and_goes_when_told(as_role, open_work, other, path):
    client = as_role("planner")
    client.post("/filters/", {"path": path, "name": "Milik dinas", "query": "organization=disperkimhub&due=7"})
    kept = SavedFilter.objects.get()
    assert open_work.activity not in said(client.get(kept.get_absolute_url()))
    assert 'aria-current="true">' in said(client.get(kept.get_absolute_url()))
    assert as_role("viewer").post(f"/filters/{kept.pk}/remove/").status_code == 404
    assert as_role("planner").post(f"/filters/{kept.pk}/remove/").headers["Location"] == path
    assert not SavedFilter.objects.exists()


def test_twelve_point_one_is_a_number(as_role, open_work):
    assert open_work.activity in said(as_role("planner").get(f"{LIST}?search=1.1"))
    assert open_work.activity not in said(as_role("planner").get(f"{LIST}?search=1.2"))


# --- rights --------------------------------------------------------------------------------------------------------
STEPS = ["report", "start", "block", "finish", "cancel", "reopen", "evidence", "edit", "delete"]


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "viewer"])
@pytest.mark.parametrize("step", STEPS)
def test_who_does_not_own_it_takes_no_step(as_role, open_work, role, step):
    url = f"{open_work.get_absolute_url()}{step}/"
    for ask in (as_role(role).get, as_role(role).post):
        assert ask(url).status_code in (403, 404)
    assert FollowUp.objects.get().version == open_work.version


@pytest.mark.parametrize("step", STEPS)
def test_another_organizations_work_is_left_alone(as_role, other, step):
    Workshop.objects.update(status="correction")
    url = f"{other.get_absolute_url()}{step}/"
    assert as_role("opd_user").post(url, {"reason": "Uji", "note": "Uji", "based_on": 1}).status_code == 403
    assert FollowUp.objects.get().status == "not_started"


@pytest.mark.parametrize("step", ["cancel", "reopen", "edit", "delete"])
def test_the_owner_neither_cancels_nor_plans(as_role, open_work, step):
    assert as_role("opd_user").get(f"{open_work.get_absolute_url()}{step}/").status_code == 403


def test_a_village_reports_on_what_lies_in_it(as_role, other, village):
    FollowUp.objects.update(region=village)
    Workshop.objects.update(status="correction")
    other.refresh_from_db()
    answer = report(as_role("village_user"), other, note="Warga mulai menggali.")
    assert answer.status_code == 302
    assert FollowUp.objects.get().status == "in_progress"


# --- reporting with a photo -------------------------------------------------------------------------------------------
def test_progress_and_a_photo_go_in_one_form(as_role, open_work, people):
    answer = report(
        as_role("opd_user"), open_work, physical_percent="62,5", note="Pengecoran sisi utara.", photo=photo()
    )
    assert answer.status_code == 302
    stored, evidence = FollowUp.objects.get(), Evidence.objects.get()
    assert (stored.status, str(stored.physical_percent)) == ("in_progress", "62.50")
    assert (evidence.title, evidence.submitted_by, evidence.status) == (
        "Pengecoran sisi utara.", people["opd_user"], "submitted",
    )  # fmt: skip
    assert (evidence.taken_on, str(evidence.latitude)) == (datetime.date(2026, 3, 8), "-2.075000")


def test_the_last_report_declares_it_done(as_role, open_work):
    answer = report(as_role("opd_user"), open_work, note="Selesai.", photo=photo(), is_done="on")
    assert answer.status_code == 302
    stored = FollowUp.objects.get()
    assert (stored.status, stored.done_on, stored.physical_percent) == ("done", datetime.date.today(), 100)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"physical_percent": "120", "note": "Teks saya"}, "lebih kecil dari atau sama dengan 100"),
        ({"physical_percent": "banyak", "note": "Teks saya"}, "Isi dengan angka."),
        ({"is_done": "on", "note": "Teks saya"}, "Tambahkan bukti lebih dahulu"),
        ({"photo": "teks", "note": "Teks saya"}, "gambar|foto"),
    ],
)
def test_a_bad_report_is_told_stores_nothing_and_keeps_the_text(as_role, open_work, values, sentence):
    if values.get("photo"):
        values = values | {"photo": SimpleUploadedFile("bukan-foto.jpg", b"ini teks")}
    answer = report(as_role("opd_user"), open_work, **values)
    assert answer.status_code == 200
    assert re.search(sentence, said(answer), re.IGNORECASE)
    assert "Teks saya" in said(answer)
    stored = FollowUp.objects.get()
    assert (stored.version, stored.status) == (open_work.version, "not_started")
    assert not Evidence.objects.exists()


def test_an_empty_report_is_asked_for_something(as_role, open_work):
    answer = report(as_role("opd_user"), open_work, physical_percent="0")
    assert "Sampaikan kabar barunya" in said(answer)
    assert not FollowUp.objects.get().changes.exists()


def test_the_same_photo_twice_is_told_and_the_report_is_not_half_stored(as_role, open_work):
    client = as_role("opd_user")
    report(client, open_work, note="Pertama.", photo=photo())
    open_work.refresh_from_db()
    answer = report(client, open_work, note="Kedua.", physical_percent="80", photo=photo("lain.jpg"))
    assert "Bukti ini sudah ada." in said(answer)
    assert FollowUp.objects.get().physical_percent == 0
    assert Evidence.objects.count() == 1


def test_two_people_at_once_are_told_and_nothing_is_lost(as_role, open_work):
    client = as_role("opd_user")
    seen = open_work.version
    report(client, open_work, note="Rekan lebih cepat.")
    answer = report(client, open_work, based_on=seen, note="Tulisan saya.")
    assert "sudah mengubahnya sementara itu" in said(answer)
    assert "Tulisan saya." in said(answer)
    shown = re.search(r'name="based_on" value="(\d+)"', said(answer))[1]
    assert report(client, open_work, based_on=shown, note="Tulisan saya.").status_code == 302
    assert [one.note for one in FollowUp.objects.get().changes.all()] == ["Rekan lebih cepat.", "Tulisan saya."]


# --- the other steps -----------------------------------------------------------------------------------------------------
def step(client, follow_up, verb, **values):
    follow_up.refresh_from_db()
    return client.post(f"{follow_up.get_absolute_url()}{verb}/", {"based_on": follow_up.version} | values)


def test_a_step_at_a_time(as_role, open_work):
    owner, planner = as_role("opd_user"), None
    assert step(owner, open_work, "start").status_code == 302
    assert step(owner, open_work, "block", reason="Menunggu lahan.").status_code == 302
    assert "Menunggu lahan." in said(owner.get(open_work.get_absolute_url()))
    assert step(owner, open_work, "unblock").status_code == 302
    answer = step(owner, open_work, "finish", on="2026-03-10", photo=photo())
    assert answer.status_code == 302
    assert FollowUp.objects.get().status == "done"
    planner = as_role("planner")
    assert step(planner, open_work, "reopen", reason="Belum rapi.").status_code == 302
    assert step(planner, open_work, "cancel", reason="Dialihkan.").status_code == 302
    text = said(planner.get(open_work.get_absolute_url()))
    assert "Dialihkan." in text
    assert [one.verb for one in FollowUp.objects.get().changes.all()] == [
        "start", "block", "unblock", "finish", "reopen", "cancel",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "values", "sentence"),
    [
        ("block", {"reason": " "}, "Tuliskan apa yang menghambat."),
        ("finish", {"on": "2026-03-10"}, "Tambahkan bukti lebih dahulu"),
        ("finish", {"on": "2999-01-01"}, "tidak boleh di masa depan"),
        ("unblock", {}, "Ini tidak dapat dilakukan sekarang"),
    ],
)
def test_a_bad_step_is_told(as_role, open_work, verb, values, sentence):
    FollowUp.objects.update(status="in_progress")
    answer = step(as_role("opd_user"), open_work, verb, **values)
    assert sentence in said(answer)
    assert FollowUp.objects.get().status == "in_progress"


def test_the_second_click_is_told(as_role, open_work):
    client = as_role("opd_user")
    step(client, open_work, "start")
    answer = step(client, open_work, "start")
    assert "Ini tidak dapat dilakukan sekarang" in said(answer)
    assert FollowUp.objects.get().changes.count() == 1


# --- the plan --------------------------------------------------------------------------------------------------------------
def plan(agency, **values):
    return {
        "activity": "Membangun saluran", "responsible_organization": agency.pk, "fundings-TOTAL_FORMS": 1,
        "fundings-INITIAL_FORMS": 0, "fundings-0-source": "dak", "fundings-0-amount": "25.000.000",
    } | values  # fmt: skip


def test_a_plan_with_its_money(as_role, agreement, agency):
    answer = as_role("planner").post(
        f"{LIST}new/?agreement={agreement.key}",
        plan(agency, agreement=agreement.pk, volume="1.250,5", unit="m", starts_on="2026-03-01", due_on="2026-06-30"),
    )
    assert answer.status_code == 302
    stored = FollowUp.objects.get()
    assert (stored.code, str(stored.volume), stored.fundings.get().amount) == ("1.1", "1250.50", 25_000_000)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"starts_on": "2026-06-30", "due_on": "2026-03-01"}, "Tenggat tidak boleh sebelum tanggal mulai."),
        ({"volume": "3"}, "Volume memerlukan satuan."),
        ({"recurrence": "monthly"}, "Kegiatan berulang memerlukan tenggat"),
        ({"activity": ""}, "wajib diisi|harus diisi|Bidang ini"),
        ({"fundings-0-amount": "seratus"}, "Isi dengan angka."),
    ],
)
def test_a_bad_plan_is_told_and_stores_nothing(as_role, agreement, agency, values, sentence):
    sent = plan(agency, agreement=agreement.pk, output="Keluaran saya") | values
    answer = as_role("planner").post(f"{LIST}new/?agreement={agreement.key}", sent)
    assert re.search(sentence, said(answer))
    assert "Keluaran saya" in said(answer)
    assert not FollowUp.objects.exists()


def test_a_plan_that_somebody_else_changed_is_not_overwritten(as_role, open_work, agency):
    client = as_role("planner")
    sent = plan(agency, agreement=open_work.agreement.pk, based_on=open_work.version)
    assert client.post(f"{open_work.get_absolute_url()}edit/", sent).status_code == 302
    answer = client.post(f"{open_work.get_absolute_url()}edit/", sent | {"activity": "Yang lain"})
    assert "sudah mengubahnya sementara itu" in said(answer)
    assert "Yang lain" in said(answer)
    assert FollowUp.objects.get().activity == "Membangun saluran"


# --- evidence ----------------------------------------------------------------------------------------------------------------
def send(client, follow_up, **values):
    return client.post(f"{follow_up.get_absolute_url()}evidence/", {"kind": "photo"} | values)


def test_a_photo_a_document_and_a_link(as_role, open_work):
    client = as_role("opd_user")
    paper = SimpleUploadedFile("laporan.pdf", b"%PDF-1.4 uji")
    assert send(client, open_work, file=photo(), title="Sisi utara").status_code == 302
    assert send(client, open_work, kind="document", file=paper, title="Laporan").status_code == 302
    assert send(client, open_work, kind="link", url="https://contoh.test/a", title="Berita").status_code == 302
    assert [one.kind for one in open_work.evidence.all()] == ["photo", "document", "link"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "Pilih berkas."),
        ({"kind": "link"}, "Tautan memerlukan alamatnya"),
        ({"kind": "link", "url": "ftp://contoh.test"}, "valid|benar|URL"),
        ({"file": "teks"}, "gambar|foto"),
        ({"file": "photo", "taken_on": "2999-01-01"}, "Tanggal ini belum tiba."),
    ],
)
def test_bad_evidence_is_told_and_the_title_stays(as_role, open_work, values, sentence):
    files = {"teks": SimpleUploadedFile("foto.jpg", b"ini teks"), "photo": photo()}
    sent = {**values, **({"file": files[values["file"]]} if "file" in values else {})}
    answer = send(as_role("opd_user"), open_work, title="Judul saya", **sent)
    assert re.search(sentence, said(answer), re.IGNORECASE)
    assert "Judul saya" in said(answer)
    assert not Evidence.objects.exists()


@pytest.fixture
def sent(as_role, open_work):
    send(as_role("opd_user"), open_work, file=photo(), title="Sisi utara")
    return Evidence.objects.get()


def judge(client, evidence, verdict, **values):
    return client.post(f"{evidence.get_absolute_url()}judge/", {verdict: "", "note": ""} | values)


def log_in(client, user):
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_a_reviewer_accepts(client, sent, reviewer):
    log_in(client, reviewer)
    assert "Penilaian Anda" in said(client.get(sent.get_absolute_url()))
    assert judge(client, sent, "accept", note="Jelas.").status_code == 302
    sent.refresh_from_db()
    assert (sent.status, sent.reviewed_by, sent.review_note) == ("accepted", reviewer, "Jelas.")


def test_a_return_says_what_is_missing(client, sent, reviewer):
    log_in(client, reviewer)
    answer = judge(client, sent, "return", note=" ")
    assert "Sebutkan apa yang kurang" in said(answer)
    assert judge(client, sent, "return", note="Foto terlalu gelap.").status_code == 302
    assert "Foto terlalu gelap." in said(client.get(sent.follow_up.get_absolute_url()))


def test_nobody_judges_the_own_organizations_evidence(as_role, sent):
    """The Pokja member of the cast belongs to the agency that does the work."""
    client = as_role("pokja_member")
    assert "Penilaian Anda" not in said(client.get(sent.get_absolute_url()))
    assert "instansi Anda sendiri" in said(judge(client, sent, "accept"))
    assert Evidence.objects.get().status == "submitted"


def test_the_second_reviewer_is_told_and_the_note_stays(client, sent, reviewer):
    second = factories.UserFactory(role="pokja_member", organization=factories.OrganizationFactory())
    judge(log_in(client, reviewer), sent, "accept")
    answer = judge(log_in(client, second), sent, "return", note="Catatan saya.")
    assert f"{reviewer} sudah menilainya" in said(answer)
    assert "Catatan saya." in said(answer)
    assert Evidence.objects.get().status == "accepted"


def test_the_planner_and_the_owner_judge_nothing(as_role, sent):
    for role in ("planner", "opd_user", "verifier"):
        assert judge(as_role(role), sent, "accept").status_code == 403


def test_files_go_out_through_the_rights_of_the_page(as_role, sent):
    for address in ("file/", "thumbnail.jpg"):
        answer = as_role("opd_user").get(f"{sent.get_absolute_url()}{address}")
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert b"".join(answer).startswith(b"\xff\xd8")
        assert "private" in answer.headers["Cache-Control"]
        assert as_role("viewer").get(f"{sent.get_absolute_url()}{address}").status_code == 404
        assert as_role(None).get(f"{sent.get_absolute_url()}{address}").status_code == 302


def test_what_was_sent_by_mistake_is_taken_away_until_it_is_judged(as_role, client, sent, reviewer):
    assert as_role("opd_user").post(f"{sent.get_absolute_url()}delete/").status_code == 302
    assert not Evidence.objects.exists()


def test_somebody_elses_evidence_is_not_taken_away(as_role, sent):
    other = factories.UserFactory(role="opd_user", organization=sent.follow_up.responsible_organization)
    client = log_in(as_role(None), other)
    assert client.post(f"{sent.get_absolute_url()}delete/").status_code == 403
    assert Evidence.objects.exists()


# --- scoreboard ----------------------------------------------------------------------------------------------------------
def test_the_scoreboard_counts_each_follow_up_once(as_role, agency, django_assert_num_queries):
    make = factories.FollowUpFactory
    today = datetime.date.today()
    mine = {"responsible_organization": agency}
    make(**mine, due_on=days(10), updated_on=today)
    make(**mine, due_on=days(-10), updated_on=today)
    make(**mine, due_on=days(-10), status="blocked", updated_on=today)
    make(**mine, due_on=days(10), updated_on=days(-100))
    make(**mine, status="cancelled")
    client = as_role("planner")
    client.get("/agreements/scoreboard/")
    with django_assert_num_queries(10):
        text = said(client.get("/agreements/scoreboard/"))
    row = re.search(r'<tr data-slot="disperkimhub".*?</tr>', text, re.DOTALL)[0]
    assert dict(re.findall(r'data-series="(\w+)" data-value="(\d+)"', row)) == {
        "on_time": "1", "late": "1", "blocked": "1", "silent": "1",
    }  # fmt: skip
    assert "25 %" in row


def test_the_scoreboard_of_a_viewer_is_that_of_what_is_published(as_role, own):
    assert "Disperkimhub" not in said(as_role("viewer").get("/agreements/scoreboard/")).split("<main")[1]
    factories.publish(own.workshop)
    assert "Disperkimhub" in said(as_role("viewer").get("/agreements/scoreboard/"))
