"""The one door: every request passes this guard before FastAPI or Gradio see it, every response behind it.

Allow-listed routes, limits on bodies and on how often, who is asking, security headers, a nonce on each script.
Pure ASGI: it streams what it does not have to read, and knows nothing of answers.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from rag.config import Settings
from rag.web import asgi, request_id
from rag.web.address import TrustedProxies, without_forwarding
from rag.web.asgi import App, Message, Receive, Scope, Send
from rag.web.headers import SecurityHeaders, asset_caching
from rag.web.identity import HEADER, Identity, encode_user
from rag.web.limits import TokenBuckets
from rag.web.payload import check_gradio_body
from rag.web.refusals import Reason, Refusal
from rag.web.replies import send_notice, send_redirect, send_refusal
from rag.web.request_id import naming
from rag.web.routes import Kind, classify, methods_of
from rag.web.tokens import TokenExpired

_log = logging.getLogger(__name__)
_access = logging.getLogger("rag.web.access")

LONGEST_QUERY = 4096
_PAGE_QUERY = frozenset({"ctx", "lang", "__theme"})
_UPDATES_QUERY = frozenset({"session_hash"})
_BODIES = (Kind.QUEUE, Kind.API)


@dataclass(slots=True)
class _Request:
    """What the guard found out about one request."""

    scope: Scope
    path: str
    kind: Kind | None
    address: str
    https: bool
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    began: float = field(default_factory=time.monotonic)
    status: int = 0
    ended: bool = False
    cookies: tuple[str, ...] = ()


class Guard:
    """An ASGI application around ``app``.

    ``served`` is called once a page has been delivered; ``handlers`` is how many events the page knows.
    """

    def __init__(
        self, app: App, settings: Settings, served: Callable[[], None] | None = None, handlers: int = 0
    ) -> None:
        self._app = app
        self._settings = settings
        self._base = settings.base_path
        self._proxies = TrustedProxies(settings.trusted_proxies)
        self._headers = SecurityHeaders(settings.embed_origins)
        self._identity = Identity(settings)
        rate = settings.requests_per_minute
        self._requests = TokenBuckets(rate / 60, max(rate / 4, 60))
        self._served = served
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        address, https = self._proxies.client(scope)
        path = self._relative(scope["path"])
        kind = classify(scope["method"], path) if path else None
        if kind in (Kind.ADMIN, Kind.ADMIN_API) and self._settings.admin_token is None:
            path, kind = "", None
        request = _Request(scope, path, kind, address, https)
        dressed = self._dressed(request, send)
        try:
            with naming(request.id):
                await self._admit(request, receive, dressed)
        except Refusal as refusal:
            await self._end(request, dressed, refusal)
        except Exception:  # noqa: BLE001 - the outermost edge: the log gets its words, the client does not
            with naming(request.id):
                _log.exception("%s %s failed", scope["method"], scope["path"])
            await self._end(request, dressed, Refusal(Reason.INTERNAL))
        finally:
            self._note(request)
        if request.kind is Kind.PAGE and request.status == 200 and self._served is not None:
            self._served()

    @staticmethod
    async def _end(request: _Request, send: Send, refusal: Refusal) -> None:
        """Answer with ``refusal``; where an answer has begun already, end it."""
        if not request.status:
            await send_refusal(send, refusal)
        elif not request.ended:
            await send({"type": "http.response.body", "body": b""})

    async def _admit(self, request: _Request, receive: Receive, send: Send) -> None:
        scope, path = request.scope, request.path
        if scope["method"] in ("GET", "HEAD") and scope["path"] in (self._base or "/embed", f"{self._base}/embed"):
            query = scope["query_string"][:LONGEST_QUERY].decode("latin-1")
            await send_redirect(send, _with_query(f"{scope['path']}/", query))
            return
        if request.kind is None:
            allowed = ", ".join(sorted(methods_of(path))) if path else ""
            missing = Refusal(Reason.NOT_FOUND, "There is nothing here.")
            await send_refusal(send, missing, 405 if allowed else 404, allowed)
            return
        if request.kind is not Kind.ASSET and request.kind is not Kind.HEALTH:
            wait = self._requests.take(request.address)
            if wait > 0:
                raise Refusal(Reason.RATE_LIMITED, "Too many requests. Try again later.", retry_after=wait)
        if not await self._recognise(request, send):
            return
        receive = await self._checked(request, receive)
        send = asgi.with_nonce(send, request.nonce) if request.kind is Kind.PAGE else send
        await self._app(scope, receive, send)

    async def _recognise(self, request: _Request, send: Send) -> bool:
        """Put the user into the scope. False when a notice or a redirection was sent instead."""
        scope = request.scope
        page = request.kind is Kind.PAGE
        query = _query(scope)
        cookies = "; ".join(v.decode("latin-1") for k, v in scope["headers"] if k == b"cookie")
        token = query.get("t", "")
        who = self._identity.identify(cookies, token, request.address, https=request.https, page=page)
        if who.problem is not None:
            await _send_problem(send, expired=isinstance(who.problem, TokenExpired))
            return False
        request.cookies = who.cookies
        if page and "t" in query:
            # Out of the address bar, the history, the next requests and whatever logs those.
            await send_redirect(send, _with_query(scope["path"], _kept(query, _PAGE_QUERY)))
            return False
        dropped = {HEADER.encode(), b"accept-encoding"} if page else {HEADER.encode()}
        dropped |= {request_id.HEADER.encode()}
        kept = [(k, v) for k, v in without_forwarding(scope["headers"]) if k.lower() not in dropped]
        ours = [(HEADER.encode(), encode_user(who.user)), (request_id.HEADER.encode(), request.id.encode())]
        scope["headers"] = [*kept, *ours]
        scope["scheme"] = "https" if request.https else "http"
        scope["state"] = {**scope.get("state", {}), "request_id": request.id, "nonce": request.nonce}
        if request.kind in (Kind.PAGE, Kind.QUEUE, Kind.UPDATES):
            names = _UPDATES_QUERY if request.kind is Kind.UPDATES else _PAGE_QUERY
            scope["query_string"] = _kept(query, names).encode()
        return True

    async def _checked(self, request: _Request, receive: Receive) -> Receive:
        """A ``receive`` whose body is within bounds. Raises ``Refusal`` for one that is not."""
        scope = request.scope
        if scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            return receive
        if asgi.header(scope, b"sec-fetch-site") == "cross-site":
            raise Refusal(Reason.FORBIDDEN, "Requests from other sites are not served.")
        if request.kind is Kind.ADMIN_API and request.path == "/admin/api/upload":
            asgi.check_length(scope, self._settings.max_file_bytes + 65_536)
            return asgi.counted(receive, self._settings.max_file_bytes + 65_536)
        asgi.check_length(scope, self._settings.max_body)
        body = await asgi.read_body(receive, self._settings.max_body)
        if scope["method"] == "POST" and request.kind in _BODIES and not _is_json(asgi.header(scope, b"content-type")):
            raise Refusal(Reason.INVALID, "The content type must be application/json.")
        if request.kind is Kind.QUEUE:
            body = check_gradio_body(body, self._handlers)
        return asgi.replayed(body, receive)

    def _dressed(self, request: _Request, send: Send) -> Send:
        """A ``send`` that adds the headers of this kind of route and takes away what says too much."""

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
                ours = self._headers.of(request.kind, request.nonce, https=request.https)
                if request.kind is Kind.ASSET:
                    ours.append((b"cache-control", asset_caching(request.path, request.status)))
                ours.append((b"x-request-id", request.id.encode()))
                names = {name for name, _ in ours} | {b"server", b"x-frame-options"}
                theirs = [
                    (name, value)
                    for name, value in message.get("headers", [])
                    if name.lower() not in names and not name.lower().startswith(b"access-control-")
                ]
                cookies = [(b"set-cookie", cookie.encode()) for cookie in request.cookies]
                message["headers"] = [*theirs, *ours, *cookies]
            elif message["type"] == "http.response.body":
                request.ended = not message.get("more_body", False)
            await send(message)

        return dress

    def _relative(self, path: str) -> str:
        """The path below the base path; empty when it lies elsewhere."""
        if not self._base:
            return path
        return path.removeprefix(self._base) if path.startswith(f"{self._base}/") else ""

    def _note(self, request: _Request) -> None:
        """The access log: no query string, for it may hold a token or a question."""
        took = (time.monotonic() - request.began) * 1000
        method = request.scope["method"]
        _access.info(
            "%s %s %s %d %.0fms %s", request.address, method, request.scope["path"], request.status, took, request.id
        )


def _query(scope: Scope) -> dict[str, str]:
    raw = scope["query_string"]
    if len(raw) > LONGEST_QUERY:
        return {}
    pairs = parse_qsl(raw.decode("latin-1"), errors="replace", max_num_fields=None)
    return dict(pairs)


def _kept(query: dict[str, str], names: frozenset[str]) -> str:
    return urlencode({name: value for name, value in query.items() if name in names})


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


async def _send_problem(send: Send, *, expired: bool) -> None:
    zh = "登录凭证已过期。" if expired else "登录凭证无效。"
    en = "Your sign-in has expired." if expired else "Your sign-in is not valid."
    await send_notice(
        send,
        401,
        "知据 Zhiju",
        zh + "请刷新包含此聊天窗口的网页，以取得新的凭证。",
        en + " Reload the page that holds this chat to get a new one.",
    )
