"""`document KIND KEY --output FILE.pdf`: done 0, unusable 2 with one sentence, and never half a file."""

import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation
from pypdf import PdfReader

from agreements.models import Review
from assets.models import Package
from kotaku.documents import PAPERS
from kotaku.management.commands.document import Command
from slumareas.models import SlumArea
from tests import factories

pytestmark = pytest.mark.django_db


def run(*arguments):
    call_command("document", *arguments)


def refusal_of(*arguments):
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return caught.value


@pytest.mark.parametrize("kind", list(PAPERS))
def test_each_kind_writes_a_pdf_of_that_record(kind, tmp_path):
    if PAPERS[kind].records().model is SlumArea:
        record = factories.SlumAreaFactory(name="Penanda")
    elif PAPERS[kind].records().model is Package:
        record = factories.PackageFactory(name="Penanda")
    elif PAPERS[kind].records().model is Review:
        record = factories.ReviewFactory()
    else:
        record = factories.WorkshopFactory(title="Lokakarya Penanda")
    target = tmp_path / "kertas.pdf"
    run(kind, str(getattr(record, PAPERS[kind].key)), "--output", str(target))
    named = "20 Maret 2026" if PAPERS[kind].records().model is Review else "Penanda"
    assert named in PdfReader(target).metadata.title


def test_an_existing_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    workshop = factories.WorkshopFactory()
    target = tmp_path / "kertas.pdf"
    target.write_text("lama")
    run("minutes", workshop.slug, "--output", str(target))
    assert target.read_bytes().startswith(b"%PDF")
    assert os.listdir(tmp_path) == ["kertas.pdf"]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("minutes", "tidak-ada"),
        ("area_profile", "tidak-ada"),
        ("review_minutes", "2019-01-01"),
        ("review_minutes", "kemarin"),
        ("poster", "tidak-ada"),
        ("minutes", ""),
        ("minutes", "../../etc"),
    ],
)
def test_an_unknown_kind_or_key_is_unusable(kind, key, tmp_path):
    refusal = refusal_of(kind, key, "--output", str(tmp_path / "x.pdf"))
    assert refusal.returncode == 2
    assert "\n" not in str(refusal)
    assert os.listdir(tmp_path) == []


def test_a_place_that_cannot_be_written_is_unusable(tmp_path):
    workshop = factories.WorkshopFactory()
    for target in (tmp_path, tmp_path / "tidak-ada" / "x.pdf", tmp_path / ("x" * 300)):
        assert refusal_of("minutes", workshop.slug, "--output", str(target)).returncode == 2
    assert os.listdir(tmp_path) == []


def test_a_device_is_not_replaced(tmp_path):
    workshop = factories.WorkshopFactory()
    os.mkfifo(tmp_path / "pipa")
    assert refusal_of("minutes", workshop.slug, "--output", str(tmp_path / "pipa")).returncode == 2
    assert not (tmp_path / "pipa").is_file()


@pytest.mark.parametrize("arguments", [["minutes"], [], ["minutes", "x"], ["minutes", "x", "--output", "y", "--tidak"]])
def test_missing_or_strange_arguments_are_unusable(arguments):
    assert refusal_of(*arguments).returncode == 2


def test_messages_are_indonesian_unless_english_is_asked_for():
    with translation.override("en"):
        indonesian = str(refusal_of("minutes", "tidak-ada", "--output", "x.pdf"))
    with translation.override("id"):
        english = str(refusal_of("minutes", "tidak-ada", "--output", "x.pdf", "--language", "en"))
        assert indonesian == translation.gettext("Nothing is stored under “%(key)s”.") % {"key": "tidak-ada"}
    assert english == "Nothing is stored under “tidak-ada”."


def test_the_command_line_prints_one_sentence_and_exits_with_2(capsys):
    command = Command()
    for arguments in (["minutes", "tidak-ada", "--output", "x.pdf"], ["minutes"]):
        with pytest.raises(SystemExit) as stopped:
            command.run_from_argv(["manage.py", "document", *arguments])
        printed = capsys.readouterr()
        assert stopped.value.code == 2
        assert printed.out == ""
        assert printed.err.count("\n") == 1
        assert "CommandError" not in printed.err


def test_as_its_own_process_it_ends_with_2_and_no_traceback(settings):
    result = subprocess.run(
        [sys.executable, "manage.py", "document", "minutes"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DEBUG": "1", "SECRET_KEY": "x" * 50},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
