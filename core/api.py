"""What every app's API shares, and the API of the shared nouns."""

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler as default_exception_handler

from core.refusals import Refused


def exception_handler(exc, context):
    """Errors as `{"field": ["sentence"]}` or `{"detail": "sentence"}`; what the present state forbids is a 409."""
    if isinstance(exc, Refused):
        return Response({"detail": exc.sentence}, status=status.HTTP_409_CONFLICT)
    if isinstance(exc, DjangoValidationError):
        exc = exceptions.ValidationError(
            exc.message_dict if hasattr(exc, "error_dict") else {"detail": exc.messages[0]}
        )
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    return default_exception_handler(exc, context)
