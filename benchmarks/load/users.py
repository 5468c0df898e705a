"""What the users of the load run do, in the manner of locust; `run.py` starts it and tells it who they are.

Each has a role: most read, minute takers write an entry every few seconds and the desk takes in people without an
invitation. What the server said it stored is written down, so that `run.py` can look whether it is there.
"""

import itertools
import json
import os
import random
import uuid
from pathlib import Path

from locust import HttpUser, between, task

TOLD = json.loads(Path(os.environ["LOAD_TOLD"]).read_text())
STORED = Path(os.environ["LOAD_STORED"]).open("a", buffering=1)  # noqa: SIM115 - as long as the users are there
PEOPLE = itertools.cycle(TOLD["people"])
EMPTY, SLUG = "/account/", TOLD["workshop"]


class Person(HttpUser):
    wait_time = between(1, 5)

    def on_start(self):
        self.who = next(PEOPLE)
        self.client.cookies.set("sessionid", self.who["session"])
        self.client.get(EMPTY, name="empty page")

    def send(self, address: str, values: dict, name: str):
        headers = {
            "Accept": "application/json",
            "X-CSRFToken": self.client.cookies.get("csrftoken", ""),
            "Referer": self.host + "/",
        }
        return self.client.post(address, values, name=name, headers=headers)

    @task(2)
    def empty_page(self):
        self.client.get(EMPTY, name="empty page")

    @task(10)
    def read(self):
        name, address = random.choice(self.who["pages"])  # noqa: S311 - no secret
        self.client.get(address, name=name)

    @task(3)
    def write(self):
        if self.who["role"] == "planner":
            random.choice([self.write_entry, self.take_in])()  # noqa: S311 - no secret
        else:
            self.client.get("/agreements/follow-ups/?overdue=true", name="follow-ups, overdue")

    def write_entry(self):
        """A new entry, then the same one corrected, as typing does."""
        uid, version = str(uuid.uuid4()), 0
        address = f"/workshops/{SLUG}/minutes/entries/{uid}/"
        for text in (f"Catatan uji beban {uid}", f"Catatan uji beban {uid}, dilengkapi"):
            answer = self.send(address, {"kind": "note", "text": text, "based_on": version}, "write an entry")
            if not answer.ok:
                return
            version = answer.json()["version"]
            STORED.write(json.dumps({"uid": uid, "text": text, "version": version}) + "\n")

    def take_in(self):
        name = f"Tamu Uji {uuid.uuid4()}"
        answer = self.send(
            f"/workshops/{SLUG}/check-in/walk-in/", {"name": name, "organization_name": "Desa Uji"}, "take in a guest"
        )
        if answer.ok:
            STORED.write(json.dumps({"guest": name}) + "\n")
