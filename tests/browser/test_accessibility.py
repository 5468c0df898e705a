"""The accessibility rules of axe on every page: once each, or with AXE_ALL=1 in every variant.

Variants: Indonesian and English, light and dark, 1280 and 390 px wide.
"""

import itertools
import os

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from core.models import IssuedPaper
from slumareas.importing.doors import send
from slumareas.scoring import PERMEN_14_2018
from tests import factories
from tests.assets.conftest import pdf
from tests.slumareas.importing.messy import damaged
from workshops.models import Checkpoint, Workshop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = settings.NODE_MODULES / "axe-core" / "axe.min.js"
WIDTHS = {"wide": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 800}}
EVERY = list(itertools.product(["id", "en"], ["light", "dark"], WIDTHS))
# One page of each kind in all variants, the others once, unless all are asked for.
ONCE = [("id", "light", "phone")]
IN_FULL = {
    "home",
    "search",
    "list",
    "detail",
    "form",
    "login",
    "area",
    "baseline form",
    "import",
    "package",
    "stages of packages",
    "totals of packages",
    "agreement",
    "report",
    "queue",
    "scoreboard",
    "topic of the help",
}

PAGES = {
    "home": "/",
    "search": "/search/?q=uji",
    "search without words": "/search/",
    "search without a match": "/search/?q=tidak+ada",
    "list": "/workshops/",
    "list without a match": "/workshops/?search=tidak-ada",
    "form": "/workshops/new/",
    "detail": "{w}",
    "time and place": "{w}parts/edit/",
    "invitation": "{w}parts/invitation/",
    "record": "{w}parts/record/",
    "areas": "{w}rows/areas/",
    "leaders": "{w}rows/leaders/",
    "report": "{w}rows/report/",
    "wording": "{w}rows/wording/",
    "agenda": "{w}agenda/",
    "agenda item": "{w}agenda/{item}/",
    "participants": "{w}participants/",
    "participant": "{w}participants/{person}/",
    "new participant": "{w}participants/add/",
    "invite": "{w}participants/invite/",
    "import": "{w}participants/import/",
    "desk": "{w}check-in/",
    "poster": "{w}check-in/poster/",
    "minutes": "{w}minutes/",
    "new entry": "{w}minutes/new/",
    "checkpoints": "{w}minutes/checkpoints/",
    "files": "{w}files/",
    "history": "{w}history/",
    "confirm": "{w}cancel/",
    "account": "/account/",
    "password": "/accounts/password/change/",
    "second factor": "/accounts/2fa/",
    "help": "/help/",
    "topic of the help": "/help/minutes/",
    "not found": "/tidak-ada/",
}
SLUM_AREAS = {
    "areas": "/slum-areas/",
    "villages": "/slum-areas/villages/",
    "village": "/slum-areas/villages/{code}/",
    "district": "/slum-areas/districts/{code:.8}/",
    "regency": "/slum-areas/regencies/{code:.5}/",
    "criterion of a district": "/slum-areas/districts/{code:.8}/criteria/road_surface/",
    "area": "{area}",
    "incomplete area": "{area}?year=2025",
    "criterion": "{area}criteria/road_surface/",
    "map": "/slum-areas/map/",
    "map of two years": "/slum-areas/map/?year=2025&beside=2024",
    "hectares": "/slum-areas/hectares/",
    "hectares B": "/slum-areas/hectares/?method=b",
    "explanation": "/slum-areas/hectares/{figure}/explain/",
    "years": "/slum-areas/years/",
    "year": "/slum-areas/years/{year}/",
    "verify": "/slum-areas/years/{year}/verify/",
    "neighbourhood": "/slum-areas/neighbourhoods/{unit}/",
    "new neighbourhood": "/slum-areas/neighbourhoods/new/",
    "edit neighbourhood": "/slum-areas/neighbourhoods/{unit}/edit/",
    "baseline": "/slum-areas/baselines/{baseline}/",
    "start of a baseline": "/slum-areas/baselines/new/",
    "baseline form": "/slum-areas/baselines/{baseline}/edit/",
    "baseline deletion": "/slum-areas/baselines/{baseline}/delete/",
    "imports": "/slum-areas/imports/",
    "import": "/slum-areas/imports/{import}/",
    "import deletion": "/slum-areas/imports/{import}/delete/",
    "import undo": "/slum-areas/imports/{import}/undo/",
    "works form": "/slum-areas/works/new/?unit={unit}",
    "area form": "{area}edit/",
    "new area": "/slum-areas/new/",
    "boundaries": "{area}boundaries/",
}
ASSETS = {
    "packages": "/assets/",
    "packages without a match": "/assets/?search=tidak-ada",
    "stages of packages": "/assets/stages/",
    "waiting of packages": "/assets/ageing/",
    "totals of packages": "/assets/totals/",
    "package": "{package}",
    "new package": "/assets/new/",
    "edit package": "{package}edit/",
    "package deletion": "{package}delete/",
    "who signs": "{package}signatories/",
    "next stage": "{package}advance/",
    "hand the file on": "{package}send-to/",
    "refuse": "{package}block/",
    "paper": "{package}documents/contract/",
    "asset form": "{package}assets/1/edit/",
    "new asset": "{package}assets/new/",
    "asset deletion": "{package}assets/1/delete/",
    "asset photos": "{package}assets/1/photos/",
    "asset check": "{package}assets/1/check/",
    "asset book": "{package}assets/1/book/",
    "asset card": "/assets/cards/{code}/",
}
AGREEMENTS = {
    "agreements": "/agreements/",
    "no agreements": "/agreements/?search=tidak-ada",
    "agreement": "{agreement}",
    "agreement form": "{agreement}edit/",
    "amendment": "{agreement}amend/",
    "chain": "{agreement}chain/",
    "records": "/agreements/records/",
    "record": "{record}",
    "record of a draft": "{draft}",
    "record form": "{draft}edit/",
    "signing": "/agreements/signatories/{signatory}/sign/",
    "declining": "/agreements/signatories/{signatory}/decline/",
    "delegating": "/agreements/signatories/{signatory}/delegate/",
    "follow-ups": "/agreements/follow-ups/",
    "matrix": "/agreements/follow-ups/matrix/",
    "new follow-up": "/agreements/follow-ups/new/?agreement={key}",
    "follow-up": "{follow_up}",
    "follow-up form": "{follow_up}edit/",
    "report": "{follow_up}report/",
    "blocking": "{follow_up}block/",
    "finishing": "{follow_up}finish/",
    "evidence form": "{follow_up}evidence/",
    "evidence": "{evidence}",
    "unanswered": "/agreements/unanswered/",
    "refusal": "/agreements/unanswered/{entry}/refuse/",
    "scoreboard": "/agreements/scoreboard/",
    "sittings": "/agreements/review/",
    "new sitting": "/agreements/review/new/",
    "sitting": "{review}",
    "queue": "{review}queue/",
    "closing": "{review}close/",
    "area with agreements": "{area}",
}
ADMIN = {
    "admin": "/admin/",
    "admin list": "/admin/workshops/workshop/",
    "admin form": "/admin/workshops/workshop/{pk}/change/",
    "admin new user": "/admin/core/user/add/",
    "admin history": "/admin/workshops/workshop/{pk}/history/",
    "admin export": "/admin/core/organization/export/",
    "admin import": "/admin/core/organization/import/",
    "admin delete": "/admin/workshops/workshop/{pk}/delete/",
    "admin password": "/admin/password_change/",
}
ANONYMOUS = {
    "login": "/accounts/login/",
    "reset": "/accounts/password/reset/",
    "signup": "/accounts/signup/",
    "check-in": "/workshops/check-in/",
    "check-in form": "/workshops/check-in/{code}/",
    "verification": "/verify/",
    "open help": "/help/",
    "open topic of the help": "/help/verify/",
    "issued paper": "/verify/{issued}/",
}


def violations(page) -> list[str]:
    """Each broken rule with the first elements that break it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{rule['id']}: {[node['html'][:160] for node in rule['nodes'][:3]]}" for rule in found]


@pytest.fixture
def world(people, village):
    workshop = factories.WorkshopFactory(organizer=people["planner"].organization)
    factories.WorkshopAreaFactory(workshop=workshop, region=village)
    factories.LeaderFactory(workshop=workshop)
    item = factories.AgendaItemFactory(workshop=workshop, planned_start="08:00", planned_end="08:30")
    factories.AgendaItemFactory(workshop=workshop, parent=item)
    person = factories.ParticipantFactory(workshop=workshop)
    question = factories.MinutesEntryFactory(
        workshop=workshop, agenda_item=item, kind="question", speaker="Budi Contoh"
    )
    factories.MinutesEntryFactory(workshop=workshop, agenda_item=item, kind="response", parent=question)
    factories.AgreementFactory(workshop=workshop, agenda_item=item)
    Checkpoint.objects.create(workshop=workshop, name="Uji", at="2026-03-10T02:00Z", by=people["planner"], entries=[])
    factories.WorkshopFactory(status="closed")
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    return {
        "w": workshop.get_absolute_url(),
        "item": item.pk,
        "pk": workshop.pk,
        "person": person.pk,
        "code": workshop.check_in_code,
        "issued": _withdrawn_paper(workshop).code,
    }


def _withdrawn_paper(workshop) -> IssuedPaper:
    return IssuedPaper.objects.create(
        kind="minutes",
        record_id=workshop.pk,
        key=workshop.slug,
        title=workshop.title,
        number="005/UJI/2026",
        dated_on=workshop.held_on,
        signers="Budi Contoh, S.T.\nSiti Contoh",
        code="ABCDEFGHJK",
        sha256="a1b2c3d4" * 8,
        archive_sha256="b" * 64,
        issued_at=timezone.now(),
        withdrawn_at=timezone.now(),
    )


def variants(names):
    for language, colours, width in EVERY:
        chosen = [
            name for name in names if os.environ.get("AXE_ALL") or name in IN_FULL or (language, colours, width) in ONCE
        ]
        if chosen:
            yield pytest.param(language, colours, width, chosen, id=f"{language}-{colours}-{width}")


def check(page, language, names, pages, world, base, settled="load"):
    page.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": base}])
    found = []
    for name in names:
        page.goto(pages[name].format(**world), wait_until=settled)
        page.eval_on_selector_all("details.fold-card", "all => all.forEach((one) => (one.open = true))")
        broken = violations(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            broken.append("the page is wider than the screen")
        found += [f"{name}: {one}" for one in broken]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("language", "colours", "width", "names"), list(variants(PAGES)))
def test_pages_of_those_who_plan(page_as, world, live_server, language, colours, width, names):
    page = page_as("planner", viewport=WIDTHS[width], color_scheme=colours, bypass_csp=True)
    check(page, language, names, PAGES, world, live_server.url)


@pytest.fixture
def measured(people, village):
    """An area with a neighbourhood in two years, works, an outline and a reported figure."""
    area = factories.SlumAreaFactory(villages=[village])
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
    factories.BaselineFactory(unit=unit, year=2024)
    baseline = factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None, is_made_up=True)
    factories.WorkFactory(unit=unit)
    factories.AreaBoundaryFactory(slum_area=area)
    return {
        "area": area.get_absolute_url(),
        "code": village.code,
        "unit": unit.pk,
        "baseline": baseline.pk,
        "year": baseline.assessment_year.pk,
        "figure": factories.ReportedHectaresFactory().pk,
        "import": _sent_file().pk,
    }


@pytest.fixture
def agreed(people, village, agency):
    """A published record with follow-ups in several states, evidence that waits, and an open sitting."""
    area = factories.SlumAreaFactory(villages=[village])
    agreement = factories.AgreementFactory()
    agreement.slum_areas.add(area)
    agreement.criteria.create(criterion="road_surface")
    factories.publish(agreement.workshop)
    follow_up = factories.FollowUpFactory(
        agreement=agreement, slum_area=area, criterion="road_surface", due_on="2026-01-10", starts_on="2025-12-01"
    )
    factories.FundingFactory(follow_up=follow_up)
    follow_up.report(by=people["planner"], at=timezone.now(), note="Kabar uji.", physical_percent=40)
    for status in ("blocked", "done", "cancelled"):
        factories.FollowUpFactory(agreement=agreement, status=status)
    evidence = factories.EvidenceFactory(follow_up=follow_up, location="Kampung uji")
    draft = factories.AgreementFactory(workshop=factories.WorkshopFactory(status="in_progress"))
    entry = factories.MinutesEntryFactory(workshop=draft.workshop, kind="promise")
    factories.SignatoryFactory(record=draft.workshop.agreement_record)
    signatory = factories.SignatoryFactory()
    Workshop.objects.filter(pk=signatory.record.workshop_id).update(status="in_progress")
    signatory.record.open_for_signing(by=people["planner"], at=timezone.now())
    return {
        "area": area.get_absolute_url(),
        "agreement": agreement.get_absolute_url(),
        "key": agreement.key,
        "record": signatory.record.get_absolute_url(),
        "draft": draft.workshop.agreement_record.get_absolute_url(),
        "signatory": signatory.pk,
        "follow_up": follow_up.get_absolute_url(),
        "evidence": evidence.get_absolute_url(),
        "entry": entry.pk,
        "review": factories.ReviewFactory().get_absolute_url(),
    }


@pytest.mark.parametrize(("language", "colours", "width", "names"), list(variants(AGREEMENTS)))
def test_pages_of_agreements(page_as, agreed, live_server, language, colours, width, names):
    page = page_as("admin", viewport=WIDTHS[width], color_scheme=colours, bypass_csp=True)
    check(page, language, names, AGREEMENTS, agreed, live_server.url)


def _sent_file():
    file = SimpleUploadedFile("rusak.xlsx", damaged())
    return send(file, year=2025, rule_set=PERMEN_14_2018, region=None, by=None).record


@pytest.mark.parametrize(("language", "colours", "width", "names"), list(variants(SLUM_AREAS)))
def test_pages_of_slum_areas(page_as, measured, live_server, language, colours, width, names):
    page = page_as("admin", viewport=WIDTHS[width], color_scheme=colours, bypass_csp=True)
    check(page, language, names, SLUM_AREAS, measured, live_server.url)


@pytest.fixture
def handed_over(people, village, now):
    """A package with an asset, a paper that waits to be judged and moves."""
    package = factories.PackageFactory(village=village)
    asset = factories.AssetFactory(package=package, latitude="-2.07", longitude="105.16")
    factories.PackageFactory(sector="water", value=None)
    package.documents.get(kind="contract").receive(pdf(), by=people["planner"], at=now)
    package.advance("document_collection", by=people["planner"], at=now, note="Uji")
    package.publish(by=people["planner"], at=now)
    return {"package": package.get_absolute_url(), "code": asset.card_code}


@pytest.mark.parametrize(("language", "colours", "width", "names"), list(variants(ASSETS)))
def test_pages_of_the_handover(page_as, handed_over, live_server, language, colours, width, names):
    page = page_as("planner", viewport=WIDTHS[width], color_scheme=colours, bypass_csp=True)
    check(page, language, names, ASSETS, handed_over, live_server.url)


@pytest.mark.parametrize(("language", "colours", "width", "names"), list(variants(ADMIN)))
def test_pages_of_the_admin(page_as, world, live_server, language, colours, width, names):
    page = page_as("admin", viewport=WIDTHS[width], color_scheme=colours, bypass_csp=True)
    # Its own scripts lay out the choices once everything is there.
    check(page, language, names, ADMIN, world, live_server.url, settled="networkidle")


@pytest.mark.parametrize(("language", "colours", "width", "names"), list(variants(ANONYMOUS)))
def test_pages_without_login(page_as, world, live_server, language, colours, width, names):
    page = page_as(None, viewport=WIDTHS[width], color_scheme=colours, bypass_csp=True)
    check(page, language, names, ANONYMOUS, world, live_server.url)
