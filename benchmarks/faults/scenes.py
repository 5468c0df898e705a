"""What the demo programme does not hold and the writers need: people of our own, and work that is not finished yet."""

import datetime
import inspect
import json
import sys
from contextlib import suppress

from django.contrib import admin
from django.db import transaction
from django.test import RequestFactory
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from django.utils import timezone

from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, Review, Signatory
from assets.models import Asset, Package
from benchmarks.faults.people import PASSWORD
from core.models import Organization, Region, User
from slumareas.models import AssessmentYear, Baseline, NeighbourhoodUnit, SlumArea, Work
from workshops.models import AgendaItem, MinutesEntry, Participant, Workshop

# user name: role, organization
WRITERS = {
    "uji-perencana": ("planner", "bappelitbangda"),
    "uji-verifikator": ("verifier", "bappelitbangda"),
    "uji-pengelola": ("admin", "bappelitbangda"),
    "uji-pengelola-2": ("admin", "bappelitbangda"),
    "uji-program": ("admin", "bappelitbangda"),
    "uji-program-2": ("admin", "bappelitbangda"),
    "uji-program-3": ("planner", "bappelitbangda"),
    "uji-pengimpor": ("planner", "bappelitbangda"),
    "uji-pengimpor-2": ("planner", "bappelitbangda"),
}


@transaction.atomic
def set_up() -> None:
    for username, (role, key) in WRITERS.items():
        if not User.objects.filter(username=username).exists():
            User.objects.create_user(
                username, f"{username}@uji.test", PASSWORD, role=role, name=f"Uji {username}",
                organization=Organization.objects.get(key=key), is_superuser=role == "admin",
            )  # fmt: skip
    today, by = timezone.localdate(), User.objects.get(username="planner")
    for number in range(1, 6):
        if Workshop.objects.filter(slug=f"lokakarya-gangguan-{number}").exists():
            continue
        workshop = Workshop(
            title=f"Lokakarya Gangguan {number}", slug=f"lokakarya-gangguan-{number}", held_on=today,
            place="Balai Uji", start_time=datetime.time(9), end_time=datetime.time(15), created_by=by,
        )  # fmt: skip
        workshop.save()
        for title, kind in (("Diskusi", AgendaItem.Kind.DISCUSSION), ("Kesepakatan", AgendaItem.Kind.AGREEMENT)):
            AgendaItem(workshop=workshop, title=title, kind=kind).save()
        for one in range(3):
            Participant(workshop=workshop, name=f"Peserta Gangguan {one}").save()
        if number == 3:
            continue  # stays a draft
        workshop.start(by=by, at=timezone.now())
        for one in range(2):
            MinutesEntry(workshop=workshop, kind="note", text=f"Catatan {one}").write(by=by, based_on=0)
            Agreement(workshop=workshop, text=f"Disepakati uji {one}", created_by=by).save()
        record = AgreementRecord.objects.get(workshop=workshop)
        for one in range(2):
            Signatory(record=record, name=f"Penanda Uji {one}").save()
        if number == 4:
            record.open_for_signing(by=by, at=timezone.now())
        if number == 5:
            workshop.finish(by=by, at=timezone.now())
    sender = User.objects.get(username="opd_user")
    for follow_up in FollowUp.objects.open():
        if not follow_up.evidence.exists():
            for number in range(2):
                Evidence(
                    follow_up=follow_up, kind="link", url=f"https://contoh.test/{number}", title=f"Bukti {number}"
                ).submit(by=sender, at=timezone.now())
    year, _made = AssessmentYear.objects.get_or_create(year=2022, rule_set="permen_14_2018")
    village = Region.objects.get(code="19.05.01.1001")
    for number in range(3):
        unit, _made = NeighbourhoodUnit.objects.get_or_create(region=village, rw="9", rt=str(90 + number))
        if not unit.baselines.filter(assessment_year=year).exists():
            Baseline(unit=unit, assessment_year=year, verified_area_ha="1.5", household_count=40).save()


def kept() -> set[str]:
    """What would end the work of all others: the year they measure in is verified or locked."""
    years = AssessmentYear.objects.filter(year=2022)
    return {reverse(f"slumareas:year_{verb}", args=[year.pk]) for year in years for verb in ("verify", "lock")}


def editable() -> list[tuple]:
    """[(what, its page, the field that is changed, how to read it)] of the records that two people may have open at once."""
    workshop = Workshop.objects.get(slug="lokakarya-gangguan-1")

    def of(record, name):
        return lambda: type(record)._base_manager.values_list(name, flat=True).get(pk=record.pk)

    entry, person = workshop.minutes_entries.first(), workshop.participants.first()
    agreement, item = workshop.agreements.first(), workshop.agenda_items.first()
    record = workshop.agreement_record
    signatory = record.signatories.first()
    follow_up = FollowUp.objects.open().first()
    baseline = Baseline.objects.filter(assessment_year__status="draft").last()
    package = Package.objects.filter(stage="identified").first()
    asset = package.assets.first()
    area, work = SlumArea.objects.first(), Work.objects.first()
    rows = [
        (
            "minutes entry",
            reverse("workshops:minutes_entry", args=[workshop.slug, entry.uid]),
            "text",
            of(entry, "text"),
        ),
        (
            "participant",
            reverse("workshops:participant_edit", args=[workshop.slug, person.pk]),
            "name",
            of(person, "name"),
        ),
        ("agenda item", reverse("workshops:agenda_item", args=[workshop.slug, item.pk]), "title", of(item, "title")),
        ("workshop", reverse("workshops:workshop_edit", args=[workshop.slug]), "place", of(workshop, "place")),
        ("agreement", reverse("agreements:agreement_edit", args=[agreement.key]), "text", of(agreement, "text")),
        (
            "agreement record",
            reverse("agreements:record_edit", args=[workshop.slug]),
            "preamble",
            of(record, "preamble"),
        ),
        ("signatory", reverse("agreements:signatory_edit", args=[signatory.pk]), "name", of(signatory, "name")),
        ("follow-up", reverse("agreements:follow_up_edit", args=[follow_up.pk]), "output", of(follow_up, "output")),
        ("baseline", reverse("slumareas:baseline_edit", args=[baseline.pk]), "note", of(baseline, "note")),
        ("slum area", reverse("slumareas:area_edit", args=[area.slug]), "name", of(area, "name")),
        ("package", reverse("assets:package_edit", args=[package.number]), "name", of(package, "name")),
    ]
    if work:
        rows.append(("works", reverse("slumareas:work_edit", args=[work.pk]), "activity", of(work, "activity")))
    if asset:
        rows.append(
            ("asset", reverse("assets:asset_edit", args=[package.number, asset.number]), "name", of(asset, "name"))
        )
    return rows


def starts_for_guests() -> list[str]:
    """The telephone at the door, and the card on an asset."""
    codes = Workshop.objects.filter(slug__startswith="lokakarya-gangguan").values_list("check_in_code", flat=True)
    cards = Asset.objects.exclude(card_code="").values_list("card_code", flat=True)[:2]
    return [
        *(reverse("workshops:check_in_self", args=[code]) for code in codes),
        *(reverse("assets:asset_card", args=[code]) for code in cards),
    ]


def starts() -> list[str]:
    """Where everybody begins: every address of pages that can be made from what is stored, some of each."""
    known = {
        "slug": {"workshops": [f"lokakarya-gangguan-{number}" for number in range(1, 6)], "slumareas": list(SlumArea.objects.values_list("slug", flat=True)[:3])},
        "number": {"assets": [Package.objects.filter(stage=stage).values_list("number", flat=True).first() for stage in Package.objects.values_list("stage", flat=True).distinct().order_by("stage")]},
        "key": {"agreements": list(Agreement.objects.order_by("-pk").values_list("key", flat=True)[:3])},
        "code": {"slumareas": ["19.05.01.1001"]},
    }  # fmt: skip
    known["slug"]["agreements"] = known["slug"]["workshops"]
    rows = {
        "neighbourhood": NeighbourhoodUnit, "baseline": Baseline, "work": Work, "year": AssessmentYear, "follow_up": FollowUp,
        "evidence": Evidence, "review": Review, "signatory": Signatory, "participant": Participant, "agenda_item": AgendaItem,
    }  # fmt: skip
    found = ["/", "/account/", "/admin/"]

    def walk(patterns, namespace=""):
        for one in patterns:
            if isinstance(one, URLResolver):
                if one.namespace != "admin" and "api/" not in str(one.pattern):
                    walk(one.url_patterns, one.namespace or namespace)
                continue
            names = list(one.pattern.converters)
            values = [known.get(name, {}).get(namespace) for name in names]
            if not names and one.name and namespace:
                found.append(reverse(f"{namespace}:{one.name}"))
            elif len(names) == 1 and values[0]:
                found.extend(reverse(f"{namespace}:{one.name}", args=[value]) for value in values[0])
            elif names == ["pk"]:
                model = next((model for word, model in rows.items() if (one.name or "").startswith(word)), None)
                if model:
                    found.extend(
                        reverse(f"{namespace}:{one.name}", args=[pk])
                        for pk in model.objects.order_by("-pk").values_list("pk", flat=True)[:3]
                    )

    walk(get_resolver().url_patterns)
    for model in admin.site._registry:
        stem = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        for what in ("changelist", "add", "import"):
            with suppress(NoReverseMatch):
                found.append(reverse(stem + what))
        for pk in model._default_manager.order_by("-pk").values_list("pk", flat=True)[:3]:
            found += [reverse(stem + what, args=[pk]) for what in ("change", "delete")]
    return [path for path in found if path and not path.endswith((".pdf", ".xlsx", ".csv", ".zip", ".ics"))]


def boundaries() -> dict[str, bytes]:
    """By the address of the form: a shape that lies where the area does."""
    found = {}
    for area in SlumArea.objects.all():
        village = area.villages.exclude(boundary=None).first()
        drawn = area.boundaries.first()
        if shape := (drawn.geometry if drawn else village and village.boundary):
            found[reverse("slumareas:area_boundaries", args=[area.slug])] = json.dumps(shape).encode()
    return found


def write_paths() -> set[tuple[str, str]]:
    """{(method, name)} of every address that writes, as the code has it: pages, API, administration."""
    found = set()

    def walk(patterns, namespace=""):
        for one in patterns:
            if isinstance(one, URLResolver):
                walk(one.url_patterns, f"{one.namespace}:" if one.namespace else namespace)
                continue
            view, name = one.callback, f"{namespace}{one.name}"
            if getattr(view, "actions", None):
                found.update(
                    (method.upper(), f"api:{name}") for method in view.actions if method not in ("get", "head")
                )
            elif namespace == "admin:":
                continue
            elif hasattr(view, "view_class"):
                found.update({("POST", name)} if hasattr(view.view_class, "post") else set())
            elif (
                "POST" in inspect.getsource(inspect.unwrap(view))
                or "require_POST"
                in inspect.getsource(sys.modules[view.__module__]).split(f"def {view.__name__}(")[0][-120:]
            ):
                found.add(("POST", name))

    walk(get_resolver().url_patterns)
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(username="admin")
    for model, site in admin.site._registry.items():
        stem = f"admin:{model._meta.app_label}_{model._meta.model_name}_"
        for what in ("add", "change", "delete"):
            if getattr(site, f"has_{what}_permission")(request):
                found.add(("POST", stem + what))
        if site.get_actions(request):
            found.add(("POST", stem + "changelist"))
        if hasattr(site, "import_action") and site.has_import_permission(request):
            found |= {("POST", stem + "import"), ("POST", stem + "process_import")}
    return found
