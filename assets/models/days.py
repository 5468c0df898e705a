"""Days between dates, counted by the database."""

from datetime import date

from django.db import models


class DaysSince(models.Func):
    """Whole days from a date column to a given day, as an integer on either database."""

    output_field = models.IntegerField()
    template = "(%(expressions)s)"
    arg_joiner = " - "

    def __init__(self, column: str, on: date):
        super().__init__(models.Value(on, models.DateField()), models.F(column))

    def as_sqlite(self, compiler, connection, **extra):
        return self.as_sql(
            compiler,
            connection,
            template="CAST(julianday(%(expressions)s) AS INTEGER)",
            arg_joiner=") - julianday(",
            **extra,
        )
