"""All of a package as one zip file, made while it is sent: its papers, photos and a table of contents with hashes."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.text import slugify

from assets import documents
from assets.checklists import REQUIREMENTS
from assets.models import Package

CHUNK = 1 << 18
# A file that came in before the zip format counts, or that carries no moment at all.
EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Entry:
    """A file of the zip. `sha256` is empty and `is_gone` set where the stored file is no longer there."""

    path: str
    title: str
    open: Callable[[], io.IOBase]
    at: datetime | None = None
    sha256: str = ""
    size: int = 0
    state: str = ""
    is_gone: bool = False


def package_file(package: Package, versions, photos) -> Iterator[bytes]:
    """The bytes of the zip, piece by piece; no more than one piece of a stored file is in memory at a time."""
    entries = [*_papers(package), *_versions(versions), *_photos(photos)]
    entries = [_measured(entry) for entry in entries]
    stream = _Pieces()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in _contents(package, entries):
            bundle.writestr(zipfile.ZipInfo(name, EARLIEST), content, zipfile.ZIP_DEFLATED)
            yield from stream.taken()
        for entry in entries:
            if entry.is_gone:
                continue
            with entry.open() as source, bundle.open(zipfile.ZipInfo(entry.path, _moment(entry.at)), "w") as target:
                while piece := source.read(CHUNK):
                    target.write(piece)
                    yield from stream.taken()
    yield from stream.taken()


class _Pieces(io.RawIOBase):
    """What was written and not yet sent. Cannot go back, so that the zip is written from front to end."""

    def __init__(self):
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self):
        return True

    def write(self, piece):
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        yield from pieces


def _moment(at: datetime | None) -> tuple:
    if at is None:
        return EARLIEST
    return max(timezone.localtime(at).timetuple()[:6], EARLIEST)


def _papers(package: Package) -> list[Entry]:
    """The papers that the product prints, as they are now; the handover record as it was issued, once it is signed."""
    printed = [("rekapitulasi", "Rekapitulasi barang", documents.recapitulation(package))]
    if package.path == Package.Path.REGULAR:
        printed.append(("ba-pemeriksaan", "Berita acara pemeriksaan bersama", documents.inspection_record(package)))
    printed.append(("bast", "Berita acara serah terima", documents.record_as_issued(package)))
    return [
        Entry(f"cetakan/{name}.pdf", title, lambda content=content: io.BytesIO(content))
        for name, title, content in printed
    ]


def _versions(versions) -> list[Entry]:
    """The last version of each paper in front, earlier ones in a folder of their own."""
    order = {kind: number for number, kind in enumerate(REQUIREMENTS, start=1)}
    rows = sorted(versions.select_related("document"), key=lambda one: (order[one.document.kind], -one.number))
    entries, seen = [], set()
    for version in rows:
        document = version.document
        is_last = document.kind not in seen
        seen.add(document.kind)
        folder = "dokumen" if is_last else "dokumen/versi-lama"
        name = f"{order[document.kind]:02d}-{document.kind.replace('_', '-')}-v{version.number}{_ending(version.file_name)}"
        entries.append(
            Entry(
                f"{folder}/{name}",
                document.label,
                _opener(version.file),
                version.at,
                version.sha256,
                version.size,
                STATES[document.state] if is_last else "versi lama",
            )  # fmt: skip
        )
    return entries


STATES = {"missing": "belum ada", "received": "masuk", "accepted": "diterima", "returned": "dikembalikan"}


def _photos(photos) -> list[Entry]:
    entries = []
    for number, photo in enumerate(photos, start=1):
        name = slugify(photo.caption)[:40] or "foto"
        path = f"foto/aset-{photo.asset.number}/{number:02d}-{name}{_ending(photo.picture.name)}"
        entries.append(Entry(path, photo.caption or photo.asset.name, _opener(photo.picture)))
    return entries


def _opener(file) -> Callable[[], io.IOBase]:
    return lambda: file.storage.open(file.name, "rb")


def _ending(name: str) -> str:
    return "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""


def _measured(entry: Entry) -> Entry:
    """With size and fingerprint of what will really be in the zip."""
    digest, size = hashlib.sha256(), 0
    try:
        with entry.open() as source:
            while piece := source.read(CHUNK):
                digest.update(piece)
                size += len(piece)
    except FileNotFoundError:
        return replace(entry, is_gone=True)
    return replace(entry, sha256=digest.hexdigest(), size=size)


def _contents(package: Package, entries: list[Entry]) -> list[tuple[str, bytes]]:
    """The table of contents for people, for machines, and in the form that `sha256sum --check` reads."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(["berkas", "isi", "keadaan", "ukuran", "sha256"])
    for entry in entries:
        state = "berkas tidak ditemukan" if entry.is_gone else entry.state
        writer.writerow([entry.path, str(entry.title), state, entry.size, entry.sha256])
    sums = "".join(f"{entry.sha256}  {entry.path}\n" for entry in entries if not entry.is_gone)
    return [
        ("daftar-isi.pdf", documents.contents(package, entries)),
        ("daftar-isi.csv", b"\xef\xbb\xbf" + table.getvalue().encode()),
        ("SHA256SUMS", sums.encode()),
    ]
