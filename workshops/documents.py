"""The papers of a workshop: each function makes the bytes of a PDF from a record.

The words are those of Indonesian office forms and stay Indonesian in every language of the pages. Whoever
serves a paper has asked `visible_to` before; what a paper may tell about people is decided by its arguments.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from core import formats, issuing, pdf
from core.models import IssuedPaper
from workshops.models import AgendaItem, Attachment, Leader, MinutesEntry, Participant, Workshop

MINUTES = Workshop.MINUTES  # the kind of paper
BLANK_ROWS = 30
WALK_IN_ROWS = 5
LEVELS = {"regency": "Kabupaten", "district": "Kecamatan", "village": "Kelurahan/Desa"}
ROLES = {
    "chair": "Pimpinan",
    "secretary": "Sekretaris",
    "moderator": "Moderator",
    "minute_taker": "Pencatat/Notulis",
    "opener": "Pembuka acara",
    "closer": "Penutup acara",
    "committee_head": "Ketua panitia",
    "inviter": "Penanda tangan undangan",
}
# Who signs each paper, one line a signature: the first of these roles that somebody has.
INVITATION_SIGNER = (Leader.Role.INVITER, Leader.Role.COMMITTEE_HEAD)
ATTENDANCE_SIGNER = (Leader.Role.COMMITTEE_HEAD, Leader.Role.CHAIR, Leader.Role.INVITER)
SIGNERS = {
    "invitation": [INVITATION_SIGNER],
    "attendance": [ATTENDANCE_SIGNER],
    "minutes": [(Leader.Role.CHAIR,), (Leader.Role.MINUTE_TAKER,)],
}
ENTRY_LABELS = {
    "opening": "Pembukaan",
    "speech": "Sambutan",
    "presentation": "Paparan",
    "question": "Pertanyaan",
    "response": "Tanggapan",
    "rebuttal": "Sanggahan",
    "promise": "Janji",
    "fact": "Fakta",
    "discussion_group": "Kelompok diskusi",
    "problem": "Permasalahan",
    "decision": "Kesimpulan",
    "closing": "Penutupan",
}
ATTACHMENT_LABELS = {
    "photo": "Foto",
    "slide": "Salindia (slide)",
    "hardcopy": "Pindaian hardcopy",
    "attendance": "Daftar hadir",
    "invitation": "Undangan",
    "other": "Lain-lain",
}
STATUS_LABELS = {
    "draft": "rancangan",
    "invited": "diundang",
    "in_progress": "berlangsung",
    "correction": "koreksi",
    "closed": "ditutup",
    "cancelled": "dibatalkan",
}
# In the margin, since the sheet that goes round for signing before the minutes are closed must look like the final one.
NOTES = {
    "draft": "Rancangan",
    "invited": "Notula belum ditutup",
    "in_progress": "Notula belum ditutup",
    "correction": "Notula belum ditutup",
    "cancelled": "Kegiatan dibatalkan",
}
NOTHING = {True: "Tidak ada catatan.", False: "Belum ada catatan."}
HEADED_KINDS = {"speech", "presentation", "discussion_group"}
OPENING, DISCUSSION, CONCLUSION, CLOSING = "opening", "discussion", "conclusion", "closing"
SECTION_OF_ENTRY = {
    "opening": OPENING,
    "closing": CLOSING,
    "decision": CONCLUSION,
}
SECTION_OF_ITEM = {"registration": OPENING, "opening": OPENING, "closing": CLOSING}


# --- the papers ---------------------------------------------------------------------------------------


def invitation(workshop: Workshop) -> bytes:
    """The letter, with the list of those invited and the agenda as enclosures where they are written down."""
    leaders = list(workshop.leaders.all())
    invited = [person for person in _people(workshop) if person.is_invited]
    recipients = _lines(workshop.invitation_to)
    agenda = _agenda(list(workshop.agenda_items.all()))
    return pdf.render(
        "workshops/pdf/invitation.html",
        {
            "workshop": workshop,
            "blank_number": blank_number(workshop.held_on),
            "note": "Kegiatan dibatalkan" if workshop.status == Workshop.Status.CANCELLED else "",
            "recipients": recipients,
            "invited": [] if recipients else _invited_lines(invited),
            "agenda": agenda,
            "columns": _agenda_columns(agenda) | {"actual": False},
            "signer": _signature(leaders, *INVITATION_SIGNER),
        },
    )


def _invited_lines(people: list[Participant]) -> list[dict]:
    """{"name", "who", "seats"}: one line a person; the seats of an organization whose people are unknown are one line."""
    lines: dict[object, dict] = {}
    for person in people:
        who = ", ".join(part for part in (person.position, person.institution) if part)
        line = lines.setdefault(person.pk if person.name else who, {"name": person.name, "who": who, "seats": 0})
        line["seats"] += 1
    return list(lines.values())


def attendance(workshop: Workshop, *, blank: bool = False, phones: bool = False) -> bytes:
    """The list to sign: everyone written down and rows for walk-ins, or 30 blank rows where nobody is or on request.

    `phones` prints telephone numbers, for those who organize; otherwise their column waits for handwriting.
    """
    people = [] if blank else _people(workshop)
    rows = 0 if people and workshop.is_final else WALK_IN_ROWS if people else BLANK_ROWS
    return pdf.render(
        "workshops/pdf/attendance.html",
        {
            "workshop": workshop,
            "people": people,
            "blank_rows": range(len(people) + 1, len(people) + rows + 1),
            "phones": phones,
            "counts": _counts(people),
            "signer": _signature(list(workshop.leaders.all()), *ATTENDANCE_SIGNER),
        },
    )


def minutes(
    workshop: Workshop,
    *,
    participants: bool = True,
    agreements: bool = True,
    verification: issuing.Verification | None = None,
    **copy,
) -> bytes:
    """The whole record as official minutes. Without `participants` the list of persons stays out, their number in;
    without `agreements` those stay out, as before they are published."""
    context = {**_minutes_context(workshop, participants, agreements), "verification": verification}
    files = verification.files if verification else None
    return pdf.render("workshops/pdf/minutes.html", context, files=files, **copy)


def minutes_as_issued(workshop: Workshop) -> bytes:
    """The minutes of a closed workshop as they were issued; of any other as they stand now."""
    if workshop.status != Workshop.Status.CLOSED:
        return minutes(workshop)
    return issuing.content_of(issuing.issued(final_minutes(workshop)))


def final_minutes(workshop: Workshop) -> issuing.Final:
    """Final by the last step that closed them: who took it issued the paper, then."""
    step = workshop.status_changes.filter(to_status=Workshop.Status.CLOSED).select_related("by").last()
    leaders = list(workshop.leaders.all())
    signers = [_signature(leaders, *roles) for roles in SIGNERS["minutes"]]
    without = ("check_in_code", "created_by", "updated_by", "check_in_token", "phone", "email")
    return issuing.Final(
        kind=MINUTES,
        record=workshop,
        key=workshop.slug,
        number=workshop.minutes_number,
        title=workshop.title,
        dated_on=workshop.held_on,
        signers=[f"{one.name}, {' '.join(one.office_lines)}".strip(", ") for one in signers if one],
        build=lambda verification, **copy: minutes(workshop, verification=verification, **copy),
        templates=("workshops/pdf",),
        version=f"{step.pk}" if step else "",
        at=step.at if step else timezone.now(),
        by=step.by if step else None,
        facts={
            name: issuing.rows_of(records, *without)
            for name, records in {
                "workshop": [workshop],
                "areas": workshop.areas.all(),
                "leaders": leaders,
                "agenda": workshop.agenda_items.all(),
                "entries": workshop.minutes_entries.all(),
                "agreements": workshop.agreements.all(),
                "report": workshop.report_sections.all(),
                "notes": workshop.textual_notes.all(),
            }.items()
        },
    )


def unissued_minutes() -> Iterator[issuing.Final]:
    """Closed minutes that nobody has asked for yet."""
    issued = IssuedPaper.objects.in_force().filter(kind=MINUTES).values("record_id")
    for workshop in Workshop.objects.filter(status=Workshop.Status.CLOSED).exclude(pk__in=issued):
        yield final_minutes(workshop)


def extract(agenda_item: AgendaItem, *, agreements: bool = True) -> bytes:
    """What was written and agreed under one agenda item and its sub-items, with the head and the sign-off."""
    workshop = agenda_item.workshop
    items = list(workshop.agenda_items.all())
    rows = [row for row in _agenda(items) if agenda_item.pk in (row.item.pk, *(child.pk for child in row.children))]
    wanted = {agenda_item.pk} | {item.pk for item in items if item.parent_id == agenda_item.pk}
    nodes = [node for node in _threads(workshop) if node.entry.agenda_item_id in wanted]
    leaders = list(workshop.leaders.all())
    return pdf.render(
        "workshops/pdf/extract.html",
        {
            "workshop": workshop,
            "blank_number": blank_number(workshop.held_on),
            "note": NOTES.get(workshop.status, ""),
            "nothing": NOTHING[workshop.is_final],
            "item": agenda_item,
            "agenda": rows,
            "columns": _agenda_columns(rows),
            "blocks": _blocks(nodes, items),
            **_agreements(workshop, agreements, wanted),
            "chair": _signature(leaders, Leader.Role.CHAIR),
            "minute_taker": _signature(leaders, Leader.Role.MINUTE_TAKER),
        },
    )


# --- people -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signature:
    """Who signs: the lines of the office above the space, and what stands beneath it."""

    leader_id: int
    name: str
    office_lines: list[str]
    rank_grade: str
    nip: str


def _signature(leaders: list[Leader], *roles: str) -> Signature | None:
    """The first person in the first of these roles that somebody has."""
    for role in roles:
        for leader in leaders:
            if leader.role == role:
                return Signature(leader.pk, leader.name, _office_lines(leader), leader.rank_grade, leader.nip)
    return None


def sign_off(workshop: Workshop) -> dict[str, Signature | None]:
    """Who signs at the foot of minutes and of what is taken from them: `chair` and `minute_taker`."""
    leaders = list(workshop.leaders.all())
    return {role: _signature(leaders, role) for role in (Leader.Role.CHAIR, Leader.Role.MINUTE_TAKER)}


def without_signer(workshop: Workshop, *papers: str) -> dict[str, list[str]]:
    """{paper: roles that are missing} for the papers that will have a dotted line where somebody signs."""
    held = set(workshop.leaders.values_list("role", flat=True))
    missing = {paper: [roles[0] for roles in SIGNERS[paper] if held.isdisjoint(roles)] for paper in papers}
    return {paper: roles for paper, roles in missing.items() if roles}


def _office_lines(leader: Leader) -> list[str]:
    """`a.n. Kepala …` over the own office; `… u.b.` likewise; `Plt.` and `Plh.` in front of the office itself."""
    own = [line for line in (leader.position, leader.organization_name) if line]
    if not leader.signs_for:
        return own
    if leader.signs_for == Leader.SignsFor.FOR:
        return [line for line in (leader.signs_for_office, leader.signs_for, *own) if line]
    if leader.signs_for_office:
        return [f"{leader.signs_for} {leader.signs_for_office}", *own]
    return [f"{leader.signs_for} {own[0]}", *own[1:]] if own else [leader.signs_for]


def _people(workshop: Workshop) -> list[Participant]:
    return list(workshop.participants.select_related("organization"))


def _counts(people: list[Participant]) -> dict[str, int]:
    present = [person for person in people if person.arrived_at]
    return {
        "listed": len(people),
        "invited": sum(person.is_invited for person in people),
        "present": len(present),
        "male": sum(person.sex == Participant.Sex.MALE for person in present),
        "female": sum(person.sex == Participant.Sex.FEMALE for person in present),
        "unknown": sum(not person.sex for person in present),
    }


@dataclass(frozen=True)
class LeaderRow:
    """A line of the leadership. Rank and masked NIP stand here only for those who do not sign this paper."""

    role: str
    leader: Leader
    signs: bool
    is_repeated: bool

    @property
    def position(self) -> str:
        return "" if self.is_repeated else self.leader.position

    @property
    def organization(self) -> str:
        return "" if self.is_repeated else self.leader.organization_name


def _leader_rows(leaders: list[Leader], signing: set[int]) -> list[LeaderRow]:
    """Who holds several roles is named at each; position and organization stand at the first."""
    rows, seen = [], set()
    for leader in leaders:
        person = (leader.name, leader.position, leader.organization_name)
        rows.append(LeaderRow(ROLES[leader.role], leader, leader.pk in signing, person in seen))
        seen.add(person)
    return rows


# --- agenda -------------------------------------------------------------------------------------------


@dataclass
class AgendaRow:
    item: AgendaItem
    children: list[AgendaItem] = field(default_factory=list)


def _agenda(items: list[AgendaItem]) -> list[AgendaRow]:
    rows = {item.pk: AgendaRow(item) for item in items if item.parent_id is None}
    for item in items:
        if item.parent_id in rows:
            rows[item.parent_id].children.append(item)
    return list(rows.values())


def _agenda_columns(rows: list[AgendaRow]) -> dict[str, bool]:
    """Which columns the agenda needs; an empty one is not printed."""
    items = [item for row in rows for item in (row.item, *row.children)]
    return {
        "actual": any(item.actual_start or item.actual_end for item in items),
        "notes": any(item.note for item in items),
    }


# --- entries ------------------------------------------------------------------------------------------


@dataclass
class Node:
    """An entry with its replies. `level` is the level of its heading, where it has one."""

    entry: MinutesEntry
    number: int = 0
    level: int = 3
    replies: list["Node"] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def label(self) -> str:
        return ENTRY_LABELS.get(self.entry.kind, "")

    @property
    def heading(self) -> str:
        """Speeches, presentations and groups have one; every other entry begins with who spoke."""
        if self.entry.kind not in HEADED_KINDS:
            return ""
        label = self.label if self.entry.kind == "speech" else f"{self.label} {self.number}"
        title = self.entry.title
        if title.lower().startswith(self.label.lower()):
            return title
        return f"{label}: {title}" if title else label

    def at_level(self, level: int) -> "Node":
        self.level = min(level, 6)
        for reply in self.replies:
            reply.at_level(level + 1)
        return self


@dataclass(frozen=True)
class Block:
    """A step of the narrative: a heading where the agenda item changes, then an entry or the committee's report."""

    heading: str = ""
    node: Node | None = None
    is_report: bool = False


def _threads(workshop: Workshop, attachments: list[Attachment] | None = None) -> list[Node]:
    """Entries as a forest, in order, numbered by kind. An entry whose chain of parents never ends starts its own."""
    if attachments is None:
        attachments = list(workshop.attachments.all())
    nodes = {entry.pk: Node(entry) for entry in workshop.minutes_entries.all()}
    for attachment in attachments:
        if attachment.entry_id in nodes:
            nodes[attachment.entry_id].attachments.append(attachment)
    roots = []
    for node in nodes.values():
        if _is_root(node, nodes):
            roots.append(node)
        else:
            nodes[node.entry.parent_id].replies.append(node)
    numbers: dict[str, int] = {}
    for node in _walk(roots):
        numbers[node.entry.kind] = node.number = numbers.get(node.entry.kind, 0) + 1
    return roots


def _is_root(node: Node, nodes: dict[int, Node]) -> bool:
    """Whether the entry stands on its own: no parent, or it is the first in a circle of parents."""
    seen, parent_id = [], node.entry.parent_id
    while parent_id in nodes and parent_id not in seen:
        if parent_id == node.entry.pk:
            return node.entry.pk == min([*seen, node.entry.pk])
        seen.append(parent_id)
        parent_id = nodes[parent_id].entry.parent_id
    return node.entry.parent_id not in nodes


def _walk(nodes: list[Node]):
    for node in nodes:
        yield node
        yield from _walk(node.replies)


def _section(node: Node, items: dict[int, AgendaItem]) -> str:
    """Where the official form puts the entry: its kind decides, then the agenda item, else the discussion."""
    entry = node.entry
    if entry.kind in SECTION_OF_ENTRY:
        return SECTION_OF_ENTRY[entry.kind]
    item = items.get(entry.agenda_item_id)
    if item is None:
        return OPENING if entry.kind == "speech" else DISCUSSION
    top = items.get(item.parent_id, item)
    return SECTION_OF_ITEM.get(top.kind, DISCUSSION)


def _blocks(nodes: list[Node], items: list[AgendaItem], *, with_report: bool = False) -> list[Block]:
    """Entries in the order of the agenda under a heading for each item; the committee reports before the speeches."""
    place = {
        item.pk: position
        for position, item in enumerate(item for row in _agenda(items) for item in (row.item, *row.children))
    }
    titles = {item.pk: item.title for item in items}
    nodes = sorted(nodes, key=lambda node: place.get(node.entry.agenda_item_id, len(place)))
    is_mixed = len({node.entry.agenda_item_id for node in nodes}) > 1
    blocks, shown, level = [], None, 3
    for node in nodes:
        if with_report and node.entry.kind == "speech":
            blocks.append(Block(is_report=True))
            with_report, level = False, 3
        heading = titles.get(node.entry.agenda_item_id) or ("Di luar mata acara" if is_mixed else "")
        if heading and node.entry.agenda_item_id != shown:
            shown, level = node.entry.agenda_item_id, 4
            blocks.append(Block(heading, node.at_level(level)))
        else:
            blocks.append(Block(node=node.at_level(level)))
    if with_report:
        blocks.append(Block(is_report=True))
    return blocks


# --- minutes ------------------------------------------------------------------------------------------


def _minutes_context(workshop: Workshop, with_people: bool, with_agreements: bool) -> dict:
    leaders = list(workshop.leaders.all())
    items = list(workshop.agenda_items.all())
    by_pk = {item.pk: item for item in items}
    people = _people(workshop)
    report = list(workshop.report_sections.all())
    attachments = list(workshop.attachments.all())
    roots = _threads(workshop, attachments)
    sections: dict[str, list[Node]] = {OPENING: [], DISCUSSION: [], CONCLUSION: [], CLOSING: []}
    for node in roots:
        sections[_section(node, by_pk)].append(node)
    chair = _signature(leaders, Leader.Role.CHAIR)
    minute_taker = _signature(leaders, Leader.Role.MINUTE_TAKER)
    signing = {signature.leader_id for signature in (chair, minute_taker) if signature}
    agenda = _agenda(items)
    return {
        "workshop": workshop,
        "blank_number": blank_number(workshop.held_on),
        "note": NOTES.get(workshop.status, ""),
        "nothing": NOTHING[workshop.is_final],
        "level": LEVELS.get(workshop.level, ""),
        "areas": workshop.areas.select_related("region"),
        "leaders": _leader_rows(leaders, signing),
        "recipients": _lines(workshop.report_addressed_to),
        "counts": _counts(people),
        "agenda": agenda,
        "columns": _agenda_columns(agenda),
        "report": report,
        "opening": _blocks(sections[OPENING], items, with_report=bool(report)),
        "discussion": _blocks(sections[DISCUSSION], items),
        "decisions": [node.at_level(4) for node in sections[CONCLUSION]],
        **_agreements(workshop, with_agreements),
        "closing": _blocks(sections[CLOSING], items),
        "chair": chair,
        "minute_taker": minute_taker,
        "appendices": _appendices(
            workshop, people if with_people else [], attachments, {node.entry.pk: node.entry for node in _walk(roots)}
        ),
    }


def _agreements(workshop: Workshop, shown: bool, items: set[int] | None = None) -> dict:
    """The record of agreement as it was signed; with `items` only what was agreed under these agenda items."""
    record = getattr(workshop, "agreement_record", None) if shown else None
    agreements = list(workshop.agreements.with_texts().order_by("number")) if record else []
    if items is not None:
        agreements = [agreement for agreement in agreements if agreement.agenda_item_id in items]
    return {
        "record": record,
        "agreements": agreements,
        "signatories": workshop.signatories if record and (items is None or agreements) else [],
        "has_agreements": bool(agreements or record and items is None and _is_begun(record)),
        "agreement_on": (record and record.agreed_on) or workshop.held_on,
        "agreement_place": (record and record.place) or workshop.place,
    }


def _is_begun(record) -> bool:
    return bool(record.preamble or record.agreed_on or record.place or record.signatories.exists())


@dataclass(frozen=True)
class Appendix:
    numeral: str
    heading: str
    template: str
    rows: list


def _appendices(
    workshop: Workshop, people: list[Participant], attachments: list[Attachment], entries: dict[int, MinutesEntry]
) -> list[Appendix]:
    """What stands behind the sign-off, numbered; only what there is."""
    credit = [
        ("Sumber", workshop.credit_source),
        ("Penulis", workshop.credit_author),
        ("Fotografer", workshop.credit_photographer),
        ("Editor", workshop.credit_editor),
        ("Bidang informasi", workshop.information_unit),
        ("Tag", workshop.tags),
    ]
    reasons = workshop.status_changes.exclude(reason="").select_related("by")
    possible = [
        ("Surat Undangan", "letter", _letter(workshop)),
        ("Daftar Hadir", "present", [person for person in people if person.arrived_at]),
        ("Undangan yang Tidak Tercatat Hadir", "absent", [person for person in people if not person.arrived_at]),
        (
            "Berkas Kegiatan",
            "files",
            [(file, ATTACHMENT_LABELS[file.kind], entries.get(file.entry_id)) for file in attachments],
        ),
        ("Catatan atas Penulisan", "wording", list(workshop.textual_notes.all())),
        (
            "Perubahan Status",
            "changes",
            [(change, STATUS_LABELS[change.from_status], STATUS_LABELS[change.to_status]) for change in reasons],
        ),
        ("Keterangan Penerbitan", "credits", [(label, value) for label, value in credit if value]),
    ]
    filled = [(heading, template, rows) for heading, template, rows in possible if rows]
    return [
        Appendix(ROMAN[number], heading, f"workshops/pdf/_appendix_{template}.html", rows)
        for number, (heading, template, rows) in enumerate(filled)
    ]


ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")


def _letter(workshop: Workshop) -> list[tuple[str, list[str], bool]]:
    """(label, lines, numbered) of what is known of the letter; empty where no letter was written."""
    written = [
        ("Nomor", [workshop.invitation_number], False),
        ("Tanggal", [formats.official_date(workshop.invitation_on)] if workshop.invitation_on else [], False),
        ("Sifat", [workshop.invitation_nature], False),
        ("Lampiran", [workshop.invitation_enclosure], False),
        ("Ditujukan kepada", _lines(workshop.invitation_to), True),
        ("Pembuka", _lines(workshop.invitation_opening), False),
        ("Penutup", _lines(workshop.invitation_closing), False),
        ("Tembusan", _lines(workshop.carbon_copies), True),
    ]
    rows = [(label, [line for line in lines if line], numbered) for label, lines, numbered in written]
    rows = [row for row in rows if row[1]]
    # The nature has a default, which is no sign of a letter.
    untouched = workshop.invitation_nature == Workshop._meta.get_field("invitation_nature").default
    return [] if untouched and len(rows) == 1 else rows


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def blank_number(on: date) -> str:
    """The number of a letter that has none yet, to be filled in by hand."""
    return f"......../......../......../{on.year}"
