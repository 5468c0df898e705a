"""Who finds whom in the minutes: the list of persons is for those who may see participants."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from tests import factories
from workshops.models import Workshop


@pytest.mark.parametrize(("role", "is_named"), [("viewer", False), ("village_user", False), ("planner", True)])
def test_the_list_of_persons_needs_the_right(as_role, workshop, role, is_named):
    factories.ParticipantFactory(workshop=workshop, name="Rahmat Contoh", arrived_at="2026-03-10T02:00Z")
    Workshop.objects.filter(pk=workshop.pk).update(status="closed")
    answer = as_role(role).get(f"{workshop.get_absolute_url()}minutes.pdf")
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    assert ("Rahmat Contoh" in text) == is_named
