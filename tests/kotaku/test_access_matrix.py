"""Every address with every role and without one: what the anonymous, the stranger and the reader get.

The addresses come from the resolver, so a new one is in here from its first day.
"""

import copy
import re
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.urls import URLPattern, get_resolver, reverse

from assets.models import AssetPhoto, DocumentVersion, Move, Package
from core.models import User
from slumareas.models import AssessmentYear, Baseline, YearStatusChange
from tests import factories
from workshops.models import Attachment, Checkpoint, Workshop

OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "healthz",
    "set_theme",
    "set_language",
    "mfa_authenticate",
    "verify",
    "verify_paper",
    "verify_file",
    "help",
    "help_topic",  # by topic: tests/kotaku/test_handbook.py
    "workshops:check_in_start",
    "workshops:check_in_self",
    "feed",
    "assets:asset_card",
}
OUTSIDERS = ["pokja_member", "opd_user", "village_user", "viewer"]
READERS = ["verifier", *OUTSIDERS]
# What a reader may not open at all, because it is for those inside the programme.
INSIDE = {
    "workshops:participants",
    "workshops:participant_export_csv",
    "workshops:participant_export_xlsx",
    "workshops:check_in_poster",
    "workshops:history",
    "workshops:invitation_pdf",
    "workshops:attendance_pdf",
    "workshops:checkpoints",
    "workshops:checkpoint_compare",
}


def addresses():
    """[(name with its namespace, [parameters])] of all pages but the admin's and the API's, which have own tests."""
    found = []

    def walk(patterns, namespace=""):
        for entry in patterns:
            if isinstance(entry, URLPattern):
                if entry.name:
                    parameters = list(entry.pattern.regex.groupindex)
                    found.append((f"{namespace}{entry.name}", parameters, dict(entry.default_args)))
            elif str(entry.pattern) not in ("admin/", "api/v1/"):
                walk(entry.url_patterns, f"{entry.namespace}:" if entry.namespace else namespace)

    walk(get_resolver().url_patterns)
    return sorted({name: (name, parameters) for name, parameters, _defaults in found if name}.values())


ALL = addresses()
IDS = [name for name, _parameters in ALL]
OF_A_WORKSHOP = [row for row in ALL if row[0].startswith("workshops:") and "slug" in row[1]]
OF_SLUM_AREAS = [row for row in ALL if row[0].startswith("slumareas:")]
OF_AGREEMENTS = [row for row in ALL if row[0].startswith("agreements:")]
# What these roles are there to do, tested with the verbs themselves; everything else they may at most read.
OWN_WORK: dict[str, set[str]] = {role: set() for role in READERS} | {
    "pokja_member": {"agreements:evidence_judge", "agreements:review_decide"},
    "opd_user": {"agreements:evidence_delete"},  # what it sent itself
    "verifier": {"agreements:review_close", "agreements:review_reopen"},
}
OF_ASSETS = [row for row in ALL if row[0].startswith("assets:")]
OF_A_PACKAGE = [row for row in OF_ASSETS if "number" in row[1]]
# Rows of neighbourhoods, and what is drafted or decided about them.
ROWS = ("neighbourhood_", "baseline_", "work_")
# How much of a village's code names the region above it.
HIGHER = {"district": 8, "regency": 5}
YEAR_VERBS = {"slumareas:year_verify", "slumareas:year_lock", "slumareas:year_reopen"}


def measured(region, rt, hectares):
    """A neighbourhood of an area in the region with works, measured in a locked year and in one that is drafted.

    The RT and the hectares of the draft are such as appear nowhere else, so that a page that shows them is found out.
    """
    area = factories.SlumAreaFactory(villages=[region])
    unit = factories.NeighbourhoodUnitFactory(region=region, slum_area=area, rt=rt)
    factories.BaselineFactory(unit=unit, year=2024)
    draft = factories.BaselineFactory(unit=unit, year=2025, verified_area_ha=hectares)
    boundary = factories.AreaBoundaryFactory(slum_area=area)
    return {
        "slug": area.slug,
        "code": region.code,
        "criterion": "road_surface",
        "format": "csv",
        "pk": {
            "neighbourhood": unit.pk,
            "baseline": draft.pk,
            "work": factories.WorkFactory(unit=unit).pk,
            "year": draft.assessment_year.pk,
            "boundary": boundary.pk,
            "import": factories.ImportFactory(region=region).pk,
            "hectares": factories.ReportedHectaresFactory().pk,
        },
    }


def make_slums():
    """By village: that of the village user, and another one."""
    here = factories.VillageFactory(code=factories.OWN_VILLAGE)
    there = factories.VillageFactory(code="19.05.01.2088", name="Desa Lain")
    found = {"here": measured(here, "77", Decimal("37.19")), "there": measured(there, "88", Decimal("48.29"))}
    AssessmentYear.objects.filter(year=2024).update(status="locked")
    return found


def handed_over(region, number):
    """A package with an asset, a photo and a paper; its names appear nowhere else."""
    package = factories.PackageFactory(
        number=number, name=f"Paket {number}", village=region, receiver=factories.OrganizationFactory()
    )
    asset = factories.AssetFactory(package=package, name=f"Aset {number}")
    photo = AssetPhoto(asset=asset, picture=ContentFile(b"uji", name="uji.png"))
    photo.save()
    document = package.documents.get(kind="contract")
    version = DocumentVersion(
        document=document, number=1, file=ContentFile(b"%PDF-1.4 uji", name="uji.pdf"), at="2026-03-10T02:00Z",
        sha256="0" * 64, size=12,
    )  # fmt: skip
    version.save()
    return {
        "number": number,
        "kind": "contract",
        "version": 1,
        "asset": asset.number,
        "code": asset.card_code,
        "format": "csv",
        "pk": {"asset_photo": photo.pk},
    }


def make_packages():
    here = factories.VillageFactory(code=factories.OWN_VILLAGE)
    there = factories.VillageFactory(code="19.05.01.2088", name="Desa Lain")
    return {"here": handed_over(here, "SINI-77"), "there": handed_over(there, "SANA-88")}


def make_world():
    """A cast, a workshop and slum areas with one record of each kind that an address can name."""
    people, slums, workshop = factories.make_people(), make_slums(), factories.WorkshopFactory()
    factories.WorkshopAreaFactory(workshop=workshop, region=people["village_user"].region)
    item = factories.AgendaItemFactory(workshop=workshop)
    person = factories.ParticipantFactory(workshop=workshop)
    entry = factories.MinutesEntryFactory(workshop=workshop, agenda_item=item)
    file = Attachment(workshop=workshop, title="Berkas uji", file=ContentFile(b"%PDF-1.4 uji", name="uji.pdf"))
    file.save()
    checkpoint = Checkpoint.objects.create(
        workshop=workshop, name="Uji", at="2026-03-10T02:00Z", by=people["planner"], entries=[]
    )
    of_workshop = {
        "slug": workshop.slug,
        "uid": entry.uid,
        "code": workshop.check_in_code,
        "secret": people["viewer"].feed_secret,
        "uidb36": "1",
        "key": "salah-kunci",
        "format": "csv",
        "verb": "arrive",
        "pk": {"participant": person.pk, "check_in": person.pk, "attachment": file.pk, "checkpoint": checkpoint.pk},
        "item": item.pk,
    }
    packages = make_packages()
    worlds = {
        "workshops": of_workshop,
        "slumareas": slums["here"],
        "agreements": make_agreements(people),
        "assets": packages["here"],
    }
    return people, slums, worlds, packages


def make_agreements(people):
    """A workshop of its own with an agreement that is being drafted, a follow-up of another agency and its evidence."""
    agreement = factories.AgreementFactory(text="Sepakat yang belum terbit")
    signatory = factories.SignatoryFactory(record=agreement.workshop.agreement_record)
    follow_up = factories.FollowUpFactory(agreement=agreement, responsible_person="Orang Terlindung")
    evidence = factories.EvidenceFactory(follow_up=follow_up, submitted_by=people["opd_user"])
    review = factories.ReviewFactory()
    raised = factories.MinutesEntryFactory(workshop=agreement.workshop, kind="promise", text="Janji belum terbit")
    return {
        "slug": agreement.workshop.slug,
        "key": agreement.key,
        "follow_up": follow_up.pk,
        "pk": {
            "entry": raised.pk,
            "evidence_create": follow_up.pk,
            "signatory": signatory.pk,
            "follow_up": follow_up.pk,
            "evidence": evidence.pk,
            "review": review.pk,
        },
    }


@pytest.fixture(scope="module", autouse=True)
def stored(store_for_module):
    return store_for_module(make_world)


@pytest.fixture
def people(db, stored):
    return copy.deepcopy(stored[0])


@pytest.fixture
def slums(stored):
    return stored[1]


@pytest.fixture
def world(stored):
    return stored[2]


@pytest.fixture
def packages(stored):
    return stored[3]


def url_of(name, parameters, world):
    app, _colon, short = name.rpartition(":")
    named = world[app if app in world else "workshops"]
    pk = next((pk for start, pk in named["pk"].items() if short.startswith(start)), named.get("item"))
    values = {parameter: pk if parameter == "pk" else named[parameter] for parameter in parameters}
    if short.startswith(tuple(HIGHER)):
        values["code"] = values["code"][: HIGHER[short.partition("_")[0]]]
    return reverse(name, kwargs=values)


def read_to_the_end(answer) -> bytes:
    """A file that is sent is closed only when it was read."""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def changes():
    """How much history there is: anything stored anywhere makes it grow."""
    histories = [model for model in apps.get_models() if model.__name__.startswith("Historical")]
    return sum(model.objects.count() for model in [*histories, YearStatusChange, Move, DocumentVersion])


@pytest.mark.parametrize(("name", "parameters"), ALL, ids=IDS)
def test_the_anonymous_are_sent_to_the_login(db, client, world, name, parameters):
    url, before = url_of(name, parameters, world), changes()
    for ask in (client.get, client.post):
        answer = ask(url)
        if name in OPEN:
            assert answer.status_code < 500
        else:
            assert answer.status_code in (302, 401)
            assert answer.status_code == 401 or answer.headers["Location"].startswith("/accounts/login/")
    assert changes() == before


@pytest.mark.parametrize("role", OUTSIDERS)
def test_a_draft_does_not_exist_for_others(as_role, world, role):
    client, before = as_role(role), changes()
    for name, parameters in OF_A_WORKSHOP:
        for ask in (client.get, client.post):
            assert ask(url_of(name, parameters, world)).status_code in (404, 405), name
    assert changes() == before


@pytest.mark.parametrize("role", READERS)
def test_readers_change_nothing_anywhere(as_role, world, role):
    Workshop.objects.update(status="correction" if role == "verifier" else "closed")
    client, before = as_role(role), changes()
    allowed = {"workshops:workshop_close", "workshops:workshop_reopen"} if role == "verifier" else set()
    for name, parameters in OF_A_WORKSHOP:
        if name in allowed:
            continue
        answer = client.post(url_of(name, parameters, world), {"reason": "Uji", "name": "Uji", "text": "Uji"})
        assert answer.status_code in (200, 403, 404, 405, 409, 400), (name, answer.status_code)
        read_to_the_end(answer)
    assert changes() == before


@pytest.mark.parametrize("role", ["village_user", "viewer"])
def test_what_is_inside_stays_inside(as_role, world, role):
    Workshop.objects.update(status="closed")
    client = as_role(role)
    for name, parameters in OF_A_WORKSHOP:
        if name in INSIDE:
            assert client.get(url_of(name, parameters, world)).status_code == 403, name


@pytest.mark.parametrize("role", User.Role.values)
def test_looking_changes_nothing_and_never_breaks(as_role, world, role):
    Workshop.objects.update(status="in_progress")
    client, before = as_role(role), changes()
    for name, parameters in ALL:
        answer = client.get(url_of(name, parameters, world))
        assert answer.status_code < 500, name
        read_to_the_end(answer)
    assert changes() == before


# --- slum areas --------------------------------------------------------------------------------------------


def slum_pages(client, place):
    """(name without its namespace, answer, what it says) of every page of slum areas."""
    for name, parameters in OF_SLUM_AREAS:
        answer = client.get(url_of(name, parameters, {"slumareas": place}))
        said = read_to_the_end(answer).decode("latin-1")
        # The drawings of icons are full of numbers.
        yield name.removeprefix("slumareas:"), answer, re.sub(r"<svg.*?</svg>", "", said, flags=re.DOTALL)


def tells(said, rt, hectares) -> bool:
    return any(word in said for word in (f"RT {rt}", hectares, hectares.replace(".", ",")))


def test_what_is_looked_for_can_be_seen(as_role, slums):
    """Otherwise the tests below would prove nothing; true as soon as there are pages."""
    said = [said for _name, _answer, said in slum_pages(as_role("planner"), slums["here"])]
    assert any("RT 77" in one for one in said)
    assert any("37,19" in one for one in said)


@pytest.mark.parametrize("place", ["here", "there"])
def test_a_viewer_learns_nothing_of_rows_and_drafts(as_role, slums, place):
    rt, hectares = {"here": ("77", "37.19"), "there": ("88", "48.29")}[place]
    for name, answer, said in slum_pages(as_role("viewer"), slums[place]):
        assert not tells(said, rt, hectares), name
        if name.startswith(ROWS) or name.startswith("year_") and name != "year_list":
            assert answer.status_code in (403, 404, 405), name


def test_a_village_user_learns_nothing_of_rows_and_drafts_of_another_village(as_role, slums):
    for name, answer, said in slum_pages(as_role("village_user"), slums["there"]):
        assert not tells(said, "88", "48.29"), name
        if name.startswith(ROWS) and not name.endswith("_create"):
            assert answer.status_code in (403, 404, 405), name


@pytest.mark.parametrize("role", READERS)
def test_readers_change_nothing_in_slum_areas(as_role, slums, role):
    client, before = as_role(role), (changes(), list(Baseline.objects.values()), list(AssessmentYear.objects.values()))
    sent = {"reason": "Uji", "name": "Uji", "note": "Uji", "rt": "99", "rw": "9", "year": "2025", "volume": "1"}
    for name, parameters in OF_SLUM_AREAS:
        if role == "verifier" and name in YEAR_VERBS:
            continue
        # A village user writes in the own village; here it is another one.
        url = url_of(name, parameters, {"slumareas": slums["there" if role == "village_user" else "here"]})
        answer = client.post(url, sent)
        assert answer.status_code in (200, 400, 403, 404, 405, 409), (name, answer.status_code)
        read_to_the_end(answer)
    assert (changes(), list(Baseline.objects.values()), list(AssessmentYear.objects.values())) == before


@pytest.mark.parametrize("role", ["planner", *OUTSIDERS])
def test_only_a_verifier_moves_a_year(as_role, slums, role):
    for name in YEAR_VERBS:
        answer = as_role(role).post(url_of(name, ["pk"], {"slumareas": slums["here"]}), {"reason": "Uji"})
        assert answer.status_code in (403, 404), name
    assert set(AssessmentYear.objects.values_list("year", "status")) == {(2024, "locked"), (2025, "draft")}


@pytest.mark.parametrize("name", ["baseline_edit", "baseline_delete", "baseline_create"])
def test_a_locked_year_is_changed_by_nobody(as_role, slums, name):
    locked = Baseline.objects.filter(assessment_year__year=2024)
    before = list(locked.values())
    place = {**slums["here"], "pk": {"baseline": locked.first().pk}}
    parameters = [] if name == "baseline_create" else ["pk"]
    url = url_of(f"slumareas:{name}", parameters, {"slumareas": place})
    unit = locked.first().unit
    answer = as_role("admin").post(url, {"unit": unit.pk, "year": "2024", "note": "Lain", "verified_area_ha": "9"})
    assert answer.status_code in (200, 302, 400, 403, 404, 409)
    assert list(locked.values()) == before


# --- agreements --------------------------------------------------------------------------------------------

# What a viewer may open of what is not published is nothing; these lists are empty for them.
LISTS_OF_AGREEMENTS = {name for name, parameters in OF_AGREEMENTS if not parameters}


@pytest.mark.parametrize("role", ["village_user", "viewer"])
def test_agreements_that_are_not_published_do_not_exist_for_outsiders(as_role, world, role):
    Workshop.objects.update(status="closed")
    client, before = as_role(role), changes()
    for name, parameters in OF_AGREEMENTS:
        for ask in (client.get, client.post):
            answer = ask(url_of(name, parameters, world), {"reason": "Uji", "text": "Uji", "name": "Uji"})
            said = read_to_the_end(answer).decode("latin-1")
            assert "belum terbit" not in said, name
            assert "Orang Terlindung" not in said, name
            if name not in LISTS_OF_AGREEMENTS:
                assert answer.status_code in (403, 404, 405), (name, answer.status_code)
    assert changes() == before


@pytest.mark.parametrize("role", READERS)
def test_readers_change_no_agreement(as_role, world, role):
    Workshop.objects.update(status="closed")
    factories.publish(Workshop.objects.get(slug=world["agreements"]["slug"]))
    client, before = as_role(role), changes()
    for name, parameters in OF_AGREEMENTS:
        if name in OWN_WORK[role]:
            continue
        answer = client.post(
            url_of(name, parameters, world), {"reason": "Uji", "text": "Uji", "name": "Uji", "note": "Uji"}
        )
        assert answer.status_code in (200, 400, 403, 404, 405, 409), (name, answer.status_code)
        read_to_the_end(answer)
    assert changes() == before


# --- handover of assets ------------------------------------------------------------------------------------


def asset_pages(client, package, rows=OF_ASSETS):
    """(name without its namespace, answer, what it says) of every page of the handover."""
    for name, parameters in rows:
        if name == "assets:asset_card":
            continue  # open to all; tests/assets/test_pages.py
        answer = client.get(url_of(name, parameters, {"assets": package}))
        yield name.removeprefix("assets:"), answer, read_to_the_end(answer).decode("latin-1")


def test_packages_that_are_looked_for_can_be_seen(as_role, packages):
    said = {name: said for name, _answer, said in asset_pages(as_role("planner"), packages["there"])}
    assert {name for name, words in said.items() if "SANA-88" in words} >= {
        "package_list", "package_export", "package_detail", "ageing", "asset_photos", "document_detail",
    }  # fmt: skip


@pytest.mark.parametrize(("role", "place"), [("village_user", "there"), ("viewer", "here"), ("viewer", "there")])
def test_a_stranger_learns_nothing_of_a_package(as_role, packages, role, place):
    number = packages[place]["number"]
    for name, _answer, said in asset_pages(as_role(role), packages[place]):
        assert f"Paket {number}" not in said, name
        assert f"Aset {number}" not in said, name
    for name, answer, _said in asset_pages(as_role(role), packages[place], OF_A_PACKAGE):
        assert answer.status_code in (403, 404, 405), name


def test_a_viewer_sees_of_a_published_package_no_papers_moves_or_photos(as_role, packages):
    Package.objects.update(is_published=True)
    open_to_all = {"package_detail", "recapitulation_pdf", "labels_pdf"}
    for name, answer, _said in asset_pages(as_role("viewer"), packages["here"], OF_A_PACKAGE):
        assert answer.status_code == (200 if name in open_to_all else answer.status_code), name
        assert name in open_to_all or answer.status_code in (403, 404, 405), name


@pytest.mark.parametrize("role", ["pokja_member", "opd_user", "village_user", "viewer"])
def test_who_is_no_side_changes_nothing_of_a_package(as_role, packages, role):
    """The agency of the cast neither gives nor receives these packages."""
    client, package = as_role(role), packages["there" if role == "village_user" else "here"]
    before = (changes(), list(Package.objects.values()))
    sent = {"note": "Uji", "reason": "land_unclear", "on": "2026-03-10", "to": "document_collection", "name": "Uji"}
    for name, parameters in OF_A_PACKAGE:
        answer = client.post(url_of(name, parameters, {"assets": package}), sent)
        assert answer.status_code in (200, 400, 403, 404, 405), (name, answer.status_code)
        read_to_the_end(answer)
    assert (changes(), list(Package.objects.values())) == before


# --- search ------------------------------------------------------------------------------------------------

# What is typed, what would give it away, and who may know of it. The records are those of the pages above.
HIDDEN = [
    ("RT 77", "RT 77", {"viewer"}),
    ("RT 88", "RT 88", {"viewer", "village_user"}),
    ("belum terbit", "yang belum terbit", {"viewer", "village_user"}),
    ("terlindung", "Orang Terlindung", set(User.Role.values)),
    ("paket sana-88", "Paket SANA-88", {"viewer", "village_user"}),
    ("aset sana-88", "Aset SANA-88", {"viewer", "village_user"}),
]


@pytest.mark.parametrize("role", User.Role.values)
def test_search_finds_for_nobody_what_the_pages_keep(as_role, world, role):
    Workshop.objects.filter(slug=world["agreements"]["slug"]).update(status="in_progress")
    client = as_role(role)
    for typed, told, hidden_from in HIDDEN:
        answer = client.get("/search/", {"q": typed})
        groups = answer.context["answer"].groups
        said = " ".join(f"{hit.title} {hit.detail} {hit.piece}" for group in groups for hit in group.hits)
        assert (told.lower() in said.lower()) is (role not in hidden_from), typed


def test_the_addresses_kept_inside_exist():
    assert set(IDS) >= INSIDE


def test_every_address_has_a_name_that_tells():
    assert all(
        re.fullmatch(r"(workshops:|slumareas:|agreements:|agreement_papers:|assets:)?[a-z_]+", name)
        for name, _parameters in ALL
    )
