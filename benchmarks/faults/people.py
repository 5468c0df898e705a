"""Those who write while the faults happen: real sessions over HTTP that fill in whatever form or API call they find.

Nobody lists the forms here: a person follows links, and of the forms seen so far takes the one that went through least
often. What was sent is kept as `Sent`, with a mark in its texts by which `proofs.py` finds it in the database.
"""

import io
import random
import re
import string
import threading
import time
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin, urlsplit
from zipfile import BadZipFile

import lxml.html
import requests
from django.urls import Resolver404, resolve
from openpyxl import Workbook, load_workbook
from PIL import Image

from benchmarks.generator import values_of
from slumareas.scoring import DENOMINATORS, PERMEN_14_2018, RULE_SETS

PASSWORD = "kotaku-demo"  # noqa: S105 - that of the demo programme
MARK = re.compile(r"uji-[a-z0-9]{10}")
# Not pressed, with the reason that the report prints.
LEFT_ALONE = {
    "account_logout": "ends the session of the writer",
    "admin:logout": "ends the session of the writer",
    "account_change_password": "the writer could not log in again",
    "account_set_password": "accounts of the demo have a password",
    "account_reauthenticate": "asked only before a second factor",
    "admin:password_change": "the writer could not log in again",
    "admin:auth_user_password_change": "would lock out another writer",
    "admin:core_user_delete": "would take away another writer",
    "admin:core_user_change": "would take away rights of another writer",
    "account_signup": "closed by the product",
    "account_reset_password": "sends a mail; there is no mail server here",
    "account_reset_password_from_key": "needs the mail",
    "mfa_activate_totp": "needs a second device",
    "mfa_authenticate": "needs a second device",
    "mfa_reauthenticate": "needs a second device",
    "mfa_deactivate_totp": "needs a second device",
    "mfa_generate_recovery_codes": "needs a second device",
    "verify": "compares a file with a paper, writes nothing",
    "admin:login": "the pages' login is the same",
}
SELDOM = re.compile(r"delete|cancel|lock|close|withdraw|set.aside|remove|undo|finish|verify|renew|publish|restore")
PLACES_KEPT, MOST_TRIES = 12, 10
# One workshop stays in progress, so that there is something to write in until the end.
KEPT, SPENDS = (
    re.compile(r"lokakarya-gangguan-[125]|2022-permen"),
    re.compile(r"/(cancel|close|finish|delete|publish|open-for-signing)/$"),
)
TEXTS = re.compile(
    r"text|title|name|note|reason|place|position|preamble|obstacle|direction|activity|output|decision|source|dut|remark|condition_note"
)
# Text inputs of pages that take no sentence.
NO_SENTENCE = {"rt", "rw", "signs_for", "nik"}


@dataclass
class Sent:
    """One request that writes. `outcome`: acked, refused, unclear (answered, but what it said was not seen), broken (no
    answer) or failed (5xx)."""

    who: str
    method: str
    name: str
    path: str
    marks: list[str]
    begun: float
    ended: float = 0
    outcome: str = ""
    status: int = 0
    told: str = ""


@dataclass
class Shared:
    """What all writers of one run know together."""

    base: str
    dice: random.Random
    sent: list[Sent] = field(default_factory=list)
    targets: set = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    files: dict = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)
    schema: dict = field(default_factory=dict)
    acked: Counter = field(default_factory=Counter)
    known: dict = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)  # addresses that would end what others need


def name_of(path: str) -> str | None:
    """The name of what answers at this path, such as `workshops:agenda_item` or `api:participant-arrive`."""
    try:
        found = resolve(urlsplit(path).path)
    except Resolver404:
        return None
    return f"api:{found.view_name}" if path.startswith("/api/") else found.view_name


def picture() -> bytes:
    stream = io.BytesIO()
    Image.effect_noise((240, 160), 90).convert("RGB").save(stream, "JPEG")
    return stream.getvalue()


def baselines(rows: int, dice: random.Random, year: int) -> list[list]:
    """A table of baselines of one village of the demo."""
    rules = RULE_SETS[PERMEN_14_2018]
    names, first = [*DENOMINATORS, *rules.keys], dice.randint(100, 900)
    found = [["region", "rw", "rt", "year", *names]]
    for number in range(rows):
        values, place = values_of(dice, rules), first + number
        row = [None if values[name] is None else float(values[name]) for name in names]
        found.append(["19.05.01.1001", str(place // 900 + 10), str(place % 900 + 1), year, *row])
    return found


def workbook(dice: random.Random, year: int = 2021) -> bytes:
    book, stream = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("Baseline")
    for row in baselines(12, dice, year):
        sheet.append(row)
    book.save(stream)
    return stream.getvalue()


def large_list(dice: random.Random, year: int) -> bytes:
    """Enough rows to be work for the background worker."""
    rows = baselines(6500, dice, year)
    return "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows).encode()


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n"


class Person:
    """Somebody with a browser. `username` None: a guest with a telephone, without an account."""

    year = 2021  # of the baselines that are sent as a file

    def __init__(self, shared: Shared, username: str | None):
        self.shared, self.username = shared, username
        self.dice = random.Random(zlib.crc32((username or "guest").encode()) ^ shared.dice.randrange(1 << 30))  # noqa: S311
        self.http = requests.Session()
        # What people of one role learn they tell each other.
        group = {"uji-perencana": "planner", "uji-verifikator": "verifier"}.get(username, username)
        group = "admin" if "pengelola" in (username or "") else "program" if "program" in (username or "") else group
        self.places, self.ways, self.tries, self.visits = shared.known.setdefault(group, ({}, {}, Counter(), Counter()))
        for path in shared.starts:
            is_admin = path.startswith("/admin/")
            if username is None or is_admin and group != "admin":
                continue
            self._remember(path)
            if ("POST", name_of(path)) in shared.targets and name_of(path) not in LEFT_ALONE:
                self.ways.setdefault(("POST", name_of(path)), []).append(path)

    # --- asking ---------------------------------------------------------------------------------------------
    def get(self, path: str):
        """The answer, or None where nobody answered."""
        try:
            answer = self.http.get(urljoin(self.shared.base, path), timeout=60)
        except requests.RequestException:
            time.sleep(0.5)
            return None
        if answer.status_code >= 500:
            self._keep(Sent(self.who, "GET", name_of(path) or path, path, [], time.time()), answer)
            time.sleep(0.5)
        return answer

    @property
    def who(self) -> str:
        return self.username or "guest"

    def login(self, password: str = PASSWORD) -> bool:
        if self.username is None:
            return True
        page = self.get("/accounts/login/")
        form = next((one for one in forms_of(page) if "login" in one.fields), None) if page is not None else None
        if form is None:
            return False
        values = [
            *(
                ("csrfmiddlewaretoken", form.fields["csrfmiddlewaretoken"]),
                ("login", self.username),
                ("password", password),
            )
        ]
        try:
            answer = self.http.post(
                urljoin(self.shared.base, "/accounts/login/"), values, allow_redirects=False, timeout=60
            )
        except requests.RequestException:
            return False
        return answer.status_code == 302 and "sessionid" in self.http.cookies

    def post(self, path: str, values: list, files: list, marks: list[str], method: str = "POST", **more):
        """Send what writes, and keep what became of it."""
        sent = Sent(self.who, method, name_of(path) or path, path, marks, time.time())
        headers = {
            "Referer": self.shared.base + "/",
            "X-CSRFToken": self.http.cookies.get("csrftoken") or "",
            **more.pop("headers", {}),
        }
        try:
            answer = self.http.request(
                method, urljoin(self.shared.base, path), data=values or None, files=files or None, headers=headers,
                allow_redirects=False, timeout=90, **more,
            )  # fmt: skip
        except requests.RequestException as error:
            sent.told = type(error).__name__
            answer = None
        self._keep(sent, answer)
        return sent, answer

    def _keep(self, sent: Sent, answer) -> None:
        sent.ended = time.time()
        sent.status = answer.status_code if answer is not None else 0
        if answer is None:
            sent.outcome = "broken"
        elif answer.status_code >= 500:
            sent.outcome, sent.told = "failed", answer.text
        elif answer.status_code in (201, 204) or (answer.ok and sent.name.startswith("api:")):
            sent.outcome = "acked"
        elif answer.status_code == 302:
            sent.outcome = "refused" if "/login/" in answer.headers["Location"] else "acked"
        elif answer.ok and "json" in answer.headers.get("Content-Type", ""):
            sent.outcome = "acked"
        else:
            sent.outcome, sent.told = "refused", said(answer)
        with self.shared.lock:
            self.shared.sent.append(sent)
            if sent.outcome == "acked":
                self.shared.acked[sent.method, sent.name] += 1

    # --- finding forms --------------------------------------------------------------------------------------
    def _remember(self, path: str) -> None:
        name = name_of(path)
        if name is None or name.startswith("api:") or "export" in name or name == "admin:jsi18n":
            return
        kept = self.places.setdefault(name, [])
        if path not in kept:
            kept.append(path)
            if len(kept) > PLACES_KEPT:
                kept.pop(self.dice.randrange(len(kept)))

    def learn(self, page, path: str) -> list:
        """Keep the links of a page; its forms with what answers them."""
        if page is None or "html" not in page.headers.get("Content-Type", "") or not page.content:
            return []
        tree = lxml.html.fromstring(page.content, base_url=page.url)
        for link in tree.iterlinks():
            if link[0].tag == "a" and link[1] == "href":
                target = urlsplit(urldefrag(urljoin(page.url, link[2])).url)
                if f"{target.scheme}://{target.netloc}" == self.shared.base and "logout" not in target.path:
                    self._remember(
                        target.path + (f"?{target.query}" if target.query and "o=" not in target.query else "")
                    )
        found = []
        for form in tree.forms:
            if (form.method or "GET").upper() != "POST":
                continue
            action = urlsplit(urljoin(page.url, form.get("action") or page.url))
            target = name_of(action.path)
            if target is None or target in ("set_theme", "set_language") and self.dice.random() > 0.02:
                continue
            if not target.startswith("admin:"):
                self.shared.targets.add(("POST", target))
            if target in LEFT_ALONE or target.startswith("admin:") and ("POST", target) not in self.shared.targets:
                continue
            ways = self.ways.setdefault(("POST", target), [])
            if path not in ways:
                ways.append(path)
                del ways[:-PLACES_KEPT]
            found.append((form, target, action.path + (f"?{action.query}" if action.query else "")))
        return found

    def _rank(self, key: tuple) -> tuple:
        often = self.shared.acked[key] * (4 if SELDOM.search(key[1]) else 1)
        return often + self.tries[key], self.dice.random()

    def step(self) -> None:
        """Go to a page, fill in a form of it."""
        open_ways = [
            key for key in list(self.ways) if self.ways[key] and self.tries[key] < MOST_TRIES + self.shared.acked[key]
        ]
        name = min(
            [name for name in list(self.places) if self.places[name]],
            key=lambda one: (self.visits[one], self.dice.random()),
        )
        if open_ways and self.dice.random() > (0.05 if self.visits[name] else 0.5):
            path = self.dice.choice(self.ways[min(open_ways, key=self._rank)] or ["/"])
        else:
            path = self.dice.choice(self.places[name])
        self.visits[name_of(path)] += 1
        page = self.get(path)
        if page is None or page.status_code >= 500:
            return
        if page.status_code in (403, 404):
            for paths in (self.places.get(name_of(path), []), *self.ways.values()):
                if path in paths:
                    paths.remove(path)
            return
        if page.status_code == 405:
            self.ways.pop(("POST", name_of(path)), None)
        carried: list[str] = []
        for _round in range(3):  # a preview leads to the next form, and so does the page after storing
            found = self.learn(page, path)
            if not found:
                return
            form, target, action = min(found, key=lambda one: self._rank(("POST", one[1])))
            is_worn = (
                self.shared.acked["POST", target] > 3
                if SELDOM.search(target)
                else self.tries["POST", target] > MOST_TRIES
            )
            if (
                is_worn
                and self.dice.random() < 0.9
                or KEPT.search(action)
                and SPENDS.search(action)
                or action in self.shared.kept
            ):
                return
            self.tries["POST", target] += 1
            values, files, marks = self.filled(form, target, action)
            sent, answer = self.post(action, values, files, marks + carried)
            if answer is None or sent.outcome == "failed":
                return
            carried = marks if answer.status_code == 200 and target.endswith("_import") else []
            if answer.status_code == 302:
                path = urlsplit(urljoin(self.shared.base + action, answer.headers["Location"])).path
                page = self.get(path)
                self._judge(sent, page)
            else:
                page, path = answer, action

    def press(self, page, path: str, target: str, **typed):
        """Send that one form of the page with all its boxes ticked; gives the page after it, or None."""
        found = [one for one in self.learn(page, path) if one[1] == target]
        if not found:
            return None, path
        form, _target, action = found[0]
        for box in form.xpath(".//input[@type='checkbox']"):
            box.set("checked", "checked")
        values, files, marks = self.filled(form, target, action)
        sent, answer = self.post(action, [(name, typed.get(name, value)) for name, value in values], files, marks)
        if answer is None or answer.status_code != 302:
            return None, path
        path = urlsplit(urljoin(self.shared.base + action, answer.headers["Location"])).path
        page = self.get(path)
        self._judge(sent, page)
        return page, path

    def _judge(self, sent: Sent, page) -> None:
        """After a redirect the page says whether it was stored; where it is not seen, nothing was promised."""
        if sent.outcome != "acked":
            return
        if page is None or page.status_code >= 500:
            sent.outcome = "unclear"
        elif complaint := complaints(page):
            sent.outcome, sent.told = "refused", complaint[:200]
        else:
            return
        with self.shared.lock:
            self.shared.acked[sent.method, sent.name] -= 1

    def run(self) -> None:
        while not self.shared.stop.is_set() and not self.login():
            time.sleep(0.5)
        while not self.shared.stop.is_set():
            self.step()

    # --- filling in -----------------------------------------------------------------------------------------
    def mark(self) -> str:
        return "uji-" + "".join(self.dice.choices(string.ascii_lowercase + string.digits, k=10))

    def filled(self, form, target: str, action: str) -> tuple[list, list, list]:
        """What a person would send: what stands there stays, what is empty and asked for gets something that fits."""
        values, files, marks, radios = [], [], [], {}
        buttons = []
        for field_ in form.iter("input", "textarea", "select", "button"):
            name, kind = field_.get("name"), (field_.get("type") or field_.tag).lower()
            if not name or field_.get("disabled") is not None or "__prefix__" in name:
                continue
            if field_.tag == "select":
                values += [(name, value) for value in self._chosen(field_, name)]
            elif kind in ("submit", "button"):
                buttons.append((name, field_.get("value") or ""))
            elif kind == "radio":
                radios.setdefault(name, []).append(field_)
            elif kind == "checkbox":
                is_set = field_.get("checked") is not None
                if name.upper().endswith("DELETE") or name.endswith("-clear"):
                    is_set = False
                elif name in ("_selected_action", "action-toggle"):
                    is_set = name == "_selected_action" and not any(key == name for key, _value in values)
                elif (
                    field_.get("required") is not None
                    or name == "confirmed"
                    or not is_set
                    and self.dice.random() < 0.25
                ):
                    is_set = True
                if is_set:
                    values.append((name, field_.get("value") or "on"))
            elif kind == "file":
                if field_.get("required") is not None or self.dice.random() < 0.85:
                    files.append((name, self._file(field_, target, action, marks)))
            elif kind != "image":
                values.append((name, self._text(field_, name, kind, marks)))
        for name, boxes in radios.items():
            boxes = [box for box in boxes if box.get("value")] or boxes
            chosen = next((box for box in boxes if box.get("checked") is not None), None)
            if chosen is None or self.dice.random() < 0.3:
                chosen = self.dice.choice(boxes)
            values.append((name, chosen.get("value") or ""))
        if buttons:
            plain = [one for one in buttons if one[0] == "_save"] or buttons
            values.append(self.dice.choice(plain))
        return values, files, marks

    def _chosen(self, field_, name: str) -> list[str]:
        options = [(one.get("value") or "", one.get("selected") is not None) for one in field_.iter("option")]
        chosen, full = (
            [value for value, is_set in options if is_set and value],
            [value for value, _set in options if value],
        )
        if name == "format":
            return full[:1]
        if name == "action" and not chosen:
            full = [value for value in full if "export" not in value]
            return [self.dice.choice(full)] if full else [""]
        if field_.get("data-ajax--url") and not full:
            told = {
                "app_label": field_.get("data-app-label"),
                "model_name": field_.get("data-model-name"),
                "field_name": field_.get("data-field-name"),
            }
            with suppress(requests.RequestException, ValueError):
                found = self.http.get(self.shared.base + field_.get("data-ajax--url"), params=told, timeout=60).json()
                full = [one["id"] for one in found.get("results", [])]
        if field_.get("multiple") is not None:
            return chosen or (self.dice.sample(full, min(2, len(full))) if self.dice.random() < 0.7 else [])
        if chosen and self.dice.random() < 0.85:
            return chosen[:1]
        is_asked = field_.get("required") is not None or self.dice.random() < 0.7
        return [self.dice.choice(full)] if full and is_asked else (chosen[:1] or [""])

    def _file(self, field_, target: str, action: str, marks: list[str]):
        wanted, name = (field_.get("accept") or "").lower(), field_.get("name")
        if "boundaries" in target:
            return "batas.geojson", self.shared.files.get(action, b"{}"), "application/geo+json"
        if target.startswith("slumareas:import"):
            if self.dice.random() < 0.3:
                return "data-dasar.csv", large_list(self.dice, self.year), "text/csv"
            return "data-dasar.xlsx", workbook(self.dice, self.year), "application/octet-stream"
        if "import" in target:
            return "daftar.xlsx", self._own_list(target, action, marks), "application/octet-stream"
        if "image" in wanted or "jpg" in wanted or "photo" in name or "picture" in name:
            return "foto.jpg", picture(), "image/jpeg"
        return "berkas.pdf", PDF + f"% {self.mark()}\n".encode(), "application/pdf"

    def _own_list(self, target: str, action: str, marks: list[str]) -> bytes:
        """The list that the product itself writes, with another text in it."""
        address = {"workshops:participant_import": action.replace("/import/", ".xlsx"), "agreements:follow_up_import": "/agreements/follow-ups/follow-ups.xlsx"}.get(target)  # fmt: skip
        try:
            if address:
                content = self.http.get(self.shared.base + address, timeout=60).content
            else:
                page = self.http.get(self.shared.base + action.replace("/import/", "/export/"), timeout=60)
                form = next(form for form in forms_of(page) if "format" in form.fields)
                values = [*((key, value) for key, value in form.form_values() if key != "format"), ("format", "0")]
                content = self.http.post(page.url, values, headers={"Referer": page.url}, timeout=60).content
            book = load_workbook(io.BytesIO(content))
        except (requests.RequestException, StopIteration, BadZipFile, KeyError):
            return b""
        sheet = book.active
        heading = next(
            (row for row in sheet.iter_rows(max_row=8) if sum(cell.value is not None for cell in row) > 2), None
        )
        if heading is None:
            return content
        if sheet.max_row > heading[0].row + 8:
            sheet.delete_rows(heading[0].row + 9, sheet.max_row)
        told = [
            cell.column
            for cell in heading
            if re.search(r"nama|name|judul|title|teks|text|catatan|note|kendala|jabatan", str(cell.value or "").lower())
        ]
        if told and sheet.max_row > heading[0].row:
            marks.append(self.mark())
            sheet.cell(heading[0].row + 1, told[-1]).value = f"Uji {marks[-1]}"
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def _text(self, field_, name: str, kind: str, marks: list[str]) -> str:
        value = (field_.text or "").removeprefix("\n") if field_.tag == "textarea" else field_.get("value") or ""
        if kind in ("hidden", "password", "color") or field_.get("readonly") is not None:
            return value
        is_asked = field_.get("required") is not None or self.dice.random() < 0.75
        for word, shape in (
            ("vDateField", "date"),
            ("vTimeField", "time"),
            ("vIntegerField", "number"),
            ("vBigIntegerField", "number"),
        ):
            kind = shape if word in (field_.get("class") or "") else kind
        if kind in ("date", "time", "datetime-local", "number", "email", "tel", "url") or special(name):
            return value or (self._special(field_, name, kind) if is_asked else "")
        longest = int(field_.get("maxlength") or 1000)
        is_long = field_.tag == "textarea" or longest >= 30
        if field_.get("inputmode") in ("numeric", "decimal"):
            return value or (str(self.dice.randint(1, 90)) if is_asked else "")
        if re.sub(r"^.*-", "", name) in NO_SENTENCE:
            return value or str(self.dice.randint(1, 999))
        if not is_long or field_.get("pattern") or field_.get("list"):
            return value or (
                "".join(self.dice.choices(string.ascii_uppercase + string.digits, k=min(longest, 6)))
                if is_asked
                else ""
            )
        if value and self.dice.random() < 0.5 or not value and not is_asked:
            return value
        marks.append(self.mark())
        text = f"Uji {marks[-1]}"
        return text if field_.tag != "textarea" or self.dice.random() < 0.7 else f"{text}\nbaris dua"

    def _special(self, field_, name: str, kind: str) -> str:
        low = re.sub(r"^.*-", "", name)
        for word, made in SPECIAL.items():
            if word in low:
                return made(self.dice)
        if kind == "date" or low.endswith("_on"):
            return f"2026-{self.dice.randint(1, 11):02}-{self.dice.randint(1, 28):02}"
        if kind == "time":
            return f"{15 if 'end' in low else 9 if 'start' in low else 8:02}:{self.dice.randint(0, 59):02}"
        if kind == "datetime-local":
            return "2026-11-20T09:30"
        if kind == "email":
            return f"{self.mark()}@uji.test"
        least, most = field_.get("min"), field_.get("max")
        low_, high = float(least) if least else 1, float(most) if most else 90
        return str(self.dice.randint(int(low_), max(int(low_), int(min(high, low_ + 90)))))


SPECIAL = {
    "url": lambda dice: f"https://contoh.test/{dice.randint(1, 10**6)}",
    "latitude": lambda dice: f"-2.0{dice.randint(10, 99)}",
    "longitude": lambda dice: f"105.1{dice.randint(10, 99)}",
    "year": lambda dice: str(dice.choice((2020, 2021, 2022))),
    "phone": lambda dice: f"08{dice.randint(10**8, 10**9)}",
    "nip": lambda dice: "",
    "amount": lambda dice: str(dice.randint(1, 900) * 1000000),
    "value": lambda dice: str(dice.randint(1, 900) * 1000000),
    "_at": lambda dice: "2026-11-20 09:30",
    "sha256": lambda dice: "",
    "code": lambda dice: f"{dice.randint(1, 10**6)}",
    "slug": lambda dice: f"uji-{dice.randint(1, 10**6)}",
    "key": lambda dice: f"uji-{dice.randint(1, 10**6)}",
    "number": lambda dice: f"UJI-{dice.randint(1, 10**6)}",
    "username": lambda dice: f"uji{dice.randint(1, 10**6)}",
    "geometry": lambda dice: "",
    "boundary": lambda dice: "",
}  # fmt: skip


def special(name: str) -> bool:
    low = re.sub(r"^.*-", "", name)
    return any(word in low for word in SPECIAL)


def forms_of(page) -> list:
    is_html = page is not None and "html" in page.headers.get("Content-Type", "") and page.content
    return list(lxml.html.fromstring(page.content, base_url=page.url).forms) if is_html else []


def complaints(page) -> str:
    """What a page says at its head went wrong."""
    if "html" not in page.headers.get("Content-Type", "") or not page.content:
        return ""
    words = (
        "//*[contains(@class,'notice-error') and @role='alert' and not(ancestor-or-self::*[@hidden or self::template])]"
    )
    found = lxml.html.fromstring(page.content).xpath(
        f"{words} | //ul[@class='messagelist']/li[@class='error' or @class='warning']"
    )
    return " | ".join(" ".join(one.text_content().split()) for one in found)


def said(answer) -> str:
    """The sentences with which a page or the API refuses."""
    if "json" in answer.headers.get("Content-Type", ""):
        return answer.text[:200]
    if not answer.content or "html" not in answer.headers.get("Content-Type", ""):
        return ""
    tree = lxml.html.fromstring(answer.content)
    told = tree.xpath(
        "//*[contains(@class,'errorlist') or contains(@class,'notice-error') or contains(@class,'errornote')]"
    )
    return (
        " | ".join(dict.fromkeys(" ".join(one.text_content().split())[:90] for one in told))[:300]
        or "no complaint on the page"
    )


class Importer(Person):
    """Sends workbooks, small and large ones, has them stored and takes them back, again and again."""

    year = 2023

    def run(self) -> None:
        while not self.shared.stop.is_set() and not self.login():
            time.sleep(0.5)
        while not self.shared.stop.is_set():
            list_path = "/slum-areas/imports/"
            page, path = self.press(
                self.get(list_path), list_path, "slumareas:import_list", year="2023", rule_set_named="", region=""
            )
            for target in ("slumareas:import_apply", "slumareas:import_undo"):
                if target.endswith("undo"):
                    path = f"{path}undo/"
                    page = self.get(path)
                page = self._once_there(page, path, target)
                if page is not None:
                    page, path = self.press(page, path, target, reason="Diperiksa di tempat.")

    def _once_there(self, page, path: str, target: str):
        """The page as soon as it has that form: the background worker may be busy with the file."""
        for _attempt in range(45):
            if self.shared.stop.is_set() or path == "/slum-areas/imports/":
                return None
            if page is not None and page.status_code == 404:
                return None
            if page is not None and any(one[1] == target for one in self.learn(page, path)):
                return page
            time.sleep(1)
            page = self.get(path)
        return None


class Machine(Person):
    """A program that uses the API: takes the schema, copies what it finds, changes its texts and sends it again."""

    def run(self) -> None:
        while not self.shared.stop.is_set() and not self.login():
            time.sleep(0.5)
        self.schemas, self.paths = self.shared.schema["components"]["schemas"], self.shared.schema["paths"]
        self.named: dict[tuple, str] = {}
        self.rows: dict[str, tuple] = {}
        calls = [
            (path, method)
            for path, told in self.paths.items()
            for method in told
            if method in ("post", "put", "patch", "delete")
        ]
        while not self.shared.stop.is_set():
            ranked = sorted(calls, key=lambda one: self._rank((one[1].upper(), one[0])))
            path, method = self.dice.choice(ranked[: max(12, len(ranked) // 4)])
            self.tries[method.upper(), path] += 1
            sent = self.call(path, method)
            if sent:
                self.named[method.upper(), path] = sent.name

    def _rank(self, key: tuple) -> tuple:
        if self.tries[key] > MOST_TRIES:
            return 1000, 0
        return self.shared.acked[key[0], self.named.get(key, "")] + self.tries[key] / 2, self.dice.random()

    def call(self, path: str, method: str) -> Sent | None:
        operation = self.paths[path][method]
        collection = re.match(r"(/api/v1/[^/]+/)", path).group(1)
        found = self._rows(collection)
        alive = [row for row in found if KEPT.search(str(row))]
        example, address = (
            self.dice.choice(alive if alive and self.dice.random() < 0.7 else found) if found else {},
            path,
        )
        if "{" in path:
            if not example:
                return None
            address = (
                path.replace("{key}", str(example.get("key", ""))).replace("{photo}", "1").replace("{number}", "1")
            )
        if method == "delete" and "imports" in address and self.dice.random() < 0.8:
            return None
        if KEPT.search(address) and (method == "delete" or SPENDS.search(address)):
            return None
        content = (operation.get("requestBody") or {}).get("content", {})
        if not content:
            return self.post(address, [], [], [], method.upper())[0]
        schema = next(iter(content.values()))["schema"]
        marks: list[str] = []
        whole = (
            self.get(collection + f"{example['key']}/")
            if example and method in ("put", "patch") and "key" in example
            else None
        )
        if whole is not None and whole.ok:
            example = whole.json()
        if "tokens" in path:
            return self.post(
                address,
                [],
                [],
                marks,
                method.upper(),
                json={"username": self.username, "password": PASSWORD, "name": "Uji"},
            )[0]
        body = self._body(
            schema, example if path == collection or method in ("put", "patch") else {}, marks, is_new=method == "post"
        )
        is_form = "application/json" not in content or any(isinstance(one, tuple) for one in body.values())
        if not is_form:
            return self.post(address, [], [], marks, method.upper(), json=body)[0]
        files = [(name, value) for name, value in body.items() if isinstance(value, tuple)]
        values = [(name, value) for name, value in body.items() if not isinstance(value, tuple) and value is not None]
        return self.post(address, values, files, marks, method.upper())[0]

    def _rows(self, collection: str) -> list[dict]:
        at, rows = self.rows.get(collection, (0, []))
        if time.time() > at + 10 and "get" in self.paths.get(collection, {}):
            answer = self.get(collection + "?page_size=100")
            told = answer.json() if answer is not None and answer.ok else []
            rows = (
                told["results"]
                if isinstance(told, dict) and "results" in told
                else told
                if isinstance(told, list)
                else []
            )
            self.rows[collection] = time.time(), rows
        return rows

    def _body(self, schema: dict, example: dict, marks: list, *, is_new: bool) -> dict:
        schema = self._resolved(schema)
        body = {}
        for name, told in schema.get("properties", {}).items():
            known, told = example.get(name), self._resolved(told)
            if told.get("format") == "binary":
                body[name] = self._binary(name)
            elif TEXTS.search(name) and told.get("type") == "string" and not told.get("format") and "enum" not in told and "pattern" not in told and told.get("maxLength", 1000) >= 30 and not special(name):  # fmt: skip
                marks.append(self.mark())
                body[name] = f"Uji {marks[-1]}"
            elif is_new and name in ("uid", "key", "slug", "number", "code"):
                body[name] = self._special_of(name, told)
            elif known not in (None, "", []):
                body[name] = known
            elif name in schema.get("required", []) or not example and self.dice.random() < 0.5:
                made = self._made(name, told)
                if made is not None:
                    body[name] = made
        return body

    def _resolved(self, told: dict) -> dict:
        while "$ref" in told or "allOf" in told or "oneOf" in told:
            told = (
                self.schemas[told["$ref"].rsplit("/", 1)[1]]
                if "$ref" in told
                else (told.get("allOf") or told.get("oneOf"))[0]
            )
        return told

    def _special_of(self, name: str, told: dict):
        if told.get("format") == "uuid":
            return f"00000000-0000-4000-8000-{self.dice.randrange(16**12):012x}"
        return SPECIAL[name](self.dice) if name in SPECIAL else None

    def _made(self, name: str, told: dict):
        if "enum" in told:
            return self.dice.choice([one for one in told["enum"] if one not in ("", None)] or [""])
        kind = told.get("type")
        if kind == "boolean":
            return self.dice.random() < 0.5
        if kind in ("integer", "number"):
            least = int(told.get("minimum", 1))
            return self.dice.randint(least, max(least, int(min(told.get("maximum", 90), 90))))
        if told.get("format") == "date":
            return f"2026-{self.dice.randint(1, 11):02}-{self.dice.randint(1, 28):02}"
        if told.get("format") == "date-time":
            return "2026-11-20T09:30:00+07:00"
        if told.get("format") == "uuid":
            return f"00000000-0000-4000-8000-{self.dice.randrange(16**12):012x}"
        if kind == "array":
            return []
        for word, made in SPECIAL.items():
            if word in name:
                return made(self.dice)
        low = {"region": "village", "village": "village", "workshop": "workshops", "package": "packages", "unit": "neighbourhoods", "agreement": "agreements", "follow_up": "follow-ups", "slum_area": "slum-areas", "organization": "organizations", "receiver": "organizations", "holder": "organizations", "manager": "organizations", "to": "organizations"}  # fmt: skip
        if name in low:
            rows = self._rows("/api/v1/regions/" if low[name] == "village" else f"/api/v1/{low[name]}/")
            rows = [row for row in rows if low[name] != "village" or row.get("level") == "village"]
            return self.dice.choice(rows).get("key") if rows else None
        return "Uji"

    def _binary(self, name: str):
        if "photo" in name or "picture" in name:
            return "foto.jpg", picture(), "image/jpeg"
        return (
            ("data-dasar.xlsx", workbook(self.dice), "application/octet-stream")
            if self.dice.random() < 0.5
            else ("berkas.pdf", PDF, "application/pdf")
        )
