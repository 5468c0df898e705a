"""`manage.py upgrade`: bring the database to this version. However many processes start at once, one of them does it."""

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from core.commands import HouseCommand
from kotaku.backups.saving import migrated_by_another_version
from kotaku.locks import installation_lock


class Command(HouseCommand):
    help = "Migrate the database behind a lock, and make the table of the shared cache where there is one."

    def handle(self, **options):
        with installation_lock("migrate", wait=True):
            call_command("migrate", interactive=False, verbosity=0)
            if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
                call_command("createcachetable", verbosity=0)
        # Told, not refused: the way back runs `make setup` of the old version before it restores.
        if sentence := migrated_by_another_version(MigrationLoader(connection)):
            self.stderr.write(sentence)
            return
        self.stdout.write(_("The database is at version %(version)s.") % {"version": settings.VERSION})
