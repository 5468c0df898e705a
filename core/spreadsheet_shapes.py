"""What a file of tables consists of once it is read. Knows neither Django nor a reading library.

Belongs to core because every app takes tables. Imported in the process that reads files, which must start quickly.
"""

import re
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

Value = str | int | float | bool | date | datetime | time | timedelta | None
Cell = tuple[int, int]  # row as in Excel, column from 0


class Unreadable(Exception):
    """Why a file is not read: a code of `core.spreadsheet.SENTENCES` with what its sentence names."""

    def __init__(self, code: str, **params: Any):
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the spreadsheet program counts it (from 1). An empty cell is None."""

    number: int
    values: tuple[Value, ...]

    def address(self, column: int) -> str:
        """`B17` for column 1 (counted from 0) of row 17."""
        return f"{column_letters(column)}{self.number}"

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in self.values)


@dataclass(frozen=True)
class Sheet:
    """A sheet with all its rows from row 1 on, each as wide as the sheet. A csv or html file is one sheet."""

    name: str
    rows: tuple[Row, ...]
    is_hidden: bool = False


class Cells:
    """A set of cells, kept as runs down each column: a number format mostly holds for a whole column."""

    def __init__(self, runs: dict[int, list[tuple[int, int]]] | None = None):
        self.runs = runs or {}

    def add(self, row: int, column: int, times: int = 1) -> None:
        """The cell and the `times - 1` cells below it."""
        runs = self.runs.setdefault(column, [])
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row + times - 1)
        elif (row, column) not in self:
            insort(runs, (row, row + times - 1))

    def discard(self, cell: Cell) -> None:
        row, column = cell
        self.runs[column] = [
            part
            for first, last in self.runs.get(column, [])
            for part in ([(first, row - 1), (row + 1, last)] if first <= row <= last else [(first, last)])
            if part[0] <= part[1]
        ]

    def rows_of(self, columns: Iterable[int]) -> set[int]:
        return {
            row for column in columns for first, last in self.runs.get(column, ()) for row in range(first, last + 1)
        }

    def __contains__(self, cell: Cell) -> bool:
        runs = self.runs.get(cell[1])
        if not runs:
            return False
        place = bisect_right(runs, (cell[0], float("inf"))) - 1
        return place >= 0 and runs[place][1] >= cell[0]

    def __iter__(self) -> Iterator[Cell]:
        return (
            (row, column)
            for column, runs in self.runs.items()
            for first, last in runs
            for row in range(first, last + 1)
        )

    def __bool__(self) -> bool:
        return bool(self.runs)

    def __eq__(self, other) -> bool:
        return set(self) == set(other)

    __hash__ = None


@dataclass
class Marks:
    """What a sheet says beside its values; `merged`: ((top, left), (bottom, right)), both from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    struck_rows: set[int] = field(default_factory=set)
    without_value: Cells = field(default_factory=Cells)
    error_cells: dict[Cell, str] = field(default_factory=dict)
    percent_cells: Cells = field(default_factory=Cells)
    merged: list[tuple[Cell, Cell]] = field(default_factory=list)

    def plain(self) -> tuple:
        """Of sets, lists, tuples and dicts alone; `Marks.from_plain` makes marks of it again."""
        return (
            self.hidden_rows,
            self.struck_rows,
            self.without_value.runs,
            self.error_cells,
            self.percent_cells.runs,
            self.merged,
        )

    @classmethod
    def from_plain(cls, plain: tuple) -> "Marks":
        hidden, struck, without, errors, percent, merged = plain
        return cls(hidden, struck, Cells(without), errors, Cells(percent), merged)


@dataclass(frozen=True)
class Book:
    """`marks`: {name of a sheet: its marks}, for those sheets that have any."""

    sheets: list[Sheet]
    marks: dict[str, Marks]


def column_letters(column: int) -> str:
    """`AA` for 26. As openpyxl's, which takes half a second to import."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: bytes) -> int:
    """26 for `AA`."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number - 1


# --- formulas --------------------------------------------------------------------------------------------

# What a spreadsheet program may run as a formula, also behind spaces; the wide forms count in East Asian editions.
_WOULD_BE_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r])")


def escaped(value):
    """Text that a spreadsheet program might run gets an apostrophe in front; everything else stays as it is.

    `escaped` and `unescaped` undo each other for every text, also for one that already begins with an apostrophe.
    """
    return f"'{value}" if isinstance(value, str) and _WOULD_BE_FORMULA.match(value) else value


def unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and _WOULD_BE_FORMULA.match(text[1:]) else text
