"""Lists that come in through the admin: any workbook that the reader knows, and for each fault the cell as Excel names it.

Belongs to core because every app's admin takes lists. The package finds, compares and stores the records; here stands
where the list is in the file, which heading means which column, and what is said of it.
"""

import logging
from dataclasses import dataclass

from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from import_export import fields, resources, widgets
from import_export.results import Error

from core.models import normalised_name
from core.spreadsheet import Origin, Row, as_text

logger = logging.getLogger(__name__)
HEADING_ROWS = 10
MOST_NAMED = 10


class WrongCell(ValueError):
    """A cell that cannot be read, in a sentence for the person; `column` is the heading, where it is known."""

    def __init__(self, sentence: str, column: str = ""):
        super().__init__(sentence)
        self.column = column


@dataclass(frozen=True)
class CellFinding:
    """What is wrong at a cell: `cell` as Excel names it, `value` as it is written."""

    sheet: str
    cell: str
    heading: str
    value: str
    sentence: str


class KeyWidget(widgets.ForeignKeyWidget):
    """A related record by its key, refused in a sentence where there is none."""

    def __init__(self, model, key: str, column: str):
        super().__init__(model, key)
        self.column = column

    def clean(self, value, row=None, **kwargs):
        text = as_text(value)
        try:
            return super().clean(text or None, row, **kwargs)
        except (self.model.DoesNotExist, self.model.MultipleObjectsReturned):
            words = {"what": self.model._meta.verbose_name, "value": text}
            raise WrongCell(_("There is no %(what)s “%(value)s”. Check the spelling.") % words, self.column)


def by_key(column: str, model, key: str) -> fields.Field:
    """A column that names a related record by its key."""
    return fields.Field(column_name=column, attribute=column, widget=KeyWidget(model, key, column))


class WholeNumberWidget(widgets.IntegerWidget):
    """A whole number goes out as one, so that a year is 2017 and no text “2.017”."""

    def render(self, value, obj=None, **kwargs):
        return value


EXPECTED = (
    (widgets.IntegerWidget, gettext_lazy("a whole number")),
    (widgets.NumberWidget, gettext_lazy("a number")),
    (widgets.DateWidget, gettext_lazy("a date such as 2026-03-31")),
    (widgets.DateTimeWidget, gettext_lazy("a date and time such as 2026-03-31 09:00")),
    (widgets.TimeWidget, gettext_lazy("a time such as 09:00")),
)


class HouseResource(resources.ModelResource):
    """All rows or none, each checked by the model, related records by their keys.

    `beside` is the resource of a list that may stand on a further sheet of the same workbook, and belongs to this one.
    """

    class Meta:
        abstract = True
        use_transactions = True
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True

    @classmethod
    def widget_from_django_field(cls, field, default=widgets.Widget):
        widget = super().widget_from_django_field(field, default)
        return WholeNumberWidget if widget is widgets.IntegerWidget else widget

    @classmethod
    def label_of(cls, name: str) -> str:
        """What the pages call a column; its own name where the model has no such field."""
        field = cls.fields[name]
        try:
            return str(cls._meta.model._meta.get_field(field.attribute).verbose_name)
        except (FieldDoesNotExist, TypeError):
            return field.column_name

    origin: Origin | None = None
    heading: Row | None = None
    beside: type["HouseResource"] | None = None

    def __init__(self, user=None, **kwargs):
        """`user` is who exports; a list beside holds what this person may see."""
        super().__init__(**kwargs)
        self.user = user

    def import_data(self, dataset, dry_run=False, **kwargs):
        self.is_dry_run = dry_run
        return super().import_data(dataset, dry_run=dry_run, **kwargs)

    # --- where the list is -------------------------------------------------------------------------------
    def before_import(self, dataset, **kwargs):
        """The dataset becomes what stands under the heading, with the names of our columns."""
        super().before_import(dataset, **kwargs)
        self.origin = getattr(dataset, "origin", None)
        if self.origin is None:
            return
        known = self._known_headings()
        rows = [row for row in self.origin.rows if not row.is_empty]
        self.heading = max(rows[:HEADING_ROWS], key=lambda row: len(self._places(row, known)), default=None)
        places = self._places(self.heading, known) if self.heading else {}
        if not places:
            raise ValidationError(
                _("No heading was found. The first row of the list should say: %(names)s.")
                % {"names": ", ".join(self._columns())}
            )
        self.places = places
        self.rows = [row for row in rows if row.number > self.heading.number]
        dataset.wipe()
        dataset.headers = list(places)
        for row in self.rows:
            values = [row.values[place] if place < len(row.values) else None for place in places.values()]
            dataset.append(["" if value is None else value for value in values])

    def _columns(self) -> list[str]:
        return [field.column_name for field in self.get_import_fields()]

    def _known_headings(self) -> dict[str, str]:
        """{heading as it is compared: column}: our own name of the column, or the label of the model's field."""
        known: dict[str, str] = {}
        for field in self.get_import_fields():
            known.setdefault(normalised_name(self.label_of(self.get_field_name(field))), field.column_name)
        return known | {normalised_name(name): name for name in self._columns()}

    def _places(self, row: Row, known: dict[str, str]) -> dict[str, int]:
        places: dict[str, int] = {}
        for place, value in enumerate(row.values):
            name = known.get(normalised_name(as_text(value)))
            if name:
                places.setdefault(name, place)
        return places

    # --- rows --------------------------------------------------------------------------------------------
    def import_field(self, field, instance, row, is_m2m=False, **kwargs):
        try:
            super().import_field(field, instance, row, is_m2m, **kwargs)
        except WrongCell:
            raise
        except (ValueError, ArithmeticError, TypeError) as error:
            raise WrongCell(_said_of(field.widget, row.get(field.column_name), error), field.column_name) from error

    def import_instance(self, instance, row, **kwargs):
        """With the cells that hold an error instead of a value, which would pass for blanks."""
        errors: dict[str, list] = {}
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as refused:
            errors = refused.update_error_dict(errors)
        for column, sentence in self._damaged(kwargs.get("row_number")):
            errors[column] = [ValidationError(sentence)]
        if errors:
            raise ValidationError(errors)

    def _damaged(self, index: int | None):
        if self.origin is None or not index:
            return
        number = self.rows[index - 1].number
        for column, place in self.places.items():
            if (number, place) in self.origin.marks.error_cells:
                yield column, _("This cell holds an error. Mend its formula.")
            elif (number, place) in self.origin.marks.without_value and not self._written(index, place):
                yield column, _("This formula has no stored value. Open the file, save it again and retry.")

    # --- what is said ------------------------------------------------------------------------------------
    def after_import(self, dataset, result, **kwargs):
        super().after_import(dataset, result, **kwargs)
        result.findings, result.notes, result.file_name = [], [], kwargs.get("file_name", "")
        result.beside = []
        result.differing = [row for row in result.valid_rows() if row.import_type != row.IMPORT_TYPE_SKIP]
        if self.origin is None or self.heading is None:
            return
        for row in result.invalid_rows:
            for name, sentence in _named(row.error):
                result.findings.append(self._finding(row.number, name, sentence))
        for row in result.error_rows:
            for error in row.errors:
                result.findings.append(self._finding(row.number, *_explained(error.error)))
        result.findings.sort(key=lambda one: one[0])
        result.findings = [finding for _place, finding in result.findings]
        for sheet in getattr(dataset, "beside", []) if self.beside else []:
            if self.beside().knows(sheet):
                result.beside.append(self._import_beside(sheet, result, **kwargs))
        result.sheet = self.origin.sheet
        result.notes[:0] = self._notes(without={told.sheet for told in result.beside})

    def knows(self, dataset) -> bool:
        """Whether a row of this sheet names what makes a record ours."""
        columns = {field.column_name for field in self.get_import_fields()} & set(self.get_import_id_fields())
        known = self._known_headings()
        filled = [row for row in dataset.origin.rows if not row.is_empty]
        return any(columns <= set(self._places(row, known)) for row in filled[:HEADING_ROWS])

    def _import_beside(self, sheet, result, *, user=None, file_name="", **_kwargs):
        """The other list in the same transaction; what is wrong in it keeps this one from being stored too."""
        told = self.beside().import_data(sheet, dry_run=self.is_dry_run, user=user, file_name=file_name)
        told.model = self.beside._meta.model
        failed = [*result.invalid_rows, *result.error_rows]
        refused = {as_text(self._written(row.number, place)) for row in failed for place in self._key_places()}
        # What belongs to a row that was refused is not there yet; that row was told of already.
        findings = [finding for finding in told.findings if finding.value not in refused]
        result.findings += findings
        result.notes += told.notes
        result.base_errors += told.base_errors
        if findings:
            sentence = _("The sheet “%(sheet)s” has faults, so none of the lists in this file is stored.")
            result.append_base_error(Error(error=ValidationError(sentence % {"sheet": told.sheet})))
        return told

    def _key_places(self) -> list[int]:
        columns = {field.attribute: field.column_name for field in self.get_import_fields()}
        keys = [columns.get(key, key) for key in self.get_import_id_fields()]
        return [self.places[key] for key in keys if key in self.places]

    def _finding(self, index: int, name: str, sentence: str) -> tuple[tuple[int, int], CellFinding]:
        """About a row as a whole: at the cell that names the row."""
        columns = {field.attribute: field.column_name for field in self.get_import_fields()}
        column = next((one for one in (name, columns.get(name)) if one in self.places), None)
        place = self.places[column] if column else (self._key_places() or list(self.places.values()))[0]
        row = self.rows[index - 1]
        value = self.origin.marks.error_cells.get((row.number, place)) or self._written(index, place)
        heading = as_text(self.heading.values[place])
        found = CellFinding(self.origin.sheet, row.address(place), heading, as_text(value), str(sentence))
        return (row.number, place), found

    def row_in_file(self, index: int) -> int:
        """The number of a row as the spreadsheet program shows it."""
        return self.rows[index - 1].number if self.origin else index + 1

    def _written(self, index: int, place: int):
        values = self.rows[index - 1].values
        return values[place] if place < len(values) else None

    def _notes(self, without: set[str]):
        """What was not read, and what was read although it is hidden."""
        read = set(self.places.values())
        others = [as_text(value) for place, value in enumerate(self.heading.values) if value and place not in read]
        if others:
            yield _("These columns are not read: %(headings)s.") % {"headings": ", ".join(others)}
        others = [name for name in self.origin.others if name not in without]
        if others:
            words = {"sheet": self.origin.sheet, "others": ", ".join(others)}
            yield _("Only the sheet “%(sheet)s” is read; not: %(others)s.") % words
        hidden = [row.number for row in self.rows if row.number in self.origin.marks.hidden_rows]
        if hidden:
            numbers = ", ".join(map(str, hidden[:MOST_NAMED])) + (" …" if len(hidden) > MOST_NAMED else "")
            yield ngettext(
                "Row %(rows)s is hidden; it was read all the same.",
                "Rows %(rows)s are hidden; they were read all the same.",
                len(hidden),
            ) % {"rows": numbers}


def _named(refused: ValidationError):
    """(field, sentence) of each; a rule between fields names its field by its code."""
    known = refused.error_dict if hasattr(refused, "error_dict") else {NON_FIELD_ERRORS: refused.error_list}
    for name, errors in known.items():
        for error in errors:
            for sentence in error.messages:
                yield (error.code or name) if name == NON_FIELD_ERRORS else name, sentence


def _said_of(widget, value, error: Exception) -> str:
    expected = next((words for kind, words in EXPECTED if isinstance(widget, kind)), None)
    if expected is None:
        return str(error)
    return _("“%(value)s” does not fit here. Write %(expected)s.") % {"value": as_text(value), "expected": expected}


def _explained(error: Exception) -> tuple[str, str]:
    """(column or name of a field, sentence)"""
    if isinstance(error, WrongCell):
        return error.column, str(error)
    logger.error("A row of a list could not be taken in.", exc_info=error)
    return NON_FIELD_ERRORS, _("This row cannot be taken in. Check its values.")
