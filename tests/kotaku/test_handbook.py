"""The handbook: who reads what, where “Help” leads, and that it speaks of what is there."""

import re
from functools import cache

import pytest
from django.conf import settings
from django.template.loader import get_template
from django.urls import get_resolver, reverse
from django.utils import translation
from django.utils.translation import trans_real
from PIL import Image

from core.models import User
from kotaku import handbook
from kotaku.handbook import TOPICS, handbook_of, topic_of
from tests import translations
from tests.kotaku.test_access_matrix import ALL, OPEN

PICTURES = settings.BASE_DIR / "static" / "img" / "help"
OPEN_TOPICS = {"account", "own-check-in", "verify"}
MOST_OF_ONE_PICTURE, MOST_OF_ALL_PICTURES = 40_000, 1_000_000


def source(topic) -> str:
    return (settings.BASE_DIR / "templates" / topic.template).read_text(encoding="utf-8")


def text_of(answer) -> str:
    return answer.content.decode()


def links(answer) -> set[str]:
    return set(re.findall(r'href="(/help/[a-z-]+/)"', text_of(answer)))


def help_link(answer) -> str:
    return re.search(r'href="([^"]+)"[^>]* rel="help"', text_of(answer))[1]


# --- who reads what ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", User.Role.values)
def test_the_own_handbook_comes_first_and_every_topic_is_reachable(as_role, role):
    answer = as_role(role).get("/help/")
    assert answer.context["topics"] == handbook_of(role)
    assert [label for label, _listed in answer.context["others"]] == [
        other.label for other in User.Role if other != role
    ]
    assert links(answer) == {topic.get_absolute_url() for topic in TOPICS}


@pytest.mark.parametrize("role", User.Role.values)
def test_everyone_with_an_account_reads_every_topic(as_role, role):
    client = as_role(role)
    for topic in TOPICS:
        assert topic.title in text_of(client.get(topic.get_absolute_url())), topic.key


def test_without_an_account_only_what_is_open_is_read(db, client):
    assert {topic.key for topic in TOPICS if topic.is_open} == OPEN_TOPICS
    assert links(client.get("/help/")) == {f"/help/{key}/" for key in OPEN_TOPICS}
    for topic in TOPICS:
        answer = client.get(topic.get_absolute_url())
        if topic.is_open:
            assert answer.status_code == 200, topic.key
        else:
            assert answer.headers["Location"] == f"/accounts/login/?next=/help/{topic.key}/"


def test_an_open_topic_lists_to_the_anonymous_only_what_is_open(db, client):
    listed = client.get("/help/verify/").context["listed"]
    assert {topic.key for topic in listed} == OPEN_TOPICS


def test_a_topic_that_does_not_exist_is_not_found(as_role, client):
    assert as_role("viewer").get("/help/tidak-ada/").status_code == 404


def test_the_handbook_is_read_and_never_written(as_role):
    for url in ("/help/", "/help/account/"):
        assert as_role("admin").post(url, {"title": "Lain"}).status_code == 405


def test_topics_before_and_after_follow_the_own_handbook(as_role):
    answer = as_role("village_user").get("/help/neighbourhoods/")
    own = [topic.key for topic in handbook_of("village_user")]
    place = own.index("neighbourhoods")
    assert answer.context["earlier"].key == own[place - 1]
    assert answer.context["later"].key == own[place + 1]


def test_a_topic_of_another_role_has_no_place_in_the_own_order(as_role):
    answer = as_role("viewer").get("/help/administration/")
    assert (answer.context["earlier"], answer.context["later"]) == (None, None)


def test_a_page_of_the_handbook_asks_nothing_of_the_programme(as_role, django_assert_num_queries):
    client = as_role("planner")
    client.get("/help/")
    for url in ("/help/", "/help/minutes/"):
        with django_assert_num_queries(5):  # session, person with organization, and the rights that the menu asks for
            client.get(url)


# --- languages ---------------------------------------------------------------------------------------------


def test_in_english_the_frame_is_english_and_says_once_that_the_text_is_not(as_role, client):
    reader = as_role("planner")
    sentence = "The handbook is written in Indonesian."
    for url in ("/help/", "/help/minutes/"):
        assert sentence not in text_of(reader.get(url))
        reader.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        english = text_of(reader.get(url))
        assert '<html lang="en"' in english
        assert english.count(sentence) == 1
        del reader.cookies[settings.LANGUAGE_COOKIE_NAME]


def test_what_is_indonesian_is_marked_as_such(as_role):
    reader = as_role("planner")
    reader.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    said = text_of(reader.get("/help/minutes/"))
    assert '<h1><span lang="id">Menulis notulen</span></h1>' in said
    assert '<article class="card-box guide" lang="id">' in said


# --- the page that a topic explains ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("home", "account"),
        ("account_login", "account"),
        ("mfa_index", "account"),
        ("workshops:workshop_list", "workshop"),
        ("workshops:agenda", "workshop"),
        ("workshops:minutes_entry", "minutes"),
        ("workshops:check_in", "check-in"),
        ("workshops:check_in_poster", "check-in"),
        ("workshops:check_in_self", "own-check-in"),
        ("workshops:files", "papers"),
        ("slumareas:area_list", "map"),
        ("slumareas:map", "map"),
        ("slumareas:baseline_edit", "neighbourhoods"),
        ("slumareas:import_detail", "import"),
        ("slumareas:year_lock", "years"),
        ("agreements:agreement_list", "progress"),
        ("agreements:record_detail", "agreements"),
        ("agreements:follow_up_list", "progress"),
        ("agreements:follow_up_detail", "report"),
        ("agreements:follow_up_report", "report"),
        ("agreements:unanswered", "plan"),
        ("agreements:review_queue", "review"),
        ("agreements:evidence_detail", "report"),
        ("agreements:evidence_judge", "review"),
        ("assets:package_list", "giving"),
        ("assets:package_accept", "receiving"),
        ("assets:asset_check", "receiving"),
        ("assets:asset_card", "verify"),
        ("verify_paper", "verify"),
        ("admin:core_user_add", "administration"),
        ("help", None),
        ("healthz", None),
    ],
)
def test_help_leads_to_the_topic_of_the_page(page, key):
    topic = topic_of(page)
    assert (topic and topic.key) == key


def test_the_pages_that_are_named_exist():
    names = {name for name, _parameters in ALL} | {"admin:index"}
    for topic in TOPICS:
        for start in topic.pages:
            assert any(name.startswith(start) for name in names), (topic.key, start)


def test_no_beginning_is_claimed_by_two_topics():
    claimed = [start for topic in TOPICS for start in topic.pages]
    assert len(claimed) == len(set(claimed))


def test_pages_carry_the_link_to_their_topic(as_role):
    client = as_role("admin")
    for url, key in [
        ("/", "account"),
        ("/workshops/", "workshop"),
        ("/slum-areas/hectares/", "map"),
        ("/agreements/review/", "review"),
        ("/assets/", "giving"),
        ("/admin/", "administration"),
    ]:
        assert help_link(client.get(url)) == f"/help/{key}/", url


def test_pages_without_an_account_link_only_to_what_is_open_there(db, client):
    for url, key in [("/accounts/login/", "account"), ("/verify/", "verify"), ("/workshops/check-in/", "own-check-in")]:
        assert help_link(client.get(url)) == f"/help/{key}/", url
    for name, parameters in ALL:
        if name in OPEN and not parameters:
            answer = client.get(reverse(name))
            if answer.status_code == 200 and 'rel="help"' in text_of(answer):
                assert client.get(help_link(answer)).status_code == 200, name


def test_from_an_error_page_help_leads_to_the_start(as_role):
    assert help_link(as_role("viewer").get("/tidak-ada/")) == "/help/"


# --- the text speaks of what is there ----------------------------------------------------------------------


@cache
def words_of_the_interface() -> set[str]:
    """Every Indonesian word or sentence that the sources or the packages can show, in small letters."""
    used = translations.extracted()
    stored = {msgid for msgid, _text, _fuzzy in translations.entries(translations.PO.read_text(encoding="utf-8"))}
    shown = set()
    with translation.override("id"):
        for catalogue in trans_real.translation("id")._catalog._catalogs:
            for key, said in catalogue.items():
                msgid = (key[0] if isinstance(key, tuple) else key).rpartition("\x04")[2]
                # What stands in our file and in no source any more is shown by nobody.
                if msgid in used or msgid not in stored:
                    shown.add(said.strip().lower())
    return shown


def test_every_quoted_button_is_in_the_interface():
    """A word of the interface is marked `<b class="ui">`, and stands there exactly as on the page."""
    missing = {
        (topic.key, quoted)
        for topic in TOPICS
        for quoted in re.findall(r'<b class="ui">(.+?)</b>', source(topic))
        if quoted.lower() not in words_of_the_interface()
    }
    assert missing == set()


def test_a_word_that_is_on_no_page_would_be_found_out():
    assert "simpan" in words_of_the_interface()
    assert "tekan tombol merah" not in words_of_the_interface()


def pictures_of(topic) -> list[tuple[str, str]]:
    """(name, alternative text) of each picture of the topic."""
    return re.findall(r'{% picture "([^"]+)" "([^"]*)"', source(topic))


def test_every_picture_exists_and_is_used():
    named = [name for topic in TOPICS for name, _alt in pictures_of(topic)]
    assert sorted(named) == sorted(path.stem for path in PICTURES.iterdir())


def test_every_picture_says_in_words_what_it_shows():
    for topic in TOPICS:
        assert source(topic).count("{% picture") == len(pictures_of(topic)), topic.key
        for name, alt in pictures_of(topic):
            assert len(alt) >= 25, (topic.key, name)


def test_pictures_are_small_and_come_when_they_are_looked_at(as_role):
    sizes = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert [name for name, size in sizes.items() if size > MOST_OF_ONE_PICTURE] == []
    assert sum(sizes.values()) < MOST_OF_ALL_PICTURES
    said = text_of(as_role("planner").get("/help/minutes/"))
    with Image.open(PICTURES / "minutes.webp") as picture:
        width, height = picture.size
    assert re.search(
        rf'<img src="[^"]*minutes[^"]*\.webp" alt="[^"]+" width="{width}" height="{height}" loading="lazy">', said
    )


def test_a_topic_is_steps_and_what_to_do_when_it_goes_wrong():
    for topic in TOPICS:
        text = source(topic)
        assert "<ol>" in text, topic.key
        assert "<h2>Bila ada kendala</h2>" in text, topic.key
        words = len(re.sub(r"{%.*?%}|<[^>]+>", " ", text).split())
        assert 100 <= words <= 480, (topic.key, words)  # a screen or two
        assert len(pictures_of(topic)) <= 3, topic.key
        assert "style=" not in text, topic.key


def test_the_text_of_each_topic_is_there_and_no_other_lies_about():
    for topic in TOPICS:
        get_template(topic.template)
    folder = settings.BASE_DIR / "templates" / "help" / "topics"
    assert sorted(path.stem for path in folder.iterdir()) == sorted(topic.key for topic in TOPICS)


def test_links_inside_the_handbook_lead_somewhere(as_role):
    client = as_role("admin")
    for topic in TOPICS:
        for url in set(re.findall(r'<a href="(/[^"#]*)"', text_of(client.get(topic.get_absolute_url())))):
            if not url.startswith(settings.STATIC_URL):
                assert client.get(url).status_code == 200, (topic.key, url)


def test_every_role_has_a_handbook_and_every_topic_readers():
    for role in User.Role:
        keys = [topic.key for topic in handbook_of(role)]
        assert keys[0] == "account", role
        assert keys[-1] == "verify", role
        assert len(keys) >= 4, role
    assert [topic.key for topic in TOPICS if not topic.roles] == []


def test_the_topics_are_told_apart():
    for value in ("key", "title", "summary"):
        values = [getattr(topic, value) for topic in handbook.TOPICS]
        assert len(values) == len(set(values))
    assert get_resolver().reverse("help_topic", "account") == "help/account/"
