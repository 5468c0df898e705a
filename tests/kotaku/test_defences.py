"""Headers, cookies, inline code and brakes: what stands between the internet and the only record of an agency."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from tests import factories

pytestmark = pytest.mark.django_db
ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "pdf" not in path.parts)
PAGES = [
    (None, "/accounts/login/"),
    (None, "/accounts/password/reset/"),
    (None, "/verify/"),
    (None, "/workshops/check-in/"),
    ("viewer", "/"),
    ("planner", "/workshops/"),
    ("planner", "/slum-areas/"),
    ("planner", "/slum-areas/map/"),
    ("admin", "/admin/"),
    ("admin", "/tidak-ada/"),
]


def policy_of(answer) -> dict[str, list[str]]:
    directives = [part.split() for part in answer.headers["Content-Security-Policy"].split(";") if part.strip()]
    return {name: values for name, *values in directives}


@pytest.mark.parametrize(("role", "url"), PAGES)
def test_every_page_says_what_a_browser_may_do(as_role, role, url):
    answer = as_role(role).get(url)
    policy = policy_of(answer)
    assert policy["default-src"] == ["'self'"]
    assert policy["object-src"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'self'"]
    words = [value for values in policy.values() for value in values]
    assert not [word for word in words if "unsafe" in word or "http" in word or "*" in word]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_only_the_reading_page_of_the_api_draws_with_style_attributes(as_role):
    policy = policy_of(as_role("planner").get("/api/docs/"))
    assert policy["style-src"] == ["'self'", "'unsafe-inline'"]
    assert policy["default-src"] == ["'self'"]
    assert "script-src" not in policy


@pytest.mark.parametrize("path", TEMPLATES, ids=[str(path.relative_to(ROOT)) for path in TEMPLATES])
def test_no_page_carries_code_of_its_own(path):
    """What the policy forbids would not work; what is not there cannot be allowed by mistake later."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\b(?:src=|type=\"application/json\"))[^>]*>", text)
    assert not re.search(r"<style|\sstyle=|\son(?:click|load|error|change|submit|input)=|javascript:", text)


def test_over_https_a_browser_stays_there(client, settings):
    settings.SECURE_HSTS_SECONDS = 31536000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    answer = client.get("/accounts/login/", secure=True)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def settings_with(**environment) -> str:
    """What the settings say in a process of its own, as they are read from this environment."""
    show = (
        "from django.conf import settings as s; print(s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS, "
        "s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.LANGUAGE_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, "
        "s.SESSION_COOKIE_SAMESITE, s.STORAGES['default']['BACKEND'], s.SITE_URL)"
    )
    given = {"DJANGO_SETTINGS_MODULE": "kotaku.settings", "SECRET_KEY": "x" * 60, "DEBUG": "0", "PATH": "/usr/bin:/bin"}
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", show], cwd=ROOT, env={**given, **environment}, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def test_one_setting_turns_all_of_https_on():
    said = settings_with(HTTPS="1", ALLOWED_HOSTS="kotaku.example")
    storage = "kotaku.storage.WholeFilesStorage"
    assert said == f"True 31536000 True True True True Lax {storage} https://kotaku.example"


def test_uploads_may_lie_in_a_store_of_their_own():
    said = settings_with(
        ALLOWED_HOSTS="kotaku.example", MEDIA_S3_BUCKET="berkas", MEDIA_S3_ENDPOINT="http://127.0.0.1:1"
    )
    assert "storages.backends.s3.S3Storage" in said


def test_cookies_are_out_of_reach_of_scripts(client, people):
    client.post("/accounts/login/", {"login": "planner", "password": factories.PASSWORD})
    session = client.cookies["sessionid"]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_repeated_failures_at_the_login_lock_out(client, people):
    for _turn in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post("/accounts/login/", {"login": "planner", "password": "salah-sekali"})
    assert answer.status_code == 429
    answer = client.post("/accounts/login/", {"login": "planner", "password": factories.PASSWORD})
    assert answer.status_code == 429
    # Another address is not locked out with it, so nobody can shut a person out from elsewhere.
    client.post("/accounts/login/", {"login": "planner", "password": factories.PASSWORD}, REMOTE_ADDR="198.51.100.3")
    assert "_auth_user_id" in client.session


def test_asking_for_password_mails_without_end_is_stopped(client, people, mailoutbox):
    answers = [client.post("/accounts/password/reset/", {"email": "planner@contoh.test"}) for _turn in range(8)]
    assert answers[-1].status_code == 429
    assert len(mailoutbox) < 8


def test_a_form_from_another_site_changes_nothing(people):
    from django.test import Client  # with the check that the stock test client leaves out

    outsider = Client(enforce_csrf_checks=True)
    outsider.force_login(people["planner"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert outsider.post("/account/calendar/").status_code == 403


def test_an_upload_that_is_not_what_its_name_says_is_refused(as_role, workshop):
    page = SimpleUploadedFile("foto.png", b"<html><script>alert(1)</script></html>", content_type="image/png")
    answer = as_role("planner").post(
        f"/workshops/{workshop.slug}/files/", {"file": page, "title": "x", "kind": "photo"}
    )
    assert answer.context["form"].errors["file"]
    assert not workshop.attachments.exists()


def test_an_upload_is_sent_as_a_file_never_as_a_page(as_role, workshop):
    paper = SimpleUploadedFile("a.pdf", b"%PDF-1.4 uji", content_type="application/pdf")
    client = as_role("planner")
    client.post(f"/workshops/{workshop.slug}/files/", {"file": paper, "title": "Uji", "kind": "other"})
    stored = workshop.attachments.get()
    answer = client.get(f"/workshops/{workshop.slug}/files/{stored.pk}/")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()


def test_uploads_have_no_address_of_their_own(as_role, workshop):
    assert as_role("admin").get("/media/workshops/x.pdf").status_code == 404


def test_a_redirect_leads_to_no_other_site(client, people):
    answer = client.post(
        "/accounts/login/?next=https://jahat.example/", {"login": "planner", "password": factories.PASSWORD}
    )
    assert "jahat.example" not in answer.headers.get("Location", "")
    answer = client.post("/theme/", {"theme": "dark", "next": "//jahat.example/"})
    assert answer.headers["Location"] == "/"
