"""The picture of a topic of the handbook."""

from functools import cache

from django import template
from django.conf import settings
from PIL import Image

register = template.Library()
PICTURES = settings.BASE_DIR / "static" / "img" / "help"


@cache
def _size(name: str) -> tuple[int, int]:
    with Image.open(PICTURES / f"{name}.webp") as picture:
        return picture.size


@register.inclusion_tag("help/_picture.html")
def picture(name: str, alt: str, caption: str = "") -> dict:
    """A picture of `static/img/help`. Its size is told, so that the text does not jump when it comes."""
    width, height = _size(name)
    return {
        "file": f"img/help/{name}.webp",
        "alt": alt,
        "caption": caption,
        # As words, since a template groups the digits of a number.
        "width": str(width),
        "height": str(height),
        "is_tall": height > width,
    }
