"""A package that is handed over, where its file is, and the moves that brought it there."""

from copy import copy
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models, transaction
from django.db.models import Count, Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agreements.models import Agreement, FollowUp
from assets import checklists, rights, stages
from assets.asset_types import ASSET_TYPES, SECTOR_CHOICES
from assets.models.days import DaysSince
from core.models import IssuedPaper, Organization, Region
from core.refusals import Refused
from slumareas.models import SlumArea
from slumareas.models.places import YEARS
from slumareas.models.quantities import QuantityField

NUMBER = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9.\-]*\Z",
    _("Use letters, digits, points and hyphens only: the number is part of the address."),
)

NOT_NEGATIVE = MinValueValidator(0, _("The value cannot be below 0; leave it empty while it is not known."))


class PackageQuerySet(models.QuerySet):
    def visible_to(self, user):
        """All for who works in the programme, the own region for a village, what is published for a viewer."""
        if not user.is_authenticated or not user.has_perm("assets.view_package"):
            return self.none()
        if user.role == user.Role.VILLAGE_USER:
            return self.filter(village__in=Region.objects.within(user.region))
        if user.role == user.Role.VIEWER:
            return self.filter(is_published=True)
        return self

    def editable_by(self, user):
        """Who plans edits all; an agency, the Balai among them, what it gives itself."""
        found = self.visible_to(user)
        if not user.is_authenticated or not user.has_perm("assets.change_package"):
            return self.none()
        return found.filter(giver=user.organization_id) if user.role == user.Role.OPD_USER else found

    def lock(self, pk):
        """The row, held until the transaction ends: of two people at once one comes after the other."""
        return self.select_for_update().get(pk=pk)

    def open(self):
        """What still has a way to go."""
        return self.exclude(stage=stages.OPERATING).exclude(condition=Package.Condition.NOT_APPLICABLE)

    def with_final_record(self):
        """Those whose handover record is signed and says what is settled: what was taken up with its record is written
        down until it moves on."""
        signed = Q(path=stages.REGULAR, stage__in=stages.AFTER_HANDOVER) | Q(
            path=stages.COMMUNITY, stage__in=stages.WITH_RESIDENTS
        )
        moves = Move.objects.filter(package=OuterRef("pk"))
        only_taken_up = Exists(moves) & ~Exists(moves.exclude(kind=Move.Kind.TAKE_UP))
        return self.filter(signed).exclude(only_taken_up)

    def days_waiting(self, on: date):
        """With `days_waiting` at the present holder and `days_at_stage`."""
        return self.annotate(
            days_waiting=DaysSince("holder_reached_on", on), days_at_stage=DaysSince("stage_reached_on", on)
        )

    def waiting_at_least(self, days: int, on: date):
        """By the date that is stored, so that an index answers."""
        return self.filter(holder_reached_on__lte=on - timedelta(days=days))

    def with_papers(self, on: date):
        """With `papers_required` and `papers_accepted`, counted from the checklist as it holds on that day."""
        papers = Package.documents.rel.related_model.objects.filter(package=OuterRef("pk"), is_required=True)

        def counted(queryset):
            one = queryset.order_by().values("package").annotate(n=Count("pk")).values("n")
            return models.functions.Coalesce(models.Subquery(one, output_field=models.IntegerField()), 0)

        return self.annotate(papers_required=counted(papers), papers_accepted=counted(papers.holding(on)))

    def lacking_papers(self, on: date):
        """Those with a required paper that is not accepted, or no longer holds."""
        papers = Package.documents.rel.related_model.objects.filter(package=OuterRef("pk"), is_required=True)
        return self.filter(Exists(papers.lacking(on)))

    def in_stage_order(self):
        """By the way that is behind them, those that wait longest first."""
        return self.order_by(_stage_number(), "holder_reached_on", "number")


def _stage_number():
    return models.Case(
        *(models.When(stage=stage.key, then=stage.number) for stage in stages.STAGES.values()),
        output_field=models.IntegerField(),
    )


class Package(models.Model):
    """What one giver hands over in one go. Stage, condition and holder change by the verbs alone."""

    class Path(models.TextChoices):
        REGULAR = stages.REGULAR, _("through the regency")
        COMMUNITY = stages.COMMUNITY, _("straight to the residents")

    class Condition(models.TextChoices):
        NORMAL = "normal", _("on its way")
        BLOCKED = "blocked", _("blocked")
        REJECTED = "rejected", _("refused")
        NOT_APPLICABLE = "not_applicable", _("not needed")

    # verb: (in which conditions, to which condition, whether a reason code is asked for). A test walks all pairs.
    CONDITION_MOVES = {
        "block": ({Condition.NORMAL}, Condition.BLOCKED, True),
        "unblock": ({Condition.BLOCKED}, Condition.NORMAL, False),
        "reject": ({Condition.NORMAL, Condition.BLOCKED}, Condition.REJECTED, True),
        "set_aside": ({Condition.NORMAL, Condition.BLOCKED, Condition.REJECTED}, Condition.NOT_APPLICABLE, True),
        "resume": ({Condition.REJECTED, Condition.NOT_APPLICABLE}, Condition.NORMAL, False),
    }
    # What the verbs alone write.
    MOVED_FIELDS = (
        "stage", "stage_reached_on", "condition", "reason", "condition_note", "holder", "holder_desk",
        "holder_reached_on", "accepted_on", "grant_deed_on", "handover_on", "interim_on", "interim_number",
        "is_published",
    )  # fmt: skip
    # What the deed names and therefore stays as it is once the deed is signed.
    DEED_FIELDS = ("number", "sector", "giver", "receiver", "value", "budget_year", "path", "is_planned_as_grant")
    # What the handover record prints and may still be put right after its signing.
    RECORD_FIELDS = ("name", "legal_basis", "village_id", "is_made_up")
    HANDOVER_RECORD = "handover_record"  # the kind of paper that is final once it is signed
    # In which stages the receiver may say yes.
    ACCEPTABLE = (
        stages.JOINT_INSPECTION, stages.ACCEPTANCE_LETTER, stages.SUBMITTED_TO_MINISTRY, stages.APPROVAL,
    )  # fmt: skip

    number = models.CharField(_("number"), max_length=40, unique=True, validators=[NUMBER])
    name = models.CharField(_("name"), max_length=200)
    sector = models.CharField(_("sector"), max_length=5, choices=SECTOR_CHOICES)
    giver = models.ForeignKey(
        Organization, models.PROTECT, related_name="packages_given", verbose_name=_("giver"), db_index=False
    )
    receiver = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="packages_received",
        verbose_name=_("receiver"),
        help_text=_("Empty until it is known which unit receives it, and where residents receive it."),
    )
    legal_basis = models.CharField(
        _("legal basis"), max_length=300, blank=True, help_text=_("Budget document and contract, as written there.")
    )
    budget_year = models.PositiveSmallIntegerField(_("budget year"), validators=YEARS, null=True, blank=True)
    value = QuantityField(
        _("value (Rp)"),
        places=2,
        null=True,
        blank=True,
        validators=[NOT_NEGATIVE],
        help_text=_("Acquisition value; empty while it is not known."),
    )
    village = models.ForeignKey(
        Region,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="packages",
        verbose_name=_("village"),
        limit_choices_to={"level": Region.Level.VILLAGE},
    )
    slum_area = models.ForeignKey(
        SlumArea, models.PROTECT, null=True, blank=True, related_name="packages", verbose_name=_("slum area")
    )
    agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="packages", verbose_name=_("agreement")
    )
    follow_up = models.ForeignKey(
        FollowUp, models.PROTECT, null=True, blank=True, related_name="packages", verbose_name=_("follow-up")
    )
    path = models.CharField(
        _("way"),
        max_length=9,
        choices=Path,
        default=Path.REGULAR,
        help_text=_("Household facilities on private land go straight to the residents."),
    )
    is_planned_as_grant = models.BooleanField(
        _("planned as a grant"), default=False, help_text=_("From the start, in the budget: a shorter approval.")
    )
    is_made_up = models.BooleanField(_("details are made up"), default=False)
    note = models.TextField(_("note"), blank=True)

    stage = models.CharField(
        _("stage"), max_length=21, choices=stages.STAGE_CHOICES, default=stages.IDENTIFIED, editable=False
    )
    stage_reached_on = models.DateField(_("at this stage since"), default=timezone.localdate, editable=False)
    condition = models.CharField(
        _("condition"), max_length=14, choices=Condition, default=Condition.NORMAL, editable=False
    )
    reason = models.CharField(
        _("reason"), max_length=20, choices=stages.REASON_CHOICES, blank=True, default="", editable=False
    )
    condition_note = models.TextField(_("what is the matter"), blank=True, default="", editable=False)
    holder = models.ForeignKey(
        Organization,
        models.PROTECT,
        related_name="packages_held",
        verbose_name=_("holder of the file"),
        editable=False,
        db_index=False,
    )
    holder_desk = models.CharField(_("desk"), max_length=100, blank=True, default="", editable=False)
    holder_reached_on = models.DateField(_("with the holder since"), default=timezone.localdate, editable=False)
    accepted_on = models.DateField(_("accepted by the receiver on"), null=True, blank=True, editable=False)
    grant_deed_on = models.DateField(_("grant deed signed on"), null=True, blank=True, editable=False)
    handover_on = models.DateField(_("handover record signed on"), null=True, blank=True, editable=False)
    interim_on = models.DateField(_("handed over for use on"), null=True, blank=True, editable=False)
    interim_number = models.CharField(
        _("number of the interim record"), max_length=100, blank=True, default="", editable=False
    )
    is_published = models.BooleanField(_("published"), default=False, editable=False)
    objects = PackageQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["number"]
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        permissions = [
            ("move_package", "Can move a package and its file"),
            ("accept_package", "Can accept or refuse a package for its receiver"),
            ("set_aside_package", "Can set a package aside and take it up again"),
            ("publish_package", "Can publish a package"),
        ]
        indexes = [
            # Ageing reads these alone, without the rows: what is counted, and the middle of its order.
            models.Index(fields=["stage", "holder", "holder_desk", "condition"], name="package_where"),
            models.Index(fields=["stage", "stage_reached_on", "condition"], name="package_by_stage"),
            models.Index(
                fields=["holder", "holder_desk", "holder_reached_on", "condition", "stage"], name="package_by_holder"
            ),
            models.Index(fields=["sector", "receiver", "budget_year", "condition", "value"], name="package_totals"),
            models.Index(fields=["holder_reached_on"], name="package_by_waiting"),
            models.Index(fields=["giver", "number"], name="package_by_giver"),
        ]
        constraints = [
            models.CheckConstraint(
                name="package_value_not_negative",
                condition=Q(value=None) | Q(value__gte=0),
                violation_error_message=_("The value cannot be below 0; leave it empty while it is not known."),
                violation_error_code="value",
            ),
            models.CheckConstraint(
                name="package_receiver_is_another",
                condition=Q(receiver=None) | ~Q(receiver=F("giver")),
                violation_error_message=_("Giver and receiver must be two organizations."),
                violation_error_code="receiver",
            ),
            models.CheckConstraint(
                name="package_community_way",
                condition=~Q(path=stages.COMMUNITY) | Q(stage__in=stages.COMMUNITY_STAGES),
                violation_error_message=_("A package that goes straight to the residents has no stage like this."),
            ),
            models.CheckConstraint(
                name="package_deed_before_handover",
                condition=Q(path=stages.COMMUNITY)
                | (Q(handover_on=None) & ~Q(stage__in=stages.AFTER_HANDOVER))
                | Q(grant_deed_on__isnull=False, handover_on__isnull=False, handover_on__gte=F("grant_deed_on")),
                violation_error_message=_("There is no handover record before the grant deed is signed."),
            ),
            models.CheckConstraint(
                name="package_deed_dated",
                condition=Q(path=stages.COMMUNITY)
                | ~Q(stage__in=stages.AFTER_DEED)
                | Q(grant_deed_on__isnull=False, receiver__isnull=False),
                violation_error_message=_("A signed deed has a date and a receiver."),
            ),
            models.CheckConstraint(
                name="package_reason_when_stuck",
                condition=(Q(condition="normal") & Q(reason="")) | (~Q(condition="normal") & ~Q(reason="")),
                violation_error_message=_("Say why: choose a reason."),
            ),
        ]

    def __str__(self):
        return f"{self.number} {self.name}"

    @property
    def key(self) -> str:
        return self.number

    def get_absolute_url(self):
        return reverse("assets:package_detail", args=[self.number])

    # --- writing ----------------------------------------------------------------------------------------

    def clean_fields(self, exclude=None):
        # Upper case, so that no number is ever the address of a page.
        self.number = (self.number or "").strip().upper()
        super().clean_fields(exclude=exclude)

    def clean(self):
        self.name = " ".join(self.name.split())
        if self.receiver_id and self.receiver_id == self.giver_id:
            raise ValidationError({"receiver": _("Giver and receiver must be two organizations.")})
        if self.village_id and self.village.level != Region.Level.VILLAGE:
            raise ValidationError({"village": _("Choose a kelurahan or desa.")})
        both = self.slum_area_id and self.village_id
        if both and not self.slum_area.villages.filter(pk=self.village_id).exists():
            raise ValidationError({"slum_area": _("This slum area does not lie in the village.")})
        both = self.agreement_id and self.follow_up_id
        if both and self.follow_up.agreement_id not in (None, self.agreement_id):
            raise ValidationError({"follow_up": _("This follow-up belongs to another agreement.")})
        if self.pk and self.sector:
            self._clean_sector()

    def _clean_sector(self):
        kinds = self.assets.order_by("asset_type").values_list("asset_type", flat=True).distinct()
        for kind in kinds:
            if self.sector not in ASSET_TYPES[kind].sectors:
                sentence = _("The package holds a %(type)s, which does not belong to this sector.")
                raise ValidationError({"sector": sentence % {"type": ASSET_TYPES[kind].label}})

    def save(self, **kwargs):
        """Create or change what the verbs do not write, and keep the checklist in step with it."""
        with transaction.atomic():
            if self.pk:
                stored = Package.objects.lock(self.pk)
                self._refuse_what_is_settled(stored)
            else:
                stored = Package(giver_id=self.giver_id, holder_id=self.giver_id)
            for name in self.MOVED_FIELDS:
                attribute = self._meta.get_field(name).attname
                if getattr(self, attribute) != getattr(stored, attribute):
                    setattr(self, attribute, getattr(stored, attribute))
            super().save(**kwargs)
            self.lay_out_checklist()
            if any(getattr(self, name) != getattr(stored, name) for name in self.RECORD_FIELDS):
                self.withdraw_record(at=timezone.now())

    def withdraw_record(self, *, at: datetime) -> None:
        """The handover record that was issued no longer says what is known; the next issue supersedes it."""
        IssuedPaper.objects.withdraw(self.HANDOVER_RECORD, record_id=self.pk, at=at)

    def _refuse_what_is_settled(self, stored: "Package"):
        is_closed = stored.is_deed_closed()
        names = self.DEED_FIELDS if is_closed else ("receiver",) if stored.accepted_on else ()
        for name in names:
            field = self._meta.get_field(name)
            if getattr(self, field.attname) != getattr(stored, field.attname):
                if is_closed:
                    sentence = gettext("The deed is signed, so “%(field)s” stays as it is.")
                else:
                    sentence = gettext("The receiver has accepted, so “%(field)s” stays as it is.")
                raise Refused(sentence % {"field": field.verbose_name})
        if self.path != stored.path and self.path == stages.COMMUNITY and stored.stage not in stages.COMMUNITY_STAGES:
            raise Refused(
                gettext("This package is on its way through the regency already. Return it to the giver first.")
            )

    def delete(self, **kwargs):
        with transaction.atomic():
            stored = Package.objects.lock(self.pk)
            if stored.moves.exists() or stored.documents.exclude(versions=None).exists():
                raise Refused(
                    gettext("This package has moved or has papers, so it stays. Set it aside as not needed instead.")
                )
            return super().delete(**kwargs)

    def lay_out_checklist(self) -> None:
        """Give every paper of the checklist its place; an empty place that is no longer asked for goes."""
        self.documents.model.objects.lay_out([self])

    def wanted_papers(self, asset_types) -> list[checklists.Wanted]:
        return checklists.wanted(self.sector, asset_types, self.path, self.is_planned_as_grant)

    # --- what may be done -------------------------------------------------------------------------------

    def sides_of(self, user) -> set[str]:
        """How a person stands to this package."""
        places = {
            stages.GIVER: self.giver_id,
            stages.RECEIVER: self.receiver_id,
            stages.HOLDER: self.holder_id,
        }
        sides = {side for side, pk in places.items() if pk and pk == user.organization_id}
        if user.role in rights.COORDINATORS:
            sides.add(stages.COORDINATOR)
        if user.role == user.Role.VILLAGE_USER and user.covers(self.village):
            sides.add(stages.VILLAGE)
        return sides

    def may(self, user, verb: str, to: str = "") -> bool:
        """Whether the person may use the verb here; whether the state allows it is asked by the verb itself.

        For `advance` the stage it leads to decides; without one, whether any stage is open to the person.
        """
        sides = self.sides_of(user)
        if not user.has_perm(rights.VERBS[verb].permission) or (
            verb in rights.NEVER_BY_GIVER and stages.GIVER in sides
        ):
            return False
        if verb != "advance":
            return bool(sides & rights.VERBS[verb].sides)
        targets = [to] if to else [target for target, _note in self.next_stages()]
        return any(sides & stages.STAGES[target].movers for target in targets if target in stages.STAGES)

    def require_may(self, user, verb: str, to: str = "") -> None:
        """What every door asks before it calls a verb. The giver is told why, where it would judge its own giving."""
        if self.may(user, verb, to):
            return
        if verb in rights.NEVER_BY_GIVER and user.has_perm(rights.VERBS[verb].permission):
            self.refuse_own_giving(user)
        raise PermissionDenied

    def can(self, verb: str) -> bool:
        """Whether the present condition and stage allow the verb; papers and dates are asked by the verb itself."""
        if verb in self.CONDITION_MOVES:
            allowed = self.condition in self.CONDITION_MOVES[verb][0]
            return allowed and (verb != "reject" or self._is_refusable)
        return {
            "advance": self.condition == self.Condition.NORMAL and bool(self.next_stages()),
            "send_to": self.condition != self.Condition.NOT_APPLICABLE,
            "return_to_giver": self.condition in ("normal", "blocked") and self.stage in stages.RETURNABLE,
            "accept": self.condition == self.Condition.NORMAL
            and self.stage in self.ACCEPTABLE
            and not self.accepted_on
            and self.path == self.Path.REGULAR,
            "hand_over_for_use": self.condition in ("normal", "blocked") and self._is_lendable,
            "publish": not self.is_published,
            "withdraw": self.is_published,
        }[verb]

    @property
    def _is_refusable(self) -> bool:
        return self.path == self.Path.REGULAR and not self.is_deeded

    @property
    def _is_lendable(self) -> bool:
        return self.path == self.Path.REGULAR and not self.interim_on and self.stage not in stages.AFTER_HANDOVER

    @property
    def is_deeded(self) -> bool:
        return self.stage in stages.AFTER_DEED

    def is_deed_closed(self) -> bool:
        """Whether what the deed says is settled. What was taken up with its deed is written down until it moves on."""
        return self.is_deeded and set(self.moves.values_list("kind", flat=True)) != {Move.Kind.TAKE_UP}

    @property
    def steps(self) -> dict[tuple[str, str], bool]:
        return stages.steps(self.path, self.is_planned_as_grant)

    @property
    def handed_over_stages(self) -> tuple[str, ...]:
        """The stages behind the signing of the handover record."""
        return stages.WITH_RESIDENTS if self.path == self.Path.COMMUNITY else stages.AFTER_HANDOVER

    def next_stages(self) -> list[tuple[str, bool]]:
        """[(stage, whether a note is needed)] that may follow the present one, the usual next one first."""
        found = [(target, needs_note) for (source, target), needs_note in self.steps.items() if source == self.stage]
        return sorted(found, key=lambda step: (step[1], stages.STAGES[step[0]].number))

    @property
    def next_stage(self) -> str | None:
        """The usual next stage, which needs no note."""
        return next((target for target, needs_note in self.next_stages() if not needs_note), None)

    def missing_for(self, to: str, on: date):
        """Required papers that are needed before that stage and are not accepted, or hold no longer.

        After the handover record what the record needed is not asked again: a package that was handed over long ago on
        paper alone can go on.
        """
        passed = stages.up_to(self.stage) if self.stage in stages.AFTER_HANDOVER else []
        asked = [key for key in stages.up_to(to) if key not in passed]
        return self.documents.filter(is_required=True, needed_before__in=asked).lacking(on)

    def hindrances(self, to: str, on: date) -> list[str]:
        """Why the package cannot come to that stage on that day, beside the order of stages: a sentence each."""
        found = []
        missing = [document.label for document in self.missing_for(to, on)]
        if missing:
            sentence = ngettext(
                "%(count)s paper is missing: %(papers)s.", "%(count)s papers are missing: %(papers)s.", len(missing)
            )
            found.append(sentence % {"count": len(missing), "papers": ", ".join(map(str, missing))})
        return found + list(self.unmet_facts(to))

    def unmet_facts(self, to: str):
        """What the records must say before a stage. Once the deed is signed its own facts are not asked again."""
        assets = self.assets.all()
        regular = self.path == self.Path.REGULAR
        if regular and self.receiver_id is None and not stages.is_before(to, stages.ACCEPTANCE_LETTER):
            yield gettext("Write down first who receives the package.")
        if to == stages.GRANT_DEED_SIGNED:
            if not self.accepted_on:
                yield gettext("The receiver has not accepted the package yet.")
            if self.value is None:
                yield gettext("The value of the package is not known yet.")
        if to in (stages.GRANT_DEED_SIGNED, stages.HANDED_TO_MANAGER) and not assets.exists():
            yield gettext("The package holds no asset yet.")
        if to == stages.RECORDED_REGENCY and (unbooked := assets.filter(Q(kib_class="") | Q(kib_code="")).count()):
            sentence = ngettext(
                "%(count)s asset has no KIB class and code yet.",
                "%(count)s assets have no KIB class and code yet.",
                unbooked,
            )
            yield sentence % {"count": unbooked}
        if to == stages.HANDED_TO_MANAGER and regular and (unmanaged := assets.filter(manager=None).count()):
            sentence = ngettext(
                "%(count)s asset has no manager yet.", "%(count)s assets have no manager yet.", unmanaged
            )
            yield sentence % {"count": unmanaged}

    def waited_days(self, on: date) -> int:
        return (on - self.holder_reached_on).days

    # --- verbs ------------------------------------------------------------------------------------------

    def advance(
        self, to: str, *, by, at: datetime, on: date | None = None, note: str = "", holder=None, desk: str = ""
    ) -> "Move":
        """Bring the package to another stage, and its file to another holder where one is named.

        `on` is the day on which it happened (of the signature), by default that of `at`.
        """
        with transaction.atomic():
            stored = self._held(by)
            stored._require(Package.Condition.NORMAL)
            stored._require_step(to, note)
            on = stored._day(on, at)
            if hindrances := stored.hindrances(to, on):
                raise Refused(" ".join(hindrances))
            values = {"stage": to, **_held_by(holder, desk)}
            if to == stages.GRANT_DEED_SIGNED:
                values["grant_deed_on"] = on
            if to == stages.BAST_SIGNED:
                values["handover_on"] = on
            move = self._move(stored, Move.Kind.ADVANCE, by, at, on, note, **values)
            stored.documents.settle(stages.up_to(to), on)
            if to == stages.HANDED_TO_MANAGER:
                stored.assets.plan_first_check(on)
        return move

    def send_to(self, holder, *, by, at: datetime, desk: str = "", on: date | None = None, note: str = "") -> "Move":
        """Hand the file to another organization or desk."""
        with transaction.atomic():
            stored = self._held(by)
            stored._require(*(set(Package.Condition) - {Package.Condition.NOT_APPLICABLE}))
            desk = " ".join(desk.split())
            if (holder.pk, desk) == (stored.holder_id, stored.holder_desk):
                raise Refused(gettext("The file is there already."))
            return self._move(stored, Move.Kind.SEND, by, at, stored._day(on, at), note, **_held_by(holder, desk))

    def return_to_giver(self, *, by, at: datetime, reason: str, note: str, on: date | None = None) -> "Move":
        """Back to the giver, who completes the documents."""
        with transaction.atomic():
            stored = self._held(by)
            stored._require(Package.Condition.NORMAL, Package.Condition.BLOCKED)
            if stored.stage not in stages.RETURNABLE:
                if not stored.is_deeded:
                    raise Refused(gettext("The giver is still collecting the documents; there is nothing to return."))
                raise Refused(
                    gettext("At the stage “%(stage)s” a package is not returned any more.")
                    % {"stage": stored.get_stage_display()}
                )
            _require_reason(reason, note)
            values = {
                "stage": stages.DOCUMENT_COLLECTION,
                "accepted_on": None,
                **_condition(Package.Condition.NORMAL),
                **_held_by(stored.giver, ""),
            }
            stored.documents.update(settled_on=None)
            return self._move(stored, Move.Kind.RETURN, by, at, stored._day(on, at), note, why=reason, **values)

    def accept(self, *, by, at: datetime, on: date | None = None, note: str = "") -> "Move":
        """The receiver is willing to take the package."""
        with transaction.atomic():
            stored = self._held(by)
            stored.refuse_own_giving(by)
            stored._require(Package.Condition.NORMAL)
            if stored.accepted_on:
                raise Refused(
                    gettext("The receiver accepted on %(date)s already.") % {"date": date_format(stored.accepted_on)}
                )
            if not stored.can("accept"):
                raise Refused(
                    gettext("At the stage “%(stage)s” a package cannot be accepted.")
                    % {"stage": stored.get_stage_display()}
                )
            if stored.receiver_id is None:
                raise Refused(gettext("Write down first who receives the package."))
            on = stored._day(on, at)
            return self._move(stored, Move.Kind.ACCEPT, by, at, on, note, accepted_on=on)

    def reject(self, *, by, at: datetime, reason: str, note: str, on: date | None = None) -> "Move":
        """The receiver does not take the package: the file goes back to the giver, and everything stays on record."""
        with transaction.atomic():
            stored = self._held(by)
            stored.refuse_own_giving(by)
            if not stored._is_refusable:
                raise Refused(gettext("A package whose deed is signed, or that residents receive, is not refused."))
            values = {"accepted_on": None, **_held_by(stored.giver, "")}
            return self._turn("reject", stored, by, at, on, reason, note, **values)

    def block(self, *, by, at: datetime, reason: str, note: str = "", on: date | None = None) -> "Move":
        with transaction.atomic():
            return self._turn("block", self._held(by), by, at, on, reason, note)

    def unblock(self, *, by, at: datetime, note: str = "", on: date | None = None) -> "Move":
        with transaction.atomic():
            return self._turn("unblock", self._held(by), by, at, on, "", note)

    def set_aside(self, *, by, at: datetime, reason: str, note: str, on: date | None = None) -> "Move":
        """There is nothing to hand over here after all."""
        with transaction.atomic():
            return self._turn("set_aside", self._held(by), by, at, on, reason, note)

    def resume(self, *, by, at: datetime, note: str, on: date | None = None) -> "Move":
        """Take up again what was refused or set aside."""
        with transaction.atomic():
            if not note.strip():
                raise Refused(gettext("Write down what changed."))
            return self._turn("resume", self._held(by), by, at, on, "", note)

    def hand_over_for_use(self, *, by, at: datetime, number: str, on: date | None = None, note: str = "") -> "Move":
        """The interim record (BAST operasional): the regency may use and maintain it until the deed is signed."""
        with transaction.atomic():
            stored = self._held(by)
            stored._require(Package.Condition.NORMAL, Package.Condition.BLOCKED)
            if stored.interim_on:
                raise Refused(
                    gettext("The package was handed over for use on %(date)s already.")
                    % {"date": date_format(stored.interim_on)}
                )
            if not stored._is_lendable:
                raise Refused(gettext("An interim record comes before the handover record, not after it."))
            if stored.receiver_id is None:
                raise Refused(gettext("Write down first who receives the package."))
            if not number.strip():
                raise Refused(gettext("Write down the number of the record."))
            on = stored._day(on, at, since_last_move=False)
            values = {"interim_on": on, "interim_number": number.strip()}
            return self._move(stored, Move.Kind.INTERIM, by, at, on, note, **values)

    def publish(self, *, by, at: datetime) -> "Move":
        return self._set_published(True, by, at)

    def withdraw(self, *, by, at: datetime) -> "Move":
        return self._set_published(False, by, at)

    def take_up(
        self, *, by, at: datetime, stage: str, holder, desk: str = "", stage_reached_on: date | None = None,
        holder_reached_on: date | None = None, condition: str = "normal", reason: str = "", condition_note: str = "",
        accepted_on: date | None = None, grant_deed_on: date | None = None, handover_on: date | None = None,
    ) -> "Move":  # fmt: skip
        """Write down where a package stood when it came into the register. Once, before its first move.

        The way before that day was gone on paper: papers are not asked for, the dates of deed and record are.
        """
        with transaction.atomic():
            stored = self._held(by)
            if stored.moves.exists():
                raise Refused(gettext("This package has moved already; its stage and holder change on its page alone."))
            today = timezone.localdate(at)
            values = {
                "stage": stage, "stage_reached_on": stage_reached_on or today, "condition": condition,
                "reason": reason, "condition_note": condition_note, "holder": holder, "holder_desk": desk,
                "holder_reached_on": holder_reached_on or today, "accepted_on": accepted_on,
                "grant_deed_on": grant_deed_on, "handover_on": handover_on,
            }  # fmt: skip
            dates = [value for name, value in values.items() if name.endswith("_on") and value]
            if max(dates) > today:
                raise Refused(gettext("A date in the future cannot be written down."))
            if stage not in stages.STAGES:
                raise Refused(gettext("There is no stage “%(stage)s”.") % {"stage": stage})
            if condition not in Package.Condition or (reason and reason not in stages.REASONS):
                raise Refused(gettext("Say why: choose a reason."))
            checked = copy(stored)
            for name, value in values.items():
                setattr(checked, name, value)
            checked.clean_fields()
            checked.validate_constraints()
            on = max(values["stage_reached_on"], values["holder_reached_on"])
            return self._move(stored, Move.Kind.TAKE_UP, by, at, on, "", **values)

    # --- behind the verbs -------------------------------------------------------------------------------

    def _held(self, by) -> "Package":
        stored = Package.objects.lock(self.pk)
        stored._history_user = by
        return stored

    def _require(self, *conditions) -> None:
        if self.condition in conditions:
            return
        raise Refused(
            gettext("This is not possible now: the package is “%(condition)s”.")
            % {"condition": self.get_condition_display()}
        )

    def _require_step(self, to: str, note: str) -> None:
        if to not in stages.STAGES:
            raise Refused(gettext("There is no stage “%(stage)s”.") % {"stage": to})
        target = stages.STAGES[to]
        if to == self.stage:
            raise Refused(gettext("The package is at the stage “%(stage)s” already.") % {"stage": target.label})
        if (self.stage, to) not in self.steps:
            if to == stages.BAST_SIGNED:
                raise Refused(gettext("There is no handover record before the grant deed is signed."))
            raise Refused(
                gettext("“%(to)s” does not follow “%(from)s”; no stage is jumped over.")
                % {"to": target.label, "from": self.get_stage_display()}
            )
        if self.steps[self.stage, to] and not note.strip():
            raise Refused(gettext("This leaves the usual order of stages. Write down why."))

    def _day(self, on: date | None, at: datetime, *, since_last_move: bool = True) -> date:
        """The day of a move: not in the future, and not before the package came to where it is."""
        today = timezone.localdate(at)
        on = on or today
        if on > today:
            raise Refused(gettext("A date in the future cannot be written down."))
        latest = max(self.stage_reached_on, self.holder_reached_on)
        if since_last_move and on < latest:
            raise Refused(
                gettext("The package came to where it is on %(date)s; this cannot have happened before.")
                % {"date": date_format(latest)}
            )
        return on

    def refuse_own_giving(self, by) -> None:
        if by is not None and by.organization_id == self.giver_id:
            raise Refused(
                gettext("Whoever gives a package does not accept, refuse or check it; that is for the receiver.")
            )

    def _turn(self, verb: str, stored: "Package", by, at, on, reason: str, note: str, **values) -> "Move":
        sources, target, needs_reason = self.CONDITION_MOVES[verb]
        stored._require(*sources)
        if needs_reason:
            _require_reason(reason, note if verb != "block" else "-")
        values |= _condition(target, reason if needs_reason else "", note)
        return self._move(stored, Move.Kind(verb), by, at, stored._day(on, at), note, why=reason, **values)

    @transaction.atomic
    def _set_published(self, is_published: bool, by, at) -> "Move":
        stored = self._held(by)
        if stored.is_published == is_published:
            raise Refused(
                gettext("The package is published already.")
                if is_published
                else gettext("The package is not published.")
            )
        kind = Move.Kind.PUBLISH if is_published else Move.Kind.WITHDRAW
        return self._move(stored, kind, by, at, timezone.localdate(at), "", is_published=is_published)

    def _move(self, stored: "Package", kind, by, at, on: date, note: str, *, why: str = "", **values) -> "Move":
        """Write the columns and the line of the log in one go, and take the new state over into this object."""
        move = Move(package=stored, kind=kind, by=by, at=at, on=on, note=note.strip(), reason=why)
        move.note_from(stored)
        if values.get("stage", stored.stage) != stored.stage:
            values.setdefault("stage_reached_on", on)
            move.stage_days = max((values["stage_reached_on"] - stored.stage_reached_on).days, 0)
        place = values.get("holder", stored.holder).pk, values.get("holder_desk", stored.holder_desk)
        if place != (stored.holder_id, stored.holder_desk):
            values.setdefault("holder_reached_on", on)
            move.holder_days = max((values["holder_reached_on"] - stored.holder_reached_on).days, 0)
        for name, value in values.items():
            setattr(stored, name, value)
        move.note_to(stored)
        models.Model.save(stored, update_fields=list(values))
        move.save()
        for name, value in values.items():
            setattr(self, name, value)
        return move


def _require_reason(reason: str, note: str) -> None:
    if reason not in stages.REASONS:
        raise Refused(gettext("Say why: choose a reason."))
    if not note.strip():
        raise Refused(gettext("Write down in a sentence what is the matter."))


def _condition(condition, reason: str = "", note: str = "") -> dict:
    return {"condition": condition, "reason": reason, "condition_note": note.strip() if reason else ""}


def _held_by(holder, desk: str) -> dict:
    return {} if holder is None else {"holder": holder, "holder_desk": " ".join(desk.split())}


class MoveQuerySet(models.QuerySet):
    def visible_to(self, user):
        """As the packages; a viewer sees where a package is, not who wrote what about it."""
        return of_visible_packages(self, user, "assets.view_move")

    def unanswered_returns(self):
        """Returns to a giver who has not brought the package to another stage since."""
        return self.filter(
            kind=Move.Kind.RETURN,
            package__stage=stages.DOCUMENT_COLLECTION,
            package__condition=Package.Condition.NORMAL,
            on__gte=F("package__stage_reached_on"),
        )


def of_visible_packages(queryset, user, permission: str):
    """Records of the packages that a person sees, for who has the permission. Who sees all is spared the question."""
    if not user.is_authenticated or not user.has_perm(permission):
        return queryset.none()
    packages = Package.objects.visible_to(user)
    return queryset.filter(package__in=packages) if packages.query.where else queryset


class Move(models.Model):
    """One move of a package or its file: who, when, from whom to whom, and why. Written by the verbs, never edited."""

    class Kind(models.TextChoices):
        TAKE_UP = "take_up", _("taken into the register")
        ADVANCE = "advance", _("stage changed")
        SEND = "send", _("file handed on")
        RETURN = "return", _("returned to the giver")
        ACCEPT = "accept", _("accepted by the receiver")
        REJECT = "reject", _("refused by the receiver")
        BLOCK = "block", _("blocked")
        UNBLOCK = "unblock", _("block lifted")
        SET_ASIDE = "set_aside", _("set aside")
        RESUME = "resume", _("taken up again")
        INTERIM = "interim", _("handed over for use")
        PUBLISH = "publish", _("published")
        WITHDRAW = "withdraw", _("no longer published")

    # PROTECT: what has moved is not deleted.
    package = models.ForeignKey(Package, models.PROTECT, related_name="moves", verbose_name=_("package"))
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    from_stage = models.CharField(_("from stage"), max_length=21, choices=stages.STAGE_CHOICES)
    to_stage = models.CharField(_("to stage"), max_length=21, choices=stages.STAGE_CHOICES)
    from_condition = models.CharField(_("condition before"), max_length=14, choices=Package.Condition)
    to_condition = models.CharField(_("condition after"), max_length=14, choices=Package.Condition)
    from_holder = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", verbose_name=_("from"), db_index=False
    )
    from_desk = models.CharField(_("from desk"), max_length=100, blank=True)
    to_holder = models.ForeignKey(Organization, models.PROTECT, related_name="+", verbose_name=_("to"))
    to_desk = models.CharField(_("to desk"), max_length=100, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=stages.REASON_CHOICES, blank=True)
    note = models.TextField(_("note"), blank=True)
    on = models.DateField(_("on"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("written at"))
    # How long it had been where it left; empty where it did not leave.
    stage_days = models.PositiveIntegerField(_("days at the stage before"), null=True)
    holder_days = models.PositiveIntegerField(_("days with the holder before"), null=True)
    objects = MoveQuerySet.as_manager()

    class Meta:
        ordering = ["on", "at", "pk"]
        verbose_name = _("move")
        verbose_name_plural = _("moves")
        indexes = [
            models.Index(fields=["package", "on", "at"], name="move_of_package"),
            # All that the page of ageing asks of moves, so that it reads no row.
            models.Index(
                fields=["from_stage", "stage_days", "kind"], name="move_by_stage", condition=~Q(stage_days=None)
            ),
            models.Index(
                fields=["from_holder", "from_desk", "holder_days", "kind"],
                name="move_by_holder",
                condition=~Q(holder_days=None),
            ),
        ]

    def __str__(self):
        return f"{self.package.number}: {self.get_kind_display()}"

    def note_from(self, package: Package) -> None:
        self.from_stage, self.from_condition = package.stage, package.condition
        self.from_holder, self.from_desk = package.holder, package.holder_desk

    def note_to(self, package: Package) -> None:
        self.to_stage, self.to_condition = package.stage, package.condition
        self.to_holder, self.to_desk = package.holder, package.holder_desk

    @property
    def is_unanswered_return(self) -> bool:
        """As `unanswered_returns`, of one move."""
        return (
            self.kind == self.Kind.RETURN
            and self.package.stage == stages.DOCUMENT_COLLECTION
            and self.package.condition == Package.Condition.NORMAL
            and self.on >= self.package.stage_reached_on
        )

    @property
    def is_skip(self) -> bool:
        """Whether this move left the usual order of stages."""
        return self.kind == self.Kind.ADVANCE and self.package.steps.get((self.from_stage, self.to_stage), True)
