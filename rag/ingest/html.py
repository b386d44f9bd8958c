"""Reads HTML as a reader sees the page: headings as ``#`` lines, tables as rows, lists with their bullets.

What a browser would not show (comments, scripts, hidden elements, white text) is dropped, for it is where
instructions to a language model are hidden. It walks the tree without recursion, so that no nesting is too deep.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.encoding import decode
from rag.ingest.layout import LineBuffer, collapse, table_rows
from rag.ingest.sources import Failure

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_UNSEEN = frozenset(
    ["script", "style", "template", "noscript", "head", "svg", "canvas", "iframe", "object", "embed", "audio", "video",
     "select", "option", "datalist", "input", "textarea", "button", "map", "area", "frameset", "source", "track", "wbr"]
)  # fmt: skip
_BLOCKS = frozenset(
    ["p", "div", "section", "article", "main", "header", "footer", "aside", "nav", "blockquote", "figure", "figcaption",
     "address", "dl", "dt", "dd", "ul", "ol", "hr", "form", "fieldset", "details", "summary", "center", "body", "caption",
     "table", "tr", "td", "th", "thead", "tbody", "tfoot"]
)  # fmt: skip
_PARAGRAPHS = frozenset(["p", "blockquote", "figure", "dl", "ul", "ol", "table", "pre", "section", "article"])
_HEADING = re.compile(r"h([1-6])$")
_HIDING_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)"
    r"|font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:;|!|$)|(?:left|top|text-indent)\s*:\s*-\d{3,}"
    r"|clip\s*:\s*rect\(\s*0|clip-path\s*:\s*inset\(\s*(?:50|100)%",
    re.IGNORECASE,
)
_WHITE = re.compile(r"(?<![-\w])color\s*:\s*(?:white|transparent|#fff(?:fff)?(?:\b|;)|rgba?\(\s*255\s*,\s*255\s*,\s*255)", re.I)
_NEAR = 40
_BACKGROUND = re.compile(r"background", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)|<\?xml[^>]{0,100}encoding\s*=\s*[\"']([\w-]+)", re.I)
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "iso-8859-1": "cp1252"}


def read_html(data: bytes, name: str) -> Iterator[Draft | Failure]:
    """The visible text of a page; its title is that of ``<title>``, or the first ``<h1>``."""
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning  # slow to import

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        soup = BeautifulSoup(_decode(data), "lxml")
    text = _text(soup)
    if not text.strip():
        raise IngestError("the page shows no text: is it made by scripts? Save it from the browser as a complete page")
    heading = soup.find("title") or soup.find("h1")
    yield Draft(text, collapse(heading.get_text()) if heading else "")


def _decode(data: bytes) -> str:
    """By the declared character set where it holds, else by its looks."""
    match = _CHARSET.search(data[:4096])
    if match and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        declared = (match[1] or match[2]).decode("ascii").lower()
        try:
            return data.decode(_WIDER.get(declared, declared))
        except (LookupError, UnicodeDecodeError):
            return decode(data)
    return decode(data)


def _text(soup: BeautifulSoup) -> str:
    from bs4.element import NavigableString, PreformattedString, Tag  # slow to import

    out = LineBuffer()
    stack: list[object] = [soup]
    while stack:
        node = stack.pop()
        if isinstance(node, _Leave):
            node.act(out)
        elif isinstance(node, Tag):
            stack.extend(_enter(node, out))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            out.write(str(node))
    return out.text()


class _Leave:
    """What is to be done when an element ends."""

    def __init__(self, name: str) -> None:
        self._name = name

    def act(self, out: LineBuffer) -> None:
        """Do it."""
        if self._name == "pre":
            out.end_code()
        elif self._name in ("ul", "ol"):
            out.end_list()
        elif self._name in _BLOCKS or self._name == "li" or _HEADING.match(self._name):
            out.end_block(blank=self._name in _PARAGRAPHS or _HEADING.match(self._name) is not None)


def _enter(tag: Tag, out: LineBuffer) -> list[object]:
    """Begin an element; what of it is still to be walked, last first."""
    name = tag.name.lower()
    if name in _UNSEEN or is_hidden(tag):
        return []
    if name == "br":
        out.end_block(blank=False)
        return []
    if name == "table" and (rows := _rows(tag)) is not None:
        out.table(rows, headed=tag.find("th") is not None)
        return []
    if match := _HEADING.match(name):
        out.end_block(blank=True)
        title = collapse(_visible(tag))
        if title:
            out.write("#" * int(match[1]) + " " + title)
        return [_Leave(name)]
    if name == "pre":
        out.begin_code()
    elif name in ("ul", "ol"):
        out.begin_list(ordered=name == "ol", start=_number(tag))
    elif name == "li":
        out.begin_item()
    elif name in _BLOCKS:
        out.end_block(blank=name in _PARAGRAPHS)
    return [_Leave(name), *reversed(tag.contents)]


def is_hidden(tag: Tag) -> bool:
    """Whether a browser would not show this element, as far as the element itself says."""
    attributes = tag.attrs
    if tag.name == "dialog" and "open" not in attributes:
        return True
    if not attributes:
        return False
    if "hidden" in attributes or str(attributes.get("aria-hidden", "")).lower() == "true":
        return True
    style = str(attributes.get("style", ""))
    return bool(_HIDING_STYLE.search(style)) or bool(_WHITE.search(style) and not _on_dark(tag))


def _on_dark(tag: Tag) -> bool:
    """Whether this element or one around it sets a background, on which white text can be seen."""
    around = [tag, *islice(tag.parents, _NEAR)]
    return any(_BACKGROUND.search(str(one.attrs.get("style", ""))) or "bgcolor" in one.attrs for one in around if one.attrs)


def _rows(table: Tag) -> list[str] | None:
    """The cells of a table of data; None for one that lays out a page."""
    if table.find(["table", "h1", "h2", "h3", "ul", "ol", "pre"]) is not None:
        return None
    rows = []
    for row in table.find_all("tr"):
        if is_hidden(row):
            continue
        cells = []
        for cell in row.find_all(["td", "th"], recursive=False):
            if not is_hidden(cell):
                cells.append(_visible(cell))
                cells.extend([""] * (min(_number(cell, "colspan"), 50) - 1))
        if cells:
            rows.append(cells)
    return table_rows(rows)


def _number(tag: Tag, attribute: str = "start") -> int:
    text = str(tag.attrs.get(attribute, "1"))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _visible(tag: Tag) -> str:
    """The text of a small element without what is hidden in it."""
    from bs4.element import NavigableString, PreformattedString, Tag  # slow to import

    parts: list[str] = []
    stack: list[object] = list(reversed(tag.contents))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            if node.name == "br" or node.name in _BLOCKS:
                parts.append(" ")
            if node.name not in _UNSEEN and not is_hidden(node):
                stack.extend(reversed(node.contents))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            parts.append(str(node))
    return "".join(parts)
