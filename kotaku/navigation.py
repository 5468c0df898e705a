"""What every page knows: the subjects of the product in the programme's own order, colours, version, agency."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kotaku.handbook import help_url

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class Subject:
    label: str
    url_name: str
    icon: str
    permission: str


SUBJECTS = [
    Subject(_("Workshops"), "workshops:workshop_list", "calendar-event", "workshops.view_workshop"),
    Subject(_("Slum areas"), "slumareas:area_list", "houses", "slumareas.view_slumarea"),
    Subject(_("Agreements"), "agreements:agreement_list", "file-earmark-check", "agreements.view_agreement"),
    Subject(_("Assets"), "assets:package_list", "box-seam", "assets.view_package"),
]


def navigation(request):
    """Context of every page. Only the subjects that this person may open are named."""
    user = getattr(request, "user", None)
    subjects = SUBJECTS if user is not None and user.is_authenticated else []
    theme = request.COOKIES.get("theme")
    return {
        "subjects": [
            {
                "label": subject.label,
                "icon": subject.icon,
                "url": (url := reverse(subject.url_name)),
                "is_current": request.path.startswith(url),
            }
            for subject in subjects
            if user.has_perm(subject.permission)
        ],
        "theme": theme if theme in THEMES else "auto",
        "help_url": help_url(request),
        "version": settings.VERSION,
        "TIME_ZONE_LABEL": settings.TIME_ZONE_LABEL,
        "agency_name": settings.AGENCY["name"],
    }
