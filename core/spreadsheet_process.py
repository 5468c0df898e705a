"""Reading a file of tables in a process of its own, with little memory, little time and nothing to take.

Belongs to core because every app takes tables. A hostile file can make a parser use any memory and time, or crash it;
here that ends a child and nothing else. The child begins as a clean interpreter: a copy of a web server with threads
could hang, and would hold its secrets. It sends plain values; of what comes back only dates are made into objects, so
that not even a captured child could run anything here.
"""

import gc
import logging
import pickle
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from core.spreadsheet_reading import MAX_ROWS, Piece, book_of, ending_of, read_pieces
from core.spreadsheet_shapes import Book, Unreadable

logger = logging.getLogger(__name__)

SECONDS = 180  # by the clock, and only in case: a busy machine is no fault of the file, whose share is counted below
CPU_SECONDS, CPU_SECONDS_A_CELL = 8, 3e-6
MEMORY, MEMORY_A_CELL, COPIES = 130 * 1024 * 1024, 128, 3  # of the file itself
MAX_SENT_BYTES = 160 * 1024 * 1024
_ROOM = str(Path(__file__).resolve().parent.parent)
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.spreadsheet_process import child; child()"


def read_apart(content: bytes, name: str, *, max_rows: int = MAX_ROWS, seconds: float = SECONDS) -> Book:
    """The sheets and marks of any file. Raises Unreadable."""
    with tempfile.TemporaryFile() as source:
        source.write(content)
        source.seek(0)
        process = subprocess.Popen(  # noqa: S603  our own interpreter and our own words; the file comes by stdin
            [sys.executable, "-I", "-c", _START, _ROOM, ending_of(name), str(max_rows)],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
    clock = threading.Timer(seconds, process.kill)
    clock.start()
    try:
        return book_of(_received(process), name)
    finally:
        clock.cancel()
        process.kill()
        process.stdout.close()
        process.wait()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) in {("datetime", kind) for kind in ("date", "datetime", "time", "timedelta")}:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def _received(process: subprocess.Popen) -> Iterator[Piece]:
    while True:
        try:
            piece = _Unpickler(process.stdout).load()
        except Exception as error:
            logger.warning("The reading of a file ended with status %s.", process.wait())
            raise Unreadable("too_complicated") from error
        if piece[0] == "end":
            return
        if piece[0] == "refused":
            raise Unreadable(piece[1], **piece[2])
        yield piece


# --- in the child ----------------------------------------------------------------------------------------


def child() -> None:
    """Reads the file at stdin and sends its pieces to stdout."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    gc.disable()  # there are many objects and no circles among them: looking for some takes a tenth of the time
    ending, max_rows = sys.argv[1:]
    content = sys.stdin.buffer.read()
    _allow(0, len(content))
    sent = 0
    try:
        for piece in read_pieces(content, ending, int(max_rows)):
            if piece[0] == "cells":
                _allow(piece[1], len(content))
            else:
                sent += _send(piece)
                if sent > MAX_SENT_BYTES:
                    raise Unreadable("too_complicated")
        _send(("end",))
    except Unreadable as refused:
        _send(("refused", refused.code, refused.params))
    except (MemoryError, RecursionError):
        _send(("refused", "too_complicated", {}))


def _allow(cells: int, size: int) -> None:
    """Memory and time for a table of so many cells in a file of such a size; little for what only seems to be one."""
    memory = MEMORY + cells * MEMORY_A_CELL + size * COPIES
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))
    seconds = round(CPU_SECONDS + cells * CPU_SECONDS_A_CELL)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _send(piece: Piece) -> int:
    packed = pickle.dumps(piece, protocol=5)
    sys.stdout.buffer.write(packed)
    if piece[0] in ("end", "refused"):
        sys.stdout.buffer.flush()
    return len(packed)
