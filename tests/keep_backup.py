"""`python -m tests.keep_backup`: a backup of the tiny programme, to be kept for a version that is released.

Writes tests/data/backups/VERSION-sqlite.zip; with an empty database in TEST_DATABASE_URL, VERSION-postgresql.zip.
`tests/kotaku/test_backups.py` restores each of them from then on.
"""

import os
import tempfile
from pathlib import Path

folder = tempfile.mkdtemp(prefix="kotaku-keep-")
os.environ.setdefault("TEST_DATABASE_URL", f"sqlite:///{folder}/kept.sqlite3")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from tests.programme import make_programme  # noqa: E402

call_command("migrate", verbosity=0)
make_programme()
target = Path(__file__).parent / "data" / "backups" / f"{settings.VERSION}-{connection.vendor}.zip"
target.parent.mkdir(exist_ok=True)
call_command("backup", str(target))
