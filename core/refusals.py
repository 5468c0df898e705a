"""How the product says no: one sentence for the person, raised at the door that refuses.

Belongs here because every app's verbs refuse in the same way.
"""

import logging

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


class Refused(ValidationError):
    """An action that the present state does not allow. The page answers with a sentence, the API with 409."""

    @property
    def sentence(self) -> str:
        return self.messages[0]


def refusal_of(exception: Exception, method: str) -> Refused | None:
    """The refusal that an exception stands for: itself, or that what was to be changed is gone.

    A page is shown, a record looked up under the rights of whoever asks; when it is then locked for the change, somebody
    may have deleted it.
    """
    if isinstance(exception, Refused):
        return exception
    if isinstance(exception, ObjectDoesNotExist) and method not in ("GET", "HEAD", "OPTIONS"):
        logger.warning("Gone before it could be changed.", exc_info=exception)
        return Refused(_("Somebody deleted this meanwhile, so what you sent is not stored."))
    return None
