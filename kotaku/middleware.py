"""What happens around every request."""

from django.contrib import messages
from django.http import HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.template.loader import render_to_string

from core.refusals import Refused


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Indonesian unless the person switched: the browser's Accept-Language is not asked."""

    def process_request(self, request):
        request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        super().process_request(request)


class RefusalMiddleware:
    """A refusal that no view turned into an answer becomes a page with its sentence (409)."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if not isinstance(exception, Refused):
            return None
        messages.error(request, exception.sentence)
        return HttpResponse(render_to_string("409.html", {"sentence": exception.sentence}, request), status=409)
