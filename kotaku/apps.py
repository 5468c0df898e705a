from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.db.models.signals import post_migrate


class KotakuConfig(AppConfig):
    name = "kotaku"

    def ready(self):
        from kotaku import schedules  # models are not loaded when this module is read
        from kotaku.roles import grant_roles

        # Permissions exist only after migrating; this is Django's place for what builds on them.
        post_migrate.connect(grant_roles, sender=self)
        post_migrate.connect(schedules.lay_out, sender=self)


class KotakuStaticFilesConfig(StaticFilesConfig):
    """Of the packages' files only what a page asks for is collected and compressed."""

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        "bootstrap.css*",
        "bootstrap-*.css*",
        "bootstrap.rtl*.css*",
        "inter-*italic*",
        "inter-*opsz*",
        "inter-*standard*",
        "inter-cyrillic*",
        "inter-greek*",
        "inter-vietnamese*",
        "inter-latin-ext*",
        "leaflet-src*",
        "index.cjs*",
        "index.js*",
        "*.d.ts",
        "*.d.ts.map",
        "*.scss",
        "redoc",
    ]
