"""What the house's commands say where a file cannot be written."""

import errno
from pathlib import Path

import pytest
from django.utils import translation

from core.commands import unwritable


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EACCES, "This account may not write in the folder /mnt."),
        (errno.ENOSPC, "There is no room left in the folder /mnt."),
        (errno.EIO, "/mnt/a.zip cannot be written."),
    ],
)
def test_why_a_file_cannot_be_written(code, said):
    with translation.override("en"):
        assert str(unwritable(Path("/mnt/a.zip"), OSError(code, ""))) == said
