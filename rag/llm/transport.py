"""Reading a stream with limits that the client cannot set: silence, and a read cut short."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from rag.departure import current
from rag.errors import ModelTimeout
from rag.llm.failures import foreign_errors
from rag.llm.watchdog import Watchdog


def next_bytes(received: Iterator[bytes], watchdog: Watchdog, left: float) -> bytes | None:
    """What comes next, None at the end.

    Raises:
        ModelTimeout: it does not come within ``left`` seconds.
        ReaderLeft: nobody waits for it any more.
    """
    silent = ModelTimeout("The model fell silent, or its reply took too long. See RAG_LLM_TOKEN_TIMEOUT.")
    if left <= 0:
        raise silent
    try:
        with watchdog.limit(left):
            data = next(received, None)
    except foreign_errors() as error:
        current().check()
        if watchdog.expired:
            raise silent from error
        raise
    current().check()
    if watchdog.expired:
        raise silent
    return data


def allow_silence(stream: Any, seconds: float) -> None:
    """From the headers on the watchdog watches; the transport's own limit, set for the headers, is widened."""
    limits = stream.response.request.extensions.get("timeout")
    if isinstance(limits, dict):
        limits["read"] = seconds + 1.0


def cut(stream: Any) -> None:
    """End a read that another thread is blocked in: closing the socket alone would not wake it."""
    carrier = stream.response.extensions.get("network_stream")
    connection = carrier.get_extra_info("socket") if carrier is not None else None
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_RDWR)
