"""What happens around every request."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.template.loader import render_to_string

from core.refusals import refusal_of


class ProxyAddressMiddleware:
    """Behind our own proxies the caller's address is what the outermost of them saw; whatever stands further left in the
    header the caller wrote himself."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
        if settings.PROXIES and len(seen) >= settings.PROXIES:
            request.META["REMOTE_ADDR"] = seen[-settings.PROXIES]
        return self.get_response(request)


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
        refused = refusal_of(exception, request.method)
        if refused is None:
            return None
        messages.error(request, refused.sentence)
        return HttpResponse(render_to_string("409.html", {"sentence": refused.sentence}, request), status=409)
