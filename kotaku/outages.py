"""What is said when the ground gives way: the disk is full, the database is gone or held by others.

Such a fault is nobody's mistake and passes, so it is one sentence with 503 or 507 and no word about the inside; whatever
else breaks stays a plain 500.
"""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import defaults

FULL, AWAY, BUSY = "full", "away", "busy"
STATUS = {FULL: 507, AWAY: 503, BUSY: 503}
SENTENCES = {
    FULL: gettext_lazy(
        "The server's disk is full, so what you sent is not stored. Tell whoever runs kotaku in your agency, "
        "and send it again once there is room."
    ),
    AWAY: gettext_lazy(
        "The database cannot be reached right now. What you sent last may not be stored: look before sending it again."
    ),
    BUSY: gettext_lazy("Too much is being stored at once, so what you sent is not stored. Send it again in a moment."),
}
RETRY_SECONDS = "10"
OF_SQLITE = {
    "SQLITE_FULL": FULL,
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_CANTOPEN": AWAY,
    "SQLITE_IOERR": AWAY,
    "SQLITE_READONLY": AWAY,
}
# The states of PostgreSQL that say something else than that it is not there.
OF_POSTGRESQL = {"53100": FULL, "40P01": BUSY, "55P03": BUSY}


def kind_of(error: BaseException | None) -> str | None:
    """FULL, AWAY or BUSY; None for what is a fault of the program."""
    if isinstance(error, OSError):
        return FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else None
    if isinstance(error, OperationalError | InterfaceError):
        name = getattr(error.__cause__, "sqlite_errorname", None)
        if name is None:
            return OF_POSTGRESQL.get(getattr(error.__cause__, "pgcode", None), AWAY)
        return next((kind for known, kind in OF_SQLITE.items() if name.startswith(known)), None)
    return None


def server_error(request):
    """The project's `handler500`: called while the exception is being handled, wherever it was raised."""
    kind = kind_of(sys.exception())
    if kind is None:
        return defaults.server_error(request)
    sentence = str(SENTENCES[kind])
    if request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", ""):
        answer = JsonResponse({"detail": sentence})
    else:
        answer = HttpResponse(render_to_string("outage.html", {"sentence": sentence, "title": _("Not possible now")}))
    answer.status_code = STATUS[kind]
    answer.headers["Retry-After"] = RETRY_SECONDS
    return answer
