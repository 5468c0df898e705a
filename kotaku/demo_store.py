"""How rows of the demo's data become records, through the models' own checks."""

import json
from datetime import datetime

from django.conf import settings
from django.core import serializers
from django.db import models
from django.utils import timezone

from core.models import Organization, Region
from slumareas.models import SlumArea

FIXTURES = settings.BASE_DIR / "fixtures"


def read(name: str):
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def load_missing(name: str) -> None:
    """Store what the fixture holds and the database does not; what is there already stays as it is."""
    for row in serializers.deserialize("json", (FIXTURES / name).read_text(encoding="utf-8")):
        if row.object.pk is None:
            store(row.object)


def values_of(row: dict, *without: str) -> dict:
    """A row of the data as model values: lists are lines of text, codes and keys name regions and organizations."""
    return {name: _value(name, value) for name, value in row.items() if name not in without}


def _value(name: str, value):
    if isinstance(value, list):
        return "\n".join(value)
    if name == "region":
        return Region.objects.filter(code=value).first()
    if name in ("organization", "organizer", "responsible_organization"):
        return Organization.objects.filter(key=value).first()
    if name == "slum_area":
        return SlumArea.objects.filter(slug=value).first()
    return value


def store(instance: models.Model):
    instance.full_clean()
    instance.save()
    return instance


def local(moment: datetime) -> datetime:
    return timezone.make_aware(moment)
