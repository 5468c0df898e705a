"""The subjects of the product, in the programme's own order, for every page."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Subject:
    label: str
    url_name: str
    icon: str
    permission: str

    @property
    def url(self) -> str:
        return reverse(self.url_name)


SUBJECTS = [
    Subject(_("Workshops"), "workshops:workshop_list", "calendar-event", "workshops.view_workshop"),
]


def navigation(request):
    """Context of every page: the subjects this person may open, and the version."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"subjects": []}
    return {"subjects": [subject for subject in SUBJECTS if user.has_perm(subject.permission)]}
