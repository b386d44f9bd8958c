"""The allow-list: which requests exist at all. Everything else is 404, whatever the libraries below offer.

Paths are relative to the base path. Gradio's routes are those that a browser needs, and no others: its file,
upload, proxy, component, monitoring and API routes are not among them.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    """What a route gives, which decides its headers and limits."""

    PAGE = "page"
    ASSET = "asset"
    SCRIPT = "script"
    QUEUE = "queue"
    UPDATES = "updates"
    API = "api"
    HEALTH = "health"
    DOCUMENT = "document"
    ADMIN = "admin"
    ADMIN_API = "admin api"


_SAFE = r"[A-Za-z0-9_@~-][A-Za-z0-9._@~-]*"
_GRADIO = r"(?:/embed)?"
_ROUTES: tuple[tuple[str, Kind, str], ...] = (
    ("GET", Kind.PAGE, r"/(?:embed/)?"),
    ("GET", Kind.ASSET, rf"{_GRADIO}/(?:assets|static)(?:/{_SAFE})+"),
    ("GET", Kind.ASSET, rf"{_GRADIO}/(?:theme\.css|favicon\.ico)"),
    ("GET", Kind.SCRIPT, r"/embed\.js"),
    ("POST", Kind.QUEUE, rf"{_GRADIO}/gradio_api/(?:queue/join|cancel|reset)"),
    ("GET", Kind.UPDATES, rf"{_GRADIO}/gradio_api/queue/data"),
    ("POST", Kind.API, r"/api/ask"),
    ("GET", Kind.API, r"/api/openapi\.json"),
    ("GET", Kind.API, r"/api/conversations/[A-Za-z0-9_-]{20,64}/export"),
    ("POST", Kind.API, r"/v1/chat/completions"),
    ("GET", Kind.API, r"/v1/models"),
    ("GET", Kind.API, r"/page/conversations"),
    ("DELETE", Kind.API, r"/page/conversations/[A-Za-z0-9_-]{20,64}"),
    ("POST", Kind.API, r"/page/ratings"),
    ("GET", Kind.DOCUMENT, r"/documents"),
    ("GET", Kind.HEALTH, r"/(?:healthz|readyz)"),
    ("GET", Kind.ADMIN, r"/admin"),
    ("GET|POST|DELETE", Kind.ADMIN_API, rf"/admin/api(?:/{_SAFE})+"),
)
_COMPILED = tuple((frozenset(methods.split("|")), kind, re.compile(path)) for methods, kind, path in _ROUTES)


def classify(method: str, path: str) -> Kind | None:
    """The kind of an allowed request, None for all others. HEAD counts as GET."""
    wanted = "GET" if method == "HEAD" else method
    for methods, kind, pattern in _COMPILED:
        if wanted in methods and pattern.fullmatch(path):
            return kind
    return None


def methods_of(path: str) -> frozenset[str]:
    """The methods that an allowed path takes; empty for a path that does not exist."""
    found: frozenset[str] = frozenset()
    for methods, _, pattern in _COMPILED:
        if pattern.fullmatch(path):
            found |= methods
    return found
