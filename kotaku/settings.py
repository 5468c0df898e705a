"""All settings. Everything that differs between installations comes from the environment.

`var/env`, written by `make setup`, is read first; real environment variables win. With neither,
DEBUG is off and the start stops with a sentence until a secret key and the host names are given.
"""

import re
import tomllib
from datetime import timedelta
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
# The one place of the version is pyproject.toml.
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

env = environ.Env()
env.read_env(VAR_DIR / "env")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY belum diisi. Jalankan `make setup`, atau isi SECRET_KEY dengan teks acak yang panjang."
    )
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS belum diisi. Isi dengan nama host situs ini, dipisahkan koma, misalnya kotaku.example.go.id."
    )
# Set where a proxy speaks HTTPS to the outside; see docs/operations.md.
HTTPS = env.bool("HTTPS", default=False)

# Where people reach the site; printed on papers as the address at which they can be verified.
SITE_URL = env.str(
    "SITE_URL", default=f"{'https' if HTTPS else 'http'}://{(ALLOWED_HOSTS or ['localhost'])[0].lstrip('.*')}"
)
# How many proxies stand in front and add the caller's address to X-Forwarded-For.
PROXIES = env.int("PROXIES", default=0)

INSTALLED_APPS = [
    "kotaku.admin.KotakuAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "kotaku.apps.KotakuStaticFilesConfig",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_filters",
    "import_export",
    "simple_history",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "core",
    "slumareas",
    "workshops",
    "agreements",
    "assets",
    # Last, since it knows every app: roles are granted after all permissions exist.
    "kotaku.apps.KotakuConfig",
]

MIDDLEWARE = [
    "kotaku.middleware.ProxyAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "kotaku.middleware.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "kotaku.middleware.RefusalMiddleware",
    # Last: it only watches failed logins.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "kotaku.urls"
WSGI_APPLICATION = "kotaku.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["core.templatetags.kotaku"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "kotaku.navigation.navigation",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'kotaku.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE makes writers wait for each other instead of failing half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # With the 2 MB of cache that is usual, an import of 100,000 rows takes three times as long.
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;"
        "PRAGMA cache_size=-65536;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    options = DATABASES["default"].setdefault("OPTIONS", {})
    # A server that is gone is told within seconds, not after the minutes of the operating system.
    options.setdefault("connect_timeout", 5)
    # Compiling a statement takes the server longer than any of ours then saves.
    options.setdefault("options", "-c jit=off")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Counts of throttles live here. With several processes `dbcache://kotaku_cache` makes them count together.
CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}

# --- background work (core.jobs) ---------------------------------------------------------------------
Q_CLUSTER = {
    "name": "kotaku",
    "orm": "default",
    # SQLite has one writer, and two large imports at once would need twice the memory.
    "workers": 1 if DATABASES["default"]["ENGINE"].endswith("sqlite3") else 2,
    "queue_limit": 2,
    "timeout": int(timedelta(hours=1).total_seconds()),
    # Above the timeout, so that nothing that still runs is given out again; a lost job is found sooner by core.jobs.
    "retry": int(timedelta(minutes=65).total_seconds()),
    "ack_failures": True,
    "max_attempts": 1,
    "poll": 1,
    "guard_cycle": 1,
    "save_limit": 100,
    "catch_up": False,
    "recycle": 100,
    "max_rss": 300_000,  # kB: a worker that read a large file gives its memory back
    "log_level": "WARNING",
}


# --- people ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_FORMS = {"login": "kotaku.accounts.LoginForm"}
ACCOUNT_ADAPTER = "kotaku.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[kotaku] "
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Lock-out is axes' work, which also guards the admin and the API; two counters would contradict each other.
ACCOUNT_RATE_LIMITS = {"login_failed": None, "login": None}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "kotaku"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "kotaku.accounts.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = int(timedelta(days=365).total_seconds())
INVITATION_DAYS = 7
PASSWORD_RESET_TIMEOUT = int(timedelta(days=INVITATION_DAYS).total_seconds())

# --- language, time, paper --------------------------------------------------------------------------
LANGUAGE_CODE = "id"
LANGUAGES = [("id", _("Indonesian")), ("en", _("English"))]
# packages/: what the packages in use have not translated themselves.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "packages"]
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Jakarta")
TIME_ZONE_LABEL = env.str("TIME_ZONE_LABEL", default="WIB")
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = ["kotaku.formats"]
PAPER = env.str("PAPER", default="F4")
if PAPER not in ("F4", "A4"):
    raise ImproperlyConfigured("PAPER hanya boleh F4 atau A4.")
AGENCY = {
    "government": env.str("AGENCY_GOVERNMENT", default="Pemerintah Kabupaten Bangka Barat"),
    "name": env.str("AGENCY_NAME", default="Badan Perencanaan Pembangunan, Penelitian dan Pengembangan Daerah"),
    "address": env.str("AGENCY_ADDRESS", default=""),
    "phone": env.str("AGENCY_PHONE", default=""),
    "fax": env.str("AGENCY_FAX", default=""),
    "email": env.str("AGENCY_EMAIL", default=""),
    "website": env.str("AGENCY_WEBSITE", default=""),
    "postcode": env.str("AGENCY_POSTCODE", default=""),
    "place": env.str("AGENCY_PLACE", default="Mentok"),
}
# Empty: the map draws boundaries alone and asks no other host. `{s}` stands for a subdomain, as Leaflet has it.
MAP_TILES_URL = env.str("MAP_TILES_URL", default="")
MAP_TILES_CREDIT = env.str("MAP_TILES_CREDIT", default="")
MAP_TILES_HOST = re.match(r"(?P<origin>https?://[^/]+)/", MAP_TILES_URL.replace("{s}", "*"))
if MAP_TILES_URL and not MAP_TILES_HOST:
    raise ImproperlyConfigured(
        "MAP_TILES_URL harus alamat lengkap, misalnya https://peta.example.go.id/{z}/{x}/{y}.png."
    )

# --- files ------------------------------------------------------------------------------------------
NODE_MODULES = BASE_DIR / "node_modules"
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    # Only what a page asks for; the packages stay where npm puts them.
    ("vendor/bootstrap", NODE_MODULES / "bootstrap" / "dist" / "css"),
    ("vendor/inter", NODE_MODULES / "@fontsource-variable" / "inter" / "files"),
    ("vendor/leaflet", NODE_MODULES / "leaflet" / "dist"),
    ("vendor/chartist", NODE_MODULES / "chartist" / "dist"),
]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(VAR_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "kotaku.storage.WholeFilesStorage"},
    "staticfiles": {"BACKEND": "kotaku.storage.HashedModulesStorage"},
}
# Uploads in an S3-compatible store: private objects, given out only through pages that ask for rights.
MEDIA_S3_BUCKET = env.str("MEDIA_S3_BUCKET", default="")
if MEDIA_S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",  # requirements-s3.txt
        "OPTIONS": {
            "bucket_name": MEDIA_S3_BUCKET,
            "endpoint_url": env.str("MEDIA_S3_ENDPOINT", default="") or None,
            "region_name": env.str("MEDIA_S3_REGION", default="") or None,
            "access_key": env.str("MEDIA_S3_KEY", default=""),
            "secret_key": env.str("MEDIA_S3_SECRET", default=""),
            "location": env.str("MEDIA_S3_FOLDER", default=""),
            "addressing_style": "path",
            "default_acl": "private",
            "file_overwrite": False,  # names are never given twice, as on a disk
        },
    }
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o640
UPLOAD_MAX_BYTES = 25 * 1024 * 1024

# The agency's own certificate, with which issued papers are sealed, and the authorities whose signatures are trusted.
SEAL_CERTIFICATE = env.str("SEAL_CERTIFICATE", default="")
SEAL_PASSWORD = env.str("SEAL_PASSWORD", default="")
SEAL_TRUSTED = env.str("SEAL_TRUSTED", default="")
for name in ("SEAL_CERTIFICATE", "SEAL_TRUSTED"):
    if vars()[name] and not Path(vars()[name]).is_file():
        raise ImproperlyConfigured(f"{name} tidak menunjuk ke sebuah berkas.")

# --- mail -------------------------------------------------------------------------------------------
vars().update(env.email("EMAIL_URL", default="consolemail://" if DEBUG else "smtp://localhost:25"))
EMAIL_TIMEOUT = 20  # a mail server that does not answer holds up nobody for long
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="kotaku <kotaku@localhost>")

# Links in mails have no request to take the host from.
_own_host = next((host for host in ALLOWED_HOSTS if not host.startswith((".", "*"))), "localhost")
SITE_URL = env.str("SITE_URL", default=f"{'https' if HTTPS else 'http'}://{_own_host}").rstrip("/")

# --- watching over the service ------------------------------------------------------------------------
# Dotted name of a function that gives the moment of the worker's last sign of life, or None.
WORKER_SEEN_AT = "core.jobs.worker_seen_at"
# An older backup is a warning at /healthz.
BACKUP_HOURS = env.int("BACKUP_HOURS", default=48)

# --- headers ----------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked from inside, past the proxy
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # blob: is the photo a person has just taken, shown before it is sent.
        "img-src": [SELF, "data:", "blob:", *([MAP_TILES_HOST["origin"]] if MAP_TILES_HOST else [])],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- history, import and export, API ------------------------------------------------------------------
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
SIMPLE_HISTORY_REVERT_DISABLED = True
SIMPLE_HISTORY_DATE_INDEX = False  # a history is asked for by its object, never by date alone
IMPORT_EXPORT_FORMATS = []  # each resource names its own: core.spreadsheet
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "knox.auth.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.rest.ModelPermissions"],
    "DEFAULT_PAGINATION_CLASS": "core.rest.Pagination",
    "DEFAULT_FILTER_BACKENDS": [
        "django_filters.rest_framework.DjangoFilterBackend",
        "rest_framework.filters.SearchFilter",
        "rest_framework.filters.OrderingFilter",
    ],
    "DEFAULT_SCHEMA_CLASS": "core.api.Schema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "core.api.exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=30),
    "AUTH_HEADER_PREFIX": "Token",
    "TOKEN_LIMIT_PER_USER": None,
    "AUTO_REFRESH": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "kotaku",
    "DESCRIPTION": "Slum upgrading programme of a district: workshops, slum areas, agreements, assets.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RegionLevel": "core.models.Region.Level",
        "RegionKind": "core.models.Region.Kind",
        "ImportState": "slumareas.models.Import.State",
        "JobState": "core.jobs.Job.State",
        "OrganizationKind": "core.models.Organization.Kind",
        "AgreementCriterion": "agreements.models.records.CRITERION_CHOICES",
        "AgreementKind": "agreements.models.Agreement.Kind",
        "AgreementRecordStatus": "agreements.models.AgreementRecord.Status",
        "EvidenceKind": "agreements.models.Evidence.Kind",
        "EvidenceStatus": "agreements.models.Evidence.Status",
        "FollowUpStatus": "agreements.models.FollowUp.Status",
        "ReviewStatus": "agreements.models.Review.Status",
        "SignatoryState": "agreements.models.Signatory.State",
        "AssessmentLevel": "slumareas.models.Assessment.Level",
        "AssessmentYearStatus": "slumareas.models.AssessmentYear.Status",
        "OpenSpaceKind": "slumareas.models.Baseline.OpenSpaceKind",
        "Rating": "slumareas.models.SlumArea.Rating",
        "ReportedHectaresKind": "slumareas.models.ReportedHectares.Kind",
        "RuleSet": "slumareas.models.years.RULE_SET_CHOICES",
        "SlumAreaKind": "slumareas.models.SlumArea.Kind",
        "SlumClass": "slumareas.models.baselines.CLASS_CHOICES",
        "WorkshopLevel": "workshops.models.Workshop.Level",
        "WorkshopStatus": "workshops.models.Workshop.Status",
        "AgendaItemKind": "workshops.models.AgendaItem.Kind",
        "MinutesEntryKind": "workshops.entry_kinds.ENTRY_KIND_CHOICES",
        "AssetCondition": "assets.models.Asset.Condition",
        "DocumentKind": "assets.checklists.KIND_CHOICES",
        "DocumentState": "assets.models.Document.State",
        "HandoverReason": "assets.stages.REASON_CHOICES",
        "HandoverStage": "assets.stages.STAGE_CHOICES",
        "MoveKind": "assets.models.Move.Kind",
        "PackageCondition": "assets.models.Package.Condition",
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # fontTools and WeasyPrint speak of every glyph and rule they meet.
    "loggers": {"fontTools": {"level": "ERROR"}, "weasyprint": {"level": "ERROR"}},
}
