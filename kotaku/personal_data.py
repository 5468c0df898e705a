"""Personal data (UU 27/2022) as one table: where it is, why it is kept, how long, and what stands there once it is removed.

Export and removal of one person follow this table, over the records and their history; `expired` and `LOGS` say what is removed by
its date. Free text (what was said, reasons,
notes) and papers that were issued may name people too: they are the record of a public proceeding, are no fields of a
person, and stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.apps import apps
from django.db import models, transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import User
from core.refusals import Refused
from kotaku import sealed_history

REMOVED = "(dihapus)"
GONE = "dihapus"  # before the number of an account that was closed for good
WHILE_ACCOUNT = gettext_lazy("as long as the account is open, and two years after")
WITH_RECORD = gettext_lazy("as long as the record it belongs to, under the agency's retention schedule (JRA)")
CONTACT = gettext_lazy("telephone and e-mail a year after the workshop, the name as long as the record it belongs to")
LOGIN = gettext_lazy("90 days")
PUBLIC_TASK = gettext_lazy("public task (article 20 paragraph 2 e)")
INTEREST = gettext_lazy("legitimate interest: security (article 20 paragraph 2 f)")


@dataclass(frozen=True)
class Personal:
    """`fields`: each with what stands there after removal; `known_by`: those a person is found by."""

    model: str
    fields: dict[str, str]
    known_by: tuple[str, ...]
    purpose: str
    basis: str
    kept: str
    hidden_from: str = field(default="")

    def tables(self) -> Iterator[type[models.Model]]:
        """The records, then their history."""
        model = apps.get_model(self.model)
        yield model
        manager = getattr(model, "history", None)
        if manager is not None:
            yield manager.model

    def of(self, table: type[models.Model], who: str) -> models.QuerySet:
        found = Q()
        for name in self.known_by:
            found |= Q(**{f"{name}__iexact": who})
        return table._base_manager.filter(found)


REGISTER = [
    Personal(
        "core.User",
        {"name": "", "position": "", "email": "", "username": ""},
        ("name", "email", "username"),
        gettext_lazy("to log in, and to say who changed what"), PUBLIC_TASK, WHILE_ACCOUNT,
        gettext_lazy("everyone but the administrator"),
    ),
    Personal(
        "account.EmailAddress", {"email": ""}, ("email",),
        gettext_lazy("to log in, and to say who changed what"), PUBLIC_TASK, WHILE_ACCOUNT,
        gettext_lazy("everyone but the administrator"),
    ),
    Personal(
        "workshops.Participant",
        {"name": REMOVED, "position": "", "phone": "", "email": ""},
        ("name", "phone", "email"),
        gettext_lazy("invitation and attendance of a workshop"), PUBLIC_TASK, CONTACT,
        gettext_lazy("all but those who organize (telephone, e-mail); viewers and villages (names)"),
    ),
    Personal(
        "workshops.Leader",
        {"name": REMOVED, "position": "", "rank_grade": "", "nip": ""},
        ("name", "nip"),
        gettext_lazy("signature under official papers"), PUBLIC_TASK, WITH_RECORD,
        gettext_lazy("the NIP is masked where the person does not sign"),
    ),
    Personal(
        "workshops.MinutesEntry",
        {"speaker": REMOVED, "speaker_position": ""},
        ("speaker",),
        gettext_lazy("minutes: who said what"), PUBLIC_TASK, WITH_RECORD,
    ),
    Personal(
        "workshops.AgendaItem", {"person_in_charge": ""}, ("person_in_charge",),
        gettext_lazy("agenda: who is responsible"), PUBLIC_TASK, WITH_RECORD,
    ),
    Personal(
        "workshops.Workshop",
        {"credit_author": "", "credit_photographer": "", "credit_editor": ""},
        ("credit_author", "credit_photographer", "credit_editor"),
        gettext_lazy("credit of authors"), PUBLIC_TASK, WITH_RECORD,
    ),
    Personal(
        "workshops.Attachment", {"credit": ""}, ("credit",),
        gettext_lazy("credit of authors"), PUBLIC_TASK, WITH_RECORD,
    ),
    Personal(
        "agreements.Signatory",
        {
            "name": REMOVED, "position": "", "rank_grade": "", "nip": "", "delegate_name": "", "delegate_position": "",
        },
        ("name", "nip", "delegate_name"),
        gettext_lazy("signature under official papers"), PUBLIC_TASK, WITH_RECORD,
        gettext_lazy("the NIP is masked where the person does not sign"),
    ),
    Personal(
        "agreements.FollowUp", {"responsible_person": ""}, ("responsible_person",),
        gettext_lazy("follow-up: who is responsible"), PUBLIC_TASK, WITH_RECORD,
        gettext_lazy("viewers"),
    ),
    Personal(
        "assets.Signatory",
        {"name": REMOVED, "position": "", "rank_grade": "", "nip": ""},
        ("name", "nip"),
        gettext_lazy("signature under official papers"), PUBLIC_TASK, WITH_RECORD,
        gettext_lazy("the NIP is masked where the person does not sign"),
    ),
    *(
        Personal(
            f"axes.{name}", {"username": REMOVED, "ip_address": "0.0.0.0", "user_agent": ""}, ("username",),  # noqa: S104 - no address
            gettext_lazy("to lock out who guesses passwords"), INTEREST, LOGIN,
            gettext_lazy("everyone but the administrator"),
        )
        for name in ("AccessAttempt", "AccessFailureLog", "AccessLog")
    ),
]  # fmt: skip
# Fields whose names sound personal and are not: names of places, offices and files.
NOT_PERSONAL = {
    "auth.Permission", "auth.Group", "core.Backup", "core.Region", "core.RegionAlias", "core.Organization",
    "core.Letterhead", "core.DemoPart", "slumareas.SlumArea", "slumareas.ReportingGroup", "slumareas.Import",
    "workshops.WorkshopArea", "workshops.Checkpoint", "assets.Package", "assets.Asset", "core.SavedFilter",
    # The background's own: names of tasks and processes.
    "core.Worker", "django_q.Task", "django_q.Success", "django_q.Failure", "django_q.Schedule",
    # The entries of the minutes under another name.
    "agreements.RaisedEntry",
    # Keys of records, never names.
    "core.PersonalAccess",
    # Signers as they stand on an issued paper, which is kept as issued.
    "core.IssuedPaper",
}  # fmt: skip


def export(who: str) -> list[dict]:
    """Everything of a person that the register knows: {"model", "id", "fields", "history"}, history as number of lines."""
    found = []
    for entry in REGISTER:
        record, *histories = entry.tables()
        lines = {}
        for history in histories:
            for pk in entry.of(history, who).values_list("id", flat=True):
                lines[pk] = lines.get(pk, 0) + 1
        for row in entry.of(record, who).order_by("pk"):
            fields = {name: getattr(row, name) for name in entry.fields}
            found.append({"model": entry.model, "id": row.pk, "fields": fields, "history": lines.pop(row.pk, 0)})
        # Deleted, or under another name by now.
        found += [
            {"model": entry.model, "id": pk, "fields": {}, "history": count} for pk, count in sorted(lines.items())
        ]
    return found


@transaction.atomic
def remove(who: str, *, reason: str, at: datetime) -> dict[str, int]:
    """Take a person out of records and history: {model: rows changed}. Accounts are closed with it.

    What was sealed with the person in it is sealed anew, with the reason; the old seals stay in the chain.
    """
    reason = reason.strip()
    if not reason:
        raise Refused(_("Write down the reason first."))
    _require_sealed_history()
    found = [(entry, table, entry.of(table, who)) for entry in REGISTER for table in entry.tables()]
    return _take_out(found, reason=reason, at=at)


def _require_sealed_history() -> None:
    if any(finding.code == "changed" for finding in sealed_history.verify()[0]):
        raise Refused(_("The history is not as it was sealed; find out why before anything is removed from it."))


def _take_out(found, *, reason: str, at: datetime) -> dict[str, int]:
    """`found`: (entry, table, its rows)."""
    changed: dict[str, int] = {}
    for entry, table, rows in found:
        keys = list(rows.values_list("pk", flat=True))
        if not keys:
            continue
        changed[table._meta.label] = _clear(entry, table, keys)
        if table in sealed_history.histories():
            sealed_history.seal_again(table, keys, reason=reason, at=at)
    return changed


def _clear(entry: Personal, table: type[models.Model], keys: list) -> int:
    rows = table._base_manager.filter(pk__in=keys)
    if entry.model == "account.EmailAddress":
        return rows.delete()[0]
    if entry.model == User._meta.label:
        # A user name must stay one of its own.
        for row in rows:
            number = row.pk if table is User else row.id
            row_values = {**entry.fields, "username": f"{GONE}-{number}", "is_active": False}
            if table is User:
                row_values["password"] = "!"  # noqa: S105 - what Django reads as no password
            table._base_manager.filter(pk=row.pk).update(**row_values)
        return len(keys)
    return rows.update(**entry.fields)


# --- removed by its date -----------------------------------------------------------------------------------------
CONTACTS_KEPT, LOGINS_KEPT, ACCOUNTS_KEPT, ACCESSES_KEPT = (timedelta(days=days) for days in (365, 90, 730, 730))


def expired(now: datetime) -> list[tuple[Personal, type[models.Model], models.QuerySet]]:
    """(entry with the fields whose time is over, table, its rows), of records and history."""
    by_model = {entry.model: entry for entry in REGISTER}
    contacts = replace(by_model["workshops.Participant"], fields={"phone": "", "email": ""})
    held_before = timezone.localdate(now - CONTACTS_KEPT)
    found = [
        (contacts, table, table._base_manager.filter(workshop__held_on__lt=held_before).exclude(phone="", email=""))
        for table in contacts.tables()
    ]
    account, address = by_model[User._meta.label], by_model["account.EmailAddress"]
    record, history = account.tables()
    last_change = history.objects.filter(id=OuterRef("pk")).order_by("-history_date").values("history_date")[:1]
    closed = record.objects.filter(is_active=False).exclude(username__startswith=f"{GONE}-")
    over = closed.alias(changed=Subquery(last_change)).filter(changed__lt=now - ACCOUNTS_KEPT)
    keys = list(over.values_list("pk", flat=True))
    found.append((address, next(address.tables()), apps.get_model(address.model).objects.filter(user__in=keys)))
    found.append((account, record, record.objects.filter(pk__in=keys)))
    found.append((account, history, history.objects.filter(id__in=keys)))
    return found


# Lines that are deleted as a whole: model, the field of its moment, how long.
LOGS = [
    *((f"axes.{name}", "attempt_time", LOGINS_KEPT) for name in ("AccessAttempt", "AccessFailureLog", "AccessLog")),
    ("core.PersonalAccess", "last_at", ACCESSES_KEPT),
    ("sessions.Session", "expire_date", timedelta(0)),
    ("knox.AuthToken", "expiry", timedelta(0)),
]


@transaction.atomic
def expire(*, at: datetime) -> dict[str, int]:
    """Remove what has been kept long enough: {model: rows changed or deleted}. Changes nothing when run again."""
    _require_sealed_history()
    changed = _take_out(expired(at), reason=_("The time of keeping is over."), at=at)
    for label, moment, kept in LOGS:
        deleted, _by_model = apps.get_model(label).objects.filter(**{f"{moment}__lt": at - kept}).delete()
        if deleted:
            changed[label] = deleted
    return changed
