"""Whether every source string has its Indonesian translation: run by `make lint`, exits 1 with what is missing."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PO = ROOT / "locale" / "id" / "LC_MESSAGES" / "django.po"
SOURCES = ["kotaku", "core", "slumareas", "workshops", "agreements", "assets", "templates"]


def entries(text: str) -> list[tuple[str, str, bool]]:
    """(msgid, msgstr, fuzzy) of each live entry of a .po file; for plurals the first form."""
    found = []
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if not line.startswith("#~")]
        fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
        values: dict[str, str] = {}
        key = ""
        for line in lines:
            match = re.match(r'(msgid|msgstr)(?:\[0\])? "(.*)"$', line)
            if match:
                key = match[1]
                values[key] = match[2]
            elif line.startswith('"') and key:
                values[key] += line[1:-1]
            else:
                key = ""
        if values.get("msgid"):
            found.append((values["msgid"], values.get("msgstr", ""), fuzzy))
    return found


def extracted() -> set[str]:
    """Every msgid in the sources, as `makemessages` finds them, without touching the stored file."""
    with tempfile.TemporaryDirectory() as folder:
        for source in SOURCES:
            shutil.copytree(ROOT / source, Path(folder) / source, ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / "locale").mkdir()
        # In that folder there are no settings.
        environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        subprocess.run(
            [sys.executable, "-m", "django", "makemessages", "-l", "id", "--verbosity", "0"],
            cwd=folder,
            env=environment,
            check=True,
        )
        made = Path(folder) / "locale" / "id" / "LC_MESSAGES" / "django.po"
        return {msgid for msgid, _text, _fuzzy in entries(made.read_text(encoding="utf-8"))}


def missing() -> list[str]:
    stored = {msgid: (text, fuzzy) for msgid, text, fuzzy in entries(PO.read_text(encoding="utf-8"))}
    return sorted(msgid for msgid in extracted() if not stored.get(msgid, ("", False))[0] or stored[msgid][1])


if __name__ == "__main__":
    found = missing()
    for msgid in found:
        print(f"not translated: {msgid}")  # noqa: T201
    sys.exit(1 if found else 0)
