"""`manage.py remove_second_factor NAME`: for who lost the phone and the recovery codes."""

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable
from core.models import User
from core.refusals import Refused


class Command(HouseCommand):
    help = "Remove the second factor of an account with its recovery codes. Make sure first who is asking."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("name", metavar="NAME", help="User name of the account.")

    def handle(self, *, name, **options):
        if not User.objects.filter(username=name).exists():
            raise Unusable(_("There is no account with the user name %(name)s.") % {"name": name})
        removed, _by_model = Authenticator.objects.filter(user__username=name).delete()
        if not removed:
            raise Refused(_("The account %(name)s has no second factor.") % {"name": name})
        self.stdout.write(
            _("The second factor of %(name)s is removed. The owner logs in with the password and sets up a new one.")
            % {"name": name}
        )
