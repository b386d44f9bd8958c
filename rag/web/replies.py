"""The responses that the guard gives itself: errors as JSON, and a notice as a page."""

from __future__ import annotations

import json
import math
from html import escape

from rag.web.asgi import Send
from rag.web.refusals import Refusal

_NOTICE = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>知据 Zhiju</title><style>
:root {{ color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }}
main {{ max-width: 32rem; margin: 10vh auto; padding: 0 1rem; }}
</style></head><body><main><h1>{title}</h1><p>{zh}</p><p lang="en">{en}</p></main></body></html>
"""


def error_body(refusal: Refusal) -> dict[str, object]:
    """A refusal as JSON: ``{"error": {"type", "message"}}``, with ``retry_after`` in seconds where it helps."""
    error: dict[str, object] = {"type": refusal.reason.value, "message": str(refusal)}
    if refusal.retry_after is not None:
        error["retry_after"] = math.ceil(refusal.retry_after)
    return {"error": error}


def error_headers(refusal: Refusal) -> dict[str, str]:
    """``Retry-After`` where there is one."""
    return {} if refusal.retry_after is None else {"retry-after": str(math.ceil(refusal.retry_after))}


async def send_refusal(send: Send, refusal: Refusal, status: int | None = None, allow: str = "") -> None:
    """Send a refusal; ``detail`` repeats the message where Gradio's page looks for it."""
    body = json.dumps({**error_body(refusal), "detail": str(refusal)}, ensure_ascii=False).encode()
    headers = [(name.encode(), value.encode()) for name, value in error_headers(refusal).items()]
    headers += [(b"allow", allow.encode())] if allow else []
    await _send(send, status or refusal.status, b"application/json", body, headers)


async def send_notice(send: Send, status: int, title: str, zh: str, en: str) -> None:
    """Send a page that tells people something, in Chinese and English."""
    page = _NOTICE.format(title=escape(title), zh=escape(zh), en=escape(en))
    await _send(send, status, b"text/html; charset=utf-8", page.encode(), [])


async def send_redirect(send: Send, location: str) -> None:
    """Send the browser to ``location`` on this host."""
    await _send(send, 307, b"text/plain", b"", [(b"location", location.encode())])


async def _send(
    send: Send, status: int, kind: bytes, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = [(b"content-type", kind), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": start})
    await send({"type": "http.response.body", "body": body})
