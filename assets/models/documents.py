"""The papers of a package: one place for each line of the checklist, and the files that were put into it."""

import hashlib
from datetime import date, datetime, timedelta
from pathlib import PurePath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from assets import checklists, stages
from assets.models.packages import Package, of_visible_packages
from core.refusals import Refused
from core.uploads import validate_document


class DocumentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """As the packages, for who works in the programme: papers hold names and signatures."""
        return of_visible_packages(self, user, "assets.view_document")

    def holding(self, on: date):
        """Accepted, and valid on that day or when it was needed."""
        return self.filter(_is_valid(on), state=Document.State.ACCEPTED)

    def lacking(self, on: date):
        """Not accepted, or past their validity before they were needed."""
        return self.filter(~Q(state=Document.State.ACCEPTED) | Q(valid_until__lt=on, settled_on=None))

    def settle(self, stages_reached, on: date) -> None:
        """A stage is reached: what it needed was valid, and need not stay so."""
        self.filter(state=Document.State.ACCEPTED, needed_before__in=stages_reached, settled_on=None).update(
            settled_on=on
        )

    settle.alters_data = True

    def in_checklist_order(self):
        kinds = models.Case(
            *(models.When(kind=kind, then=number) for number, kind in enumerate(checklists.REQUIREMENTS)),
            output_field=models.IntegerField(),
        )
        return self.order_by(kinds)

    @transaction.atomic
    def lay_out(self, packages) -> None:
        """Bring the checklists of these packages in step with what they are and hold.

        A place appears for every paper that is asked for; an empty place that is asked for no more goes. Two queries
        and as many again as there is something to write, however many packages there are.
        """
        packages = list(packages)
        stored: dict[int, dict[str, Document]] = {package.pk: {} for package in packages}
        for document in self.filter(package__in=packages):
            stored[document.package_id][document.kind] = document
        types: dict[int, set[str]] = {package.pk: set() for package in packages}
        held = Package.assets.rel.related_model.objects.filter(package__in=packages).order_by()
        for pk, asset_type in held.values_list("package", "asset_type").distinct():
            types[pk].add(asset_type)
        new, changed, gone = [], [], []
        for package in packages:
            places = stored[package.pk]
            for wanted in package.wanted_papers(types[package.pk]):
                values = {"is_required": wanted.is_required, "needed_before": wanted.needed_before}
                place = places.pop(wanted.kind, None)
                if place is None:
                    new.append(Document(package=package, kind=wanted.kind, **values))
                elif any(getattr(place, name) != value for name, value in values.items()):
                    changed.append(place)
                    for name, value in values.items():
                        setattr(place, name, value)
            for place in places.values():
                if place.state == Document.State.MISSING:
                    gone.append(place.pk)
                elif place.is_required:
                    # Somebody brought this paper: it stays, and is asked for no more.
                    place.is_required = False
                    changed.append(place)
        if new:
            self.bulk_create(new, batch_size=1000)
        if changed:
            self.bulk_update(changed, ["is_required", "needed_before"], batch_size=500)
        if gone:
            self.filter(pk__in=gone, versions=None).delete()


def _is_valid(on: date) -> Q:
    return Q(valid_until=None) | Q(valid_until__gte=on) | Q(settled_on__isnull=False)


class Document(models.Model):
    """A paper of the checklist. Its state changes by the verbs alone."""

    class State(models.TextChoices):
        MISSING = "missing", _("missing")
        RECEIVED = "received", _("received")
        ACCEPTED = "accepted", _("accepted")
        RETURNED = "returned", _("returned")

    # verb: (from which states, to which state, whether a note is needed). A test walks all pairs.
    TRANSITIONS = {
        "receive": ({State.MISSING, State.RECEIVED, State.RETURNED}, State.RECEIVED, False),
        "accept": ({State.RECEIVED}, State.ACCEPTED, False),
        "send_back": ({State.RECEIVED, State.ACCEPTED}, State.RETURNED, True),
    }
    HANDOVER_RECORDS = ("handover_record", "community_record")  # to the regency, and to residents

    package = models.ForeignKey(
        Package, models.CASCADE, related_name="documents", verbose_name=_("package"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=24, choices=checklists.KIND_CHOICES)
    is_required = models.BooleanField(_("required"), default=True, editable=False)
    needed_before = models.CharField(
        _("needed before"), max_length=21, choices=stages.STAGE_CHOICES, default=stages.SUBMITTED_TO_MINISTRY,
        editable=False,
    )  # fmt: skip
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.MISSING, editable=False)
    number = models.CharField(_("number of the paper"), max_length=100, blank=True)
    dated_on = models.DateField(_("date of the paper"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    changed_on = models.DateField(_("in this state since"), null=True, blank=True, editable=False)
    # When the stage was reached that needed it: from then on it does not matter whether it still holds.
    settled_on = models.DateField(_("needed and given on"), null=True, blank=True, editable=False)
    objects = DocumentQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["package", "pk"]
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        permissions = [
            ("receive_document", "Can file a document of a package"),
            ("judge_document", "Can accept or return a document of a package"),
        ]
        indexes = [
            # Answers what is complete and what is missing without the rows.
            models.Index(
                fields=["package", "is_required", "state", "valid_until", "settled_on"], name="document_completeness"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["package", "kind"],
                name="document_kind_once",
                violation_error_message=_("This paper has its place in the package already."),
            ),
            models.CheckConstraint(
                name="document_valid_after_date",
                condition=Q(valid_until=None) | Q(dated_on=None) | Q(valid_until__gte=F("dated_on")),
                violation_error_message=_("A paper cannot lose its validity before its own date."),
                violation_error_code="valid_until",
            ),
        ]

    def __str__(self):
        return f"{self.package.number}: {self.label}"

    @property
    def key(self) -> str:
        """`PLP-001:contract`: the package and the line of its checklist."""
        return f"{self.package.number}:{self.kind}"

    @property
    def requirement(self) -> checklists.Requirement:
        return checklists.REQUIREMENTS[self.kind]

    @property
    def label(self) -> str:
        return self.requirement.label

    @property
    def issuer(self) -> str:
        return self.requirement.issuer

    def get_absolute_url(self):
        return reverse("assets:package_detail", args=[self.package.number]) + f"#{self.kind}"

    def has_expired(self, on: date) -> bool:
        return self.valid_until is not None and self.valid_until < on

    def holds(self, on: date) -> bool:
        """As `holding` of many: accepted, and valid on that day or when it was needed."""
        is_valid = not self.has_expired(on) or self.settled_on is not None
        return self.state == self.State.ACCEPTED and is_valid

    def can(self, verb: str) -> bool:
        return self.state in self.TRANSITIONS[verb][0]

    def save(self, **kwargs):
        """Number, dates and note; the state is what is stored."""
        with transaction.atomic():
            if self.pk:
                Package.objects.lock(self.package_id)
                stored = Document.objects.get(pk=self.pk)
                for name in ("kind", "is_required", "needed_before", "state", "changed_on", "settled_on"):
                    setattr(self, name, getattr(stored, name))
                self._withdraw_record(stored, {"number": self.number, "dated_on": self.dated_on}, timezone.now())
            super().save(**kwargs)

    def _withdraw_record(self, stored: "Document", values: dict, at: datetime) -> None:
        """The handover record prints its number and date: with others, what was issued is true no longer."""
        if self.kind not in self.HANDOVER_RECORDS:
            return
        if any(name in values and values[name] != getattr(stored, name) for name in ("number", "dated_on")):
            stored.package.withdraw_record(at=at)

    def receive(
        self, file, *, by, at: datetime, dated_on: date | None = None, valid_until: date | None = None,
        number: str = "", note: str = "",
    ) -> "DocumentVersion":  # fmt: skip
        """Put a file into the place: a new version, which waits to be accepted."""
        validate_document(file)
        with transaction.atomic():
            stored = self._held("receive", by)
            if valid_until is None and dated_on and stored.requirement.valid_days:
                valid_until = dated_on + timedelta(days=stored.requirement.valid_days)
            stored._refuse_dates(dated_on, valid_until, timezone.localdate(at))
            version = DocumentVersion(document=stored, file=file, by=by, at=at, note=note.strip(), dated_on=dated_on)
            version.measure()
            latest = stored.versions.order_by("-number").first()
            if latest and latest.sha256 == version.sha256:
                raise Refused(
                    gettext("This very file is already here as version %(number)s.") % {"number": latest.number}
                )
            version.number = latest.number + 1 if latest else 1
            values = {"dated_on": dated_on, "valid_until": valid_until, "number": number.strip(), "note": note.strip()}
            self._write(stored, "receive", at, values)
            version.save()
        return version

    def accept(self, *, by, at: datetime, note: str = "") -> None:
        """The paper is what it should be. Never by the organization that gives the package."""
        with transaction.atomic():
            stored = self._held("accept", by)
            stored.package.refuse_own_giving(by)
            if stored.has_expired(timezone.localdate(at)):
                raise Refused(
                    gettext("This paper was valid until %(date)s. Ask for a new one.")
                    % {"date": date_format(stored.valid_until)}
                )
            self._write(stored, "accept", at, {"note": note.strip()})

    def send_back(self, *, by, at: datetime, note: str) -> None:
        """The paper will not do; the note says why. Not by the giver either, who brings a better version instead."""
        with transaction.atomic():
            stored = self._held("send_back", by)
            stored.package.refuse_own_giving(by)
            if not note.strip():
                raise Refused(gettext("Write down what is wrong with the paper."))
            package = stored.package
            if stored.settled_on and package.is_deeded:
                raise Refused(
                    gettext("The package has passed the stage that needed this paper; the paper stays accepted.")
                )
            self._write(stored, "send_back", at, {"note": note.strip()})

    def _held(self, verb: str, by) -> "Document":
        """The row as it is now, behind the lock of its package, so that papers and stages never pass each other."""
        package = Package.objects.lock(self.package_id)
        stored = Document.objects.get(pk=self.pk)
        stored.package, stored._history_user = package, by
        if not stored.can(verb):
            raise Refused(
                gettext("This is not possible now: the paper is “%(state)s”.") % {"state": stored.get_state_display()}
            )
        return stored

    def _refuse_dates(self, dated_on: date | None, valid_until: date | None, today: date) -> None:
        if dated_on and dated_on > today:
            raise ValidationError({"dated_on": gettext("A paper cannot bear a date in the future.")})
        if valid_until and dated_on and valid_until < dated_on:
            raise ValidationError({"valid_until": gettext("A paper cannot lose its validity before its own date.")})
        if valid_until and valid_until < today:
            sentence = gettext("This paper was valid until %(date)s. Ask for a new one.")
            raise ValidationError({"valid_until": sentence % {"date": date_format(valid_until)}})

    def _write(self, stored: "Document", verb: str, at: datetime, values: dict) -> None:
        values |= {"state": self.TRANSITIONS[verb][1], "changed_on": timezone.localdate(at), "settled_on": None}
        self._withdraw_record(stored, values, at)
        for name, value in values.items():
            setattr(stored, name, value)
        models.Model.save(stored, update_fields=list(values))
        for name, value in values.items():
            setattr(self, name, value)


class DocumentVersionQuerySet(models.QuerySet):
    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm("assets.view_documentversion"):
            return self.none()
        return self.filter(document__in=Document.objects.visible_to(user))


def version_path(version, name: str) -> str:
    return f"assets/{version.document.package.number}/{version.document.kind}/{version.number}/{name}"


class DocumentVersion(models.Model):
    """A file as it was sent. Never changed; a better one is the next version."""

    # PROTECT: a paper that somebody sent is not deleted with its place.
    document = models.ForeignKey(Document, models.PROTECT, related_name="versions", verbose_name=_("document"))
    number = models.PositiveSmallIntegerField(_("version"))
    file = models.FileField(_("file"), upload_to=version_path, max_length=300, validators=[validate_document])
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    size = models.PositiveBigIntegerField(_("size"))
    dated_on = models.DateField(_("date of the paper"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    objects = DocumentVersionQuerySet.as_manager()

    class Meta:
        ordering = ["document", "number"]
        verbose_name = _("version of a document")
        verbose_name_plural = _("versions of documents")
        constraints = [
            models.UniqueConstraint(
                fields=["document", "number"],
                name="document_version_once",
                violation_error_message=_("This version is stored already."),
            )
        ]

    def __str__(self):
        return f"{self.document} ({self.number})"

    @property
    def file_name(self) -> str:
        """The name it is downloaded under."""
        return PurePath(self.file.name).name

    def measure(self) -> None:
        """Size and fingerprint of a file that is about to be stored."""
        digest = hashlib.sha256()
        self.file.seek(0)
        for chunk in self.file.chunks():
            digest.update(chunk)
        self.file.seek(0)
        self.sha256, self.size = digest.hexdigest(), self.file.size
