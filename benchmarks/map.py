"""Map and hectares: what they weigh as sent (gzip), with the demo programme's 66 villages.

What many neighbourhoods cost them is measured by `scoring.py`. Runs in a database of its own.
"""

import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update(
    DJANGO_SETTINGS_MODULE="kotaku.settings",
    DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", "sqlite://:memory:"),
    DEBUG="0",
    SECRET_KEY="only-for-the-benchmark-0123456789abcdef0123456789",  # noqa: S106
    ALLOWED_HOSTS="testserver",
)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks.generator import fill  # noqa: E402
from core.models import User  # noqa: E402
from kotaku import demo  # noqa: E402

YEARS = (2012, 2013, 2014)
MAP, DATA, BOUNDARIES, HECTARES = (
    "/slum-areas/map/",
    "/slum-areas/map/data.json",
    "/slum-areas/map/boundaries.json",
    "/slum-areas/hectares/",
)


def sent(client, url):
    return len(client.get(url, headers={"accept-encoding": "gzip"}).content)


def static_files(client, url):
    """Bytes of the static files that the page names, compressed as collected."""
    total = 0
    for name in sorted(set(re.findall(r'(?:href|src)="/static/([^"]+)"', client.get(url).content.decode()))):
        stored = ROOT / "var" / "static" / name
        packed = [stored.with_name(stored.name + ending) for ending in (".br", ".gz")]
        total += next(file for file in (*packed, stored) if file.exists()).stat().st_size
    return total


def main():
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    list(demo.load_demo())
    user = User.objects.get(username="planner")
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    first = static_files(client, "/account/")
    for url in (HECTARES, MAP):
        page, files = sent(client, url), static_files(client, url)
        print(
            f"{url} first visit {(page + files) / 1000:.1f} kB (at most 150), later {page / 1000:.1f} kB (at most 40);"
        )
        print(f"    {(files - first) / 1000:.1f} kB of its static files are its own")
    parts = {url: sent(client, url) / 1000 for url in (DATA, BOUNDARIES)}
    named = ", ".join(f"{url.rsplit('/', 1)[1]} {size:.1f}" for url, size in parts.items())
    print(f"map data of 66 villages: {sum(parts.values()):.1f} kB (at most 60): {named}")

    fill(100, YEARS)
    parts = sum(sent(client, url) for url in (DATA, BOUNDARIES)) / 1000
    print(f"the same with all 66 villages measured in {len(YEARS)} more years: {parts:.1f} kB")


main()
