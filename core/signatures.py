"""Certified signatures in a PDF that somebody sends: who signed, and whether the file is as it was then.

Belongs here because papers of every app may be signed elsewhere and come back.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

SECONDS = 30
# Isolated (-I): the child knows where the code is, and nothing else of this process.
CHILD = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.signature_reading import main; main()"


@dataclass(frozen=True)
class Signature:
    """`signed_at` is what the signer's own clock said. `is_trusted`: its certificate leads to an authority of
    SEAL_TRUSTED; whether it was revoked is not asked, since nothing is fetched."""

    signer: str
    organization: str
    issuer: str
    signed_at: datetime | None
    is_intact: bool
    is_trusted: bool

    @property
    def state(self) -> str:
        if not self.is_intact:
            return "broken"
        return "trusted" if self.is_trusted else "unknown_issuer"


def has_signatures(content: bytes) -> bool:
    return b"/ByteRange" in content


def signatures_of(content: bytes) -> list[Signature] | None:
    """The signatures, in the order of the file; None where they cannot be read."""
    command = [sys.executable, "-I", "-c", CHILD, str(settings.BASE_DIR), settings.SEAL_TRUSTED]
    try:
        ended = subprocess.run(  # noqa: S603
            command, input=content, capture_output=True, timeout=SECONDS, check=True, env={"PATH": "/usr/bin:/bin"}
        )
        return [_signature(one) for one in json.loads(ended.stdout)]
    except (subprocess.SubprocessError, OSError, ValueError):
        return None


def _signature(told: dict) -> Signature:
    signed_at = datetime.fromisoformat(told["signed_at"]) if told["signed_at"] else None
    return Signature(**{**told, "signed_at": signed_at})
