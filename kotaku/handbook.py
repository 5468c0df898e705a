"""The handbook: each topic once, with the roles it is for and the pages that it explains.

A role's handbook is the list of its topics in the order below. The texts are Indonesian and stand in `templates/help/topics`,
their pictures in `static/img/help`, made by `docs/handbook_pictures.py`. Titles are no translated strings, since they
name texts that exist in one language.
"""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.models import User

ADMIN, PLANNER, VERIFIER, POKJA_MEMBER, OPD_USER, VILLAGE_USER, VIEWER = (
    User.Role.ADMIN,
    User.Role.PLANNER,
    User.Role.VERIFIER,
    User.Role.POKJA_MEMBER,
    User.Role.OPD_USER,
    User.Role.VILLAGE_USER,
    User.Role.VIEWER,
)
EVERYONE = tuple(User.Role)


@dataclass(frozen=True)
class Topic:
    """`pages` are the beginnings of the URL names that it explains; the longest one that fits counts."""

    key: str
    icon: str
    title: str
    summary: str
    roles: tuple[str, ...]
    pages: tuple[str, ...] = ()
    is_open: bool = False  # to those without an account too

    @property
    def template(self) -> str:
        return f"help/topics/{self.key}.html"

    def get_absolute_url(self):
        return reverse("help_topic", args=[self.key])


TOPICS = (
    Topic(
        "account", "person-circle", "Masuk dan akun Anda",
        "Undangan pertama, kata sandi, kode dari aplikasi, bahasa, warna, kalender, dan pengingat.",
        EVERYONE, ("account", "mfa_", "pause_reminders", "home"), is_open=True,
    ),
    Topic(
        "administration", "sliders", "Mengelola pengguna dan daftar",
        "Mengundang orang, menetapkan peran dan wilayah, mengimpor daftar, dan menutup akun.",
        (ADMIN,), ("admin:",),
    ),
    Topic(
        "backup", "hdd-stack", "Menjaga cadangan data",
        "Melihat apakah layanan sehat, membuat cadangan, dan berlatih memulihkannya.",
        (ADMIN,),
    ),
    Topic(
        "workshop", "calendar-event", "Menyiapkan lokakarya",
        "Dari draf sampai undangan tercetak: agenda, yang diundang, surat undangan, daftar hadir.",
        (PLANNER,), ("workshops:",),
    ),
    Topic(
        "check-in", "person-check", "Menjaga meja pendaftaran",
        "Mencatat siapa yang datang, dengan daftar atau dengan kode QR di pintu.",
        (PLANNER,), ("workshops:check_in", "workshops:participant"),
    ),
    Topic(
        "own-check-in", "phone", "Mencatat kehadiran sendiri",
        "Untuk peserta: hadir dengan ponsel sendiri, tanpa akun.",
        (PLANNER,), ("workshops:check_in_start", "workshops:check_in_self"), is_open=True,
    ),
    Topic(
        "minutes", "journal-text", "Menulis notulen",
        "Menulis selagi orang berbicara, tanpa kehilangan tulisan bila jaringan putus.",
        (PLANNER,), ("workshops:minutes", "workshops:checkpoint"),
    ),
    Topic(
        "agreements", "file-earmark-check", "Kesepakatan dan tanda tangan",
        "Menulis kesepakatan, mengumpulkan tanda tangan, menerbitkan berita acara.",
        (PLANNER, VERIFIER), (
            "agreements:record", "agreements:signatory", "agreements:agreement_create", "agreements:agreement_new",
            "agreements:agreement_edit", "agreements:agreement_amend", "agreements:agreement_delete",
            "agreement_papers:agreement_record",
        ),
    ),
    Topic(
        "papers", "printer", "Menutup notulen dan menerbitkan naskah",
        "Memeriksa dan menutup notulen, mencetak naskah resmi, dan membukanya untuk umum.",
        (PLANNER, VERIFIER),
        ("workshops:files", "workshops:workshop_close", "workshops:workshop_reopen", "workshops:workshop_finish"),
    ),
    Topic(
        "plan", "list-check", "Merencanakan tindak lanjut",
        "Siapa mengerjakan apa sampai kapan; permasalahan yang belum dijawab; mengisi lewat Excel.",
        (PLANNER,), (
            "agreements:unanswered", "agreements:entry", "agreements:follow_up_create", "agreements:follow_up_edit",
            "agreements:follow_up_import", "agreements:follow_up_cancel", "agreements:follow_up_matrix",
        ),
    ),
    Topic(
        "report", "camera", "Melaporkan tindak lanjut dengan foto",
        "Mengirim kabar dan bukti dari ponsel, menyatakan kendala, menyatakan selesai.",
        (OPD_USER, VILLAGE_USER), ("agreements:follow_up", "agreements:evidence"),
    ),
    Topic(
        "review", "people", "Sidang Pokja PKP",
        "Memeriksa bukti, membuka sidang, memutuskan antrean satu per satu, menutup sidang.",
        (POKJA_MEMBER, PLANNER, VERIFIER), ("agreements:review", "agreements:evidence_judge"),
    ),
    Topic(
        "neighbourhoods", "house", "Mengisi data kumuh per RT",
        "Menambah RT, mengisi angkanya dengan nilai yang langsung terlihat, memeriksa peringatan.",
        (VILLAGE_USER, PLANNER),
        ("slumareas:neighbourhood", "slumareas:baseline", "slumareas:work", "slumareas:area_create", "slumareas:area_edit"),
    ),
    Topic(
        "import", "file-earmark-arrow-up", "Mengimpor buku kerja",
        "Data satu kelurahan sekaligus: kirim, periksa, betulkan, simpan, dan tarik kembali.",
        (PLANNER,), ("slumareas:import",),
    ),
    Topic(
        "years", "lock", "Memverifikasi dan mengunci tahun",
        "Kapan suatu tahun penilaian siap, dan bagaimana membukanya kembali.",
        (VERIFIER, PLANNER), ("slumareas:year",),
    ),
    Topic(
        "map", "map", "Membaca peta, luas kumuh, dan profil",
        "Seberapa kumuh, mengapa, dan apakah berkurang, sampai angka asalnya.",
        EVERYONE, ("slumareas:",),
    ),
    Topic(
        "progress", "bar-chart", "Membaca kesepakatan dan kemajuannya",
        "Apa yang terjadi dengan setiap kesepakatan: daftar, papan kinerja, dan rantainya.",
        (VIEWER, POKJA_MEMBER, VERIFIER, OPD_USER, VILLAGE_USER),
        ("agreements:", "agreement_papers:", "agreements:follow_up_list"),
    ),
    Topic(
        "giving", "box-arrow-up-right", "Menyerahkan aset (pemberi)",
        "Untuk Balai dan pemberi lain: paket, aset, dokumen, dan tahap demi tahap sampai BAST.",
        (OPD_USER, PLANNER), ("assets:", "assets:document"),
    ),
    Topic(
        "receiving", "box-arrow-in-down", "Menerima dan merawat aset (penerima)",
        "Menilai dokumen, menyanggupi atau menolak paket, mencatat aset, dan pemeriksaan tahunan.",
        (OPD_USER, VILLAGE_USER, VERIFIER),
        (
            "assets:package_accept", "assets:package_reject", "assets:document_accept", "assets:document_send_back",
            "assets:asset_book", "assets:asset_manager", "assets:asset_check",
        ),
    ),
    Topic(
        "verify", "patch-check", "Memeriksa naskah dan label aset",
        "Apakah selembar naskah asli, dengan kode QR, kode sepuluh huruf, atau berkasnya.",
        EVERYONE, ("verify", "assets:asset_card"), is_open=True,
    ),
)  # fmt: skip
BY_KEY = {topic.key: topic for topic in TOPICS}


def handbook_of(role: str) -> list[Topic]:
    return [topic for topic in TOPICS if role in topic.roles]


def topic_of(url_name: str) -> Topic | None:
    """The topic that explains this page: that of the longest beginning of its name."""
    fitting = [(len(start), topic) for topic in TOPICS for start in topic.pages if url_name.startswith(start)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def may_read(topic: Topic, user) -> bool:
    return topic.is_open or user.is_authenticated


def help_url(request) -> str:
    """Where “Help” leads from this page. From an error page, and where the topic is not for this person, to the start."""
    match = getattr(request, "resolver_match", None)
    topic = topic_of(match.view_name) if match else None
    user = getattr(request, "user", None)
    return topic.get_absolute_url() if topic and user is not None and may_read(topic, user) else reverse("help")


@login_not_required
@require_safe
def handbook(request):
    """The own handbook, and the titles of the others. Without an account: what is open to all."""
    if not request.user.is_authenticated:
        return render(request, "help/start.html", {"topics": [topic for topic in TOPICS if topic.is_open]})
    own = request.user.role
    others = [(role.label, handbook_of(role)) for role in User.Role if role != own]
    return render(request, "help/start.html", {"topics": handbook_of(own), "others": others})


@login_not_required
@require_safe
def handbook_topic(request, key):
    topic = BY_KEY.get(key)
    if topic is None:
        raise Http404
    if not may_read(topic, request.user):
        return redirect_to_login(request.get_full_path())
    role = getattr(request.user, "role", None)
    listed = handbook_of(role) if role else [one for one in TOPICS if one.is_open]
    place = listed.index(topic) if topic in listed else None
    return render(
        request,
        "help/topic.html",
        {
            "topic": topic,
            "listed": listed,
            "earlier": listed[place - 1] if place else None,
            "later": listed[place + 1] if place is not None and place + 1 < len(listed) else None,
            "readers": [User.Role(reader).label for reader in topic.roles],
            "is_for_all": topic.roles == EVERYONE,
        },
    )
