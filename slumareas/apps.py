from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SlumAreasConfig(AppConfig):
    name = "slumareas"
    verbose_name = _("Slum areas")
