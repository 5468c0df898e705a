"""Papers that were issued, kept byte by byte, so that anyone who holds one can ask whether it is the one."""

import secrets

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.refusals import Refused

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that a person reads as another
CODE_LENGTH = 10


class IssuedPaperQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The list is for whoever watches over papers; who holds a code needs no list."""
        return self if user.is_authenticated and user.has_perm("core.view_issuedpaper") else self.none()

    def of(self, kind: str, record_id: int, edition: str = ""):
        """All issues of one paper, the latest first."""
        return self.filter(kind=kind, record_id=record_id, edition=edition).order_by("-pk")

    def in_force(self):
        return self.filter(withdrawn_at=None, superseded_by=None)

    def withdraw(self, kind: str, *, at, record_id: int | None = None, edition: str = "") -> None:
        """The record is open again: what was issued stays on file, but no longer tells its state."""
        found = self.in_force().filter(kind=kind, edition=edition)
        if record_id is not None:
            found = found.filter(record_id=record_id)
        found.update(withdrawn_at=at)


def issued_path(paper, name: str) -> str:
    return f"issued/{paper.issued_at:%Y}/{paper.code}/{name}"


def new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _position in range(CODE_LENGTH))


class IssuedPaper(models.Model):
    """A final paper as it was given out. Written by `core.issuing`, never changed but for its standing.

    `record_version` names the step by which the record became final, `template_version` the product and the templates
    that set it. `edition` tells issues of the same record apart that stand beside each other: the years of a profile,
    the sittings of a matrix.
    """

    kind = models.CharField(_("kind"), max_length=40)
    record_id = models.PositiveBigIntegerField(editable=False)
    edition = models.CharField(_("edition"), max_length=60, blank=True)
    key = models.CharField(_("key"), max_length=120)
    number = models.CharField(_("number"), max_length=120, blank=True)
    title = models.CharField(_("title"), max_length=300)
    dated_on = models.DateField(_("date"), null=True)
    signers = models.TextField(_("signers"), blank=True)
    code = models.CharField(_("code"), max_length=CODE_LENGTH, unique=True)
    file = models.FileField(_("file"), upload_to=issued_path, max_length=200)
    sha256 = models.CharField("SHA-256", max_length=64, db_index=True)
    archive = models.FileField(_("archive copy"), upload_to=issued_path, max_length=200)
    archive_sha256 = models.CharField(_("SHA-256 of the archive copy"), max_length=64, db_index=True)
    issued_at = models.DateTimeField(_("issued at"))
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("issued by")
    )
    record_version = models.CharField(_("version of the record"), max_length=80)
    template_version = models.CharField(_("version of the template"), max_length=80)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    superseded_by = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="supersedes", verbose_name=_("superseded by")
    )
    is_published = models.BooleanField(_("published"), default=False)
    published_at = models.DateTimeField(_("published at"), null=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("published by")
    )
    objects = IssuedPaperQuerySet.as_manager()

    class Meta:
        ordering = ["-issued_at", "-pk"]
        verbose_name = _("issued paper")
        verbose_name_plural = _("issued papers")
        permissions = [("publish_issuedpaper", "Can let everyone download an issued paper")]
        indexes = [models.Index(fields=["kind", "record_id", "edition"], name="issued_paper_of_record")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "record_id", "edition"],
                name="issued_paper_one_in_force",
                condition=Q(withdrawn_at=None, superseded_by=None),
                violation_error_message=_("This paper is issued already."),
            )
        ]

    def __str__(self):
        return f"{self.title} ({self.grouped_code})"

    @property
    def grouped_code(self) -> str:
        """As people read it out: two halves."""
        return f"{self.code[:5]}-{self.code[5:]}"

    @property
    def is_in_force(self) -> bool:
        return self.withdrawn_at is None and self.superseded_by_id is None

    @property
    def series(self) -> models.QuerySet:
        return IssuedPaper.objects.of(self.kind, self.record_id, self.edition)

    def newest(self) -> "IssuedPaper":
        return self.series.first()

    @classmethod
    def with_hash(cls, sha256: str) -> "IssuedPaper | None":
        """The paper, or the archive copy of one, that has this hash."""
        return cls.objects.filter(Q(sha256=sha256) | Q(archive_sha256=sha256)).order_by("-pk").first()

    def compare(self, sha256: str) -> str:
        """`same`, `older` (it was issued once, and another issue stands in its place) or `changed`."""
        held = self.series.filter(Q(sha256=sha256) | Q(archive_sha256=sha256)).first()
        if held is None:
            return "changed"
        return "same" if held.pk == self.newest().pk else "older"

    def publish(self, *, by, at) -> None:
        self._show(True, by, at)

    def unpublish(self, *, by, at) -> None:
        self._show(False, by, at)

    def _show(self, shown: bool, by, at) -> None:
        with transaction.atomic():
            stored = IssuedPaper.objects.select_for_update().get(pk=self.pk)
            if stored.is_published == shown:
                raise Refused(
                    gettext("This paper is published already.") if shown else gettext("This paper is not published.")
                )
            if shown and not stored.is_in_force:
                raise Refused(gettext("Only the issue in force can be published."))
            stored.is_published, stored.published_by, stored.published_at = shown, by, at
            stored.save(update_fields=["is_published", "published_by", "published_at"])
        self.is_published, self.published_by, self.published_at = shown, by, at
