"""Pages that belong to no single app: the home page and the state of the service."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import JsonResponse
from django.shortcuts import render


def home(request):
    return render(request, "home.html")


@login_not_required
def healthz(request):
    """Answers 200 where the database answers, 503 where it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # whatever the driver raises, the answer is the same
        return JsonResponse({"database": "unreachable"}, status=503)
    return JsonResponse({"database": "ok"})
