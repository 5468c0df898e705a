"""Merged cells, looked at in time that grows with their number and the size of the table, never with their product.

A hostile sheet has thousands of them, each over the whole table. Rows and columns count from 0. No database.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

Merged = tuple[tuple[int, int], tuple[int, int]]  # ((top, left), (bottom, right))


class Spans:
    """The merged cells that begin in each row, for headings that span several columns."""

    def __init__(self, merged: Iterable[Merged] = ()):
        self.by_row: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for (top, left), (_bottom, right) in merged:
            self.by_row[top].append((left, right))

    def __bool__(self) -> bool:
        return bool(self.by_row)

    def beside(self, row: int, width: int) -> dict[int, int]:
        """{column: the column in which its text stands} for what is covered in this row; where two overlap, the left one."""
        found, free = {}, 0
        for left, right in sorted(self.by_row.get(row, ())):
            if left >= width:
                break
            for column in range(max(left + 1, free), min(right + 1, width)):
                found[column] = left
            free = max(free, right + 1)
        return found


def downwards(merged: Iterable[Merged], columns: Collection[int], end: int) -> Iterator[tuple[int, int, int]]:
    """(column, top, bottom) of what covers several rows in these columns, each cell once, up to the row before `end`."""
    ordered = sorted(one for one in merged if one[1][0] > one[0][0])
    columns, reached = sorted(columns), dict.fromkeys(columns, 0)
    for (top, left), (bottom, right) in ordered:
        for column in columns[bisect_left(columns, left) : bisect_right(columns, right)]:
            start, stop = max(top, reached[column]), min(bottom + 1, end)
            if start < stop:
                yield column, start, stop - 1
                reached[column] = stop
