"""What of the records a reader may see; all of them where nobody is named."""

from django.db.models import QuerySet

from core.models import User
from slumareas.models import AssessmentYear, Baseline, SlumArea


def seen(records: QuerySet, reader: User | None) -> QuerySet:
    return records if reader is None else records.visible_to(reader)


def baselines_of(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> QuerySet:
    return seen(Baseline.objects.filter(slum_area=area, assessment_year=year), reader)
