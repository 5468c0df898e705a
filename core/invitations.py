"""Inviting a person to an account: a mail with a link, valid for a week and once, to choose a password.

Belongs here because it knows only users. The link is that of a password reset, so there is one kind of key.
"""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from core.models import User
from core.refusals import Refused


def send_invitation(user: User, request) -> None:
    """Send the mail, in the language of the installation. Refuses without an address or for a closed account."""
    if not user.email:
        raise Refused(_("%(user)s has no e-mail address; fill it in first.") % {"user": user})
    if not user.is_active:
        raise Refused(_("The account of %(user)s is closed; open it first.") % {"user": user})
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    context = {
        "user": user,
        "url": request.build_absolute_uri(path),
        "days": settings.INVITATION_DAYS,
        "agency": settings.AGENCY["name"],
    }
    with translation.override(settings.LANGUAGE_CODE):
        subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + _("Your account")
        send_mail(subject, render_to_string("email/invitation.txt", context), None, [user.email])
