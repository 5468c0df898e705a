"""The papers of a package: each function makes the bytes of a PDF from a record.

The words are those of Indonesian office forms and stay Indonesian in every language of the pages. Whoever serves a
paper has asked `visible_to` before. What is not known yet is a dotted line, to be filled in by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import segno
from django.utils import timezone, translation

from assets import stages
from assets.asset_types import ASSET_TYPES
from assets.models import Asset, Document, Package, Signatory
from core import formats, issuing, pdf
from core.models import IssuedPaper

SECTORS = {
    "plp": "Penyehatan Lingkungan Permukiman (PLP)",
    "water": "Air Minum",
    "pkp": "Pengembangan Kawasan Permukiman (PKP)",
    "pbl": "Penataan Bangunan dan Lingkungan (PBL)",
}
CONDITIONS = {"good": "Baik (B)", "light_damage": "Rusak ringan (RR)", "heavy_damage": "Rusak berat (RB)"}
LAND = {
    "regency": "tanah kabupaten",
    "village": "tanah desa atau kelurahan",
    "state": "tanah negara",
    "granted": "hibah pemilik",
    "permit": "izin pakai",
    "private": "tanah warga",
    "disputed": "belum jelas",
}
UNITS = {"unit": "unit", "m": "m", "m2": "m²", "connection": "SR", "household": "KK"}
STATES = {"missing": "belum ada", "received": "masuk, belum diperiksa", "returned": "dikembalikan"}
MADE_UP = "Rincian rekaan untuk contoh"
DOTS = "." * 30
WITNESS_ROWS, INSPECTOR_ROWS, RESIDENT_ROWS = 2, 4, 10
COPIES = 3
# What the attached rows leave out: what is no part of the record, and the secret address of an asset's card.
UNPRINTED = (
    "note", "condition", "condition_note", "reason", "holder", "holder_desk", "holder_reached_on", "is_published",
    "card_code", "manager", "duties", "next_check_on",
)  # fmt: skip


def missing_documents(package: Package, *, on: date) -> bytes:
    """The letter to the holder: which papers are missing on that day, first those that the next step waits for."""
    lacking = _in_order(package.documents.filter(is_required=True).lacking(on))
    stage = _first_hindered(package, lacking)
    due = [one for one in lacking if stage and one.needed_before in stages.up_to(stage.key)]
    later = [one for one in lacking if one not in due]
    required = package.documents.filter(is_required=True).count()
    with translation.override("id"):
        facts = list(package.unmet_facts(package.next_stage)) if package.next_stage else []
    return _render(
        "missing_documents",
        package,
        on=on,
        stage=stage,
        due=[_missing_row(one, on) for one in due],
        later=[(stages.STAGES[key], rows) for key, rows in _grouped(later, on)],
        facts=facts,
        required=required,
        held=required - len(lacking),
        lacking=len(lacking),
        waited=package.waited_days(on),
        signer=_first(package, Signatory.Role.SENDER),
        copies=_carbon_copies(package),
        blank_number=blank_number(on),
    )


def inspection_record(package: Package) -> bytes:
    """The record of the joint inspection; what is seen on the spot is written into its empty cells."""
    paper = _paper_of(package, "inspection_record")
    inspectors = _people(package, Signatory.Role.INSPECTOR)
    return _render(
        "inspection_record",
        package,
        paper=paper,
        on=paper and paper.dated_on,
        assets=_assets(package),
        inspectors=[*inspectors, *[None] * (INSPECTOR_ROWS - len(inspectors))],
        blank_number=blank_number(paper.dated_on if paper else None),
        papers=_papers_count(package),
    )


def recapitulation(package: Package) -> bytes:
    """The list of goods: No, Nama Barang, Type, Tahun, Jumlah, Nilai perolehan, Penerima, Lokasi, Kondisi."""
    assets = _assets(package)
    return _render(
        "recapitulation",
        package,
        landscape=True,
        assets=assets,
        total=_total(assets),
        unvalued=sum(asset.value is None for asset in assets),
        giver_signer=_first(package, Signatory.Role.GIVER),
        receiver_signer=_first(package, Signatory.Role.RECEIVER),
    )


def handover_record(package: Package, *, verification: issuing.Verification | None = None, **copy) -> bytes:
    """The handover record (BAST), with the date and the amount in words, both parties and the witnesses.

    To the residents where the package goes straight to them. Before the deed is signed it is marked as a draft.
    """
    to_residents = package.path == Package.Path.COMMUNITY
    paper = _record_paper(package)
    assets = _assets(package)
    witnesses = _people(package, Signatory.Role.WITNESS)
    on = package.handover_on or (paper.dated_on if paper else None)
    return _render(
        "handover_record",
        package,
        paper=paper,
        on=on,
        to_residents=to_residents,
        is_draft=not to_residents and not package.is_deeded,
        basis=_basis(package),
        assets=assets,
        total=_total(assets),
        giver_signer=_first(package, Signatory.Role.GIVER),
        receiver_signer=_first(package, Signatory.Role.RECEIVER),
        witnesses=[*witnesses, *[None] * (WITNESS_ROWS - len(witnesses))],
        residents=range(1, RESIDENT_ROWS + 1) if to_residents else (),
        enclosed=_accepted(package),
        copies=COPIES,
        blank_number=blank_number(on),
        verification=verification,
        files=verification.files if verification else None,
        copy=copy,
    )


def record_as_issued(package: Package) -> bytes:
    """The handover record as it was issued, once it is signed; before that as it stands now."""
    if not Package.objects.with_final_record().filter(pk=package.pk).exists():
        return handover_record(package)
    return issuing.content_of(issuing.issued(final_handover_record(package)))


def final_handover_record(package: Package) -> issuing.Final:
    """Final by the move that brought the package behind its handover record: who made it issued the paper, then.

    A number that is written down later, another name or another signer makes a new issue.
    """
    step = (
        package.moves.filter(to_stage__in=package.handed_over_stages).order_by("at", "pk").select_related("by").first()
    )
    paper = _record_paper(package)
    return issuing.Final(
        kind=Package.HANDOVER_RECORD,
        record=package,
        key=package.number,
        number=paper.number if paper else "",
        title=f"{package.number} {package.name}",
        dated_on=package.handover_on or (paper.dated_on if paper else None),
        signers=_signers(package),
        build=lambda verification, **copy: handover_record(package, verification=verification, **copy),
        templates=("assets/pdf",),
        version=f"{step.pk}" if step else "",
        at=step.at if step else timezone.now(),
        by=step.by if step else None,
        facts={
            "package": issuing.rows_of([package], *UNPRINTED),
            "assets": issuing.rows_of(package.assets.order_by("number"), *UNPRINTED),
            "documents": issuing.rows_of(package.documents.order_by("pk"), *UNPRINTED),
            "signatories": issuing.rows_of(package.signatories.order_by("role", "order", "pk")),
        },
    )


def _signers(package: Package) -> list[str]:
    """Both sides, each by whoever signs for it as far as that is written down, and the witnesses."""
    sides = [(Signatory.Role.GIVER, package.giver), (Signatory.Role.RECEIVER, package.receiver)]
    people = [_first(package, role) or side for role, side in sides] + _people(package, Signatory.Role.WITNESS)
    return [
        ", ".join([one.name, *one.office_lines]) if isinstance(one, Signatory) else one.name for one in people if one
    ]


def unissued_handover_records() -> Iterator[issuing.Final]:
    """Signed handover records that nobody has asked for yet."""
    issued = IssuedPaper.objects.in_force().filter(kind=Package.HANDOVER_RECORD).values("record_id")
    packages = Package.objects.with_final_record().exclude(pk__in=issued)
    for package in packages.select_related("giver", "receiver", "village__parent").iterator(chunk_size=500):
        yield final_handover_record(package)


def labels(package: Package, assets: list[Asset], addresses: dict[int, str]) -> bytes:
    """A sheet of labels to cut out and stick on: {number of the asset: address of its card} as QR codes."""
    rows = [Label(asset, addresses[asset.number], qr_path(addresses[asset.number])) for asset in assets]
    return _render("labels", package, rows=rows, types={asset.number: _type(asset) for asset in assets})


def contents(package: Package, entries: list) -> bytes:
    """The table of contents of the file of a package: what is in it, from when, and its fingerprint."""
    return _render("contents", package, landscape=True, entries=entries)


def _render(
    template: str,
    package: Package,
    *,
    landscape: bool = False,
    files: dict | None = None,
    copy: dict | None = None,
    **context,
) -> bytes:
    context |= {
        "package": package,
        "sector": SECTORS[package.sector],
        "place": _place(package),
        "note": MADE_UP if package.is_made_up else "",
        "dots": DOTS,
    }
    return pdf.render(f"assets/pdf/{template}.html", context, files=files, landscape=landscape, **(copy or {}))


# --- people -------------------------------------------------------------------------------------------------
def _people(package: Package, role: str) -> list[Signatory]:
    return list(package.signatories.filter(role=role).order_by("order", "pk"))


def _first(package: Package, role: str) -> Signatory | None:
    return package.signatories.filter(role=role).order_by("order", "pk").first()


def _carbon_copies(package: Package) -> list[str]:
    """Both sides, as far as they do not get the letter itself."""
    sides = [package.giver, package.receiver]
    return [side.name for side in sides if side and side.pk != package.holder_id]


# --- papers of the checklist --------------------------------------------------------------------------------
@dataclass(frozen=True)
class MissingRow:
    label: str
    issuer: str
    state: str
    note: str


def _missing_row(document: Document, on: date) -> MissingRow:
    if document.has_expired(on):
        state = f"habis masa berlaku {formats.official_date(document.valid_until)}"
    else:
        state = STATES[document.state]
    note = document.note if document.state == Document.State.RETURNED else ""
    return MissingRow(document.label, document.issuer, state, note)


def _in_order(documents) -> list[Document]:
    return list(documents.in_checklist_order())


def _first_hindered(package: Package, lacking: list[Document]) -> stages.Stage | None:
    """The nearest stage ahead that waits for one of these papers."""
    ahead = [
        stage
        for key, stage in stages.STAGES.items()
        if not stages.is_before(key, package.stage) and any(one.needed_before in stages.up_to(key) for one in lacking)
    ]
    return next(iter(ahead), None)


def _grouped(documents: list[Document], on: date) -> list[tuple[str, list[MissingRow]]]:
    groups: dict[str, list[MissingRow]] = {}
    for document in documents:
        groups.setdefault(document.needed_before, []).append(_missing_row(document, on))
    return [(key, groups[key]) for key in stages.STAGES if key in groups]


def _paper_of(package: Package, kind: str) -> Document | None:
    return package.documents.filter(kind=kind).first()


def _record_paper(package: Package) -> Document | None:
    """The line of the checklist that the handover record has."""
    return _paper_of(package, "community_record" if package.path == Package.Path.COMMUNITY else "handover_record")


def _papers_count(package: Package) -> tuple[int, int]:
    """(accepted, required) of the required papers."""
    required = package.documents.filter(is_required=True)
    return required.filter(state=Document.State.ACCEPTED).count(), required.count()


# What a handover record rests on, in the order in which it came about.
BASIS = ("contract", "acceptance_letter", "inspection_record", "approval_letter", "grant_deed")


def _basis(package: Package) -> list[str]:
    """A line for each paper that the record rests on, with number and date as far as they are known."""
    known = {document.kind: document for document in package.documents.filter(kind__in=BASIS)}
    lines = [package.legal_basis] if package.legal_basis else []
    for kind in BASIS:
        document = known.get(kind)
        deed_on = package.grant_deed_on if kind == "grant_deed" else None
        on = document and (document.dated_on or deed_on)
        if document and (document.number or on):
            lines.append(BASIS_WORDS[kind] + _numbered(document.number, on))
    return lines


BASIS_WORDS = {
    "contract": "Kontrak pekerjaan",
    "acceptance_letter": "Surat pernyataan kesediaan menerima hibah",
    "inspection_record": "Berita acara pemeriksaan bersama",
    "approval_letter": "Surat persetujuan hibah",
    "grant_deed": "Naskah Perjanjian Hibah Barang Milik Negara",
}


def _numbered(number: str, on: date | None) -> str:
    return (f" nomor {number}" if number else "") + (f" tanggal {formats.official_date(on)}" if on else "")


def _accepted(package: Package) -> list[str]:
    """The papers that go over together with the goods: those from before the record itself."""
    before = stages.up_to(stages.BAST_SIGNED) if package.path == Package.Path.REGULAR else list(stages.STAGES)
    held = package.documents.filter(state=Document.State.ACCEPTED, needed_before__in=before)
    held = held.exclude(kind="community_record")
    with translation.override("id"):
        return [str(document.label) + _numbered(document.number, document.dated_on) for document in _in_order(held)]


# --- goods --------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class AssetRow:
    asset: Asset
    type: str
    quantity: str
    condition: str
    land: str
    coordinates: str

    @property
    def value(self) -> Decimal | None:
        return self.asset.value


def _assets(package: Package) -> list[AssetRow]:
    return [
        AssetRow(
            asset,
            _type(asset),
            f"{formats.decimal_number(_short(asset.quantity))} {UNITS[asset.unit]}",
            CONDITIONS.get(asset.condition, ""),
            LAND.get(asset.land_status, ""),
            f"{asset.latitude.normalize():f}, {asset.longitude.normalize():f}" if asset.latitude is not None else "",
        )
        for asset in package.assets.order_by("number")
    ]


def _type(asset: Asset) -> str:
    with translation.override("id"):
        label = str(ASSET_TYPES[asset.asset_type].label)
    return label[:1].upper() + label[1:]


def _short(number: Decimal) -> Decimal:
    """Without trailing noughts behind the comma."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def _total(assets: list[AssetRow]) -> Decimal | None:
    """The sum of what is known; None where nothing is."""
    values = [row.value for row in assets if row.value is not None]
    return sum(values) if values else None


def _place(package: Package) -> str:
    if package.village is None:
        return ""
    return f"{package.village.full_name}, {package.village.parent.full_name}"


# --- labels -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Label:
    asset: Asset
    address: str
    qr: tuple[str, int]  # the dark squares as an SVG path, and how many squares a side has

    @property
    def plain_address(self) -> str:
        return self.address.removeprefix("https://").removeprefix("http://")


def qr_path(text: str) -> tuple[str, int]:
    """The dark squares as one path of lines, and the number of squares on a side, with the quiet zone around them."""
    border = 2
    code = segno.make(text, error="m", micro=False)
    parts = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            end = x
            while end < len(row) and row[end]:
                end += 1
            parts.append(f"M{x + border} {y + border}h{end - x}v1h-{end - x}z")
            x = end
    return "".join(parts), len(code.matrix) + 2 * border


def blank_number(on: date | None) -> str:
    """The number of a paper that has none yet, to be filled in by hand."""
    return f"......../......../......../{on.year if on else '........'}"
