"""What shows that something was done. Submitted by who does it, judged by somebody else."""

import hashlib
from pathlib import PurePath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agreements.models.follow_ups import FollowUp
from core import photos
from core.refusals import Refused
from core.uploads import validate_document
from slumareas.models.quantities import QuantityField


class EvidenceQuerySet(models.QuerySet):
    def visible_to(self, user):
        """As the follow-up; not for those who read only what is published, since photos show people."""
        if not user.is_authenticated or not user.has_perm("agreements.view_evidence"):
            return self.none()
        visible = self.filter(follow_up__in=FollowUp.objects.visible_to(user))
        if user.role == user.Role.VILLAGE_USER:
            return visible.filter(follow_up__in=FollowUp.objects.owned_by(user))
        return visible

    def accepted(self):
        return self.filter(status=Evidence.Status.ACCEPTED)

    def waiting(self):
        return self.filter(status=Evidence.Status.SUBMITTED)

    def standing(self):
        """What was not returned."""
        return self.exclude(status=Evidence.Status.RETURNED)

    def reviewable_by(self, user):
        """What waits for a judgement that this person may give: not of the own organization, not sent by themselves."""
        if not user.has_perm("agreements.review_evidence"):
            return self.none()
        waiting = self.visible_to(user).waiting().exclude(submitted_by=user)
        if user.organization_id:
            waiting = waiting.exclude(follow_up__responsible_organization=user.organization_id)
        return waiting


class Evidence(models.Model):
    """A photo, a document or a link, with day and place."""

    class Kind(models.TextChoices):
        PHOTO = "photo", _("photo")
        DOCUMENT = "document", _("document")
        LINK = "link", _("link")

    class Status(models.TextChoices):
        SUBMITTED = "submitted", _("submitted")
        ACCEPTED = "accepted", _("accepted")
        RETURNED = "returned", _("returned")

    # verb: (from which states, to which state, whether a note is needed). A test walks all pairs.
    TRANSITIONS = {
        "accept": ({Status.SUBMITTED}, Status.ACCEPTED, False),
        "return": ({Status.SUBMITTED}, Status.RETURNED, True),
    }

    follow_up = models.ForeignKey(FollowUp, models.PROTECT, related_name="evidence", verbose_name=_("follow-up"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    title = models.CharField(_("what it shows"), max_length=200)
    file = models.FileField(_("file"), upload_to="evidence/%Y/%m/", blank=True)
    url = models.CharField(_("link"), max_length=500, blank=True, validators=[URLValidator(schemes=["http", "https"])])
    taken_on = models.DateField(_("date"), null=True, blank=True, help_text=_("Of the photo or document."))
    location = models.CharField(_("place"), max_length=200, blank=True)
    latitude = QuantityField(
        _("latitude"), places=6, null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = QuantityField(
        _("longitude"), places=6, null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.PositiveBigIntegerField(editable=False, default=0)
    status = models.CharField(
        _("status"), max_length=9, choices=Status, default=Status.SUBMITTED, editable=False, db_index=True
    )
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", verbose_name=_("submitted by")
    )
    submitted_at = models.DateTimeField(_("submitted at"), editable=False, db_index=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("reviewed by"),
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True, editable=False)
    review_note = models.TextField(_("note of the reviewer"), blank=True, editable=False)
    objects = EvidenceQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["file"])

    class Meta:
        ordering = ["submitted_at", "pk"]
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        permissions = [("review_evidence", "Can accept or return evidence")]
        constraints = [
            models.UniqueConstraint(
                fields=["follow_up", "sha256"],
                name="evidence_once",
                condition=~Q(status="returned"),
                violation_error_message=_("This is among the evidence already."),
            ),
            models.CheckConstraint(
                name="evidence_link_or_file",
                condition=Q(kind="link", file="") & ~Q(url="") | ~Q(kind="link") & Q(url="") & ~Q(file=""),
                violation_error_message=_("A link needs its address, a photo or document its file."),
            ),
            models.CheckConstraint(
                name="evidence_place_whole",
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False),
                violation_error_message=_("A place has latitude and longitude."),
                violation_error_code="latitude",
            ),
            models.CheckConstraint(
                name="evidence_returned_with_note",
                condition=~Q(status="returned") | ~Q(review_note=""),
                violation_error_message=_("Say what is missing when you return evidence."),
            ),
            models.CheckConstraint(
                name="evidence_reviewed_by_someone",
                condition=Q(status="submitted", reviewed_by=None)
                | ~Q(status="submitted") & Q(reviewed_by__isnull=False),
                violation_error_message=_("A judgement has somebody who gave it."),
            ),
            models.CheckConstraint(
                name="evidence_reviewed_by_another",
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("submitted_by")),
                violation_error_message=_("Nobody judges what they submitted themselves."),
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("agreements:evidence_detail", args=[self.pk])

    @property
    def file_name(self) -> str:
        """The name it is downloaded under."""
        return PurePath(self.file.name).name

    def submit(self, *, by, at) -> None:
        """Store a new piece of evidence for a follow-up that is not cancelled. Raises ValidationError by field."""
        with transaction.atomic():
            held = FollowUp.objects.select_for_update(of=("self",)).get(pk=self.follow_up_id)
            if held.status == FollowUp.Status.CANCELLED:
                raise Refused(gettext("This follow-up is cancelled; evidence is no longer asked for."))
            self.submitted_by, self.submitted_at = by, at
            self._take_in()
            self.full_clean()
            if self.taken_on and self.taken_on > timezone.localtime(at).date():
                raise ValidationError({"taken_on": _("This day is still to come.")})
            self.save()
            # Evidence is a sign of life, so nobody is reminded the day after.
            held.updated_on = max(held.updated_on, timezone.localtime(at).date())
            models.Model.save(held, update_fields=["updated_on"])

    def _take_in(self) -> None:
        """Judge the file by its content, draw a photo anew, and take its fingerprint."""
        if self.kind == self.Kind.LINK:
            self.file = ""
            self.sha256 = hashlib.sha256(self.url.encode()).hexdigest()
            return
        self.url = ""
        if not self.file:
            raise ValidationError({"file": _("Choose a file.")})
        try:
            self._take_in_photo() if self.kind == self.Kind.PHOTO else validate_document(self.file.file)
        except ValidationError as error:
            raise ValidationError({"file": error.messages})
        digest = hashlib.sha256()
        self.file.seek(0)
        for chunk in self.file.chunks():
            digest.update(chunk)
        self.file.seek(0)
        self.sha256, self.size = digest.hexdigest(), self.file.size

    def _take_in_photo(self) -> None:
        photo = photos.prepare(self.file.file)
        self.file = File(photo.content, name=photo.content.name)
        self.taken_on = self.taken_on or photo.taken_on
        if self.latitude is None and self.longitude is None:
            self.latitude, self.longitude = photo.latitude, photo.longitude

    def delete(self, **kwargs):
        """Who sent something by mistake may take it away until somebody has judged it."""
        with transaction.atomic():
            stored = Evidence.objects.select_for_update(of=("self",)).get(pk=self.pk)
            if stored.status != self.Status.SUBMITTED:
                raise Refused(gettext("This evidence was judged already, so it stays."))
            held = FollowUp.objects.select_for_update(of=("self",)).get(pk=self.follow_up_id)
            if held.status == FollowUp.Status.DONE and held.evidence.standing().count() == 1:
                raise Refused(gettext("The work counts as done because of this evidence. Reopen the follow-up first."))
            old = stored.file
            deleted = super().delete(**kwargs)
            if old:
                transaction.on_commit(lambda: old.storage.delete(old.name))
        return deleted

    # --- judgement -----------------------------------------------------------------------------------

    def can(self, verb: str) -> bool:
        return self.status in self.TRANSITIONS[verb][0]

    def accept(self, *, by, at, note: str = "") -> None:
        self._judge("accept", by, at, note)

    def send_back(self, *, by, at, note: str) -> None:
        """Return it with a note. Where it was the last piece that held “done”, the work goes on."""
        with transaction.atomic():
            self._judge("return", by, at, note)
            self.follow_up.set_back(by=by, at=at, note=note.strip())

    def _judge(self, verb: str, by, at, note: str) -> None:
        sources, target, needs_note = self.TRANSITIONS[verb]
        note = note.strip()
        with transaction.atomic():
            stored = Evidence.objects.select_for_update(of=("self",)).select_related("follow_up").get(pk=self.pk)
            if stored.submitted_by_id == by.pk:
                raise Refused(gettext("Nobody judges what they submitted themselves."))
            if stored.follow_up.is_owned_by(by):
                raise Refused(gettext("Your own organization has to do this, so somebody else judges the evidence."))
            if stored.status not in sources:
                raise Refused(
                    gettext("%(who)s has judged this already: it is “%(status)s”.")
                    % {"who": stored.reviewed_by, "status": stored.get_status_display()}
                )
            if needs_note and not note:
                raise Refused(gettext("Say what is missing when you return evidence."))
            stored.status, stored.review_note = target, note
            stored.reviewed_by, stored.reviewed_at = by, at
            models.Model.save(stored, update_fields=["status", "review_note", "reviewed_by", "reviewed_at"])
        self.refresh_from_db()
