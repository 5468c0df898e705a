"""Reminders by e-mail: one mail a person and run, each thing told once, claimed before it goes out.

Belongs to core because every app has things that fall due. An app gives a source: a function from a day to what is
due then and for whom; the command that runs them stands where all apps are known.
"""

import smtplib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from core.models import Reminder, User
from core.refusals import Refused

# A kind of which more is due says how many, and where they are listed.
LINES_OF_A_KIND = 20
# A key says nothing any more once its day is so far away: no source looks back or ahead further.
REMEMBERED = timedelta(days=31)


@dataclass(frozen=True)
class Kind:
    """`heading` stands above its lines in the mail, `path` is the page on which all of them are listed."""

    key: str
    heading: str
    path: str


@dataclass(frozen=True)
class Line:
    text: str
    path: str


@dataclass(frozen=True)
class Due:
    """Something to remind a person of. `key` tells it from every other reminder for ever; see `key_of`.

    `more` counts what is due besides the lines.
    """

    recipient: User
    kind: Kind
    key: str
    lines: tuple[Line, ...]
    more: int = 0


@dataclass
class Found:
    """What a source found; `quiet` counts what is due but reminds nobody: paused, or without anyone to tell."""

    dues: list[Due] = field(default_factory=list)
    quiet: int = 0


Source = Callable[[date], Found]


@dataclass
class Outcome:
    """What a run did. `refused`: (person, reason) of mails that the server did not take; they are tried again.

    `unconfirmed` are the people of mails of which nobody knows, from earlier runs and from this one.
    """

    sent: int = 0
    skipped: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[User, str]] = field(default_factory=list)
    unconfirmed: list[User] = field(default_factory=list)

    def count(self, dues: Iterable[Due]) -> None:
        self.sent += 1
        for due in dues:
            self.by_kind[due.kind.key] = self.by_kind.get(due.kind.key, 0) + 1


def key_of(kind: Kind, subject: str, day: date, person: User) -> str:
    return f"{kind.key}:{subject}:{day.isoformat()}:{person.pk}"


def remind(sources: Iterable[Source], *, on: date, dry_run: bool = False) -> Outcome:
    """Send what is due on that day and was not told yet. Raises Refused where the mail server does not answer."""
    outcome = Outcome(unconfirmed=_unconfirmed())
    waiting = _waiting(sources, on, outcome)
    if dry_run:
        for dues in waiting:
            outcome.count(dues)
        return outcome
    connection = mail.get_connection()
    try:
        for number, dues in enumerate(waiting):
            _open(connection, len(waiting) - number)
            _send(dues, on, connection, outcome)
    finally:
        connection.close()
    return outcome


def _unconfirmed() -> list[User]:
    rows = Reminder.objects.unconfirmed().select_related("recipient").order_by("claimed_at", "pk")
    return list({row.mail: row.recipient for row in rows}.values())


def _waiting(sources: Iterable[Source], on: date, outcome: Outcome) -> list[list[Due]]:
    """What each person has to be told, in the order in which the sources name them."""
    near = (on - REMEMBERED, on + REMEMBERED)
    told = set(Reminder.objects.filter(run_on__range=near).values_list("key", flat=True))
    waiting: dict[int, list[Due]] = {}
    for source in sources:
        with translation.override(settings.LANGUAGE_CODE):
            found = source(on)
        outcome.skipped += found.quiet
        for due in found.dues:
            if due.key in told or due.recipient.wants_quiet(on):
                outcome.skipped += 1
            else:
                waiting.setdefault(due.recipient.pk, []).append(due)
    return list(waiting.values())


def _open(connection: BaseEmailBackend, left: int) -> None:
    """Before anything is claimed, so that a server that is away leaves nothing in doubt."""
    try:
        connection.open()
    except (smtplib.SMTPException, OSError) as error:
        raise Refused(
            _("The mail server does not answer (%(reason)s). %(left)s messages wait; run this again.")
            % {"reason": error, "left": left}
        ) from error


def _send(dues: list[Due], on: date, connection: BaseEmailBackend, outcome: Outcome) -> None:
    recipient, number = dues[0].recipient, uuid.uuid4()
    kinds = {due.key: due.kind.key for due in dues}
    claimed = Reminder.claim(mail=number, recipient=recipient, kinds=kinds, run_on=on, at=timezone.now())
    outcome.skipped += len(dues) - len(claimed)
    dues = [due for due in dues if due.key in claimed]
    if not dues:
        return  # another run was quicker
    of_this_mail = Reminder.objects.filter(mail=number)
    try:
        compose(recipient, dues, on, connection).send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        # The server said no, so nothing went out: the next run may try again.
        of_this_mail.delete()
        outcome.refused.append((recipient, _reason(error)))
        connection.close()
    except (smtplib.SMTPException, OSError):
        # It may have gone out before the line broke. Nobody is told twice; a person looks at it.
        outcome.unconfirmed.append(recipient)
        connection.close()
    else:
        of_this_mail.update(sent_at=timezone.now())
        outcome.count(dues)


def _reason(error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = [answer for _code, answer in error.recipients.values()]
        return b" ".join(answer if isinstance(answer, bytes) else str(answer).encode() for answer in answers).decode(
            errors="replace"
        )
    text = error.smtp_error
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)


@dataclass
class Section:
    """What a mail says of one kind."""

    kind: Kind
    lines: list[tuple[str, str]] = field(default_factory=list)
    number: int = 0

    def add(self, due: Due) -> None:
        room = max(0, LINES_OF_A_KIND - len(self.lines))
        self.lines += [(line.text, settings.SITE_URL + line.path) for line in due.lines[:room]]
        self.number += len(due.lines) + due.more

    @property
    def more(self) -> int:
        return self.number - len(self.lines)

    @property
    def url(self) -> str:
        return settings.SITE_URL + self.kind.path


def compose(recipient: User, dues: list[Due], on: date, connection: BaseEmailBackend | None = None) -> EmailMessage:
    """The mail in plain text, in the language of the installation, with whole addresses."""
    with translation.override(settings.LANGUAGE_CODE):
        sections: dict[str, Section] = {}
        for due in dues:
            sections.setdefault(due.kind.key, Section(due.kind)).add(due)
        context = {
            "name": recipient,
            "sections": sections.values(),
            "account_url": settings.SITE_URL + reverse("account"),
            "agency": settings.AGENCY["name"],
        }
        number = sum(section.number for section in sections.values())
        subject = _("Reminder: %(number)s matters to follow up") % {"number": number}
        body = render_to_string("email/reminder.txt", context)
    return EmailMessage(
        settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + subject, body, to=[recipient.email], connection=connection
    )
