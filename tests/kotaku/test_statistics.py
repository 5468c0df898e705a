"""What the database chooses its ways by is counted anew."""

import pytest
from django.core.management import call_command
from django.db import connection

from tests import factories

pytestmark = pytest.mark.django_db


def test_the_rows_of_an_index_are_counted():
    factories.WorkshopFactory.create_batch(3)
    call_command("refresh_statistics")
    asked = {
        "sqlite": "SELECT stat FROM sqlite_stat1 WHERE tbl = 'workshops_workshop'",
        "postgresql": "SELECT reltuples FROM pg_class WHERE relname = 'workshops_workshop'",
    }
    with connection.cursor() as cursor:
        cursor.execute(asked[connection.vendor])
        counted = {str(row[0]).split(".")[0].split(" ")[0] for row in cursor.fetchall()}
    assert counted == {"3"}
