"""Signed tokens: the short-lived one by which a wiki names its reader, and the cookie that it becomes.

HS256 JSON Web Tokens (RFC 7519) over one secret that wiki and bot share and no browser ever sees.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import jwt

from rag.errors import ConfigError, RagError

AUDIENCE = "zhiju"
SESSION_AUDIENCE = "zhiju-session"
LONGEST_LIFE = 600
LEEWAY = 30
SHORTEST_SECRET = 32
LONGEST_NAME = 200


class TokenError(RagError):
    """A token is not accepted."""


class TokenExpired(TokenError):
    """A token was good once. ``name`` is whom it named."""

    def __init__(self, name: str) -> None:
        super().__init__("The token has expired.")
        self.name = name


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a token names: ``name`` is its ``sub``, ``site`` its ``site`` claim (the wiki), or empty."""

    name: str
    site: str = ""


class Tokens:
    """Checks end users' tokens and makes session cookies.

    Raises ``ConfigError`` for a secret shorter than 32 bytes.
    """

    def __init__(self, secret: str, session_minutes: int) -> None:
        if len(secret.encode()) < SHORTEST_SECRET:
            raise ConfigError("RAG_EMBED_SECRET is too short: use 32 bytes or more, such as `openssl rand -hex 32`.")
        self._secret = secret
        self._session_seconds = session_minutes * 60

    @property
    def session_seconds(self) -> int:
        """How long a session lasts."""
        return self._session_seconds

    def check(self, token: str) -> Claims:
        """Whom a wiki's token names: audience ``zhiju``, expiry at most ten minutes ahead.

        Raises:
            TokenExpired: it was good and is too old.
            TokenError: it is not ours, or says more than we allow.
        """
        claims = self._decode(token, AUDIENCE)
        if int(claims["exp"]) > time.time() + LONGEST_LIFE + LEEWAY:
            raise TokenError("The token lives longer than ten minutes.")
        return _claims(claims)

    def session(self, claims: Claims) -> str:
        """The value of the cookie by which a checked reader stays known."""
        expiry = int(time.time()) + self._session_seconds
        body = {"aud": SESSION_AUDIENCE, "sub": claims.name, "site": claims.site, "exp": expiry}
        return jwt.encode(body, self._secret, algorithm="HS256")

    def read_session(self, cookie: str) -> Claims:
        """Whom a session cookie names. Raises ``TokenError``."""
        return _claims(self._decode(cookie, SESSION_AUDIENCE))

    def _decode(self, token: str, audience: str) -> dict[str, Any]:
        try:
            return self._decoded(token, audience, check_expiry=True)
        except jwt.ExpiredSignatureError as error:
            expired: Exception = error
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise TokenError("The token is not valid.") from error
        try:
            claims = _claims(self._decoded(token, audience, check_expiry=False))
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            raise TokenError("The token is not valid.") from error
        raise TokenExpired(claims.name) from expired

    def _decoded(self, token: str, audience: str, *, check_expiry: bool) -> dict[str, Any]:
        return jwt.decode(
            token,
            self._secret,
            algorithms=["HS256"],
            audience=audience,
            leeway=LEEWAY,
            options={"require": ["exp", "sub", "aud"], "verify_exp": check_expiry},
        )


def _claims(body: dict[str, Any]) -> Claims:
    name, site = body["sub"], body.get("site", "")
    texts = isinstance(name, str) and isinstance(site, str)
    if not texts or not 0 < len(name) <= LONGEST_NAME or len(site) > LONGEST_NAME:
        raise TokenError("The token's claims are not valid.")
    return Claims(name, site)
