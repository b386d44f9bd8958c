"""No failure of the client or its transport leaves unmapped."""

from __future__ import annotations

import json

import httpx
import openai
import pytest

from rag.errors import MalformedReply, ModelError, ModelTimeout, ModelUnavailable
from rag.llm.failures import failure_of, foreign_errors, safe_cause

NOT_RAISED = ("CookieConflict", "_AmbiguousModuleClientUsageError")
"""Raised where cookies are read or the module itself is used as a client: nowhere here."""


def _kinds() -> list[type[Exception]]:
    modules = [openai, httpx]
    try:
        import httpx2
    except ImportError:
        pass
    else:
        modules.append(httpx2)
    found = {
        kind
        for module in modules
        for kind in vars(module).values()
        if issubclass(type(kind), type) and issubclass(kind, Exception) and kind.__name__ not in NOT_RAISED
    }  # the type is asked, not the value: a look at openai's lazy values would import its every resource
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_foreign_error_is_caught_and_mapped(kind: type[Exception]) -> None:
    assert issubclass(kind, foreign_errors())
    error = failure_of(kind.__new__(kind)).error
    assert isinstance(error, ModelError)
    assert type(error) is not ModelError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadTimeout("x"), ModelTimeout),
        (TimeoutError(), ModelTimeout),
        (httpx.ReadError("x"), ModelUnavailable),
        (httpx.InvalidURL("x"), ModelUnavailable),
        (ConnectionResetError(), ModelUnavailable),
        (json.JSONDecodeError("x", "y", 0), MalformedReply),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), MalformedReply),
        (TypeError("x"), MalformedReply),
        (KeyError("x"), MalformedReply),
    ],
)
def test_transport_errors_have_their_kind(error: Exception, kind: type[ModelError]) -> None:
    assert type(failure_of(error).error) is kind


def test_a_cause_that_shows_the_key_is_dropped() -> None:
    outer, inner = ValueError("x"), ValueError("key is sk-1")
    outer.__cause__ = inner
    assert safe_cause(outer, "sk-1") is None
    assert safe_cause(outer, "sk-2") is outer
    assert safe_cause(outer, "") is outer
