"""A mail server of one's own, so that tests read mails as they arrive."""

import email
import email.policy
import socket
from contextlib import contextmanager

from aiosmtpd.controller import Controller


class Catcher:
    """Keeps what arrives. `answer(number)` decides what the server says to the message of that number, from 1."""

    def __init__(self):
        self.mails: list[email.message.EmailMessage] = []
        self.recipients: list[str] = []
        self.answer = lambda number: "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients += envelope.rcpt_tos
        return self.answer(len(self.mails))


@contextmanager
def caught_mails():
    """A running catcher; `catcher.port` is where it listens."""
    catcher = Catcher()
    with socket.create_server(("127.0.0.1", 0)) as free:
        catcher.port = free.getsockname()[1]
    controller = Controller(catcher, hostname="127.0.0.1", port=catcher.port)
    controller.start()
    try:
        yield catcher
    finally:
        controller.stop()
