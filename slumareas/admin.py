"""The admin of slum areas: the same rights and doors as the pages. What is verified or locked is read-only here too."""

from functools import partial

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export import fields, widgets
from import_export.admin import ExportMixin
from simple_history.admin import SimpleHistoryAdmin

from core.admin import ExportingAdmin, HouseAdmin, HouseResource, ReadOnly, RefusalsAsMessages, by_key
from core.models import Region
from core.refusals import Refused
from core.resources import WrongCell
from core.spreadsheet import EXPORT_FORMATS, as_text
from slumareas import checking
from slumareas.forms import WithVillages
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    ColumnMapping,
    Decree,
    DecreeArea,
    Import,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
    YearStatusChange,
)
from slumareas.models.assessments import CHANGE_KEYS, HECTARE_KEYS
from slumareas.models.places import normalised_unit
from slumareas.models.quantities import DENOMINATOR_KEYS, NUMERATOR_KEYS, QUANTITY_KEYS, QuantityField

KEYS = {"separator": ", "}  # several keys in one cell


# --- spreadsheets ------------------------------------------------------------------------------------------
class QuantityWidget(widgets.Widget):
    """A measured number; blank is not assessed, never 0."""

    def __init__(self, quantity: QuantityField):
        super().__init__()
        self.quantity = quantity

    def clean(self, value, row=None, **kwargs):
        try:
            return self.quantity.to_python(as_text(value) or None)
        except ValidationError as error:
            raise WrongCell(error.messages[0])

    def render(self, value, obj=None, **kwargs):
        if value is None:
            return None
        return int(value) if value == value.to_integral_value() else value


class UnitWidget(widgets.CharWidget):
    """RT or RW however it is written."""

    def clean(self, value, row=None, **kwargs):
        return normalised_unit(as_text(value))


class MeasuredResource(HouseResource):
    class Meta(HouseResource.Meta):
        abstract = True

    @classmethod
    def widget_from_django_field(cls, field, default=widgets.Widget):
        if isinstance(field, QuantityField):
            return partial(QuantityWidget, quantity=field)
        return super().widget_from_django_field(field, default)


def read_only(column: str, attribute: str) -> fields.Field:
    return fields.Field(column_name=column, attribute=attribute, readonly=True)


def unit_of(row) -> NeighbourhoodUnit:
    """The neighbourhood that `region`, `rw` and `rt` name."""
    region = Region.objects.villages().filter(code=as_text(row.get("region"))).first()
    if region is None:
        raise ValidationError({"region": gettext("There is no kelurahan or desa with this code.")})
    rw, rt = (normalised_unit(as_text(row.get(name))) for name in ("rw", "rt"))
    unit = NeighbourhoodUnit.objects.select_related("region", "slum_area").filter(region=region, rw=rw, rt=rt).first()
    if unit is None:
        raise ValidationError({"rt": gettext("This RT is not recorded in the village.")})
    return unit


PLACE = {"region", "rw", "rt"}


class PlacedResource(MeasuredResource):
    """Rows that name a neighbourhood by `region`, `rw` and `rt`."""

    region = read_only("region", "unit__region__code")
    rw = read_only("rw", "unit__rw")
    rt = read_only("rt", "unit__rt")

    class Meta(MeasuredResource.Meta):
        abstract = True


# --- what several have in common -----------------------------------------------------------------------------
class SlumAdmin(RefusalsAsMessages, HouseAdmin):
    pass


class OnSite:
    """With a link to the page of the record."""

    def view_on_site(self, record):
        return record.get_absolute_url()


class ShowsYear:
    """A year is no number to be grouped in thousands; that is how Django shows an integer that is only read."""

    @admin.display(description=_("year"), ordering="year")
    def in_year(self, record):
        return str(record.year)


class WithYear(ShowsYear):
    """A year that is typed by whoever may change it, and shown to the others."""

    def get_fields(self, request, obj=None):
        names = [name for name in super().get_fields(request, obj) if name != "in_year"]
        is_read = obj and not self.has_change_permission(request, obj)
        return ["in_year" if is_read and name == "year" else name for name in names]

    def get_readonly_fields(self, request, obj=None):
        return [*super().get_readonly_fields(request, obj), "in_year"]


class DistrictFilter(admin.SimpleListFilter):
    """`path` leads to the village."""

    title = _("district")
    parameter_name = "district"
    path = "region"

    def lookups(self, request, model_admin):
        return [(one.code, one.full_name) for one in Region.objects.filter(level=Region.Level.DISTRICT)]

    def queryset(self, request, queryset):
        chosen = self.value()
        return queryset.filter(**{f"{self.path}__parent__code": chosen}).distinct() if chosen else queryset


class UnitDistrictFilter(DistrictFilter):
    path = "unit__region"


class AreaDistrictFilter(DistrictFilter):
    path = "villages"


# --- areas ---------------------------------------------------------------------------------------------------
class SlumAreaResource(MeasuredResource):
    villages = fields.Field(
        column_name="villages", attribute="villages", widget=widgets.ManyToManyWidget(Region, field="code", **KEYS)
    )

    class Meta(MeasuredResource.Meta):
        model = SlumArea
        import_id_fields = ["slug"]
        fields = [
            "slug",
            "name",
            "kind",
            "villages",
            "description",
            "is_strategic",
            "has_community_support",
            "is_tenure_clear",
            "fits_spatial_plan",
            "has_building_permits",
        ]

    def before_save_instance(self, instance, row, **kwargs):
        if "villages" in row:
            codes = [code.strip() for code in as_text(row["villages"]).split(",") if code.strip()]
            villages = Region.objects.villages().filter(code__in=codes)
            if not codes or len(villages) < len(set(codes)):
                raise ValidationError({"villages": gettext("There is no kelurahan or desa with this code.")})
        elif instance.pk:
            villages = instance.villages.all()
        else:
            raise ValidationError({"villages": gettext("Say in which villages the slum area lies.")})
        instance.check_villages(villages)


class SlumAreaForm(WithVillages, forms.ModelForm):
    pass


class BoundaryInline(ShowsYear, admin.TabularInline):
    """Outlines come in on the area's page, where they are checked; here only what is said about them."""

    model = AreaBoundary
    extra = 0
    fields = ["in_year", "area_ha", "source"]
    readonly_fields = ["in_year", "area_ha"]
    show_change_link = True

    def has_add_permission(self, request, obj=None):
        return False


class DecreeAreaInline(admin.TabularInline):
    model = DecreeArea
    extra = 0
    fields = ["decree", "slum_area", "hectares"]
    autocomplete_fields = ["decree", "slum_area"]


@admin.register(SlumArea)
class SlumAreaAdmin(OnSite, SlumAdmin):
    resource_classes = [SlumAreaResource]
    form = SlumAreaForm
    list_display = ["name", "kind", "slug"]
    list_filter = ["kind", AreaDistrictFilter]
    search_fields = ["name", "slug", "villages__name"]
    autocomplete_fields = ["villages"]
    readonly_fields = ["slug"]
    inlines = [BoundaryInline, DecreeAreaInline]
    fieldsets = [
        (None, {"fields": ["name", "slug", "kind", "villages", "description"]}),
        (_("Other considerations"), {"fields": ["is_strategic", "has_community_support"]}),
        (_("Land legality"), {"fields": ["is_tenure_clear", "fits_spatial_plan", "has_building_permits"]}),
    ]


@admin.register(AreaBoundary)
class AreaBoundaryAdmin(ShowsYear, RefusalsAsMessages, SimpleHistoryAdmin):
    """Outlines come in on the area's page, where they are checked."""

    list_display = ["slum_area", "in_year", "area_ha", "source"]
    list_select_related = ["slum_area"]
    list_filter = ["year"]
    search_fields = ["slum_area__name", "source"]
    fields = ["slum_area", "in_year", "area_ha", "source"]
    readonly_fields = ["slum_area", "in_year", "area_ha"]
    autocomplete_fields = ["slum_area"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("geometry")

    def has_add_permission(self, request):
        return False


# --- decrees and reported hectares ---------------------------------------------------------------------------
class DecreeResource(MeasuredResource):
    class Meta(MeasuredResource.Meta):
        model = Decree
        import_id_fields = ["number"]
        fields = ["number", "year", "issued_on", "title", "note"]


@admin.register(Decree)
class DecreeAdmin(WithYear, SlumAdmin):
    resource_classes = [DecreeResource]
    list_display = ["number", "in_year", "issued_on", "title"]
    list_filter = ["year"]
    search_fields = ["number", "title", "areas__slum_area__name"]
    inlines = [DecreeAreaInline]


class DecreeAreaResource(MeasuredResource):
    decree = by_key("decree", Decree, "number")
    slum_area = by_key("slum_area", SlumArea, "slug")

    class Meta(MeasuredResource.Meta):
        model = DecreeArea
        import_id_fields = ["decree", "slum_area"]
        fields = ["decree", "slum_area", "hectares"]


@admin.register(DecreeArea)
class DecreeAreaAdmin(SlumAdmin):
    resource_classes = [DecreeAreaResource]
    list_display = ["slum_area", "decree", "hectares"]
    list_select_related = ["slum_area", "decree"]
    list_filter = ["decree__year"]
    search_fields = ["slum_area__name", "decree__number"]
    autocomplete_fields = ["decree", "slum_area"]


class ReportingGroupResource(MeasuredResource):
    regions = fields.Field(
        column_name="regions", attribute="regions", widget=widgets.ManyToManyWidget(Region, field="code", **KEYS)
    )

    class Meta(MeasuredResource.Meta):
        model = ReportingGroup
        import_id_fields = ["slug"]
        fields = ["slug", "name", "regions"]


class ReportedHectaresInline(WithYear, admin.TabularInline):
    model = ReportedHectares
    extra = 0
    fields = ["year", "kind", "hectares", "decree", "source"]
    autocomplete_fields = ["decree"]
    show_change_link = True


@admin.register(ReportingGroup)
class ReportingGroupAdmin(SlumAdmin):
    resource_classes = [ReportingGroupResource]
    list_display = ["name", "slug"]
    list_filter = [("regions", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["name", "slug", "regions__name"]
    autocomplete_fields = ["regions"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [ReportedHectaresInline]

    def get_prepopulated_fields(self, request, obj=None):
        return self.prepopulated_fields if self.has_change_permission(request, obj) else {}


class ReportedHectaresResource(MeasuredResource):
    group = by_key("group", ReportingGroup, "slug")
    decree = by_key("decree", Decree, "number")

    class Meta(MeasuredResource.Meta):
        model = ReportedHectares
        import_id_fields = ["group", "year", "kind"]
        fields = ["group", "year", "kind", "hectares", "decree", "source", "explanation"]


@admin.register(ReportedHectares)
class ReportedHectaresAdmin(WithYear, SlumAdmin):
    resource_classes = [ReportedHectaresResource]
    list_display = ["group", "in_year", "kind", "hectares", "decree"]
    list_select_related = ["group", "decree"]
    list_filter = ["year", "kind", "group"]
    search_fields = ["group__name", "source", "decree__number"]
    autocomplete_fields = ["group", "decree"]


# --- neighbourhoods ------------------------------------------------------------------------------------------
class NeighbourhoodUnitResource(MeasuredResource):
    region = by_key("region", Region, "code")
    rw = fields.Field(column_name="rw", attribute="rw", widget=UnitWidget())
    rt = fields.Field(column_name="rt", attribute="rt", widget=UnitWidget())
    slum_area = by_key("slum_area", SlumArea, "slug")

    class Meta(MeasuredResource.Meta):
        model = NeighbourhoodUnit
        import_id_fields = ["region", "rw", "rt"]
        fields = ["region", "rw", "rt", "slum_area"]


class WorkInline(WithYear, admin.TabularInline):
    model = Work
    extra = 0
    fields = ["year", "criterion", "activity", "volume", "funding_source", "cost"]


@admin.register(NeighbourhoodUnit)
class NeighbourhoodUnitAdmin(OnSite, SlumAdmin):
    resource_classes = [NeighbourhoodUnitResource]
    list_display = ["label", "region", "slum_area"]
    list_select_related = ["region", "slum_area"]
    list_filter = [DistrictFilter, ("slum_area", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["region__name", "region__code", "slum_area__name", "=rt", "=rw"]
    autocomplete_fields = ["region", "slum_area"]
    fields = ["region", "rw", "rt", "slum_area"]
    inlines = [WorkInline]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("boundary")


# --- years ---------------------------------------------------------------------------------------------------
class StatusChangeInline(admin.TabularInline):
    model = YearStatusChange
    extra = 0
    fields = readonly_fields = ["verb", "by", "at", "reason"]

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


VERB_LABELS = {"verify": _("Verify"), "lock": _("Lock"), "reopen": _("Reopen")}


@admin.register(AssessmentYear)
class AssessmentYearAdmin(WithYear, OnSite, RefusalsAsMessages, admin.ModelAdmin):
    """The status changes by the verbs alone; a year that was measured keeps its number and rule set."""

    list_display = ["in_year", "rule_set", "status"]
    list_filter = ["status", "rule_set"]
    search_fields = ["year", "rule_set"]
    fields = ["year", "rule_set", "status", "steps"]
    readonly_fields = ["status", "steps"]
    inlines = [StatusChangeInline]
    actions = ["verify", "lock", "reopen"]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def has_change_permission(self, request, obj=None):
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    @admin.display(description=_("next steps"))
    def steps(self, year):
        """Links to the pages of the verbs that the state allows; nothing is decided here."""
        verbs = [verb for verb in AssessmentYear.TRANSITIONS if year.pk and year.can(verb)]
        links = ((reverse(f"slumareas:year_{verb}", args=[year.pk]), VERB_LABELS[verb]) for verb in verbs)
        return format_html_join(" · ", '<a href="{}">{}</a>', links) or "–"

    def has_verify_permission(self, request):
        return request.user.has_perm("slumareas.verify_assessmentyear")

    def has_lock_permission(self, request):
        return request.user.has_perm("slumareas.lock_assessmentyear")

    def has_reopen_permission(self, request):
        return request.user.has_perm("slumareas.reopen_assessmentyear")

    @admin.action(description=_("Verify the chosen years"), permissions=["verify"])
    def verify(self, request, queryset):
        self._move(request, queryset, "verify")

    @admin.action(description=_("Lock the chosen years"), permissions=["lock"])
    def lock(self, request, queryset):
        self._move(request, queryset, "lock")

    @admin.action(description=_("Reopen a year, with a reason"), permissions=["reopen"])
    def reopen(self, request, queryset):
        """The reason is asked on the year's page."""
        if len(queryset) != 1:
            self.message_user(request, gettext("Choose one year to reopen."), messages.ERROR)
            return None
        return redirect("slumareas:year_reopen", queryset[0].pk)

    def _move(self, request, queryset, verb):
        for year in queryset:
            try:
                getattr(year, verb)(by=request.user, at=timezone.now())
            except Refused as refusal:
                self.message_user(request, f"{year}: {refusal.sentence}", messages.ERROR)
            else:
                self.message_user(request, f"{year}: {year.get_status_display()}", messages.SUCCESS)


@admin.register(YearStatusChange)
class YearStatusChangeAdmin(ReadOnly):
    list_display = ["assessment_year", "verb", "by", "at", "reason"]
    list_select_related = ["assessment_year", "by"]
    list_filter = ["verb"]
    search_fields = ["assessment_year__year", "reason", "by__username"]


# --- baselines -----------------------------------------------------------------------------------------------
class BaselineResource(PlacedResource):
    """Goes out only: lists come in by the pages of the importer, which look at them as a whole."""

    year = read_only("year", "assessment_year__year")
    rule_set = read_only("rule_set", "assessment_year__rule_set")
    slum_area = read_only("slum_area", "slum_area__slug")
    total = read_only("total", "total")
    slum_class = read_only("class", "slum_class")

    class Meta(PlacedResource.Meta):
        model = Baseline
        fields = [
            "region",
            "rw",
            "rt",
            "year",
            "rule_set",
            "slum_area",
            *QUANTITY_KEYS,
            "open_space_kind",
            "open_space_note",
            "note",
            "source",
            "is_made_up",
            "total",
            "slum_class",
        ]


class BaselineForm(forms.ModelForm):
    def clean_assessment_year(self):
        year = self.cleaned_data["assessment_year"]
        year.require_draft()
        return year


@admin.register(Baseline)
class BaselineAdmin(OnSite, RefusalsAsMessages, ExportingAdmin):
    resource_classes = [BaselineResource]
    import_export_change_list_template = "admin/slumareas/baseline/change_list_with_importer.html"
    form = BaselineForm
    list_display = ["unit", "assessment_year", "total", "slum_class", "slum_area", "is_made_up"]
    list_select_related = ["unit__region", "assessment_year", "slum_area"]
    list_filter = [
        "assessment_year",
        "slum_class",
        UnitDistrictFilter,
        "is_made_up",
    ]
    search_fields = ["unit__region__name", "unit__region__code", "slum_area__name", "=unit__rt", "source"]
    autocomplete_fields = ["unit", "assessment_year"]
    readonly_fields = ["slum_area", "total", "slum_class"]
    fieldsets = [
        (None, {"fields": ["unit", "assessment_year", "slum_area", "total", "slum_class", "is_made_up"]}),
        (_("Basic data"), {"fields": DENOMINATOR_KEYS}),
        (_("Criteria"), {"fields": NUMERATOR_KEYS}),
        (_("Green open space"), {"fields": ["open_space_m2", "open_space_kind", "open_space_note"]}),
        (_("Note"), {"fields": ["source", "note", "photo"]}),
    ]

    def get_readonly_fields(self, request, obj=None):
        """A baseline stays in its neighbourhood and year."""
        return [*self.readonly_fields, *(["unit", "assessment_year"] if obj else [])]

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.assessment_year.is_draft)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or obj.assessment_year.is_draft)

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        for finding in obj.findings():
            if finding.severity == checking.WARNING:
                about = f"{checking.label_of(finding.field)}: " if finding.field else ""
                self.message_user(request, f"{about}{finding.message}", messages.WARNING)


@admin.register(Import)
class ImportAdmin(ReadOnly):
    """Files come in and go by the pages alone, which check and tell."""

    list_display = ["file_name", "year", "rule_set", "state", "by", "at"]
    list_select_related = ["by"]
    list_filter = ["state", "year", "rule_set"]
    search_fields = ["file_name", "sha256", "by__username"]
    autocomplete_fields = ["region"]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)


@admin.register(ColumnMapping)
class ColumnMappingAdmin(ReadOnly):
    """A wrong answer is deleted here; the next file of that heading asks again."""

    list_display = ["heading", "columns", "ignored"]
    list_filter = [("heading", admin.EmptyFieldListFilter)]
    search_fields = ["heading"]

    def has_delete_permission(self, request, obj=None):
        return request.user.has_perm("slumareas.delete_columnmapping")


# --- results -------------------------------------------------------------------------------------------------
class AssessmentResource(MeasuredResource):
    """Goes out only: results are computed."""

    year = read_only("year", "assessment_year__year")
    rule_set = read_only("rule_set", "assessment_year__rule_set")
    slum_area = read_only("slum_area", "slum_area__slug")
    region = read_only("region", "region__code")
    slum_class = read_only("class", "slum_class")

    class Meta(MeasuredResource.Meta):
        model = Assessment
        fields = [
            "level",
            "slum_area",
            "region",
            "year",
            "rule_set",
            "total",
            "slum_class",
            "unit_count",
            "assessed_count",
            "has_made_up",
            *QUANTITY_KEYS,
            *HECTARE_KEYS,
            *CHANGE_KEYS,
        ]


@admin.register(Assessment)
class AssessmentAdmin(ExportMixin, ReadOnly):
    resource_classes = [AssessmentResource]
    export_formats = EXPORT_FORMATS
    list_display = ["place", "level", "assessment_year", "total", "slum_class", "unit_count", "has_made_up"]
    list_select_related = ["slum_area", "region", "assessment_year"]
    list_filter = ["level", "assessment_year", "slum_class", "has_made_up"]
    search_fields = ["slum_area__name", "region__name", "region__code"]
    show_full_result_count = False

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def has_export_permission(self, request):
        return self.has_view_permission(request)

    @admin.display(description=_("place"))
    def place(self, assessment):
        return assessment.place


# --- works ---------------------------------------------------------------------------------------------------
class WorkResource(PlacedResource):
    class Meta(PlacedResource.Meta):
        model = Work
        import_id_fields = ["id"]
        fields = ["id", "region", "rw", "rt", "year", "criterion", "activity", "volume", "funding_source", "cost"]

    def import_instance(self, instance, row, **kwargs):
        """All that is wrong with a row at once: its place does not hide its figures."""
        errors = {}
        try:
            instance.unit = unit_of(row)
        except ValidationError as refused:
            errors = refused.update_error_dict(errors)
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as refused:
            errors = refused.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        errors = dict(import_validation_errors or {})
        if not PLACE & errors.keys():
            super().validate_instance(instance, errors, validate_unique)
            return
        try:
            instance.clean_fields(exclude={*errors, "unit"})  # what needs the neighbourhood cannot be asked
        except ValidationError as refused:
            errors = refused.update_error_dict(errors)
        raise ValidationError(errors)


@admin.register(Work)
class WorkAdmin(WithYear, SlumAdmin):
    resource_classes = [WorkResource]
    list_display = ["activity", "in_year", "criterion", "unit", "volume", "funding_source", "cost"]
    list_select_related = ["unit__region"]
    list_filter = ["year", "criterion", UnitDistrictFilter]
    search_fields = ["activity", "funding_source", "unit__region__name", "unit__slum_area__name"]
    autocomplete_fields = ["unit"]
