from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("People and places")

    def ready(self):
        # Both need models, which are not loaded when this module is read.
        from django_q.signals import post_spawn

        from core.jobs import keep_beating

        # The one place that the package has for what each worker process begins with.
        post_spawn.connect(keep_beating)
