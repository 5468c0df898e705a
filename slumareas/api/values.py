"""How values are written, and what is said about them."""

import re

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from core.api import CheckedSerializer, VisibleKeyField
from core.models import Region
from slumareas import checking, scoring
from slumareas.models.quantities import QuantityField


@extend_schema_field({"type": "string", "format": "decimal"})
class NumberField(serializers.Field):
    """A decimal as a string without trailing zeros; a JSON number is understood as well. Blank is null, never 0."""

    PLAIN = re.compile(r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?\s*$", re.ASCII | re.IGNORECASE)

    def __init__(self, *args, quantity: QuantityField | None = None, **kwargs):
        self.quantity = quantity
        super().__init__(*args, **kwargs)

    def validate_empty_values(self, data):
        return super().validate_empty_values(None if data == "" and self.allow_null else data)

    def to_internal_value(self, data):
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        if not is_number and not (isinstance(data, str) and self.PLAIN.match(data[:60])):
            raise ValidationError(self.quantity.error_messages["invalid"])
        return self.quantity.to_python(data)

    def to_representation(self, value):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class ClassField(serializers.ChoiceField):
    """The slum class; null while something is not assessed."""

    def __init__(self, **kwargs):
        super().__init__(
            **{"source": "slum_class", "choices": list(scoring.SLUM_CLASSES.items()), "read_only": True} | kwargs,
            allow_null=True,
        )

    def to_representation(self, value):
        return value or None


class WithClass:
    """Adds `class`, a word that cannot be an attribute."""

    def get_fields(self):
        return {**super().get_fields(), "class": ClassField()}


class VillageField(VisibleKeyField):
    """A kelurahan or desa by its code; a village user knows of the own one alone."""

    def __init__(self, **kwargs):
        super().__init__(slug_field="code", **kwargs)

    def get_queryset(self):
        user, villages = self.context["request"].user, Region.objects.villages()
        return villages.within(user.region) if user.role == user.Role.VILLAGE_USER else villages


class WarningSerializer(serializers.Serializer):
    """Something to be confirmed: stored all the same. `field` is empty where the row as a whole is meant."""

    code = serializers.CharField()
    field = serializers.CharField()
    message = serializers.CharField()


def confirmable(findings) -> list[dict]:
    return [
        {"code": one.code, "field": one.field, "message": checking.FINDINGS[one.code][1]}
        for one in findings
        if checking.FINDINGS[one.code][0] == checking.WARNING
    ]


class ResultsSerializer(serializers.Serializer):
    """What follows from the volumes, unrounded; null stands for what could not be assessed."""

    percent = serializers.DictField(child=NumberField(allow_null=True), source="scored.percent", read_only=True)
    score = serializers.DictField(
        child=serializers.IntegerField(allow_null=True), source="scored.score", read_only=True
    )
    aspect_average = serializers.DictField(
        child=NumberField(allow_null=True), source="scored.aspect_average", read_only=True
    )
    sector_average = NumberField(source="scored.sector_average", allow_null=True, read_only=True)
    not_assessed = serializers.ListField(child=serializers.CharField(), source="scored.not_assessed", read_only=True)
    warnings = WarningSerializer(many=True, source="noticed", read_only=True)

    RESULTS = ("percent", "score", "aspect_average", "sector_average", "not_assessed", "warnings")

    def to_representation(self, instance):
        instance.scored = instance.result()
        instance.noticed = self.noticed(instance)
        return super().to_representation(instance)


class MeasuredSerializer(CheckedSerializer):
    serializer_field_mapping = {**CheckedSerializer.serializer_field_mapping, QuantityField: NumberField}

    def build_standard_field(self, field_name, model_field):
        field_class, arguments = super().build_standard_field(field_name, model_field)
        return field_class, {**arguments, "quantity": model_field} if field_class is NumberField else arguments
