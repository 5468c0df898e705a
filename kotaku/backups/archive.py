"""The file of a backup: a zip whose comment is the SHA-256 of all that stands before it.

One byte that is not as it was written is found before anything else is done, in the parts as well as between them.
`manifest.json` is written last, since it names the SHA-256 of every part. Nothing is ever unpacked by the names in the
file: parts are asked for by name and read as streams.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from django.utils.translation import gettext as _

from core.commands import Unusable

FORMAT, FORMAT_VERSION = "kotaku-backup", 1
MANIFEST = "manifest.json"
DATABASE, MEDIA = "database/", "media/"
HASH_LENGTH = 64
READ_BYTES = 1024 * 1024
MOST_PARTS = 1_000_000
MANIFEST_BYTES = 256 * 1024 * 1024
LINE_BYTES = 64 * 1024 * 1024
# Lines of records shrink to about a tenth. What would grow a hundredfold is no backup, except where it stays small.
MOST_GROWTH, SMALL_BYTES = 100, 64 * 1024 * 1024
MADE_AT = (1980, 1, 1, 0, 0, 0)  # the same records give the same bytes; the manifest says when


class _Sealed:
    """A file that is written once from front to back; the last 64 bytes become the hash of those before."""

    def __init__(self, file: BinaryIO):
        self.file, self.hash, self.kept, self.written = file, hashlib.sha256(), b"", 0

    def write(self, content: bytes) -> int:
        content = bytes(content)
        self.written += len(content)
        ready = self.kept + content
        self.kept = ready[-HASH_LENGTH:]
        ready = ready[:-HASH_LENGTH]
        self.hash.update(ready)
        self.file.write(ready)
        return len(content)

    def tell(self) -> int:
        return self.written

    def flush(self) -> None:
        self.file.flush()

    def seal(self) -> None:
        self.file.write(self.hash.hexdigest().encode())


class ArchiveWriter:
    """Parts go in one after the other; `close` adds the manifest and the seal."""

    def __init__(self, file: BinaryIO):
        self._sealed = _Sealed(file)
        self._zip = zipfile.ZipFile(self._sealed, "w", allowZip64=True)
        self.parts: dict[str, dict] = {}

    def add(self, name: str, chunks: Iterable[bytes], *, compress: bool) -> None:
        digest, length = hashlib.sha256(), 0
        with self._zip.open(_entry(name, compress), "w", force_zip64=True) as part:
            for chunk in chunks:
                digest.update(chunk)
                length += len(chunk)
                part.write(chunk)
        self.parts[name] = {"sha256": digest.hexdigest(), "bytes": length}

    def close(self, facts: dict) -> None:
        manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, **facts, "parts": self.parts}
        self._zip.writestr(_entry(MANIFEST, True), json.dumps(manifest, ensure_ascii=False, indent=1))
        self._zip.comment = b"0" * HASH_LENGTH
        self._zip.close()
        self._sealed.seal()

    def abandon(self) -> None:
        """What is not finished goes nowhere."""
        self._sealed.file = BytesIO()
        self._zip.close()


def _entry(name: str, compress: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, MADE_AT)
    entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    return entry


class Archive:
    """A backup that was found whole: every byte, every part and every name in it."""

    def __init__(self, file: zipfile.ZipFile, manifest: dict, sha256: str):
        self._zip, self.manifest, self.sha256 = file, manifest, sha256

    @property
    def media_names(self) -> list[str]:
        return [name.removeprefix(MEDIA) for name in self.manifest["parts"] if name.startswith(MEDIA)]

    def media(self, name: str) -> BinaryIO:
        return self._zip.open(MEDIA + name)

    def media_hash(self, name: str) -> str:
        return self.manifest["parts"][MEDIA + name]["sha256"]

    def lines(self, part: str) -> Iterator[bytes]:
        with self._zip.open(part) as file:
            while line := file.readline(LINE_BYTES + 1):
                if len(line) > LINE_BYTES:
                    raise damaged()
                yield line


def damaged() -> Unusable:
    return Unusable(_("This backup is damaged or was altered; nothing was restored."))


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The backup, once all of it was checked. Raises Unusable with one sentence; writes nothing anywhere."""
    try:
        file = path.open("rb")
    except OSError:
        raise Unusable(_("%(path)s cannot be read.") % {"path": path})
    with file:
        sha256 = _checked_seal(file)
        try:
            packed = zipfile.ZipFile(file)
            manifest = _checked(packed, path.stat().st_size)
        # All that zipfile, zlib and json say of a file that is not what it should be; RecursionError is a RuntimeError.
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
            raise damaged()
        with packed:
            yield Archive(packed, manifest, sha256)


def _checked_seal(file: BinaryIO) -> str:
    """The SHA-256 of the whole file, whose last 64 bytes must be that of all before them."""
    size = file.seek(0, 2)
    file.seek(0)
    if not zipfile.is_zipfile(file):
        raise Unusable(_("This file is no backup of this product, or it was cut off; nothing was restored."))
    file.seek(0)
    digest, left = hashlib.sha256(), size - HASH_LENGTH
    while left > 0 and (chunk := file.read(min(READ_BYTES, left))):
        digest.update(chunk)
        left -= len(chunk)
    expected, seal = digest.hexdigest().encode(), file.read()
    if seal != expected:
        raise damaged()
    digest.update(seal)
    file.seek(0)
    return digest.hexdigest()


def _checked(packed: zipfile.ZipFile, size: int) -> dict:
    """The manifest, once names, sizes and hashes of all parts are as it says."""
    entries = packed.infolist()
    names = [entry.filename for entry in entries]
    grown = sum(entry.file_size for entry in entries)
    if len(names) > MOST_PARTS or len(set(names)) != len(names) or MANIFEST not in names:
        raise damaged()
    if grown > SMALL_BYTES and grown > MOST_GROWTH * size:
        raise Unusable(_("This file would grow far beyond what a backup does; nothing was restored."))
    if packed.getinfo(MANIFEST).file_size > MANIFEST_BYTES:
        raise damaged()
    manifest = json.loads(packed.read(MANIFEST))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Unusable(_("This file is no backup of this product, or it was cut off; nothing was restored."))
    if manifest.get("format_version") != FORMAT_VERSION:
        raise Unusable(_("This backup was written by another version, in a form that this version cannot read."))
    _check_shape(manifest)
    parts = manifest["parts"]
    if set(parts) != set(names) - {MANIFEST} or not all(map(_is_safe, parts)):
        raise damaged()
    for name, part in parts.items():
        digest, length = hashlib.sha256(), 0
        with packed.open(name) as file:
            while chunk := file.read(READ_BYTES):
                digest.update(chunk)
                length += len(chunk)
        if digest.hexdigest() != part["sha256"] or length != part["bytes"]:
            raise damaged()
    return manifest


def _check_shape(manifest: dict) -> None:
    """What the rest relies upon; a file that was made to mislead ends here."""
    try:
        whole = (
            isinstance(manifest["version"], str)
            and isinstance(manifest["made_at"], str)
            and all(isinstance(name, str) for names in manifest["migrations"].values() for name in names)
            and all(
                isinstance(part["sha256"], str) and isinstance(part["bytes"], int)
                for part in manifest["parts"].values()
            )
            and all(_is_model(model) and model["part"] in manifest["parts"] for model in manifest["models"])
        )
    except (AttributeError, KeyError, TypeError):
        raise damaged()
    if not whole:
        raise damaged()


def _is_model(model: dict) -> bool:
    return (
        bool(re.fullmatch(r"[a-z_0-9]+\.[A-Za-z_0-9]+", model["model"]))
        and all(isinstance(column, str) for column in model["columns"])
        and isinstance(model["rows"], int)
        and (model["last_id"] is None or isinstance(model["last_id"], int))
        and model["part"] == part_of(model["model"])
    )


def part_of(label: str) -> str:
    return f"{DATABASE}{label}.jsonl"


def _is_safe(name: str) -> bool:
    """A part of the database, or a file below the media folder that no name can lead out of."""
    if name.startswith(DATABASE):
        return bool(re.fullmatch(r"database/[a-z_0-9]+\.[A-Za-z_0-9]+\.jsonl", name))
    if not name.startswith(MEDIA) or "\\" in name or "\0" in name:
        return False
    inside = name.removeprefix(MEDIA)
    parts = inside.split("/")
    return (
        bool(inside) and not PurePosixPath(inside).is_absolute() and not any(part in ("", ".", "..") for part in parts)
    )
