"""How the product says no: one sentence for the person, raised at the door that refuses.

Belongs here because every app's verbs refuse in the same way.
"""

from django.core.exceptions import ValidationError


class Refused(ValidationError):
    """An action that the present state does not allow. The page answers with a sentence, the API with 409."""

    @property
    def sentence(self) -> str:
        return self.messages[0]
