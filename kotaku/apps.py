from django.apps import AppConfig
from django.db.models.signals import post_migrate


class KotakuConfig(AppConfig):
    name = "kotaku"

    def ready(self):
        from kotaku.roles import grant_roles  # models are not loaded when this module is read

        # Permissions exist only after migrating; this is Django's place for what builds on them.
        post_migrate.connect(grant_roles, sender=self)
