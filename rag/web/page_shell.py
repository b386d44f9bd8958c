"""The HTML document around the chat: Gradio's, with our style, script and words in its head.

Gradio itself adds them only once its own script runs, too late for the first picture and for the language.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path

from rag.config import Settings
from rag.web.asgi import App, Message, Receive, Scope, Send, header
from rag.web.texts import Language, language_of, say, script_texts

STATIC = Path(__file__).parent / "static"

_META = re.compile(r'<meta\s+(?:property="og:|name="twitter:)[^>]*>\s*|<link rel="manifest"[^>]*>\s*')
_TITLE = re.compile(r"<title>.*?</title>", re.DOTALL)
_LANGUAGE = re.compile(r'(<html\b[^>]*?\blang=)"[^"]*"', re.DOTALL)
_CODES: dict[Language, str] = {"zh": "zh-CN", "en": "en"}


def page_head(settings: Settings, language: Language, *, embed: bool = False) -> str:
    """Style sheet, words and script of the page."""
    base = escape(settings.base_path)
    values = {
        "base": settings.base_path,
        "embed": embed,
        "language": language,
        "limit": settings.max_question,
        "texts": script_texts()[language],
    }
    data = json.dumps(values, ensure_ascii=False).replace("<", "\\u003c")
    version = _version()
    return (
        f"<title>{escape(say(language, 'page_title'))}</title>"
        f'<link rel="icon" type="image/svg+xml" href="{base}/static/zhiju.svg">'
        f'<link rel="stylesheet" href="{base}/static/zhiju.css?v={version}">'
        f'<script type="application/json" id="zj-data">{data}</script>'
        f'<script src="{base}/static/stream.js?v={version}"></script>'
        f'<script src="{base}/static/zhiju.js?v={version}"></script>'
    )


def dress(document: str, settings: Settings, language: Language, *, embed: bool = False) -> str:
    """Gradio's HTML document as ours: our head, our language, nothing that points to other hosts."""
    document = _TITLE.sub("", _META.sub("", document))
    document = _LANGUAGE.sub(rf'\1"{_CODES[language]}"', document, count=1)
    head = page_head(settings, language, embed=embed)
    return re.sub(r"</head>", lambda _: f"{head}</head>", document, count=1)


def _version() -> str:
    """Changes when a static file does, so that no browser keeps an old one."""
    return format(int(max(path.stat().st_mtime for path in STATIC.iterdir())), "x")


class PageShell:
    """An ASGI application around ``app`` that dresses the HTML of the chat's pages and passes all else on."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        base = settings.base_path
        self._pages = {f"{base}/": False, base or "/": False, f"{base}/embed/": True, f"{base}/embed": True}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] not in self._pages:
            await self._app(scope, receive, send)
            return
        kept = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
        query = scope["query_string"].decode("latin-1")
        language = language_of(query, header(scope, b"accept-language"))
        dressing = self._dressing(send, language, embed=self._pages[scope["path"]])
        await self._app({**scope, "headers": kept}, receive, dressing)

    def _dressing(self, send: Send, language: Language, *, embed: bool) -> Send:
        start: Message | None = None
        body = bytearray()

        async def rewrite(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_html(message):
                start = message
                return
            if start is None or message["type"] != "http.response.body":
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            page = dress(body.decode(), self._settings, language, embed=embed).encode() if body else b""
            kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            start["headers"] = [*kept, (b"content-length", str(len(page)).encode()), (b"vary", b"accept-language")]
            await send(start)
            await send({"type": "http.response.body", "body": page})

        return rewrite


def _is_html(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in message["headers"]
    )
