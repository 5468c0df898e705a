"""A list of participants as people send it: what its columns mean, what is new in it and what is wrong with it.

`read_list` turns a file into rows, `compare` says what storing them would do, and `store` does exactly that, all or
nothing. Invitations typed as lines go the same way.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import normalised_name
from core.spreadsheet import Row, Sheet, as_text, read_upload, write_xlsx
from workshops.models import Participant, Workshop
from workshops.models.participants import organizations_by_spelling

MAX_ROWS = 2_000
HEADING_ROWS = 10
CONTACT_FIELDS = frozenset({"phone", "email"})
BLANK_SIGNS = {"-", "--", "–", "—", ".", "...", "…"}


@dataclass(frozen=True)
class Column:
    """A column of the list: how it is headed here, how others head it, and what an export writes into it."""

    field: str
    heading: str
    synonyms: tuple[str, ...]
    value: Callable[[Participant], object]
    example: str = ""


def _time(moment) -> str:
    return time_format(timezone.localtime(moment)) if moment else ""


COLUMNS = (
    Column(
        "name",
        gettext_lazy("Name"),
        ("nama", "nama lengkap", "nama peserta", "nama undangan", "nama dan gelar", "name", "full name"),
        lambda person: person.name,
        "Budi Contoh, S.T.",
    ),
    Column(
        "position",
        gettext_lazy("Position"),
        ("jabatan", "posisi", "jabatan dalam dinas", "position", "title"),
        lambda person: person.position,
        "Kepala Seksi",
    ),
    Column(
        "organization_name",
        gettext_lazy("Organization"),
        (
            "instansi",
            "opd",
            "skpd",
            "lembaga",
            "organisasi",
            "asal instansi",
            "instansi lembaga",
            "unit kerja",
            "dinas",
            "asal",
            "utusan",
            "perwakilan",
            "organization",
            "institution",
            "agency",
        ),
        lambda person: person.institution,
        "Dinas Perumahan",
    ),
    Column(
        "sex",
        gettext_lazy("Sex"),
        ("l p", "p l", "lp", "jenis kelamin", "jk", "kelamin", "gender", "sex"),
        lambda person: person.sex,
        "L",
    ),
    Column(
        "phone",
        gettext_lazy("Phone"),
        (
            "no hp",
            "nomor hp",
            "hp",
            "telepon",
            "no telepon",
            "nomor telepon",
            "telp",
            "no telp",
            "no hp wa",
            "wa",
            "no wa",
            "whatsapp",
            "handphone",
            "no handphone",
            "phone",
            "mobile",
        ),
        lambda person: person.phone,
        "0812 0000 0000",
    ),
    Column("email", gettext_lazy("E-mail"), ("e mail", "email", "surel", "alamat email"), lambda person: person.email),
    Column(
        "is_invited",
        gettext_lazy("Invited"),
        ("diundang", "undangan", "invited"),
        lambda person: _("yes") if person.is_invited else _("no"),
    ),
    Column(
        "note", gettext_lazy("Note"), ("keterangan", "ket", "catatan", "note", "remarks"), lambda person: person.note
    ),
    # Attendance is tapped, never imported; the columns are known so that they are not called unknown.
    Column(
        "arrived_at",
        gettext_lazy("Arrived"),
        ("datang", "hadir", "jam datang", "arrived"),
        lambda p: _time(p.arrived_at),
    ),
    Column("left_at", gettext_lazy("Left"), ("pulang", "jam pulang", "left"), lambda p: _time(p.left_at)),
)
NOT_READ = {"arrived_at", "left_at"}
COUNTING = {"no", "nomor", "no urut", "number", "tanda tangan", "ttd", "paraf"}
# Headings that say two things: read as the first, and said so.
DOUBLE = {
    "jabatan instansi": "organization_name",
    "jabatan lembaga": "organization_name",
    "instansi jabatan": "organization_name",
}
SEXES = {
    **dict.fromkeys(("l", "lk", "laki", "laki laki", "lelaki", "pria", "male", "m"), "L"),
    **dict.fromkeys(("p", "pr", "perempuan", "wanita", "female", "f"), "P"),
}
YES = {"ya", "y", "yes", "1", "true", "diundang", "invited", "x", "v", "✓"}
NO = {"tidak", "t", "no", "n", "0", "false", "bukan"}


def columns_for(*, with_contacts: bool) -> list[Column]:
    return [column for column in COLUMNS if with_contacts or column.field not in CONTACT_FIELDS]


def export_rows(participants, *, with_contacts: bool) -> list[list]:
    """Headings and rows of a list that `read_list` reads again."""
    columns = columns_for(with_contacts=with_contacts)
    return [
        [str(column.heading) for column in columns],
        *([column.value(person) for column in columns] for person in participants),
    ]


def template_workbook(*, with_contacts: bool) -> bytes:
    """An empty list with its headings, and on a second sheet how to fill it in."""
    columns = [column for column in columns_for(with_contacts=with_contacts) if column.field not in NOT_READ]
    notes = [
        _("One row per person. Name, position or organization: one of the three is enough."),
        _("An organization without a name is a seat for it; the name is written down on the day."),
        _("Sex: L or P. Invited: yes or no; empty means yes."),
        _("Example: %(example)s") % {"example": " | ".join(column.example for column in columns if column.example)},
    ]
    return write_xlsx([[str(column.heading) for column in columns]], title=_("Participants"), notes=notes)


# --- reading ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """Something to know about the file: where, in one sentence, and whether it stops the import."""

    sentence: str
    cell: str = ""
    is_error: bool = False


@dataclass(frozen=True)
class ListedPerson:
    """One row of the file, cleaned; `row` is its number there."""

    row: int
    name: str = ""
    position: str = ""
    organization_name: str = ""
    sex: str = ""
    phone: str = ""
    email: str = ""
    is_invited: bool = True
    note: str = ""

    @property
    def values(self) -> dict:
        return {name: value for name, value in asdict(self).items() if name != "row"}


@dataclass
class ParticipantList:
    """What a file says: people, and findings about cells, rows and columns."""

    people: list[ListedPerson] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.is_error]

    @property
    def remarks(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.is_error]


def read_list(file, *, with_contacts: bool) -> ParticipantList:
    """Read an uploaded list. Raises ValidationError when the file cannot be read or no headings are found."""
    sheets = [sheet for sheet in read_upload(file, max_rows=MAX_ROWS + HEADING_ROWS) if not sheet.is_hidden]
    found = ParticipantList()
    for sheet in sheets:
        heading = _heading(sheet)
        if heading:
            others = [other.name for other in sheets if other is not sheet and other.rows]
            if others:
                found.findings.append(
                    Finding(
                        _("Only the sheet “%(sheet)s” is read; not: %(others)s.")
                        % {"sheet": sheet.name, "others": ", ".join(others)}
                    )
                )
            _read_rows(sheet, heading, found, with_contacts=with_contacts)
            return found
    raise ValidationError(
        _("No headings were found in the first %(number)s rows. One column must be headed “Nama” or “Instansi”.")
        % {"number": HEADING_ROWS}
    )


def _words(value) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", as_text(value).lower()))


def _known(words: str) -> str | None:
    for column in COLUMNS:
        if words and (words in column.synonyms or words == _words(column.heading)):
            return column.field
    return DOUBLE.get(words)


def _heading(sheet: Sheet) -> Row | None:
    """The row among the first ten with the most known headings, a name or organization among them."""
    best, most = None, 0
    for row in sheet.rows[:HEADING_ROWS]:
        fields = {_known(_words(value)) for value in row.values} - {None}
        if len(fields) > most and fields & {"name", "organization_name"}:
            best, most = row, len(fields)
    return best


def _read_rows(sheet: Sheet, heading: Row, found: ParticipantList, *, with_contacts: bool) -> None:
    places = _places(heading, found, with_contacts=with_contacts)
    for row in sheet.rows[heading.number :]:
        texts = {name: (row.address(place), as_text(row.values[place])) for name, place in places.items()}
        texts = {name: (cell, "" if text in BLANK_SIGNS else text) for name, (cell, text) in texts.items()}
        if not any(text for _cell, text in texts.values()):
            continue
        if texts.get("name", ("", ""))[1].isdecimal() and len([1 for _cell, text in texts.values() if text]) > 1:
            continue  # the row 1 2 3 4 that official tables have below their headings
        _read_row(row, texts, found)


def _places(heading: Row, found: ParticipantList, *, with_contacts: bool) -> dict[str, int]:
    places: dict[str, int] = {}
    left_out = []
    for place, value in enumerate(heading.values):
        words = _words(value)
        if not words or words in COUNTING:
            continue
        name = _known(words)
        if name is None or name in NOT_READ or name in places or (name in CONTACT_FIELDS and not with_contacts):
            left_out.append(as_text(value))
            continue
        places[name] = place
        if words in DOUBLE:
            found.findings.append(
                Finding(
                    _("The column “%(heading)s” holds two things; it is read as the organization.")
                    % {"heading": as_text(value)},
                    heading.address(place),
                )
            )
    if left_out:
        found.findings.append(
            Finding(_("These columns are not read: %(headings)s.") % {"headings": ", ".join(left_out)})
        )
    return places


def _read_row(row: Row, texts: dict[str, tuple[str, str]], found: ParticipantList) -> None:
    values: dict[str, object] = {}
    errors = []
    for name, (cell, text) in texts.items():
        try:
            values[name] = _value(name, text)
        except ValidationError as error:
            errors.append(Finding(error.messages[0], cell, is_error=True))
    if not errors and not (values.get("name") or values.get("position") or values.get("organization_name")):
        cell = next(iter(texts.values()))[0]
        errors.append(Finding(_("Write down a name, a position or an organization."), cell, is_error=True))
    found.findings += errors
    if not errors:
        found.people.append(ListedPerson(row.number, **values))


def _value(name: str, text: str):
    if name == "sex":
        if text and _words(text) not in SEXES:
            raise ValidationError(
                _("“%(text)s” is not understood. Write L or P, or leave it empty.") % {"text": text[:40]}
            )
        return SEXES.get(_words(text), "")
    if name == "is_invited":
        words = text.lower()
        if words and words not in YES | NO:
            raise ValidationError(
                _("“%(text)s” is not understood. Write yes or no, or leave it empty.") % {"text": text[:40]}
            )
        return words not in NO
    if name == "email" and text:
        validate_email(text)
    limit = Participant._meta.get_field(name).max_length
    if len(text) > limit:
        raise ValidationError(
            _("This text has %(length)s signs; at most %(limit)s are possible.") % {"length": len(text), "limit": limit}
        )
    return text


# --- comparing -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """What storing a list would do: `new` rows are stored, `listed` are there already, `repeated` stand in it twice."""

    new: list[ListedPerson]
    listed: list[ListedPerson]
    repeated: list[ListedPerson]
    # Same name and organization but different details: both are kept, and a person should look.
    unclear: list[ListedPerson]


def _key(name: str, institution: str, position: str) -> tuple[str, str, str]:
    """What makes two rows the same; a seat without a name is told apart by its position."""
    named = normalised_name(name)
    return named, normalised_name(institution), "" if named else normalised_name(position)


def compare(participants, people: list[ListedPerson]) -> Comparison:
    """Set rows beside those already listed: the same name and organization is the same row, seats are counted."""
    stored = Counter(
        _key(person.name, person.institution, person.position) for person in participants.select_related("organization")
    )
    result = Comparison([], [], [], [])
    seen: dict[tuple[str, str, str], list[ListedPerson]] = {}
    for person in people:
        key = _key(person.name, person.organization_name, person.position)
        before = seen.setdefault(key, [])
        if stored[key] > len(before):
            result.listed.append(person)
        elif key[0] and any(other.values == person.values for other in before):
            result.repeated.append(person)
            continue
        else:
            result.new.append(person)
            if key[0] and before:
                result.unclear.append(person)
        before.append(person)
    return result


def as_participants(people: list[ListedPerson]) -> list[Participant]:
    """Unsaved rows, linked to the registered organization where the text is one of its two names."""
    registered = organizations_by_spelling()
    return [
        Participant(**person.values, organization=registered.get(normalised_name(person.organization_name)))
        for person in people
    ]


def store(workshop: Workshop, people: list[ListedPerson], *, by, organizations=(), seats: int = 0) -> int:
    """Store what is new among `people`, and up to `seats` seats for each organization. Returns how many rows that made.

    Compared once more under the workshop's lock: sent twice, nothing is added the second time.
    """
    with transaction.atomic():
        Workshop.lock_for_change(workshop.pk)
        new = as_participants(compare(workshop.participants, people).new)
        new = [*Participant.objects.seats_for(workshop, organizations, seats), *new]
        Participant.objects.add_all(workshop, new, by=by)
    return len(new)
