"""Who is asking: a signed end user, a visitor with a cookie, or nobody in particular.

The guard decides it once a request and hands it on in one header of its own that no client can set; the page
and the API read it back with ``user_of``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

HEADER = "x-zhiju-user"
"""Set by the guard on every request; what a client sends under this name is dropped."""


@dataclass(frozen=True, slots=True)
class User:
    """Who asks. ``id`` owns conversations: ``user:NAME``, ``visitor:RANDOM``, or empty without a cookie.

    ``address`` is the client's, behind trusted proxies too; ``site`` is the embedding site that a signed token
    named, else empty.
    """

    id: str = ""
    address: str = ""
    site: str = ""

    @property
    def anonymous(self) -> bool:
        """Whether nobody vouched for this user."""
        return not self.id.startswith("user:")

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
