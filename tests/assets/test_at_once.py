"""Two people at the same package at once: one comes after the other, and nothing is lost."""

import pytest

from assets.models import Document, Package
from core.refusals import Refused
from tests import factories
from tests.assets.conftest import complete, pdf, put_at
from tests.slumareas.test_assessments import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def each(*actions):
    """Run them at once; how many were refused."""
    refused = []

    def guarded(action):
        try:
            action()
        except Refused as refusal:
            refused.append(refusal)

    at_once(*(lambda action=action: guarded(action) for action in actions))
    return len(refused)


def test_one_of_two_advances(package, planner, now):
    def advance():
        Package.objects.get(pk=package.pk).advance("document_collection", by=planner, at=now)

    assert each(advance, advance) == 1
    assert package.moves.count() == 1


def test_the_receiver_refuses_while_the_deed_is_signed(package, planner, receiver, now):
    factories.AssetFactory(package=package)
    put_at(complete(package), "approval")
    one, other = (Package.objects.get(pk=package.pk) for _copy in range(2))
    refused = each(
        lambda: one.advance("grant_deed_signed", by=planner, at=now),
        lambda: other.reject(by=receiver, at=now, reason="physical_damaged", note="Uji."),
    )
    package.refresh_from_db()
    assert (refused, package.moves.count()) == (1, 1)
    assert (package.stage, package.condition) in [("grant_deed_signed", "normal"), ("approval", "rejected")]


def test_a_paper_is_returned_while_the_package_moves_on(package, planner, now):
    factories.AssetFactory(package=package)
    put_at(complete(package), "grant_deed_signed")
    Document.objects.exclude(kind="grant_deed").update(settled_on="2026-02-01")
    deed = package.documents.get(kind="grant_deed")
    refused = each(
        lambda: Package.objects.get(pk=package.pk).advance("bast_signed", by=planner, at=now),
        lambda: deed.send_back(by=planner, at=now, note="Uji."),
    )
    package.refresh_from_db()
    deed.refresh_from_db()
    assert refused == 1
    assert (package.stage, deed.state) in [("bast_signed", "accepted"), ("grant_deed_signed", "returned")]


def test_two_versions_at_once_are_two(package, planner, now):
    document = package.documents.get(kind="contract")
    each(
        *(
            lambda text=text: Document.objects.get(pk=document.pk).receive(pdf(text), by=planner, at=now)
            for text in ("satu", "dua")
        )
    )
    assert sorted(document.versions.values_list("number", flat=True)) == [1, 2]


def test_two_assets_at_once_get_two_numbers(package):
    each(*(lambda: factories.AssetFactory(package=package) for _copy in range(2)))
    assert sorted(package.assets.values_list("number", flat=True)) == [1, 2]
