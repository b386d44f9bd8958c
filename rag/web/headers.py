"""The security headers of every response, by the kind of route.

Source: OWASP Secure Headers, CSP level 3. ``X-Frame-Options`` is not sent: it cannot express a list, and
``frame-ancestors`` stands in its place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.errors import ConfigError
from rag.web.routes import Kind

Header = tuple[bytes, bytes]

_ORIGIN = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:(\d{1,5}|\*))?|'self'|'none'")
_FOREVER = b"public, max-age=31536000, immutable"

_ALWAYS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"x-accel-buffering", b"no"),
)


class SecurityHeaders:
    """Knows which origins may frame the chat.

    Raises ``ConfigError`` for an origin that is not one: what cannot be checked must not reach a header.
    """

    def __init__(self, embed_origins: Sequence[str]) -> None:
        for origin in embed_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ConfigError(
                    f"RAG_EMBED_ORIGINS: {origin!r} is not an origin; write scheme and host, such as "
                    "https://wiki.example.org, without a path."
                )
        if "'none'" in embed_origins and len(embed_origins) > 1:
            raise ConfigError("RAG_EMBED_ORIGINS: 'none' stands alone.")
        self.ancestors = "'none'" if "'none'" in embed_origins else " ".join(["'self'", *embed_origins])

    def of(self, kind: Kind | None, nonce: str, *, https: bool) -> list[Header]:
        """The headers for a response to a route of ``kind``; ``nonce`` is that of the page, fresh each time."""
        headers = [*_ALWAYS, (b"content-security-policy", self._policy(kind, nonce).encode())]
        if kind is not Kind.ASSET:
            headers.append((b"cache-control", b"public, max-age=300" if kind is Kind.SCRIPT else b"no-store"))
        crossing = b"cross-origin" if kind is Kind.SCRIPT else b"same-origin"
        headers.append((b"cross-origin-resource-policy", crossing))
        if https:
            headers.append((b"strict-transport-security", b"max-age=31536000"))
        return headers

    def _policy(self, kind: Kind | None, nonce: str) -> str:
        match kind:
            case Kind.PAGE:
                return (
                    f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
                    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; media-src 'none'; "
                    "object-src 'none'; frame-src 'none'; worker-src 'none'; base-uri 'self'; "
                    f"form-action 'none'; frame-ancestors {self.ancestors}"
                )
            case Kind.DOCUMENT:
                return (
                    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                    "form-action 'none'; frame-ancestors 'none'"
                )
            case Kind.ADMIN:
                return (
                    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                )
            case _:
                return "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def asset_caching(path: str, status: int) -> bytes:
    """How long an asset may be kept: hashed names for ever, the others until they are asked about again."""
    if status != 200:
        return b"no-store"
    return _FOREVER if "/assets/" in path and re.search(r"-[A-Za-z0-9_-]{8}\.\w+$", path) else b"no-cache"
