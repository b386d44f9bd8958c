"""Turns the Markdown of a model, which documents may have poisoned, into HTML that is safe to show.

Raw HTML becomes text, images become their descriptions, links lead to allowed hosts only. Knows nothing of
answers: citation numbers and sentence marks travel through the text as private characters (``Marks``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

SCHEMES = frozenset({"http", "https"})

_CITE, _OPEN, _CLOSE, _END = "\ue000", "\ue001", "\ue002", "\ue003"
_PRIVATE = re.compile("[\ue000-\ue003]")
_MARK = re.compile("([\ue000-\ue002])([0-9]+)\ue003")
_INVISIBLE = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


def visible(text: str) -> str:
    """``text`` without characters that hide or reorder what follows them."""
    return _INVISIBLE.sub("", text)


def plain(text: str) -> str:
    """``text`` as HTML on one line: nothing in it is markup, nor Markdown to a reader of HTML blocks."""
    return escape(visible(text)).replace("\r\n", "\n").replace("\n", "<br>")


def cite(number: int) -> str:
    """The private characters that stand for citation ``number`` in a text to be rendered."""
    return f"{_CITE}{number}{_END}"


def opening(sentence: int) -> str:
    """The private characters before sentence ``sentence``."""
    return f"{_OPEN}{sentence}{_END}"


def closing(sentence: int) -> str:
    """The private characters behind sentence ``sentence``."""
    return f"{_CLOSE}{sentence}{_END}"


def without_marks(text: str) -> str:
    """``text`` without private characters: what a model writes must not pass for ours."""
    return _PRIVATE.sub("", text)


@dataclass(frozen=True, slots=True)
class Marks:
    """What the private characters become: HTML, already safe.

    ``wrap`` gives the tags around the text of a sentence, ``after`` what follows the sentence.
    """

    cite: Callable[[int], str]
    wrap: Callable[[int], tuple[str, str]] = lambda sentence: ("", "")
    after: Callable[[int], str] = lambda sentence: ""


def link_allowed(address: str, hosts: Sequence[str]) -> bool:
    """Whether a link may lead to ``address``: http or https, on one of ``hosts``, without credentials."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").lower().rstrip(".")
    except ValueError:
        return False
    if parts.scheme.lower() not in SCHEMES or "@" in parts.netloc or "\\" in address:
        return False
    allowed = {entry.lower() for entry in hosts}
    return host in allowed or parts.netloc.lower() in allowed


class MarkdownFilter:
    """Renders Markdown to one line of safe HTML. ``link_hosts`` are the hosts that links may lead to."""

    def __init__(self, link_hosts: Sequence[str] = ()) -> None:
        self._parser = MarkdownIt(
            "commonmark", {"html": False, "linkify": False, "breaks": True}, renderer_cls=_Renderer
        )
        self._parser.enable(["table", "strikethrough"])
        self._parser.disable(["reference", "html_block", "html_inline"])
        self._hosts = tuple(link_hosts)

    def html(self, text: str, marks: Marks | None = None) -> str:
        """``text`` as HTML without a line break. ``marks`` says what private characters in it become."""
        environment: dict[str, Any] = {"hosts": self._hosts, "marks": marks, "sentence": None, "links": []}
        rendered: str = self._parser.render(visible(text), environment)
        return rendered.replace("\n", "")

    def markdown(self, text: str) -> str:
        """``text`` as Markdown that other programs may render: no raw HTML, no image, no foreign link."""
        fenced: set[int] = set()
        for token in self._parser.parse(visible(text)):
            if token.type in ("fence", "code_block") and token.map:
                fenced.update(range(*token.map))
        lines = visible(text).split("\n")
        return "\n".join(
            line if number in fenced else self._defuse(line) for number, line in enumerate(lines)
        )

    def _defuse(self, line: str) -> str:
        line = re.sub(r"!(?=\[)", "", line)
        line = re.sub(r"^(\s{0,3})\[([^\]]*)\]:", r"\1\\[\2]:", line)
        line = re.sub(r"<(https?://[^>\s]*)>", r"\1", line)
        line = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", line)
        return re.sub(r"\]\((?=\s*<?([^)\s>]*))", self._defuse_link, line)

    def _defuse_link(self, match: re.Match[str]) -> str:
        return match.group() if link_allowed(match.group(1), self._hosts) else "]\\("


class _Renderer(RendererHTML):
    """The rules that differ from CommonMark's own."""

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return _annotate(tokens[idx].content, env)

    def code_inline(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        content = tokens[idx].content
        trailing = "".join(_annotate(match.group(), env) for match in _MARK.finditer(content))
        return f"<code>{escape(_MARK.sub('', content))}</code>{trailing}"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        content = escape(_MARK.sub("", tokens[idx].content.rstrip("\n")))
        return f"<pre><code>{content.replace(chr(10), '&#10;')}</code></pre>"

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return self.fence(tokens, idx, options, env)

    def softbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return "<br>"

    def hardbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return "<br>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return _annotate(tokens[idx].content, env)

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return f"<h{_heading(tokens[idx])}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return f"</h{_heading(tokens[idx])}>"

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return '<div class="zj-table"><table>'

    def table_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        return "</table></div>"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        address = _MARK.sub("", str(tokens[idx].attrGet("href") or ""))
        allowed = link_allowed(address, env["hosts"])
        env["links"].append("" if allowed else address)
        return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">' if allowed else ""

    def link_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: MutableMapping[str, Any]) -> str:
        refused = env["links"].pop()
        if not refused:
            return "</a>"
        label = _MARK.sub("", tokens[idx - 1].content)
        shown = urlsplit(refused).scheme.lower() in SCHEMES and label != refused
        return f" ({escape(refused)})" if shown else ""


def _heading(token: Token) -> int:
    return min(int(token.tag[1]) + 2, 6)


def _annotate(content: str, env: MutableMapping[str, Any]) -> str:
    """Escape a run of text and put the marks in. A sentence may run over several elements."""
    marks: Marks | None = env["marks"]
    if marks is None:
        return escape(_MARK.sub("", content))
    pieces: list[str] = []
    position = 0
    for match in _MARK.finditer(content):
        pieces.append(_run(content[position : match.start()], env, marks))
        position = match.end()
        number = int(match.group(2))
        match match.group(1):
            case "\ue000":
                pieces.append(marks.cite(number))
            case "\ue001":
                env["sentence"] = number
            case _:
                env["sentence"] = None
                pieces.append(marks.after(number))
    pieces.append(_run(content[position:], env, marks))
    return "".join(pieces)


def _run(text: str, env: MutableMapping[str, Any], marks: Marks) -> str:
    if not text.strip() or env["sentence"] is None:
        return escape(text)
    before, after = marks.wrap(env["sentence"])
    return f"{before}{escape(text)}{after}"
