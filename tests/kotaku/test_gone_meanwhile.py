"""What somebody deletes while another is about to change it: a sentence to the other, never a failure."""

import pytest

from agreements.models import Review
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
SENTENCE = "Data ini baru saja dihapus orang lain, jadi kiriman Anda tidak disimpan."


@pytest.fixture
def deleted_before_the_lock(monkeypatch):
    """A sitting that goes between the look at it and the lock on it."""
    review, lock = factories.ReviewFactory(), Review.lock_for_change

    def late(pk):
        Review.objects.filter(pk=pk)._raw_delete("default")
        return lock(pk)

    monkeypatch.setattr(Review, "lock_for_change", staticmethod(late))
    return review


def test_a_page_says_so(as_role, deleted_before_the_lock):
    address = f"{deleted_before_the_lock.get_absolute_url()}edit/"
    answer = as_role("planner").post(address, {"held_on": "2026-03-02", "place": "Ruang uji"})
    assert answer.status_code == 409
    assert SENTENCE in answer.content.decode()


def test_so_does_the_api(api, deleted_before_the_lock):
    answer = api("planner").patch(f"/api/v1/reviews/{deleted_before_the_lock.pk}/", {"place": "Ruang uji"}, "json")
    assert (answer.status_code, answer.json()) == (409, {"detail": SENTENCE})


def test_a_page_that_only_shows_something_still_fails_aloud(as_role, monkeypatch):
    def broken(_request, *_arguments):
        raise Review.DoesNotExist

    monkeypatch.setattr("agreements.views.reviews.review_for", broken)
    with pytest.raises(Review.DoesNotExist):
        as_role("planner").get(f"{factories.ReviewFactory().get_absolute_url()}edit/")
