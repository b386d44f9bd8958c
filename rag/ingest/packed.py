"""Refuses office files that are no honest ones before they are unpacked: wrong format, encrypted, far too large inside."""

from __future__ import annotations

import zipfile
from io import BytesIO

from rag.errors import IngestError

_MOST_UNPACKED = 300_000_000
_SURELY_HONEST = 10_000_000
_MOST_PACKING = 200
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def check_size(data: bytes, kind: str, suffix: str) -> None:
    """Raise IngestError unless ``data`` is a zip file, without a password, that unpacks to a size that can be true.

    ``kind`` and ``suffix`` name the format to the reader, as in «Word file» and «.docx».
    """
    if data.startswith(_OLE):
        raise IngestError(f"this is an old or a password-protected {kind}: save it as {suffix} without a password")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise IngestError(f"this is no {kind}, or it is damaged ({error}): save it again as {suffix}") from error
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MOST_UNPACKED or (unpacked > _SURELY_HONEST and unpacked > _MOST_PACKING * len(data)):
        raise IngestError(f"it would unpack to {unpacked} bytes, which no honest {kind} does: it was not opened")
    if any(entry.flag_bits & 1 for entry in entries):
        raise IngestError("it is encrypted: save it without a password")
