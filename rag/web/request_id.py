"""Which request the work of this thread or task is done for, so that every line of the log can say so.

The guard names requests; the name is what a reader is given in ``X-Request-Id``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "x-request-id"

_current: ContextVar[str] = ContextVar("request", default="")


@contextmanager
def naming(request: str) -> Iterator[None]:
    """Work in the block, and in contexts copied in it, is done for ``request``."""
    token = _current.set(request)
    try:
        yield
    finally:
        _current.reset(token)


class Named(logging.Filter):
    """Gives every record a field ``request``: the name in brackets behind a space, or nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the field; nothing is left out."""
        name = _current.get()
        record.request = f" [{name}]" if name else ""
        return True
