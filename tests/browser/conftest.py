"""A real browser for tests: one per process, a fresh session for every person."""

import os
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 15_000


@pytest.fixture(scope="session")
def browser():
    """The browser of this process. The driver runs an event loop, beside which Django would refuse its database."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright  # slow to load, and not needed where there is no browser

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def page_as(browser, live_server, people):
    """`page_as("planner")` gives a page of its own session, logged in as that role; None stays anonymous.

    Further arguments go to the browser's context (viewport, color_scheme, java_script_enabled …). An error of
    a script on any page fails the test.
    """
    contexts, errors = [], []

    def open_page(role, **options):
        context = browser.new_context(base_url=live_server.url, **options)
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        if role:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": _session_of(people[role]), "url": live_server.url}]
            )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _session_of(user) -> str:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key
