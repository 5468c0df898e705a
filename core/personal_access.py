"""The access log of personal fields (UU 27/2022): who was shown telephone numbers, e-mail addresses or NIP of others.

Belongs to core because every app has such fields. Each page, form, file and answer that shows them calls `note` first, so
that nothing is shown of which no line was written.
"""

from django.db import models
from django.utils import timezone

from core.models import PersonalAccess, User

Way = PersonalAccess.Way


def note(by: User | None, model: type[models.Model], about: object, way: str) -> None:
    """One line a day for the same person, record and way; `last_at` moves on."""
    now = timezone.now()
    line = PersonalAccess(
        day=timezone.localdate(now),
        by=by,
        model=model._meta.label,
        about=str(about)[:100],
        way=way,
        first_at=now,
        last_at=now,
    )
    PersonalAccess.objects.bulk_create(
        [line],
        update_conflicts=True,
        unique_fields=["day", "by", "model", "about", "way"],
        update_fields=["last_at"],
    )
