"""The papers of agreements as they stand now: each function makes the bytes of a PDF from a record.

The words are those of Indonesian office forms and stay Indonesian in every language of the pages. Whoever serves a
paper has asked `visible_to` before and says by `people` whether it may tell what only insiders know of persons: whole
NIP, pictures of signatures, reasons for declining, who is in charge. No clock: a paper that depends on a day takes it
as an argument, so the same record gives the same bytes.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import PurePath

from django.db.models import Prefetch, QuerySet

from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, Funding, Review, ReviewItem, Signatory
from agreements.models.records import CRITERION_CHOICES
from core import formats, issuing, pdf
from core.models import Organization
from slumareas import scoring
from slumareas.models import SlumArea
from workshops.documents import blank_number, sign_off
from workshops.models import Workshop

logger = logging.getLogger(__name__)

STATUSES = {
    "not_started": "belum",
    "in_progress": "proses",
    "blocked": "terkendala",
    "done": "selesai",
    "cancelled": "dibatalkan",
}
SOURCES = {
    "apbn": "APBN",
    "apbd_province": "APBD Provinsi",
    "apbd_regency": "APBD Kabupaten",
    "dak": "DAK",
    "village_fund": "Dana Desa",
    "kelurahan_fund": "Dana Kelurahan",
    "csr": "BUMN/CSR",
    "self_help": "Swadaya",
}
KINDS = {"once": "sekali", "periodic": "berkala", "continuous": "terus-menerus"}
RECURRENCES = {"monthly": "setiap bulan", "quarterly": "setiap triwulan", "yearly": "setiap tahun"}
EVIDENCE_KINDS = {"photo": "foto", "document": "dokumen", "link": "tautan"}
EVIDENCE_STATUSES = {"submitted": "belum dinilai", "accepted": "diterima", "returned": "dikembalikan"}
DECISIONS = {
    "continue": "dilanjutkan",
    "speed_up": "dipercepat",
    "clarify": "perlu penjelasan atau bukti",
    "escalate": "dibawa ke pimpinan",
    "accept": "dinyatakan selesai",
    "propose_cancel": "diusulkan batal",
}
HOW_SIGNED = {
    "drawn": "dibubuhkan pada layar",
    "scan": "pindaian",
    "paper": "ditandatangani di atas kertas",
}
# In the margin. The sheet that goes round for signing says that it is not published yet, and no more.
NOTES = {"draft": "Rancangan", "signing": "Belum diterbitkan"}
SUMMARY_STATUSES = ("not_started", "in_progress", "blocked", "done", "cancelled")


# --- record of agreement --------------------------------------------------------------------------------


def agreement_record(
    workshop: Workshop, *, people: bool = True, verification: issuing.Verification | None = None, **copy
) -> bytes:
    """The record as it is signed, with a place for each signature that is still missing.

    Behind the signatures stand what measures the agreements and the texts that were amended later: no part of what
    was signed.
    """
    record = AgreementRecord.of(workshop)
    agreements = _with_facts(workshop.agreements.all())
    signings, files = signings_of(record, people)
    return pdf.render(
        "agreements/pdf/agreement_record.html",
        {
            **_head(workshop, record),
            "agreements": agreements,
            "facts": [agreement for agreement in agreements if _has_facts(agreement)],
            "amended": [agreement for agreement in agreements if agreement.has_changed],
            "kinds": KINDS,
            "signings": signings,
            "has_pictures": any(signing.picture or signing.is_kept_apart for signing in signings),
            "people": people,
            "chair": sign_off(workshop)["chair"],
            "verification": verification,
        },
        files=files | (verification.files if verification else {}),
        **copy,
    )


def _head(workshop: Workshop, record: AgreementRecord) -> dict:
    """What every paper about the agreements of a workshop begins with."""
    return {
        "workshop": workshop,
        "record": record,
        "number": record.number or blank_number(record.agreed_on or workshop.held_on),
        "agreed_on": record.agreed_on or workshop.held_on,
        "place": record.place or workshop.place,
        "note": NOTES.get(record.status, ""),
    }


def _with_facts(agreements: QuerySet[Agreement]) -> list[Agreement]:
    """In their order, with `area_names` and `criterion_names` as a paper writes them."""
    found = list(
        agreements.with_texts()
        .select_related("source_entry", "agenda_item")
        .prefetch_related("organizations", "slum_areas", "criteria")
        .order_by("number")
    )
    number_of_areas = SlumArea.objects.count() if found else 0
    for agreement in found:
        agreement.area_names = _area_names(list(agreement.slum_areas.all()), number_of_areas)
        agreement.criterion_names = criterion_names({row.criterion for row in agreement.criteria.all()})
    return found


def _area_names(areas: list[SlumArea], number_of_all: int) -> list[str]:
    """Each by its name, or that they are all there are."""
    if len(areas) > 1 and len(areas) == number_of_all:
        return [f"semua kawasan ({number_of_all})"]
    return [area.name for area in areas]


def criterion_names(keys: set[str]) -> list[str]:
    """Each by its name. Where all of a rule set are among them, it says so, and names what is left besides."""
    lines, whole = [], set()
    for rule_set in sorted(scoring.RULE_SETS.values(), key=lambda one: -len(one.keys)):
        if keys.issuperset(rule_set.keys):
            whole = set(rule_set.keys)
            lines.append(f"semua {len(whole)} kriteria ({rule_set.label})")
            break
    return lines + [label for key, label in CRITERION_CHOICES if key in keys - whole]


def _has_facts(agreement: Agreement) -> bool:
    return bool(
        agreement.target
        or agreement.target_number is not None
        or agreement.note
        or agreement.kind != Agreement.Kind.ONCE
        or agreement.organizations.all()
        or agreement.slum_areas.all()
        or agreement.criteria.all()
        or agreement.source_entry
    )


@dataclass(frozen=True)
class Signing:
    """A line of the signature table. `picture` is the address of a drawn or scanned signature, where it is shown."""

    person: Signatory
    office_lines: list[str]
    picture: str = ""
    is_kept_apart: bool = False

    @property
    def is_waiting(self) -> bool:
        return self.person.state in (Signatory.State.PENDING, Signatory.State.DELEGATED)

    @property
    def how(self) -> str:
        return HOW_SIGNED.get(self.person.how, "")

    @property
    def signer(self) -> str:
        """Who puts the name: the delegate where there is one."""
        return self.person.delegate_name or self.person.name


def signings_of(record: AgreementRecord, people: bool) -> tuple[list[Signing], dict[str, bytes]]:
    signings, files = [], {}
    persons = record.signatories.select_related("organization") if record.pk else ()
    for person in persons:
        picture = ""
        if person.file and people and PurePath(person.file.name).suffix.lower() in pdf.MEDIA_TYPES:
            name = f"signature-{person.pk}{PurePath(person.file.name).suffix.lower()}"
            if content := _content(person):
                files[name], picture = content, pdf.FILE_URL + name
        signings.append(Signing(person, _office_lines(person), picture, bool(person.file) and not picture))
    return signings, files


def _content(person: Signatory) -> bytes | None:
    try:
        with person.file.open("rb") as file:
            return file.read()
    except OSError:
        logger.warning("The signature %s cannot be read; the paper is printed without it.", person.file.name)
        return None


def _office_lines(person: Signatory) -> list[str]:
    """The office of who signs. `a.n. Kepala Dinas` stands over the delegate's own office, `Plt.` before it."""
    office = ", ".join(line for line in (person.position, person.institution) if line)
    if not person.signs_for:
        return [office] if office else []
    over = person.signs_for_office or office
    own = person.delegate_position if person.delegate_name else (office if person.signs_for_office else "")
    if person.signs_for == Signatory.SignsFor.FOR:
        lines = [over, person.signs_for, own]
    else:
        lines = [f"{person.signs_for} {over}".strip(), own]
    return [line for line in lines if line]


# --- extracts -------------------------------------------------------------------------------------------


def agreement_extract(agreement: Agreement, follow_ups: QuerySet[FollowUp], *, people: bool = True) -> bytes:
    """One agreement: what was signed, what is in force, what is measured, and `follow_ups` of it."""
    workshop = agreement.workshop
    [agreement] = _with_facts(Agreement.objects.filter(pk=agreement.pk))
    return _extract(
        workshop,
        people,
        subject=f"Kesepakatan nomor {agreement.number}",
        agreements=[agreement],
        rows=_matrix_rows(follow_ups.filter(agreement=agreement), Evidence.objects.none()),
    )


def organization_extract(
    organization: Organization, workshop: Workshop, follow_ups: QuerySet[FollowUp], *, people: bool = True
) -> bytes:
    """What concerns one organization: agreements that name it or of which it has something to do, and that."""
    rows = _matrix_rows(
        (follow_ups.filter(responsible_organization=organization) | follow_ups.filter(partners=organization))
        .filter(workshop=workshop)
        .distinct(),
        Evidence.objects.none(),
    )
    concerned = {row.follow_up.agreement_id for row in rows}
    agreements = [
        agreement
        for agreement in _with_facts(workshop.agreements.all())
        if agreement.pk in concerned or organization in agreement.organizations.all()
    ]
    return _extract(workshop, people, subject=organization.name, agreements=agreements, rows=rows)


def _extract(workshop: Workshop, people: bool, **context) -> bytes:
    record = AgreementRecord.of(workshop)
    return pdf.render(
        "agreements/pdf/extract.html",
        {
            **_head(workshop, record),
            **context,
            "kinds": KINDS,
            "people": people,
            "signings": signings_of(record, people=False)[0],
            **sign_off(workshop),
        },
    )


# --- matrix of follow-ups -------------------------------------------------------------------------------


@dataclass
class MatrixRow:
    """A follow-up as the 16 columns write it. `is_overdue` is that of the day of the paper."""

    number: int
    follow_up: FollowUp
    is_overdue: bool = False
    evidence: list[Evidence] = field(default_factory=list)

    @property
    def status(self) -> str:
        return STATUSES[self.follow_up.status]

    @property
    def place(self) -> list[str]:
        follow_up = self.follow_up
        named = [follow_up.location, follow_up.slum_area and follow_up.slum_area.name]
        return [line for line in (*named, follow_up.region and follow_up.region.full_name) if line]

    @property
    def partners(self) -> list[str]:
        names = [partner.short_name for partner in self.follow_up.partners.all()]
        return names + [part.strip() for part in self.follow_up.other_parties.split(",") if part.strip()]

    @property
    def sources(self) -> list[str]:
        return [
            f"{SOURCES[funding.source]}{f' ({funding.note})' if funding.note else ''}"
            for funding in self.follow_up.fundings.all()
        ]

    @property
    def amounts(self) -> list[str]:
        """Each amount in the line of its source; a sum besides where there are several."""
        fundings = list(self.follow_up.fundings.all())
        known = [funding.amount for funding in fundings if funding.amount is not None]
        lines = ["–" if funding.amount is None else formats.decimal_number(funding.amount, 2) for funding in fundings]
        return [*lines, "Jumlah:", formats.decimal_number(sum(known), 2)] if len(known) > 1 else lines

    @property
    def recurrence(self) -> str:
        return RECURRENCES.get(self.follow_up.recurrence, "")

    @property
    def quarters(self) -> str:
        """`TW I s.d. IV 2020`: the quarters between start and due."""
        days = [day for day in (self.follow_up.starts_on, self.follow_up.due_on) if day]
        if not days:
            return ""
        first, last = (("I", "II", "III", "IV")[(day.month - 1) // 3] for day in (days[0], days[-1]))
        if days[0].year != days[-1].year:
            return f"TW {first} {days[0].year} s.d. TW {last} {days[-1].year}"
        return f"TW {first} {days[0].year}" if first == last else f"TW {first} s.d. {last} {days[0].year}"

    @property
    def pieces(self) -> list[dict[str, str]]:
        return [
            {
                "title": piece.title,
                "url": piece.url,
                "kind": EVIDENCE_KINDS[piece.kind],
                "status": EVIDENCE_STATUSES[piece.status],
            }
            for piece in self.evidence
        ]


@dataclass(frozen=True)
class MatrixGroup:
    """Rows under the agreement, problem or promise that they follow."""

    label: str
    text: str
    rows: list[MatrixRow]


def matrix_rows(follow_ups: QuerySet[FollowUp]) -> QuerySet[FollowUp]:
    """Follow-ups with everything that a line of the matrix names, in the order of the agreements."""
    return (
        follow_ups.select_related(
            "workshop", "agreement", "source_entry", "region", "slum_area", "responsible_organization"
        )
        .prefetch_related("partners", Prefetch("fundings", Funding.objects.order_by("pk")), "agreement__versions")
        .order_by("-workshop__held_on", "workshop", "agreement__number", "order", "pk")
    )


def _matrix_rows(follow_ups: QuerySet[FollowUp], evidence: QuerySet[Evidence], on: date | None = None):
    rows = list(matrix_rows(follow_ups.with_facts(on) if on else follow_ups))
    # What has no agreement comes last on both databases, which sort nothing differently.
    rows.sort(key=lambda row: (-row.workshop.held_on.toordinal(), row.workshop_id, row.agreement_id is None))
    pieces: dict[int, list[Evidence]] = {}
    for piece in evidence.filter(follow_up__in=[row.pk for row in rows]).order_by("submitted_at", "pk"):
        pieces.setdefault(piece.follow_up_id, []).append(piece)
    return [
        MatrixRow(number, row, on is not None and row.is_overdue, pieces.get(row.pk, []))
        for number, row in enumerate(rows, start=1)
    ]


def _groups(rows: list[MatrixRow]) -> Iterator[MatrixGroup]:
    for _key, members in groupby(rows, key=lambda row: (row.follow_up.workshop_id, row.follow_up.agreement_id or 0)):
        members = list(members)
        if agreement := members[0].follow_up.agreement:
            yield MatrixGroup(f"Kesepakatan {agreement.number}", agreement.text, members)
            continue
        for _entry, own in groupby(members, key=lambda row: row.follow_up.source_entry_id):
            own = list(own)
            entry = own[0].follow_up.source_entry
            label = {"problem": "Permasalahan", "promise": "Janji"}.get(entry.kind, "Catatan")
            yield MatrixGroup(label, entry.text or entry.title, own)


@dataclass
class SummaryRow:
    """How many follow-ups of an organization stand at each status, and how many of them are overdue."""

    name: str
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*SUMMARY_STATUSES, "overdue", "all"), 0))

    def add(self, row: MatrixRow) -> None:
        self.counts[row.follow_up.status] += 1
        self.counts["all"] += 1
        self.counts["overdue"] += row.is_overdue

    @property
    def cells(self) -> list[int]:
        return [self.counts[key] for key in (*SUMMARY_STATUSES, "all", "overdue")]


def _summary(rows: Iterable[MatrixRow]) -> tuple[list[SummaryRow], SummaryRow]:
    lines: dict[str, SummaryRow] = {}
    total = SummaryRow("Jumlah")
    for row in rows:
        name = row.follow_up.responsible_organization.name
        lines.setdefault(name, SummaryRow(name)).add(row)
        total.add(row)
    return [lines[name] for name in sorted(lines)], total


def follow_up_matrix(
    follow_ups: QuerySet[FollowUp],
    *,
    on: date,
    workshop: Workshop | None = None,
    evidence: QuerySet[Evidence] | None = None,
    people: bool = True,
    review: Review | None = None,
    verification: issuing.Verification | None = None,
    **copy,
) -> bytes:
    """The RTL form: 16 columns on landscape F4, whatever paper is set, and counts by organization and status.

    `on` decides what is overdue. `evidence` is what may be named; without it, all. With `workshop` its head is printed,
    with `review` that it is the enclosure to the minutes of that sitting.
    """
    rows = _matrix_rows(follow_ups, Evidence.objects.all() if evidence is None else evidence, on)
    summary, total = _summary(rows)
    return pdf.render(
        "agreements/pdf/follow_up_matrix.html",
        {
            "workshop": workshop,
            "record": AgreementRecord.of(workshop) if workshop else None,
            "on": on,
            "groups": list(_groups(rows)),
            "summary": summary,
            "total": total,
            "statuses": [STATUSES[key] for key in SUMMARY_STATUSES],
            "people": people,
            "proposals": sum(row.follow_up.is_proposal for row in rows),
            "review": review,
            "verification": verification,
        },
        files=verification.files if verification else None,
        paper="F4",
        landscape=True,
        **copy,
    )


# --- minutes of a sitting -------------------------------------------------------------------------------


@dataclass(frozen=True)
class DecisionRow:
    item: ReviewItem
    number: int

    @property
    def status(self) -> str:
        return STATUSES[self.item.status]

    @property
    def decision(self) -> str:
        return DECISIONS[self.item.decision]


def review_minutes(
    review: Review, items: QuerySet[ReviewItem], *, verification: issuing.Verification | None = None, **copy
) -> bytes:
    """The minutes of a sitting: who was there, what was decided about each follow-up, and when it is looked at again."""
    rows = [
        DecisionRow(item, number)
        for number, item in enumerate(
            items.select_related(
                "follow_up__agreement", "follow_up__responsible_organization", "follow_up__workshop", "by"
            ).order_by("follow_up__agreement__number", "follow_up__order", "pk"),
            start=1,
        )
    ]
    tally = {label: sum(row.item.decision == key for row in rows) for key, label in DECISIONS.items()}
    return pdf.render(
        "agreements/pdf/review_minutes.html",
        {
            "review": review,
            "members": review.members.select_related("organization").order_by("name", "username"),
            "note": "" if review.is_closed else "Rapat belum ditutup",
            "rows": rows,
            "tally": [(label, count) for label, count in tally.items() if count],
            "minute_taker": review.created_by,
            "verification": verification,
        },
        files=verification.files if verification else None,
        **copy,
    )
