"""The agency's own seal on a paper, where the installation has a certificate for it.

Belongs here because every issued paper passes through.
"""


def sealed(content: bytes) -> bytes:
    return content
