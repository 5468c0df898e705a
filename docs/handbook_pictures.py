"""Makes the pictures of the handbook anew: `.venv/bin/python docs/handbook_pictures.py [NAME …]`.

Builds the demo programme in var/handbook, adds a workshop that takes place today and what else the pages need to show,
serves it, and takes each picture of the table below with a browser: Indonesian, light, as WebP. Needs `make setup` and
the packages of requirements-dev.txt. The people of the added records are made up.
"""

import datetime
import io
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "var" / "handbook"
PICTURES = ROOT / "static" / "img" / "help"
PORT = int(os.environ.get("PORT", 8190))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "kotaku.settings",
    "DEBUG": "1",
    "DATABASE_URL": f"sqlite:///{FOLDER / 'kotaku.sqlite3'}",
    "MEDIA_ROOT": str(FOLDER / "media"),
    "EMAIL_URL": "memorymail://",
}

import django  # noqa: E402

django.setup()

from django.core.files.base import ContentFile  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, Review, Signatory  # noqa: E402
from core.models import IssuedPaper, Organization, Region, User  # noqa: E402
from kotaku.demo import PASSWORD  # noqa: E402
from slumareas.importing.doors import send  # noqa: E402
from slumareas.models import SlumArea  # noqa: E402
from tests.slumareas.importing.messy import damaged  # noqa: E402
from workshops.models import AgendaItem, Leader, MinutesEntry, Participant, Workshop, WorkshopArea  # noqa: E402

PARTICIPANTS = [
    ("Budi Contoh", "Ketua", "lkm-tanjung", "L"),
    ("Dewi Contoh", "Kasi Pemerintahan", "kelurahan-tanjung", "P"),
    ("Hendra Contoh, S.T.", "Kepala Bidang Cipta Karya", "disperkimhub", "L"),
    ("Rina Contoh, S.E.", "Kepala Subbidang", "bappelitbangda", "P"),
    ("Siti Contoh, S.T., M.T.", "Kepala Bidang Tata Ruang", "dpupr", "P"),
]
AGENDA = [
    ("registration", "Registrasi peserta", "08:00", "08:30"),
    ("opening", "Pembukaan dan laporan ketua panitia", "08:30", "09:00"),
    ("panel", "Paparan hasil pendataan per RT", "09:00", "10:30"),
    ("agreement", "Perumusan dan penandatanganan kesepakatan", "10:30", "11:30"),
    ("closing", "Penutup", "11:30", "12:00"),
]
SPEAKER = {"speaker": "Budi Contoh", "speaker_position": "Ketua", "speaker_organization": "LKM Tanjung"}
ENTRIES = [
    {"kind": "question", **SPEAKER, "text": "Kapan drainase RT 3 diperbaiki? Setiap hujan lebat airnya masuk rumah."},
    {
        "kind": "response",
        "speaker": "Hendra Contoh, S.T.",
        "speaker_position": "Kepala Bidang Cipta Karya",
        "speaker_organization": "Disperkimhub",
        "text": "Perbaikan 120 meter diusulkan pada anggaran perubahan tahun ini.",
    },
]


def prepare() -> dict[str, str]:
    """Add to the demo programme what the pictures show. Returns the addresses that are known only then."""
    people = {user.username: user for user in User.objects.all()}
    now = timezone.now()
    workshop = _workshop(people, now)
    follow_up = _follow_up(people, now)
    call_command("issue_papers", verbosity=0)
    review = Review(held_on=timezone.localdate(), place="Ruang rapat Bappelitbangda", created_by=people["pokja_member"])
    review.save()
    review.members.add(people["pokja_member"])
    return {
        "workshop": workshop.get_absolute_url(),
        "check_in": f"/workshops/check-in/{workshop.check_in_code}/",
        "record": AgreementRecord.of(workshop).get_absolute_url(),
        "signatory": f"/agreements/signatories/{Signatory.objects.filter(record__workshop=workshop).last().pk}/",
        "follow_up": follow_up.get_absolute_url(),
        "evidence": follow_up.evidence.get().get_absolute_url(),
        "review": review.get_absolute_url(),
        "import": _import(people).get_absolute_url(),
        "paper": f"/verify/{IssuedPaper.objects.filter(kind='minutes').first().code}/",
    }


def _workshop(people, now) -> Workshop:
    """It takes place today, half of those invited are there, two people spoke, an agreement waits to be signed."""
    planner = people["planner"]
    workshop = Workshop(
        title="Lokakarya Penataan Kawasan Kumuh Kelurahan Tanjung",
        held_on=timezone.localdate(),
        call_time=datetime.time(8),
        start_time=datetime.time(8, 30),
        end_time=datetime.time(12),
        place="Aula Kantor Lurah Tanjung",
        organizer=Organization.objects.get(key="bappelitbangda"),
        created_by=planner,
    )
    workshop.save()
    area = SlumArea.objects.get(slug="tanjung-laut")
    WorkshopArea(workshop=workshop, name=area.name, region=area.villages.first(), slum_area=area).save()
    Leader(workshop=workshop, role=Leader.Role.CHAIR, name="Rina Contoh, S.E.").save()
    items = {}
    for kind, title, start, end in AGENDA:
        items[kind] = AgendaItem(
            workshop=workshop,
            kind=kind,
            title=title,
            planned_start=datetime.time.fromisoformat(start),
            planned_end=datetime.time.fromisoformat(end),
        )
        items[kind].save()
    for name, position, key, sex in PARTICIPANTS:
        organization = Organization.objects.get(key=key)
        Participant(workshop=workshop, name=name, position=position, organization=organization, sex=sex).save()
    workshop.invite(by=planner, at=now)
    workshop.start(by=planner, at=now)
    for participant in workshop.participants.order_by("pk")[:2]:
        participant.arrive(at=now, by=planner)
    question = None
    for values in ENTRIES:
        entry = MinutesEntry(workshop=workshop, agenda_item=items["panel"], parent=question, **values)
        entry.save()
        question = question or entry
    Agreement(
        workshop=workshop,
        agenda_item=items["agreement"],
        created_by=planner,
        text="Drainase RT 3 Kelurahan Tanjung diperbaiki sepanjang 120 meter paling lambat akhir tahun ini.",
    ).save()
    record = AgreementRecord.of(workshop)
    for name, position, key, _sex in PARTICIPANTS[1:4]:
        organization = Organization.objects.get(key=key)
        Signatory(
            record=record, name=name, position=position, organization_name=organization.name, organization=organization
        ).save()
    record.open_for_signing(by=planner, at=now)
    record.signatories.first().sign(by=planner, at=now, how=Signatory.How.PAPER, on=timezone.localdate())
    return workshop


def _follow_up(people, now) -> FollowUp:
    """One of the agency's, half done, with a photo that waits to be judged."""
    follow_up = FollowUp.objects.filter(responsible_organization=people["opd_user"].organization).order_by("pk").first()
    follow_up.report(by=people["opd_user"], at=now, note="Drainase sisi timur selesai digali.", physical_percent=45)
    evidence = Evidence(
        follow_up=follow_up,
        kind=Evidence.Kind.PHOTO,
        title="Drainase sisi timur",
        location="Kampung Tanjung Laut RT 3",
        file=ContentFile(_photo(), name="drainase.jpg"),
    )
    evidence.submit(by=people["opd_user"], at=now)
    return follow_up


def _photo() -> bytes:
    """A drawing in the place of a photo: a drain beside a path."""
    picture = Image.new("RGB", (800, 600), "#b9d3e6")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 260, 800, 600), fill="#7c9a5c")
    draw.polygon([(300, 260), (420, 260), (700, 600), (120, 600)], fill="#a8a29a")
    draw.polygon([(440, 260), (470, 260), (800, 520), (800, 600), (740, 600)], fill="#4d5a63")
    draw.rectangle((60, 150, 240, 300), fill="#d9c7a3")
    draw.polygon([(40, 150), (150, 80), (260, 150)], fill="#9c4a3a")
    stored = io.BytesIO()
    picture.save(stored, "JPEG")
    return stored.getvalue()


def _import(people):
    """A workbook with several faults, sent and checked."""
    file = SimpleUploadedFile("pendataan-tanjung.xlsx", damaged())
    region = Region.objects.get(code="19.05.01.1001").parent
    return send(file, year=2019, rule_set=None, region=region, by=people["planner"]).record


PHONE, WIDE = {"width": 390, "height": 640}, {"width": 900, "height": 580}
MOST_BYTES = 30_000


@dataclass(frozen=True)
class Shot:
    """`who` is None without login. `at` is scrolled to, `mark` is ringed, `before` is pressed first."""

    name: str
    who: str | None
    path: str
    wide: bool = False
    at: str = ""
    mark: str = ""
    before: str = ""
    height: int = 0


SHOTS = [
    Shot("login", None, "/accounts/login/", mark="button:has-text('Masuk')", height=560),
    Shot("account", "planner", "/account/", at="section >> nth=1"),
    Shot("user-add", "admin", "/admin/core/user/add/", wide=True),
    Shot("user-list", "admin", "/admin/core/user/", wide=True),
    Shot("workshop", "planner", "{workshop}", mark=".pagehead .btn-primary"),
    Shot("agenda", "planner", "{workshop}agenda/", wide=True, mark=".agenda-item >> nth=0 >> .agenda-buttons"),
    Shot("desk", "planner", "{workshop}check-in/?show=absent", mark="button:text-is('Hadir') >> nth=0"),
    Shot("own-check-in", None, "{check_in}", mark="button:has-text('Saya hadir')", height=760),
    Shot("minutes", "planner", "{workshop}minutes/", at="h2:has-text('Paparan')", height=700),
    Shot(
        "entry",
        "planner",
        "{workshop}minutes/",
        at="h2:has-text('Penutup')",
        before="a:has-text('Tambah catatan') >> nth=4",
    ),
    Shot("files", "planner", "{workshop}files/", at="h2:has-text('Dokumen resmi')"),
    Shot("record", "planner", "{record}", mark=".pagehead .btn-primary", height=700),
    Shot("sign", "planner", "{signatory}sign/", height=720, at="legend"),
    Shot("agreement", "planner", "/agreements/lokakarya-kotaku-2019-9/", at="h2:has-text('Tindak lanjut')"),
    Shot("matrix", "planner", "/agreements/follow-ups/matrix/", wide=True),
    Shot("report", "opd_user", "{follow_up}report/", mark="button:has-text('Kirim laporan')", height=700),
    Shot("follow-up", "opd_user", "{follow_up}", height=720),
    Shot("evidence", "pokja_member", "{evidence}", height=840),
    Shot("queue", "pokja_member", "{review}queue/", at="fieldset legend >> nth=0"),
    Shot("baseline", "village_user", "/slum-areas/baselines/10/edit/", at="label:has-text('1a')"),
    Shot("baseline-view", "village_user", "/slum-areas/baselines/9/", height=700),
    Shot("import", "planner", "{import}", wide=True),
    Shot("import-rows", "planner", "{import}", wide=True, at="a[href='?state=error']"),
    Shot("year", "verifier", "/slum-areas/years/2/", mark="a:has-text('Verifikasi tahun ini')"),
    Shot("map", "planner", "/slum-areas/map/", wide=True),
    Shot("area", "planner", "/slum-areas/tanjung-laut/", height=720),
    Shot("follow-ups", "opd_user", "/agreements/follow-ups/"),
    Shot("scoreboard", "viewer", "/agreements/scoreboard/", wide=True),
    Shot("package", "balai", "/assets/PLP-014/", mark=".pagehead .btn-primary"),
    Shot("stages", "balai", "/assets/stages/", wide=True, at="h2 >> nth=0"),
    Shot("document", "opd_user", "/assets/PLP-040/documents/final_quantities/", at="h2:text-is('Terima dokumen')"),
    Shot("receive", "opd_user", "/assets/PLP-026/", mark="a:has-text('Sanggupi paket') >> nth=0"),
    Shot("check", "village_user", "/assets/PLP-031/assets/1/check/", height=700),
    Shot("verify", None, "/verify/", height=720),
    Shot("verify-paper", None, "{paper}", height=700),
]
SETTLE = """
    document.querySelector(".mainnav")?.remove();
    const at = document.querySelector("[data-picture-at]");
    if (at) scrollTo(0, at.getBoundingClientRect().top + scrollY - 80);
"""


def build() -> dict[str, str]:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    call_command("migrate", verbosity=0)
    call_command("demo", verbosity=0)
    return prepare()


def serve() -> subprocess.Popen:
    server = subprocess.Popen(  # noqa: S603  this project's own command
        [sys.executable, "manage.py", "runserver", "--noreload", str(PORT)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    for _attempt in range(60):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/accounts/login/")
            break
        except OSError:
            time.sleep(1)
    return server


def take(names: list[str], addresses: dict[str, str]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox", "--lang=id"],
            env={**os.environ, "LANGUAGE": "id"},
        )
        sessions = {None: None}
        for shot in SHOTS:
            if names and shot.name not in names:
                continue
            if shot.who not in sessions:
                sessions[shot.who] = _log_in(browser, shot.who)
            _store(shot, _picture(browser, shot, sessions[shot.who], addresses))
        browser.close()


def _log_in(browser, who: str) -> dict:
    context = browser.new_context(base_url=f"http://127.0.0.1:{PORT}")
    page = context.new_page()
    page.goto("/accounts/login/")
    page.fill("[name=login]", who)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/")
    state = context.storage_state()
    context.close()
    return state


def _picture(browser, shot: Shot, session, addresses) -> bytes:
    size = dict(WIDE if shot.wide else PHONE)
    size["height"] = shot.height or size["height"]
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{PORT}",
        storage_state=session,
        viewport=size,
        device_scale_factor=1 if shot.wide else 1.5,
        has_touch=not shot.wide,
        color_scheme="light",
        locale="id-ID",
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(shot.path.format(**addresses), wait_until="networkidle")
    if shot.before:
        page.locator(shot.before).first.click()
    if shot.at:
        page.locator(shot.at).first.evaluate("one => one.setAttribute('data-picture-at', '')")
    if shot.mark:
        page.locator(shot.mark).first.evaluate(
            "one => one.style.cssText += 'outline:3px solid #b45309;outline-offset:3px'"
        )
    page.evaluate(SETTLE)
    page.wait_for_timeout(400)
    taken = page.screenshot()
    context.close()
    return taken


def _store(shot: Shot, taken: bytes) -> None:
    """As WebP, as well as fits into the size that a page in the field can afford."""
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    for quality in (82, 74, 66, 58, 50, 42, 34):
        stored = io.BytesIO()
        picture.save(stored, "WEBP", quality=quality, method=6)
        if stored.tell() < MOST_BYTES:
            break
    (PICTURES / f"{shot.name}.webp").write_bytes(stored.getvalue())


if __name__ == "__main__":
    addresses = build()
    server = serve()
    try:
        take(sys.argv[1:], addresses)
    finally:
        server.terminate()
