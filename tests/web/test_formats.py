"""What may be uploaded is what can be read, and what the page offers."""

from __future__ import annotations

import re
from pathlib import Path

import rag.web
from rag.ingest.loaders import READERS
from rag.web.library import FORMATS


def test_every_format_that_may_be_uploaded_is_read_and_offered() -> None:
    assert set(READERS) >= FORMATS
    page = (Path(rag.web.__file__).parent / "static/admin.html").read_text(encoding="utf-8")
    accept = re.search(r'accept="([^"]*)"', page)
    assert accept is not None
    assert set(accept[1].split(",")) == FORMATS
