"""The product's settings, with what tests need otherwise. `TEST_DATABASE_URL` chooses the database."""

import os
import tempfile

os.environ.setdefault("DEBUG", "0")
os.environ.setdefault("SECRET_KEY", "only-for-tests-0123456789abcdefghijklmnopqrstuvwxyz")
os.environ["ALLOWED_HOSTS"] = "localhost,127.0.0.1,testserver"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or "sqlite:///var/test.sqlite3"
os.environ["EMAIL_URL"] = "memorymail://"

from kotaku.settings import *  # noqa: F403

# Empty, as in a fresh clone: what `make setup` collected would be scanned anew for the first request of every client.
# The folder must exist, since the middleware warns of a missing one and warnings are errors.
STATIC_ROOT = VAR_DIR / "test" / "static"  # noqa: F405
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# The live server of pytest-django serves the files of the packages only under Django's own name of the app.
INSTALLED_APPS = [
    "django.contrib.staticfiles" if app.endswith("StaticFilesConfig") else app
    for app in INSTALLED_APPS  # noqa: F405
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A real file: what two connections do to each other is part of what is tested.
    (BASE_DIR / "var").mkdir(exist_ok=True)  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": f"{DATABASES['default']['NAME']}.test"}  # noqa: F405
MEDIA_ROOT = tempfile.mkdtemp(prefix="kotaku-test-media-")
