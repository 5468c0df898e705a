"""Agreements as they come about: drafted, opened for signing, answered, published. People are plainly made up."""

import datetime
import io
from decimal import Decimal

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image, ImageDraw

from agreements.models import Agreement, AgreementRecord, FollowUp, Signatory
from tests import factories

DAY = datetime.date(2026, 3, 10)
AT = datetime.datetime(2026, 3, 10, 8, 0, tzinfo=datetime.UTC)


def png(name: str = "tanda-tangan.png") -> ContentFile:
    picture = Image.new("RGBA", (300, 120), (255, 255, 255, 0))
    ImageDraw.Draw(picture).line([(10, 100), (60, 20), (100, 90), (290, 60)], fill=(10, 10, 90), width=4)
    content = io.BytesIO()
    picture.save(content, "PNG")
    return ContentFile(content.getvalue(), name)


def drafted(texts=("Kesepakatan pertama.",), signatories=("Budi Contoh",), **workshop):
    """A workshop with agreements and those who will sign, still a draft."""
    workshop = factories.WorkshopFactory(status="in_progress", **workshop)
    record = AgreementRecord.objects.create(workshop=workshop)
    for text in texts:
        agreement = Agreement(workshop=workshop, text=text)
        agreement.full_clean()
        agreement.save()
    for name in signatories:
        Signatory(record=record, name=name, position="Kepala Dinas", organization_name="Dinas Uji").save()
    return workshop


def published(by, **kwargs):
    """The same, signed on paper by everybody, published, and the workshop closed."""
    workshop = drafted(**kwargs)
    record = workshop.agreement_record
    record.open_for_signing(by=by, at=AT)
    for signatory in record.signatories.all():
        signatory.sign(by=by, at=AT, how="paper", on=DAY)
    record.publish(by=by, at=AT)
    type(workshop).objects.filter(pk=workshop.pk).update(status="closed")
    workshop.refresh_from_db()
    return workshop


def follow_up(agreement, organization, *, by=None, at=AT, **values):
    """A follow-up stored by its own door."""
    made = FollowUp(
        agreement=agreement, responsible_organization=organization, **{"activity": "Kegiatan uji", **values}
    )
    made.record(by=by, at=at)
    return made


def local(day: datetime.date, hour: int = 9):
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(hour)))


HUNDRED_MILLION = Decimal(100_000_000)
