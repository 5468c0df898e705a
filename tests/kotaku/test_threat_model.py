"""Each threat names a test, and each test named exists."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ROWS = [
    row
    for row in (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8").splitlines()
    if row.startswith("| ") and not row.startswith("| threat")
]


@pytest.mark.parametrize("row", ROWS, ids=[row.split("|")[1].strip()[:60] for row in ROWS])
def test_each_threat_names_tests_that_exist(row):
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row.split("|")[3])
    assert named
    for path, name in named:
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), (path, name)


def test_every_setting_from_the_environment_is_described():
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_0-9]+)"', (ROOT / "kotaku" / "settings.py").read_text()))
    names |= {"DATABASE_URL"}
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert not [name for name in sorted(names) if f"`{name}`" not in text]
    told = set(re.findall(r"^\| `([A-Z_0-9]+)`", text, re.MULTILINE))
    assert not told - names
