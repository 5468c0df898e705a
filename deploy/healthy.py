"""Exit 0 where the service stands: asks /healthz, or with --database the database itself (the worker has no port)."""

import os
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if "--database" in sys.argv:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kotaku.settings")
    import django

    django.setup()
    from kotaku import health

    sys.exit(0 if health.database()["state"] == health.OK else 1)

host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip().lstrip(".")
request = urllib.request.Request(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}/healthz", headers={"Host": host})
try:
    with urllib.request.urlopen(request, timeout=8) as answer:  # noqa: S310 - our own address
        sys.exit(0 if answer.status == 200 else 1)
except OSError as error:  # no answer in time, or 503
    sys.exit(f"{error}")
