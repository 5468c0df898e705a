"""`manage.py demo`: load the demo programme; safe to run again."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.commands import HouseCommand
from core.refusals import Refused
from kotaku.demo import PASSWORD, account_names, load_demo


class Command(HouseCommand):
    help = "Load the demo programme: regions, organizations, accounts and the workshop of 16 July 2019."

    def handle(self, **options):
        if not settings.DEBUG:
            raise Refused(_("The demo programme has published passwords; it is loaded only where DEBUG is on."))
        loaded = []
        try:
            for name in load_demo():
                self.stdout.write(_("Demo programme: “%(name)s” loaded.") % {"name": name})
                loaded.append(name)
        except ValidationError as error:
            raise Refused(
                _("The demo programme does not fit what is already stored: %(reason)s")
                % {"reason": " ".join(error.messages)}
            )
        if not loaded:
            self.stdout.write(_("The demo programme is already there; nothing was changed."))
        self.stdout.write(
            _("Accounts: %(names)s. Their password when first loaded: %(password)s")
            % {"names": ", ".join(account_names()), "password": PASSWORD}
        )
