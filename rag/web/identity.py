"""Who is asking: a signed end user, a visitor with a cookie, or nobody in particular.

The guard decides it once a request and hands it on in one header of its own that no client can set; the page
and the API read it back with ``user_of``. Cookies are partitioned (CHIPS), so that they work inside a wiki's frame
where third-party cookies are blocked.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from rag.config import Settings
from rag.errors import ConfigError
from rag.web.tokens import Claims, TokenError, TokenExpired, Tokens

HEADER = "x-zhiju-user"
"""Set by the guard on every request; what a client sends under this name is dropped."""

_VISITOR = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. ``id`` owns conversations: ``user:NAME``, ``visitor:RANDOM``, ``key:HASH``, or empty without a cookie.

    ``address`` is the client's, behind trusted proxies too; ``site`` is the embedding site that a signed token
    named, else empty.
    """

    id: str = ""
    address: str = ""
    site: str = ""

    @property
    def anonymous(self) -> bool:
        """Whether nobody vouched for this user."""
        return not self.id.startswith(("user:", "key:"))

    @property
    def limit_key(self) -> str:
        """What limits are counted by: a visitor's cookie is free to throw away, an address is not."""
        return f"address:{self.address}" if self.anonymous else self.id


def encode_user(user: User) -> bytes:
    """The header's value."""
    return quote(json.dumps([user.id, user.address, user.site])).encode("ascii")


def user_of(headers: Mapping[str, str]) -> User:
    """Who made the request with these headers (``gr.Request.headers``, ``starlette.Request.headers``)."""
    value = headers.get(HEADER, "")
    if not value:
        return User()
    identifier, address, site = json.loads(unquote(value))
    return User(str(identifier), str(address), str(site))


@dataclass(frozen=True, slots=True)
class Identified:
    """A request's user, the cookies to set for them, and what was wrong with their token (or nothing)."""

    user: User
    cookies: tuple[str, ...] = field(default=())
    problem: TokenError | None = None


class Identity:
    """Finds out who sends a request.

    Raises ``ConfigError`` when users must be known and nothing can tell who they are.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.require_identity and settings.embed_secret is None:
            raise ConfigError("RAG_REQUIRE_IDENTITY needs RAG_EMBED_SECRET, the key that signs users' tokens.")
        secret = settings.embed_secret
        self._tokens = Tokens(secret.get_secret_value(), settings.identity_minutes) if secret else None
        self._visitor_seconds = settings.anonymous_days * 86_400

    def identify(self, cookie_header: str, token: str, address: str, *, https: bool, page: bool) -> Identified:
        """Who has these cookies and, on a page's address, this ``token``; a page gives a visitor their cookie."""
        cookies = _cookies(cookie_header)
        known = self._known(cookies.get(_name("user", https), ""))
        if page and token and self._tokens is not None:
            return self._welcome(token, known, address, https)
        if known is not None:
            return Identified(_signed(known, address))
        visitor = cookies.get(_name("visitor", https), "")
        if _VISITOR.fullmatch(visitor):
            return Identified(User(f"visitor:{visitor}", address))
        if not page:
            return Identified(User("", address))
        visitor = secrets.token_urlsafe(32)
        cookie = _cookie(_name("visitor", https), visitor, self._visitor_seconds, https)
        return Identified(User(f"visitor:{visitor}", address), (cookie,))

    def _welcome(self, token: str, known: Claims | None, address: str, https: bool) -> Identified:
        assert self._tokens is not None
        try:
            claims = self._tokens.check(token)
        except TokenExpired as error:
            if known is not None and known.name == error.name:
                return Identified(_signed(known, address))
            return Identified(User("", address), problem=error)
        except TokenError as error:
            return Identified(User("", address), problem=error)
        cookie = _cookie(_name("user", https), self._tokens.session(claims), self._tokens.session_seconds, https)
        return Identified(_signed(claims, address), (cookie,))

    def _known(self, cookie: str) -> Claims | None:
        if not cookie or self._tokens is None:
            return None
        try:
            return self._tokens.read_session(cookie)
        except TokenError:
            return None


def _signed(claims: Claims, address: str) -> User:
    return User(f"user:{claims.name}", address, claims.site)


def _name(what: str, https: bool) -> str:
    return f"__Host-zhiju-{what}" if https else f"zhiju-{what}"


def _cookie(name: str, value: str, seconds: int, https: bool) -> str:
    crossing = "; SameSite=None; Secure; Partitioned" if https else "; SameSite=Lax"
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly{crossing}"


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}
