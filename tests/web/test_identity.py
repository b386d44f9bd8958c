"""Who is asking: tokens, cookies, addresses."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from rag.errors import ConfigError
from rag.web.address import TrustedProxies
from rag.web.identity import HEADER, Identified, Identity, User, encode_user, user_of
from rag.web.tokens import TokenError, TokenExpired, Tokens
from tests.web.conftest import EMBED_SECRET, MakeSettings


def token(secret: str = EMBED_SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    body = {"aud": "zhiju", "sub": "王小明", "exp": int(time.time()) + 300, "site": "wiki", **claims}
    return jwt.encode({k: v for k, v in body.items() if v is not None}, secret, algorithm=algorithm)


@pytest.fixture
def identity(make_settings: MakeSettings) -> Identity:
    return Identity(make_settings(embed_secret=EMBED_SECRET))


def identify(identity: Identity, cookies: str = "", given: str = "", *, https: bool = True, page: bool = True) -> Identified:
    return identity.identify(cookies, given, "10.0.0.1", https=https, page=page)


def cookie_of(who: Identified) -> str:
    return who.cookies[0].partition(";")[0]


def test_token_becomes_a_partitioned_cookie_that_names_the_user(identity: Identity) -> None:
    welcomed = identify(identity, given=token())
    assert welcomed.user == User("user:王小明", "10.0.0.1", "wiki")
    name, _, attributes = welcomed.cookies[0].partition("=")
    assert name == "__Host-zhiju-user"
    for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned"):
        assert attribute in attributes
    assert identify(identity, cookie_of(welcomed), page=False).user == welcomed.user


def test_plain_http_has_a_cookie_without_the_host_prefix(identity: Identity) -> None:
    cookie = identify(identity, given=token(), https=False).cookies[0]
    assert cookie.startswith("zhiju-user=")
    assert "Secure" not in cookie
    assert "SameSite=Lax" in cookie


@pytest.mark.parametrize(
    "bad",
    [
        token(secret="another secret of thirty-two byte"),
        token(aud="elsewhere"),
        token(aud=None),
        token(exp=None),
        token(sub=None),
        token(sub=""),
        token(sub="x" * 201),
        token(exp=int(time.time()) + 3600),
        jwt.encode({"aud": "zhiju", "sub": "x", "exp": int(time.time()) + 300}, None, algorithm="none"),
        "nonsense",
        "a.b.c",
        "ü.ü.ü",
    ],
    ids=lambda value: f"{len(value)} characters",
)
def test_bad_token_names_nobody_and_sets_no_cookie(identity: Identity, bad: str) -> None:
    who = identify(identity, given=bad)
    assert who.problem is not None
    assert who.cookies == ()
    assert who.user.anonymous


def test_expired_token_is_told_apart(identity: Identity) -> None:
    assert isinstance(identify(identity, given=token(exp=int(time.time()) - 60)).problem, TokenExpired)


def test_expired_token_is_no_problem_for_the_user_it_already_signed_in(identity: Identity) -> None:
    cookies = cookie_of(identify(identity, given=token()))
    old = token(exp=int(time.time()) - 60)
    assert identify(identity, cookies, old).user.id == "user:王小明"
    other = token(exp=int(time.time()) - 60, sub="ben")
    assert isinstance(identify(identity, cookies, other).problem, TokenExpired)


def test_wiki_token_is_no_session_and_a_session_no_wiki_token(identity: Identity) -> None:
    assert identify(identity, f"__Host-zhiju-user={token()}", page=False).user.id == ""
    session = cookie_of(identify(identity, given=token())).partition("=")[2]
    assert isinstance(identify(identity, given=session).problem, TokenError)


def test_token_counts_on_pages_only(identity: Identity) -> None:
    assert identify(identity, given=token(), page=False).user.id == ""


def test_visitor_gets_one_cookie_and_keeps_it(identity: Identity) -> None:
    first = identify(identity)
    assert first.user.id.startswith("visitor:")
    again = identify(identity, "other=1; " + cookie_of(first) + "; bad cookie")
    assert again.user == first.user
    assert again.cookies == ()
    assert identify(identity).user != first.user


def test_made_up_visitor_cookie_is_replaced(identity: Identity) -> None:
    who = identify(identity, "__Host-zhiju-visitor=visitor:admin")
    assert len(who.user.id) == len("visitor:") + 43
    assert who.cookies


def test_without_a_secret_tokens_mean_nothing(make_settings: MakeSettings) -> None:
    who = identify(Identity(make_settings()), given=token())
    assert who.problem is None
    assert who.user.anonymous


def test_short_secret_and_identity_without_secret_are_config_errors(make_settings: MakeSettings) -> None:
    with pytest.raises(ConfigError, match="32 bytes"):
        Identity(make_settings(embed_secret="short"))
    with pytest.raises(ConfigError, match="RAG_EMBED_SECRET"):
        Identity(make_settings(require_identity=True))


def test_session_ends() -> None:
    tokens = Tokens(EMBED_SECRET, session_minutes=1)
    body = {"aud": "zhiju-session", "sub": "anne", "site": "", "exp": int(time.time()) - 60}
    with pytest.raises(TokenExpired):
        tokens.read_session(jwt.encode(body, EMBED_SECRET, algorithm="HS256"))


def test_user_travels_in_the_header_unharmed() -> None:
    user = User('user:王"小明\r\nx: y', "::1", "维基")
    value = encode_user(user).decode()
    assert "\n" not in value
    assert user_of({HEADER: value}) == user
    assert user_of({}) == User()


def scope(peer: str, *forwarded: str, proto: str = "") -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    return {"client": (peer, 1234), "scheme": "http", "headers": headers}


@pytest.mark.parametrize(
    ("given", "address", "https"),
    [
        (scope("203.0.113.7", "1.2.3.4", proto="https"), "203.0.113.7", False),
        (scope("10.0.0.5", "1.2.3.4", proto="https"), "1.2.3.4", True),
        (scope("10.0.0.5", "6.6.6.6, 1.2.3.4"), "1.2.3.4", False),
        (scope("10.0.0.5", "6.6.6.6, 1.2.3.4, 10.0.0.6"), "1.2.3.4", False),
        (scope("10.0.0.5", "6.6.6.6", "1.2.3.4"), "1.2.3.4", False),
        (scope("10.0.0.5", "not an address"), "10.0.0.5", False),
        (scope("10.0.0.5"), "10.0.0.5", False),
        (scope("10.0.0.5", "2001:db8::1"), "2001:db8::1", False),
        (scope("10.0.0.5", proto="http, https"), "10.0.0.5", True),
    ],
)
def test_only_the_rightmost_address_of_a_trusted_proxy_counts(given: dict[str, Any], address: str, https: bool) -> None:
    assert TrustedProxies(["10.0.0.0/24"]).client(given) == (address, https)


def test_malformed_proxy_address_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="RAG_TRUSTED_PROXIES"):
        TrustedProxies(["proxy.example.org"])
