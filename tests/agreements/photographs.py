"""Pictures as phones make them: turned, with place, day and a maker's note."""

import io

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational


def picture(kind="JPEG", size=(60, 40), colour="teal") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def phone_photo(size=(60, 40), orientation=6, place=((2, 4, 30), "S", (105, 9, 36), "E")) -> bytes:
    """The left half red, the right half blue, as the sensor saw it."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Merek Uji"
    exif[ExifTags.Base.DateTime] = "2026:03:09 10:11:12"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:03:08 10:11:12"
    if place:
        latitude, south, longitude, east = place
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: south,
                ExifTags.GPS.GPSLatitude: tuple(IFDRational(part) for part in latitude),
                ExifTags.GPS.GPSLongitudeRef: east,
                ExifTags.GPS.GPSLongitude: tuple(IFDRational(part) for part in longitude),
            }
        )
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, quality=95)
    return buffer.getvalue()
