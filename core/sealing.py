"""The agency's own seal on a paper, where the installation has a certificate for it.

Belongs here because every issued paper passes through. The seal is a PAdES signature with the key of a PKCS#12 file; it says
that this installation issued the paper, and becomes a certified signature only by a certificate that is one.
"""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

FIELD = "Segel"


def sealed(content: bytes) -> bytes:
    """The PDF with the agency's seal; as it came where no certificate is set."""
    if not settings.SEAL_CERTIFICATE:
        return content
    # Slow to load, and needed only where a certificate is set.
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter

    try:
        held = Path(settings.SEAL_CERTIFICATE).read_bytes()
        signer = signers.SimpleSigner.load_pkcs12_data(held, [], passphrase=settings.SEAL_PASSWORD.encode())
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured("SEAL_CERTIFICATE tidak dapat dibuka; periksa berkas dan SEAL_PASSWORD.") from error
    if signer is None:
        raise ImproperlyConfigured("SEAL_CERTIFICATE tidak dapat dibuka; periksa berkas dan SEAL_PASSWORD.")
    meta = signers.PdfSignatureMetadata(field_name=FIELD, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256")
    named = SigFieldSpec(FIELD, readable_field_name="Segel elektronik badan")  # as it is read aloud
    writer = IncrementalPdfFileWriter(BytesIO(content))
    # pyHanko starts an event loop, which a thread that already runs one refuses: it gets a thread of its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(signers.sign_pdf, writer, meta, signer=signer, new_field_spec=named).result().getvalue()
