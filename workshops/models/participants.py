"""Who is invited and who came."""

import re
import uuid
from collections import Counter
from datetime import datetime
from typing import NamedTuple

from django.db import models, transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords
from simple_history.utils import bulk_create_with_history

from core.models import Organization, Person, normalised_name
from core.refusals import Refused
from workshops.models.workshop import OrderedRecord, Workshop, WorkshopRecordQuerySet

# Words before and signs after a name that people write or leave out; they do not make another person.
_TITLES = {"bpk", "bapak", "ibu", "sdr", "sdri", "drs", "dra", "dr", "ir", "h", "hj", "prof", "kh", "ust", "ustadz"}
SUGGESTIONS = 200


def name_words(name: str) -> frozenset[str]:
    """`Drs. H. Budi Contoh, M.Si` and `budi contoh` are the same words; only used to ask, never to merge."""
    words = re.split(r"[^\w'’]+", name.partition(",")[0].casefold())
    return frozenset(word for word in words if word) - _TITLES


def organizations_by_spelling() -> dict[str, Organization]:
    """{normalised name or short name: registered organization}; a spelling that two of them share is left out."""
    found: dict[str, set[Organization]] = {}
    for organization in Organization.objects.filter(is_active=True):
        for name in (organization.name, organization.short_name):
            found.setdefault(normalised_name(name), set()).add(organization)
    return {spelling: owners.pop() for spelling, owners in found.items() if spelling and len(owners) == 1}


class Tally(NamedTuple):
    """The figures of one organization. `share` is the part of it that is present, in per cent of a full bar."""

    institution: str
    invited: int
    present: int
    female: int
    male: int

    @property
    def total(self) -> int:
        return max(self.invited, self.present)

    @property
    def share(self) -> int:
        return round(100 * self.present / self.total) if self.total else 0


class ParticipantQuerySet(WorkshopRecordQuerySet):
    def visible_to(self, user):
        if not user.has_perm("workshops.view_participant"):
            return self.none()
        return super().visible_to(user)

    def present(self):
        return self.exclude(arrived_at=None)

    def absent(self):
        return self.filter(arrived_at=None)

    def invited(self):
        return self.filter(is_invited=True)

    def by_name(self):
        """As one looks for people at the door: by name, those without one by their organization."""
        return self.order_by(
            models.functions.Lower(
                models.functions.Coalesce(
                    models.functions.NullIf("name", models.Value("")), F("organization_name"), F("organization__name")
                )
            ),
            "pk",
        )

    def search(self, text: str):
        """Each word somewhere in name, position or organization."""
        found = self
        for word in text.split():
            found = found.filter(
                Q(name__icontains=word)
                | Q(position__icontains=word)
                | Q(organization_name__icontains=word)
                | Q(organization__name__icontains=word)
                | Q(organization__short_name__icontains=word)
            )
        return found

    def counts(self) -> dict[str, int]:
        """{"invited", "present", "walk_in", "female", "male", "sex_unknown"}; sexes are counted among those present."""
        came = ~Q(arrived_at=None)
        return self.aggregate(
            invited=Count("pk", filter=Q(is_invited=True)),
            present=Count("pk", filter=came),
            walk_in=Count("pk", filter=came & Q(is_invited=False)),
            female=Count("pk", filter=came & Q(sex="P")),
            male=Count("pk", filter=came & Q(sex="L")),
            sex_unknown=Count("pk", filter=came & Q(sex="")),
        )

    def by_organization(self) -> list[Tally]:
        """Invited and present of each organization, the largest first; sexes are counted among those present.

        A registered organization is one line however its name was written on the day.
        """
        came = ~Q(arrived_at=None)
        rows = (
            self.order_by()
            .values("organization__name", "organization_name")
            .annotate(
                invited=Count("pk", filter=Q(is_invited=True)),
                present=Count("pk", filter=came),
                female=Count("pk", filter=came & Q(sex="P")),
                male=Count("pk", filter=came & Q(sex="L")),
            )
        )
        names: dict[str, str] = {}
        sums: dict[str, Counter] = {}
        for row in rows:
            name = row["organization__name"] or row["organization_name"]
            key = normalised_name(name)
            names.setdefault(key, name)
            figures = {figure: row[figure] for figure in ("invited", "present", "female", "male")}
            sums.setdefault(key, Counter()).update(figures)
        tallies = [
            Tally(names[key], figures["invited"], figures["present"], figures["female"], figures["male"])
            for key, figures in sums.items()
        ]
        return sorted(tallies, key=lambda tally: (-tally.total, tally.institution.casefold()))

    def same_person(self, name: str, institution: str):
        """Those with this very name and organization, as spelled apart from case, spaces and signs."""
        wanted = normalised_name(name), normalised_name(institution)
        if not wanted[0]:
            return []
        rows = self.exclude(name="").select_related("organization")
        return [row for row in rows if row.identity == wanted]

    def might_be(self, name: str, institution: str, most: int = 3) -> list["Participant"]:
        """Invited and not yet here: people whose name has the same words, or seats of this organization without a name.

        Few on purpose: whoever is asked at the door must not be able to read the guest list.
        """
        words, office = name_words(name), normalised_name(institution)
        people, seats = [], {}
        for row in self.invited().absent().select_related("organization"):
            theirs = name_words(row.name)
            if theirs and (
                theirs == words or (min(len(theirs), len(words)) > 1 and (theirs <= words or words <= theirs))
            ):
                people.append(row)
            elif not row.name and office and office in row.institution_spellings:
                seats.setdefault((row.identity, row.position), row)
        return [*people, *seats.values()][:most]

    def suggestions(self) -> dict[str, list[str]]:
        """Names, positions and organizations as written lately, for typing less. Never a phone number."""
        latest = self.order_by("-pk").values_list("name", "position", "organization_name")[: SUGGESTIONS * 2]
        columns = zip(*latest, strict=True) if latest else ([], [], [])
        keys = ("names", "positions", "organizations")
        return {
            key: sorted({text for text in column if text})[:SUGGESTIONS]
            for key, column in zip(keys, columns, strict=True)
        }

    def add_all(self, workshop: Workshop, participants: list["Participant"], *, by) -> None:
        """Store many new rows at once, all or none, in the order given and with their history."""
        with transaction.atomic():
            Workshop.lock_for_change(workshop.pk)
            last = self.filter(workshop=workshop).aggregate(last=models.Max("order"))["last"] or 0
            for place, participant in enumerate(participants, start=last + 1):
                participant.workshop, participant.order = workshop, place
            bulk_create_with_history(participants, self.model, batch_size=500, default_user=by)

    def seats_for(self, workshop: Workshop, organizations, seats: int) -> list["Participant"]:
        """Unsaved rows that give each organization `seats` seats in all; what it has already counts."""
        taken = Counter(self.filter(workshop=workshop, is_invited=True).values_list("organization", flat=True))
        return [
            self.model(organization=organization, organization_name=organization.name)
            for organization in organizations
            for _seat in range(seats - taken[organization.pk])
        ]


class Participant(OrderedRecord, Person):
    """Someone invited or present. An invitation may name only an office or organization; the name comes on the day."""

    class Sex(models.TextChoices):
        FEMALE = "P", _("female")
        MALE = "L", _("male")

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="participants", verbose_name=_("workshop"))
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="participations",
        verbose_name=_("registered organization"),
    )
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    is_invited = models.BooleanField(_("invited"), default=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)
    # One check-in form, one check-in: the same form sent twice is recognised by this.
    check_in_token = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    objects = ParticipantQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["check_in_token"])

    class Meta(OrderedRecord.Meta):
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.CheckConstraint(
                name="participant_named",
                condition=~Q(name="") | ~Q(position="") | ~Q(organization_name="") | Q(organization__isnull=False),
                violation_error_message=_("Write down a name, a position or an organization."),
            ),
            models.CheckConstraint(
                name="participant_leaves_after_arriving",
                condition=Q(left_at=None) | Q(arrived_at__isnull=False, left_at__gte=F("arrived_at")),
                violation_error_message=_("Someone can leave only after arriving."),
            ),
        ]

    def __str__(self):
        return self.name or self.position or self.institution

    @property
    def institution(self) -> str:
        """The organization as written on the day, or the registered one's name."""
        return self.organization_name or (self.organization.name if self.organization else "")

    @property
    def identity(self) -> tuple[str, str]:
        """Name and organization without case, spaces and signs: what makes two rows look like one person."""
        return normalised_name(self.name), normalised_name(self.institution)

    @property
    def institution_spellings(self) -> set[str]:
        names = {self.organization_name}
        if self.organization:
            names |= {self.organization.name, self.organization.short_name}
        return {normalised_name(name) for name in names if name}

    # --- arriving and leaving: the only doors to the two times -------------------------------------

    # Without an account only while the event runs; the desk also afterwards, from a list signed on paper.
    DESK_STATES = {Workshop.Status.IN_PROGRESS, Workshop.Status.CORRECTION}

    def arrive(self, *, at: datetime, by=None) -> None:
        """Note the arrival. `by` is None when people check themselves in."""
        with transaction.atomic():
            stored = self._stored_for_attendance(by)
            if stored.arrived_at:
                raise Refused(
                    gettext("%(who)s is already recorded as present since %(time)s.")
                    % {"who": stored, "time": _clock(stored.arrived_at)}
                )
            self._note(stored, by, arrived_at=at)

    def leave(self, *, at: datetime, by) -> None:
        with transaction.atomic():
            stored = self._stored_for_attendance(by)
            if not stored.arrived_at:
                raise Refused(gettext("%(who)s has not arrived yet.") % {"who": stored})
            if stored.left_at:
                raise Refused(
                    gettext("%(who)s is already recorded as gone since %(time)s.")
                    % {"who": stored, "time": _clock(stored.left_at)}
                )
            if at < stored.arrived_at:
                raise Refused(gettext("Someone can leave only after arriving."))
            self._note(stored, by, left_at=at)

    def undo_arrival(self, *, by) -> None:
        """After a wrong tap: not here, and so not gone either."""
        with transaction.atomic():
            stored = self._stored_for_attendance(by)
            if not stored.arrived_at:
                raise Refused(gettext("%(who)s has not arrived yet.") % {"who": stored})
            self._note(stored, by, arrived_at=None, left_at=None)

    def undo_leaving(self, *, by) -> None:
        with transaction.atomic():
            stored = self._stored_for_attendance(by)
            if not stored.left_at:
                raise Refused(gettext("%(who)s has not left yet.") % {"who": stored})
            self._note(stored, by, left_at=None)

    def correct_times(self, *, arrived_at: datetime | None, left_at: datetime | None, by) -> None:
        """Write other times than those that were tapped."""
        with transaction.atomic():
            stored = self._stored_for_attendance(by)
            if left_at and (not arrived_at or left_at < arrived_at):
                raise Refused(gettext("Someone can leave only after arriving."))
            self._note(stored, by, arrived_at=arrived_at, left_at=left_at)

    def check_in(self, *, at: datetime, token: uuid.UUID, typed: dict[str, str]) -> None:
        """Someone invited checks in without an account: what the invitation left empty is filled in as typed."""
        with transaction.atomic():
            stored = self._stored_for_attendance(None)
            filled = {field: text for field, text in typed.items() if text and not getattr(stored, field)}
            if stored.arrived_at:
                raise Refused(gettext("This invitation has already been used. Please go to the desk."))
            self._note(stored, None, arrived_at=at, check_in_token=token, **filled)

    def walk_in(self, *, at: datetime, by=None, token: uuid.UUID | None = None) -> None:
        """Store a new row for someone who came without an invitation."""
        with transaction.atomic():
            self._refuse_unless_open(Workshop.lock_for_change(self.workshop_id), by)
            if token and Participant.objects.filter(check_in_token=token).exists():
                raise Refused(gettext("This form has already been sent. Open the check-in again."))
            self.is_invited, self.arrived_at, self.check_in_token = False, at, token
            self._history_user = by
            self.save()

    def _stored_for_attendance(self, by) -> "Participant":
        """The row as it is now, read under the workshop's lock, so that two taps at once are one after the other."""
        self._refuse_unless_open(Workshop.lock_for_change(self.workshop_id), by)
        return Participant.objects.select_related("organization").get(pk=self.pk)

    @classmethod
    def _refuse_unless_open(cls, workshop: Workshop, by) -> None:
        if workshop.status in (cls.DESK_STATES if by else {Workshop.Status.IN_PROGRESS}):
            return
        if workshop.status == Workshop.Status.CORRECTION:
            raise Refused(gettext("Check-in is closed: the event is over. Please go to the desk."))
        raise Refused(gettext("Check-in opens when the event starts."))

    def _note(self, stored: "Participant", by, **values) -> None:
        for field, value in values.items():
            setattr(stored, field, value)
        stored._history_user = by
        stored.save(update_fields=list(values))
        for field in values:
            setattr(self, field, getattr(stored, field))


def _clock(moment: datetime) -> str:
    return time_format(timezone.localtime(moment))
