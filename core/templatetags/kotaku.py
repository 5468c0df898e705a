"""Tags and filters of every template (built in, no `load` needed).

Belongs here because every app's pages use them.
"""

import re
from functools import cache

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

register = template.Library()


@cache
def _svg(name: str) -> str:
    svg = (settings.NODE_MODULES / "bootstrap-icons" / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    body = svg[svg.index(">") + 1 : svg.rindex("</svg>")].strip()
    return f'<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">{body}</svg>'


@register.simple_tag
def icon(name: str) -> str:
    """An icon of the icon package, inline so that it takes the colour of its text. `name` never comes from a person."""
    return mark_safe(_svg(name))  # noqa: S308  the package's own drawing


@register.filter
def marked(text: str, words: list[str]):
    """The text with the words in it marked, whatever a person wrote or asked for."""
    pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    parts = re.split(f"({pattern})", str(text), flags=re.IGNORECASE) if pattern else [str(text)]
    return format_html_join(
        "", "{}", ((format_html("<mark>{}</mark>", part) if place % 2 else part,) for place, part in enumerate(parts))
    )


@register.filter
def lines(text: str) -> list[str]:
    """The non-empty lines of a text in which each line is an item."""
    return [line.strip() for line in text.splitlines() if line.strip()]
