"""Writing the minutes in a real browser: what happens to the text when the network, the page or a colleague fails."""

import pytest
from playwright import sync_api

from tests import factories
from workshops.models import MinutesEntry, Workshop

pytestmark = pytest.mark.browser
ENTRIES = "**/minutes/entries/**"
SCRIPT = "<img src=x onerror=alert(1)>"


@pytest.fixture
def workshop(transactional_db):
    workshop = factories.WorkshopFactory()
    factories.AgendaItemFactory(workshop=workshop, title="Panel Uji", kind="panel")
    factories.ParticipantFactory(workshop=workshop, name="Sari Contoh", position="Lurah", organization_name="Desa A")
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    return workshop


@pytest.fixture
def open_minutes(page_as, workshop):
    def open_page(role="planner", **options):
        page = page_as(role, **options)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{workshop.get_absolute_url()}minutes/")
        return page

    return open_page


def add(page, kind="note", section=0):
    page.locator("[data-add]").nth(section).click()
    form = page.locator("form.entry-edit").last
    form.locator("[name=kind]").select_option(kind)
    return form


def state(form, expected):
    form.locator(f"[data-state={expected}]").wait_for()


def no_draft_is_left(page):
    # Asked again and again from here: `wait_for_function` would evaluate text in the page, which its policy forbids.
    for _attempt in range(50):
        if page.evaluate("localStorage.length") == 0:
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.evaluate("({...localStorage})"))


def texts(workshop):
    return list(workshop.minutes_entries.values_list("text", flat=True))


def test_text_is_saved_as_one_types_with_the_keyboard_alone(open_minutes, workshop):
    page = open_minutes()
    page.locator("[data-add]").first.focus()
    page.keyboard.press("n")
    form = page.locator("form.entry-edit")
    page.keyboard.press("Alt+5")
    assert form.locator("[name=kind]").input_value() == "question"
    page.keyboard.type("Sari Contoh")
    page.keyboard.press("Enter")
    assert form.locator("[name=speaker_position]").input_value() == "Lurah"
    form.locator("[name=text]").focus()
    page.keyboard.type("Bagaimana air bersih?")
    state(form, "saved")
    entry = workshop.minutes_entries.get()
    assert (entry.kind, entry.speaker, entry.speaker_organization, entry.text) == (
        "question",
        "Sari Contoh",
        "Desa A",
        "Bagaimana air bersih?",
    )
    page.keyboard.press("Control+Enter")
    page.locator("form.entry-edit").last.locator("[name=text]").fill("Bagaimana jalan?")
    page.keyboard.press("Escape")
    sync_api.expect(page.locator("form.entry-edit")).to_have_count(0)
    assert texts(workshop) == ["Bagaimana air bersih?", "Bagaimana jalan?"]
    no_draft_is_left(page)


def test_without_network_the_text_is_offered_again_and_saved_when_it_is_back(open_minutes, workshop):
    page = open_minutes()
    form = add(page)
    form.locator("[name=text]").fill("Satu.")
    state(form, "saved")
    page.context.set_offline(True)
    form.locator("[name=text]").press_sequentially(" Dua.")
    state(form, "offline")
    form.locator("[name=text]").press_sequentially(" Tiga.")
    page.wait_for_timeout(1000)
    assert texts(workshop) == ["Satu."]

    # Closed while nothing can be sent: with a network, what a page sends as it goes may still arrive.
    page.close()
    page.context.set_offline(False)
    page = page.context.new_page()
    page.goto(f"{workshop.get_absolute_url()}minutes/")
    notice = page.locator(".draft")
    assert "Tiga." in notice.inner_text()
    notice.locator("[data-restore]").click()
    state(page.locator("form.entry-edit"), "saved")
    assert texts(workshop) == ["Satu. Dua. Tiga."]
    no_draft_is_left(page)


def test_what_was_never_sent_survives_the_browser_too(open_minutes, workshop):
    page = open_minutes()
    page.context.route(ENTRIES, lambda route: route.abort())
    form = add(page)
    form.locator("[name=text]").fill(f"Belum terkirim {SCRIPT}")
    state(form, "offline")
    page.goto("about:blank")
    page.context.unroute(ENTRIES)
    assert texts(workshop) == []
    page.goto(f"{workshop.get_absolute_url()}minutes/")
    page.locator("[data-restore]").click()
    state(page.locator("form.entry-edit"), "saved")
    assert texts(workshop) == [f"Belum terkirim {SCRIPT}"]


def test_coming_back_online_saves_at_once(open_minutes, workshop):
    page = open_minutes()
    form = add(page)
    page.context.set_offline(True)
    form.locator("[name=text]").fill("Satu.")
    state(form, "offline")
    page.context.set_offline(False)
    state(form, "saved")
    assert texts(workshop) == ["Satu."]


def test_a_lost_answer_makes_no_second_entry_and_no_conflict_with_oneself(open_minutes, workshop):
    page = open_minutes()
    form = add(page)

    def lose_the_answer(route):
        route.fetch()
        route.abort()

    page.route(ENTRIES, lose_the_answer, times=1)
    form.locator("[name=text]").fill("Satu.")
    state(form, "offline")
    form.locator("[name=text]").press_sequentially(" Dua.")
    state(form, "saved")
    assert texts(workshop) == ["Satu. Dua."]


def test_two_pages_in_conflict_keep_both_texts(open_minutes, workshop):
    entry = factories.MinutesEntryFactory(workshop=workshop, text="Semula.")
    mine, theirs = open_minutes(), open_minutes("admin")
    for page in (mine, theirs):
        page.locator("[data-edit]").click()
    theirs.locator("form.entry-edit [name=text]").fill(f"Mereka {SCRIPT}")
    state(theirs.locator("form.entry-edit"), "saved")
    form = mine.locator("form.entry-edit")
    form.locator("[name=text]").fill(f"Saya {SCRIPT}")
    state(form, "conflict")
    assert mine.locator(".compare-cell").all_inner_texts() == [f"Saya {SCRIPT}", f"Mereka {SCRIPT}"]
    entry.refresh_from_db()
    assert entry.text == f"Mereka {SCRIPT}"

    mine.locator("[data-keep=both]").click()
    state(mine.locator("form.entry-edit"), "saved")
    assert texts(workshop) == [f"Mereka {SCRIPT}", f"Saya {SCRIPT}"]
    mine.keyboard.press("Escape")
    sync_api.expect(mine.locator(".entry-card .as-written")).to_have_text([f"Mereka {SCRIPT}", f"Saya {SCRIPT}"])


@pytest.mark.parametrize(("choice", "left"), [("mine", "Saya."), ("theirs", "Mereka.")])
def test_one_text_is_kept_by_decision(open_minutes, workshop, choice, left):
    entry = factories.MinutesEntryFactory(workshop=workshop, text="Semula.")
    page = open_minutes()
    page.locator("[data-edit]").click()
    form = page.locator("form.entry-edit")
    form.wait_for()
    MinutesEntry.objects.filter(pk=entry.pk).update(text="Mereka.", version=2)
    form.locator("[name=text]").fill("Saya.")
    page.locator(f"[data-keep={choice}]").click()
    if choice == "mine":
        state(form, "saved")
    else:
        form.wait_for(state="detached")
        page.locator(".entry-card .as-written", has_text="Mereka.").wait_for()
    assert texts(workshop) == [left]


def test_what_a_colleague_deletes_goes_on_as_a_new_entry(open_minutes, workshop):
    entry = factories.MinutesEntryFactory(workshop=workshop)
    page = open_minutes()
    page.locator("[data-edit]").click()
    page.locator("form.entry-edit [name=text]").wait_for()
    entry.delete()
    page.locator("form.entry-edit [name=text]").fill("Masih ada.")
    page.locator("[data-as-new]").click()
    state(page.locator("form.entry-edit"), "saved")
    assert texts(workshop) == ["Masih ada."]


def test_what_others_write_appears_and_leaves_the_open_form_alone(open_minutes, workshop):
    mine, reader = open_minutes(), open_minutes("opd_user")
    form = add(mine)
    form.locator("[name=text]").fill("Saya sedang menulis")
    state(form, "saved")
    factories.MinutesEntryFactory(workshop=workshop, agenda_item=workshop.agenda_items.get(), text="Dari rekan.")
    for page in (mine, reader):
        page.locator(".as-written", has_text="Dari rekan.").wait_for()
    assert reader.locator(".as-written", has_text="Saya sedang menulis").count() == 1
    assert form.locator("[name=text]").input_value() == "Saya sedang menulis"


def test_an_expired_login_is_said_and_the_text_stays(open_minutes, workshop):
    page = open_minutes()
    form = add(page)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    form.locator("[name=text]").fill("Tetap di sini.")
    state(form, "login")
    assert form.locator("[data-state] a").get_attribute("href") == "/accounts/login/"
    assert texts(workshop) == []
    page.context.add_cookies(cookies)
    form.locator("[name=text]").press_sequentially("!")
    state(form, "saved")
    assert texts(workshop) == ["Tetap di sini.!"]


def test_too_long_a_line_is_named_at_its_field_and_stays(open_minutes, workshop):
    page = open_minutes()
    form = add(page, "speech")
    form.locator("[name=text]").fill("Isi.")
    form.locator("[name=speaker]").fill("x" * 201)
    state(form, "invalid")
    assert form.locator(".field-speaker .errorlist li").count() == 1
    assert len(form.locator("[name=speaker]").input_value()) == 201
    form.locator("[name=speaker]").fill("Sari")
    state(form, "saved")
    assert form.locator(".errorlist").count() == 0


def test_closing_meanwhile_ends_writing_and_keeps_the_text(open_minutes, workshop):
    page = open_minutes()
    form = add(page)
    Workshop.objects.filter(pk=workshop.pk).update(status="closed")
    form.locator("[name=text]").fill("Terlambat.")
    state(form, "refused")
    assert texts(workshop) == []
    assert form.locator("[name=text]").input_value() == "Terlambat."
    assert page.evaluate("localStorage.length") == 1


def test_without_javascript_an_entry_is_written_answered_and_moved(open_minutes, workshop):
    page = open_minutes(java_script_enabled=False)
    for text in ("Satu.", "Dua."):
        page.locator("[data-add]").first.click()
        page.locator("main [name=kind]").select_option("question")
        page.locator("main [name=show]").click()
        page.locator("main [name=speaker]").fill("Sari Contoh")
        page.locator("main [name=text]").fill(text)
        page.locator("main form button.btn-primary").click()
    page.locator("[data-move=up]").nth(1).click()
    assert texts(workshop) == ["Dua.", "Satu."]
    page.locator("[data-reply=response]").first.click()
    page.locator("main [name=text]").fill("Jawaban.")
    page.locator("main form button.btn-primary").click()
    assert page.locator(".answers .as-written").inner_text() == "Jawaban."


def test_entries_move_by_keyboard(open_minutes, workshop):
    item = workshop.agenda_items.get()
    for text in ("Satu.", "Dua."):
        factories.MinutesEntryFactory(workshop=workshop, agenda_item=item, text=text)
    page = open_minutes()
    page.locator("[data-edit]").nth(1).focus()
    with page.expect_response("**/move/"):
        page.keyboard.press("Alt+ArrowUp")
    page.locator(".entry:first-child .as-written", has_text="Dua.").wait_for()
    assert texts(workshop) == ["Dua.", "Satu."]


def test_nothing_leaves_the_width_of_a_phone(open_minutes, workshop):
    factories.MinutesEntryFactory(
        workshop=workshop, agenda_item=workshop.agenda_items.get(), kind="question", text="x" * 300, speaker="y" * 150
    )
    page = open_minutes(viewport={"width": 390, "height": 844})
    add(page, "speech")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_on_a_phone_the_next_form_is_seen_from_its_top_and_the_tab_with_it(open_minutes):
    page = open_minutes(viewport={"width": 390, "height": 800})
    tab = page.locator(".tabs [aria-current]").bounding_box()
    assert tab["x"] >= 0
    assert tab["x"] + tab["width"] <= 390
    add(page, "problem")
    topic = page.locator("form.entry-edit [name=title]")
    for text in ("Jalan rusak", "Sampah"):
        topic.fill(text)
        page.locator("form.entry-edit [name=next]").click()
        sync_api.expect(page.locator(".entry-card", has_text=text)).to_be_visible()
        sync_api.expect(topic).to_have_count(1)
        sync_api.expect(topic).to_be_focused()
        page.wait_for_timeout(800)
        bar = page.locator(".minutes-bar").bounding_box()
        assert topic.bounding_box()["y"] >= bar["y"] + bar["height"]
