"""Photos as they are kept: upright, not too large, without what the camera wrote into them.

Belongs to core because neighbourhoods, follow-ups and assets all have photos.
"""

import io
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import models
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, ImageOps

from core.uploads import validate_picture

LONGEST_SIDE = 2560  # pixels; enough to read a sign board in a photo of a street
MOST_PIXELS = 80_000_000
QUALITY = 85
DEGREES = Decimal("0.000001")  # about a decimetre


@dataclass(frozen=True)
class Photo:
    """`content` is a JPEG. Day and place are what the camera wrote, in WGS84 degrees, or None."""

    content: ContentFile
    taken_on: date | None
    latitude: Decimal | None
    longitude: Decimal | None


def prepare(file) -> Photo:
    """Turn the picture upright, read day and place, and draw it anew so that nothing else of the file remains.

    The same file gives the same bytes. Raises ValidationError where it is no picture.
    """
    validate_picture(file)
    try:
        with Image.open(file) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise ValidationError(_("This picture has too many pixels. Make it smaller and choose it again."))
            metadata = picture.getexif()
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            drawn = Image.new("RGB", upright.size, "white")
            drawn.paste(upright, mask=upright.convert("RGBA").getchannel("A"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValidationError(_("This picture is damaged and cannot be opened. Choose another one.")) from error
    finally:
        file.seek(0)
    latitude, longitude = _place(metadata)
    return Photo(_as_jpeg(drawn, file.name), _day(metadata), latitude, longitude)


def _as_jpeg(drawn: Image.Image, name: str) -> ContentFile:
    buffer = io.BytesIO()
    drawn.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return ContentFile(buffer.getvalue(), name=f"{name.rpartition('.')[0] or 'foto'}.jpg")


def _day(metadata: Image.Exif) -> date | None:
    details = metadata.get_ifd(ExifTags.IFD.Exif)
    for written in (details.get(ExifTags.Base.DateTimeOriginal), metadata.get(ExifTags.Base.DateTime)):
        try:
            return datetime.strptime(str(written), "%Y:%m:%d %H:%M:%S").date()  # the camera's own clock
        except ValueError:
            continue
    return None


def _place(metadata: Image.Exif) -> tuple[Decimal | None, Decimal | None]:
    """Both or neither: a latitude alone is no place, and cameras without a signal write 0 and 0."""
    gps = metadata.get_ifd(ExifTags.IFD.GPSInfo)
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S", 90)
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _degrees(parts, side, negative_side: str, limit: int) -> Decimal | None:
    try:
        degrees, minutes, seconds = (Decimal(part.numerator) / Decimal(part.denominator) for part in parts)
        value = (degrees + minutes / 60 + seconds / 3600).quantize(DEGREES)
    except (TypeError, ValueError, AttributeError, ArithmeticError, InvalidOperation):
        return None
    value = -value if str(side).strip("\x00 ").upper() == negative_side else value
    return value if abs(value) <= limit else None


THUMBNAIL_SIDE = 480  # pixels; sharp on a phone in half its width


def thumbnail(file) -> bytes:
    """A small JPEG of a photo that was kept. Raises FileNotFoundError where it cannot be read any more."""
    try:
        with Image.open(file) as picture:
            picture.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
            buffer = io.BytesIO()
            picture.convert("RGB").save(buffer, "JPEG", quality=80)
    except (OSError, SyntaxError, ValueError) as error:
        raise FileNotFoundError(str(error)) from error
    return buffer.getvalue()


class PhotoField(models.ImageField):
    """A photo that is kept as `prepare` leaves it, once its record was checked by `full_clean`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"validators": [validate_picture], **kwargs})

    def clean(self, value, model_instance):
        value = super().clean(value, model_instance)
        return value if not value or getattr(value, "_committed", True) else prepare(value.file).content

    def deconstruct(self):
        """For the database a picture as any other."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.ImageField", args, kwargs
