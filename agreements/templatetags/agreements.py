"""What templates of agreements need."""

import uuid

from django import template

register = template.Library()


@register.simple_tag
def new_uid() -> str:
    """Goes out with a form, so that sending it twice makes one record."""
    return str(uuid.uuid4())
