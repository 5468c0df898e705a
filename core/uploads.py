"""Files that people send: kind and size are judged by the content, never by the name alone.

Belongs here because every app takes files.
"""

from pathlib import PurePath

import puremagic
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

# Extension -> the file signatures that may stand behind it, as puremagic names them.
PICTURES = {".jpg": {".jpg", ".jpeg", ".jfif"}, ".jpeg": {".jpg", ".jpeg", ".jfif"}, ".png": {".png"}}
OFFICE = {".docx", ".xlsx", ".pptx", ".zip"}
OLD_OFFICE = {".doc", ".xls", ".ppt", ".msi", ".ole"}
DOCUMENTS = {
    ".pdf": {".pdf"},
    ".docx": OFFICE,
    ".xlsx": OFFICE,
    ".pptx": OFFICE,
    ".odt": {".odt", ".zip"},
    ".ods": {".ods", ".zip"},
    ".odp": {".odp", ".zip"},
    ".doc": OLD_OFFICE,
    ".xls": OLD_OFFICE,
    ".ppt": OLD_OFFICE,
}


def _extension(file: UploadedFile) -> str:
    return PurePath(file.name or "").suffix.lower()


def _validate(file: UploadedFile, allowed: dict[str, set[str]]) -> None:
    if file.size > settings.UPLOAD_MAX_BYTES:
        raise ValidationError(
            _("This file is %(size)s; at most %(limit)s is accepted. Make it smaller and choose it again.")
            % {"size": filesizeformat(file.size), "limit": filesizeformat(settings.UPLOAD_MAX_BYTES)}
        )
    if not file.size:
        raise ValidationError(_("This file is empty. Choose another one."))
    extension = _extension(file)
    if extension not in allowed:
        raise ValidationError(
            _("Files of this kind are not accepted. Choose one of: %(kinds)s.")
            % {"kinds": ", ".join(sorted(name.lstrip(".") for name in allowed))}
        )
    file.seek(0)
    found = {match.extension for match in _signatures(file.read(8192))}
    file.seek(0)
    if not found & allowed[extension]:
        raise ValidationError(
            _("This file is not what its name says (%(extension)s). Open it, save it again in that format and retry.")
            % {"extension": extension.lstrip(".")}
        )


def _signatures(head: bytes):
    try:
        return puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []


def validate_picture(file) -> None:
    """Accept a JPEG or PNG that really opens as one. Raises ValidationError with a sentence."""
    if getattr(file, "_committed", False):
        return  # a stored file was judged when it came in
    _validate(file, PICTURES)
    try:
        Image.open(file).verify()
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValidationError(_("This picture is damaged and cannot be opened. Choose another one.")) from error
    finally:
        file.seek(0)


def validate_pdf(file) -> None:
    """Accept a PDF. Raises ValidationError with a sentence."""
    _validate(file, {".pdf": DOCUMENTS[".pdf"]})


def validate_document(file) -> None:
    """Accept a picture, PDF or office document that is what its name says. Raises ValidationError with a sentence."""
    if getattr(file, "_committed", False):
        return
    if _extension(file) in PICTURES:
        validate_picture(file)
    else:
        _validate(file, DOCUMENTS)
