"""Reads the signatures of a PDF in a process of its own: the file on standard input, what was found on standard output.

The file comes from anybody. Here are no secrets, no settings and no database, and little time and memory; whatever goes
wrong ends this process alone. Called by `core.signatures`; the argument is a PEM file of trusted authorities, or nothing.
"""

import io
import json
import logging
import resource
import sys

MEMORY_BYTES, SECONDS = 1024**3, 20
MOST = 20


def read(content: bytes, trusted_file: str) -> list[dict]:
    from pyhanko.keys import load_certs_from_pemder
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko_certvalidator import ValidationContext

    roots = list(load_certs_from_pemder([trusted_file])) if trusted_file else []
    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    reader = PdfFileReader(io.BytesIO(content), strict=False)
    return [_told(signature, context) for signature in reader.embedded_signatures[:MOST]]


def _told(signature, context) -> dict:
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import ModificationLevel, SignatureCoverageLevel

    found = validate_pdf_signature(signature, context)
    names = found.signing_cert.subject.native
    issuers = found.signing_cert.issuer.native
    later = found.coverage != SignatureCoverageLevel.ENTIRE_FILE
    harmless = found.modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)
    return {
        "signer": str(names.get("common_name") or names.get("organization_name") or ""),
        "organization": str(names.get("organization_name") or ""),
        "issuer": str(issuers.get("common_name") or issuers.get("organization_name") or ""),
        "signed_at": found.signer_reported_dt.isoformat() if found.signer_reported_dt else "",
        "is_intact": bool(found.intact and found.valid) and (harmless or not later),
        "is_trusted": bool(found.trusted),
    }


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    logging.disable(logging.CRITICAL)
    trusted_file = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.stdout.write(json.dumps(read(sys.stdin.buffer.read(), trusted_file)))


if __name__ == "__main__":
    main()
