"""The stages of a package: which follows which, and what each verb refuses."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from assets import stages
from assets.models import Package
from core.refusals import Refused
from tests import factories
from tests.assets.conftest import TODAY, complete, put_at

KEYS = (
    "identified", "document_collection", "joint_inspection", "acceptance_letter", "submitted_to_ministry", "approval",
    "grant_deed_signed", "bast_signed", "ministry_writeoff", "recorded_regency", "handed_to_manager", "operating",
)  # fmt: skip
WITH_NOTE = {(1, 3), (3, 2), (2, 4), (2, 5), (3, 5), (4, 3), (5, 3), (5, 4)}
REGULAR = {**{(n, n + 1): False for n in range(11)}, **dict.fromkeys(WITH_NOTE, True)}
ALLOWED = {
    "regular": REGULAR,
    "planned": {**REGULAR, (4, 6): True},
    "community": {(0, 1): False, (1, 2): False, (2, 10): False, (10, 11): False, (1, 10): True},
}
OPTIONS = {"regular": {}, "planned": {"is_planned_as_grant": True}, "community": {"path": "community"}}


def test_the_twelve_stages_stand_in_their_order():
    assert tuple(stages.STAGES) == KEYS
    assert [stage.number for stage in stages.STAGES.values()] == list(range(12))


@pytest.mark.parametrize("way", ALLOWED)
def test_every_pair_of_stages_is_allowed_or_not(way):
    steps = stages.steps(OPTIONS[way].get("path", "regular"), way == "planned")
    assert {(KEYS.index(a), KEYS.index(b)): note for (a, b), note in steps.items()} == ALLOWED[way]


def test_nothing_but_the_deed_leads_to_the_handover_record():
    for path, planned in (("regular", False), ("regular", True), ("community", False)):
        assert {a for a, b in stages.steps(path, planned) if b == "bast_signed"} <= {"grant_deed_signed"}


@pytest.fixture(scope="module")
def records(store_for_module):
    def make():
        found = {}
        for way, options in OPTIONS.items():
            package = factories.PackageFactory(number=f"PASANG-{way}".upper(), **options)
            factories.AssetFactory(package=package)
            found[way] = complete(package).pk
        found["planner"] = factories.UserFactory(username="perencana", role="planner")
        return found

    return store_for_module(make)


@pytest.mark.parametrize("way", ALLOWED)
@pytest.mark.parametrize("start", range(12))
def test_every_pair_through_the_verb(db, records, now, way, start):
    package = Package.objects.get(pk=records[way])
    if way == "community" and KEYS[start] not in stages.COMMUNITY_STAGES:
        with pytest.raises(IntegrityError), transaction.atomic():
            put_at(package, KEYS[start])
        return
    for target in range(12):
        package = put_at(Package.objects.get(pk=records[way]), KEYS[start])
        allowed = ALLOWED[way].get((start, target))
        with transaction.atomic():
            if allowed is None:
                with pytest.raises(Refused):
                    package.advance(KEYS[target], by=records["planner"], at=now, note="Catatan uji.")
                expected, moves = KEYS[start], []
            else:
                if allowed:
                    with pytest.raises(Refused, match="Tulis"):
                        package.advance(KEYS[target], by=records["planner"], at=now, note="  ")
                note = "Catatan uji." if allowed else ""
                package.advance(KEYS[target], by=records["planner"], at=now, note=note)
                expected, moves = KEYS[target], [(KEYS[start], KEYS[target], TODAY, note)]
            package.refresh_from_db()
            assert package.stage == expected
            assert list(package.moves.values_list("from_stage", "to_stage", "on", "note")) == moves
            transaction.set_rollback(True)


def test_a_move_keeps_who_when_from_whom_to_whom_and_how_long(package, planner, now):
    other = factories.OrganizationFactory(name="Pemerintah Uji", short_name="Pemkab Uji")
    put_at(package, "identified", holder_desk="Arsip")
    day = datetime.date(2026, 3, 5)
    package.advance("document_collection", by=planner, at=now, on=day, holder=other, desk="Meja  Bupati")
    move = package.moves.get()
    assert (move.by, move.at, move.on, move.kind) == (planner, now, day, "advance")
    assert (move.from_stage, move.to_stage) == ("identified", "document_collection")
    assert (move.from_holder, move.from_desk) == (package.giver, "Arsip")
    assert (move.to_holder, move.to_desk) == (other, "Meja Bupati")
    assert (move.stage_days, move.holder_days) == (4, 4)
    package.refresh_from_db()
    assert (package.stage_reached_on, package.holder_reached_on) == (day, day)
    assert (package.holder, package.holder_desk) == (other, "Meja Bupati")
    assert package.history.first().history_user == planner


def test_a_stage_reached_leaves_the_file_where_it_is(package, planner, now):
    put_at(package, "identified")
    package.advance("document_collection", by=planner, at=now)
    package.refresh_from_db()
    assert package.holder == package.giver
    assert package.holder_reached_on == datetime.date(2026, 3, 1)
    assert package.moves.get().holder_days is None


def test_the_second_click_is_refused(package, planner, now):
    same_page = Package.objects.get(pk=package.pk)
    package.advance("document_collection", by=planner, at=now)
    with pytest.raises(Refused, match="sudah pada tahap|sudah berada pada tahap"):
        same_page.advance("document_collection", by=planner, at=now)
    assert package.moves.count() == 1


@pytest.mark.parametrize("day", [datetime.date(2026, 3, 11), datetime.date(2026, 2, 28)])
def test_a_move_lies_neither_in_the_future_nor_before_the_one_before(package, planner, now, day):
    put_at(package, "identified")
    with pytest.raises(Refused):
        package.advance("document_collection", by=planner, at=now, on=day)
    assert not package.moves.exists()


def test_an_unknown_stage_is_refused(package, planner, now):
    with pytest.raises(Refused, match="entah"):
        package.advance("entah", by=planner, at=now)


# --- what must be there before a stage -----------------------------------------------------------------


def test_missing_papers_are_named(package, planner, now):
    put_at(package, "acceptance_letter")
    package.documents.exclude(kind__in=["contract", "land_paper"]).update(state="accepted")
    with pytest.raises(Refused) as refusal:
        package.advance("submitted_to_ministry", by=planner, at=now)
    labels = [str(document.label) for document in package.documents.filter(kind__in=["contract", "land_paper"])]
    assert all(label in refusal.value.sentence for label in labels)
    assert [document.kind for document in package.missing_for("submitted_to_ministry", TODAY)] == [
        "contract",
        "land_paper",
    ]


def test_no_handing_over_with_papers_missing(package, planner, now):
    factories.AssetFactory(package=package)
    put_at(complete(package), "grant_deed_signed")
    package.documents.filter(kind="grant_deed").update(state="received")
    with pytest.raises(Refused):
        package.advance("bast_signed", by=planner, at=now)
    package.refresh_from_db()
    assert (package.stage, package.handover_on) == ("grant_deed_signed", None)


def test_a_paper_past_its_validity_counts_as_missing(package, planner, now):
    put_at(complete(package), "acceptance_letter")
    record = package.documents.filter(kind="inspection_record")
    record.update(valid_until=TODAY)
    assert package.hindrances("submitted_to_ministry", TODAY) == []
    record.update(valid_until=TODAY - datetime.timedelta(days=1))
    with pytest.raises(Refused):
        package.advance("submitted_to_ministry", by=planner, at=now)


def test_optional_papers_hinder_nothing(package, planner, now):
    put_at(complete(package), "acceptance_letter")
    assert package.documents.filter(is_required=False).update(state="missing") == 2
    package.advance("submitted_to_ministry", by=planner, at=now)
    assert package.stage == "submitted_to_ministry"


def without_acceptance(package):
    Package.objects.filter(pk=package.pk).update(accepted_on=None)


def without_value(package):
    Package.objects.filter(pk=package.pk).update(value=None)


def without_assets(package):
    package.assets.all().delete()


@pytest.mark.parametrize("lack", [without_acceptance, without_value, without_assets])
def test_the_deed_needs_acceptance_value_and_assets(package, planner, now, lack):
    factories.AssetFactory(package=package)
    put_at(complete(package), "approval")
    lack(package)
    package.refresh_from_db()
    with pytest.raises(Refused):
        package.advance("grant_deed_signed", by=planner, at=now)
    package.refresh_from_db()
    assert (package.stage, package.grant_deed_on) == ("approval", None)


@pytest.mark.parametrize(
    ("stage", "target", "lack"),
    [
        ("ministry_writeoff", "recorded_regency", {"kib_code": ""}),
        ("recorded_regency", "handed_to_manager", {"manager": None}),
    ],
)
def test_books_and_manager_are_asked_for(package, planner, now, stage, target, lack):
    asset = factories.AssetFactory(package=package)
    put_at(complete(package), stage)
    type(asset).objects.filter(pk=asset.pk).update(**lack)
    with pytest.raises(Refused):
        package.advance(target, by=planner, at=now)
    package.refresh_from_db()
    assert package.stage == stage


def test_a_package_without_a_receiver_waits_for_one(planner, now):
    package = factories.PackageFactory(receiver=None)
    put_at(complete(package), "joint_inspection")
    with pytest.raises(Refused):
        package.advance("acceptance_letter", by=planner, at=now)


def test_the_dates_of_deed_and_record_are_those_of_the_moves(package, planner, now):
    factories.AssetFactory(package=package)
    put_at(complete(package), "approval")
    package.advance("grant_deed_signed", by=planner, at=now, on=datetime.date(2026, 3, 8))
    package.advance("bast_signed", by=planner, at=now, on=datetime.date(2026, 3, 8))
    package.refresh_from_db()
    assert package.grant_deed_on == package.handover_on == datetime.date(2026, 3, 8)


def test_the_first_check_is_planned_a_year_after_the_handing_over(package, planner, now):
    asset = factories.AssetFactory(package=package)
    put_at(complete(package), "recorded_regency")
    package.advance("handed_to_manager", by=planner, at=now)
    asset.refresh_from_db()
    assert asset.next_check_on == datetime.date(2027, 3, 10)


@pytest.mark.parametrize("stage", ["bast_signed", "operating"])
def test_the_database_itself_refuses_a_handover_without_a_deed(package, stage):
    with pytest.raises(IntegrityError), transaction.atomic():
        put_at(package, stage, grant_deed_on=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        Package.objects.filter(pk=package.pk).update(handover_on=TODAY)


# --- condition -----------------------------------------------------------------------------------------

CONDITIONS = {
    ("normal", "block"): "blocked",
    ("blocked", "unblock"): "normal",
    ("normal", "reject"): "rejected",
    ("blocked", "reject"): "rejected",
    ("normal", "set_aside"): "not_applicable",
    ("blocked", "set_aside"): "not_applicable",
    ("rejected", "set_aside"): "not_applicable",
    ("rejected", "resume"): "normal",
    ("not_applicable", "resume"): "normal",
}


def turn(package, verb, by, at, **extra):
    if Package.CONDITION_MOVES[verb][2]:
        extra.setdefault("reason", "land_unclear")
    return getattr(package, verb)(by=by, at=at, note="Catatan uji.", **extra)


def in_condition(package, condition):
    reason = "" if condition == "normal" else "letter_unsigned"
    Package.objects.filter(pk=package.pk).update(condition=condition, reason=reason)
    package.refresh_from_db()


@pytest.mark.parametrize("verb", Package.CONDITION_MOVES)
@pytest.mark.parametrize("condition", Package.Condition.values)
def test_every_pair_of_condition_and_verb(package, planner, now, condition, verb):
    put_at(package, "joint_inspection")
    in_condition(package, condition)
    expected = CONDITIONS.get((condition, verb))
    assert package.can(verb) == bool(expected)
    if expected is None:
        with pytest.raises(Refused):
            turn(package, verb, planner, now)
        package.refresh_from_db()
        assert (package.condition, package.moves.count()) == (condition, 0)
        return
    turn(package, verb, planner, now)
    package.refresh_from_db()
    assert package.condition == expected
    assert package.reason == ("" if expected == "normal" else "land_unclear")
    move = package.moves.get()
    assert (move.kind, move.from_condition, move.to_condition) == (verb, condition, expected)
    assert move.from_stage == move.to_stage == "joint_inspection"


@pytest.mark.parametrize("verb", ["block", "reject", "set_aside"])
@pytest.mark.parametrize("reason", ["", "entah"])
def test_a_reason_is_chosen_from_the_list(package, planner, now, verb, reason):
    with pytest.raises(Refused):
        getattr(package, verb)(by=planner, at=now, reason=reason, note="Catatan uji.")
    package.refresh_from_db()
    assert package.condition == "normal"


@pytest.mark.parametrize("verb", ["reject", "set_aside", "return_to_giver"])
def test_refusing_needs_a_sentence_too(package, planner, now, verb):
    put_at(package, "joint_inspection")
    with pytest.raises(Refused):
        getattr(package, verb)(by=planner, at=now, reason="land_unclear", note="  ")


@pytest.mark.parametrize("condition", ["blocked", "rejected", "not_applicable"])
def test_what_is_stuck_does_not_advance(package, planner, now, condition):
    in_condition(package, condition)
    with pytest.raises(Refused):
        package.advance("document_collection", by=planner, at=now)
    package.refresh_from_db()
    assert package.stage == "identified"


def test_a_refused_package_goes_back_to_the_giver(package, receiver, now):
    put_at(package, "acceptance_letter", accepted_on=TODAY, holder=package.receiver, holder_desk="Meja Kabid")
    package.reject(by=receiver, at=now, reason="physical_damaged", note="Atap runtuh.")
    package.refresh_from_db()
    assert (package.condition, package.reason, package.condition_note) == (
        "rejected",
        "physical_damaged",
        "Atap runtuh.",
    )
    assert (package.holder, package.holder_desk, package.accepted_on) == (package.giver, "", None)
    assert package.moves.get().holder_days == 9


def test_what_is_deeded_is_not_refused(package, receiver, now):
    put_at(package, "grant_deed_signed")
    with pytest.raises(Refused):
        package.reject(by=receiver, at=now, reason="physical_damaged", note="Atap runtuh.")
    assert not package.can("reject")


@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_nobody_accepts_or_refuses_the_own_giving(package, giver, planner, now, verb):
    planner.organization = package.giver
    planner.save()
    put_at(package, "acceptance_letter")
    extra = {"reason": "land_unclear", "note": "Uji."} if verb == "reject" else {}
    for person in (giver, planner):
        with pytest.raises(Refused):
            getattr(package, verb)(by=person, at=now, **extra)
    package.refresh_from_db()
    assert (package.accepted_on, package.condition, package.moves.count()) == (None, "normal", 0)


@pytest.mark.parametrize("stage", KEYS)
def test_in_which_stages_a_package_is_accepted(package, receiver, now, stage):
    put_at(package, stage, accepted_on=None)
    if stage in KEYS[2:6]:
        package.accept(by=receiver, at=now)
        package.refresh_from_db()
        assert package.accepted_on == TODAY
    else:
        with pytest.raises(Refused):
            package.accept(by=receiver, at=now)


def test_accepting_twice_is_refused(package, receiver, now):
    put_at(package, "acceptance_letter")
    same_page = Package.objects.get(pk=package.pk)
    package.accept(by=receiver, at=now)
    with pytest.raises(Refused):
        same_page.accept(by=receiver, at=now)
    assert package.moves.count() == 1


# --- the file ------------------------------------------------------------------------------------------


def test_the_file_goes_to_another_desk(package, planner, now):
    put_at(package, "acceptance_letter")
    pemkab = factories.OrganizationFactory(name="Pemerintah Uji", short_name="Pemkab Uji")
    package.send_to(pemkab, by=planner, at=now, desk="Meja Bupati", on=datetime.date(2026, 3, 3))
    package.send_to(pemkab, by=planner, at=now, desk="Meja Sekda")
    assert list(package.moves.values_list("from_desk", "to_desk", "holder_days", "stage_days")) == [
        ("", "Meja Bupati", 2, None),
        ("Meja Bupati", "Meja Sekda", 7, None),
    ]
    with pytest.raises(Refused):
        package.send_to(pemkab, by=planner, at=now, desk=" Meja  Sekda ")
    assert package.moves.count() == 2


def test_a_blocked_file_may_change_desks_one_that_was_set_aside_not(package, planner, now):
    pemkab = factories.OrganizationFactory()
    in_condition(package, "blocked")
    package.send_to(pemkab, by=planner, at=now)
    assert package.holder == pemkab
    in_condition(package, "not_applicable")
    with pytest.raises(Refused):
        package.send_to(package.giver, by=planner, at=now)


@pytest.mark.parametrize("stage", KEYS)
def test_from_which_stages_a_package_is_returned(package, planner, now, stage):
    put_at(package, stage, holder=package.receiver)
    assert package.can("return_to_giver") == (stage in KEYS[2:6])
    if stage in KEYS[2:6]:
        package.return_to_giver(by=planner, at=now, reason="document_incomplete", note="FHO belum ada.")
        package.refresh_from_db()
        assert (package.stage, package.holder) == ("document_collection", package.giver)
        assert package.moves.get().reason == "document_incomplete"
    else:
        with pytest.raises(Refused):
            package.return_to_giver(by=planner, at=now, reason="document_incomplete", note="FHO belum ada.")


def test_days_waiting_are_counted_by_the_database(package, planner, now):
    put_at(package, "acceptance_letter", stage_reached_on="2026-01-01", holder_reached_on="2026-02-28")
    found = Package.objects.days_waiting(TODAY).get(pk=package.pk)
    assert (found.days_waiting, found.days_at_stage) == (10, 68)
    assert package.waited_days(TODAY) == 10
    assert Package.objects.waiting_at_least(10, TODAY).filter(pk=package.pk).exists()
    assert not Package.objects.waiting_at_least(11, TODAY).filter(pk=package.pk).exists()


# --- interim use, publication, taking up ---------------------------------------------------------------


def test_handing_over_for_use_comes_once_and_before_the_record(package, planner, now):
    with pytest.raises(Refused):
        package.hand_over_for_use(by=planner, at=now, number=" ")
    package.hand_over_for_use(by=planner, at=now, number="01/BAO/UJI/2026", on=datetime.date(2026, 1, 1))
    with pytest.raises(Refused):
        package.hand_over_for_use(by=planner, at=now, number="02/BAO/UJI/2026")
    package.refresh_from_db()
    assert (package.interim_on, package.interim_number) == (datetime.date(2026, 1, 1), "01/BAO/UJI/2026")
    assert package.stage == "identified"
    late = put_at(factories.PackageFactory(), "bast_signed")
    with pytest.raises(Refused):
        late.hand_over_for_use(by=planner, at=now, number="03/BAO/UJI/2026")


def test_publishing_and_withdrawing(package, planner, now):
    package.publish(by=planner, at=now)
    with pytest.raises(Refused):
        package.publish(by=planner, at=now)
    package.withdraw(by=planner, at=now)
    with pytest.raises(Refused):
        package.withdraw(by=planner, at=now)
    assert list(package.moves.values_list("kind", flat=True)) == ["publish", "withdraw"]


def test_a_package_is_taken_up_once_where_it_stood_on_paper(package, planner, now):
    pemkab = factories.OrganizationFactory()
    since = datetime.date(2018, 5, 2)
    package.take_up(
        by=planner, at=now, stage="acceptance_letter", holder=pemkab, desk="Meja Bupati", stage_reached_on=since,
        holder_reached_on=since, condition="blocked", reason="letter_unsigned", condition_note="Mandek.",
    )  # fmt: skip
    package.refresh_from_db()
    assert (package.stage, package.condition, package.holder) == ("acceptance_letter", "blocked", pemkab)
    assert package.waited_days(TODAY) == (TODAY - since).days
    with pytest.raises(Refused):
        package.take_up(by=planner, at=now, stage="approval", holder=pemkab)
    assert list(package.moves.values_list("kind", "on")) == [("take_up", since)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"stage": "bast_signed"},
        {"stage": "bast_signed", "grant_deed_on": datetime.date(2020, 1, 2)},
        {"stage": "bast_signed", "grant_deed_on": datetime.date(2020, 1, 2), "handover_on": datetime.date(2020, 1, 1)},
        {"stage": "identified", "handover_on": datetime.date(2020, 1, 1)},
        {"stage": "entah"},
        {"stage": "approval", "condition": "blocked"},
        {"stage": "approval", "stage_reached_on": datetime.date(2026, 3, 11)},
    ],
)
def test_taking_up_jumps_over_no_deed(package, planner, now, wrong):
    with pytest.raises(ValidationError):
        package.take_up(by=planner, at=now, holder=package.giver, **wrong)
    package.refresh_from_db()
    assert (package.stage, package.moves.count()) == ("identified", 0)
