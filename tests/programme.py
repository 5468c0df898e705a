"""A tiny programme: one record of most kinds, with a file. For whatever must come back as it was."""

import datetime

from django.core.files.base import ContentFile
from django.utils import timezone

from slumareas.models import SlumArea
from tests import factories
from workshops.models import Attachment

FILE = b"%PDF-1.4\n% berkas uji\n"


def make_programme():
    """A closed workshop with a file, a measured area in a locked year, a cast. Returns the workshop."""
    people = factories.make_people()
    at = timezone.make_aware(datetime.datetime(2026, 3, 10, 9))
    area = factories.SlumAreaFactory(name="Kawasan “Uji” & <Coba>", villages=[people["village_user"].region])
    unit = factories.NeighbourhoodUnitFactory(region=people["village_user"].region, slum_area=area, rt="6A")
    baseline = factories.BaselineFactory(unit=unit, year=2024)
    factories.AreaBoundaryFactory(slum_area=area)
    factories.WorkFactory(unit=unit)
    baseline.assessment_year.refresh_from_db()
    for verb in ("verify", "lock"):
        getattr(baseline.assessment_year, verb)(by=people["verifier"], at=at)
    workshop = factories.WorkshopFactory(title="Lokakarya “Uji” 10 Maret — n°1", created_by=people["planner"])
    factories.LeaderFactory(workshop=workshop)
    item = factories.AgendaItemFactory(workshop=workshop)
    factories.MinutesEntryFactory(
        workshop=workshop, agenda_item=item, text="Baris satu\nbaris dua\t\u2028tiga \U0001f3e0"
    )
    factories.ParticipantFactory(workshop=workshop)
    Attachment(workshop=workshop, title="Berkas uji", file=ContentFile(FILE, name="uji.pdf")).save()
    for verb in ("start", "finish", "close"):
        getattr(workshop, verb)(by=people["verifier"], at=at)
    # Numbers given to what is gone again must not be given twice.
    SlumArea.objects.filter(pk=factories.SlumAreaFactory(villages=[]).pk).delete()
    return workshop
