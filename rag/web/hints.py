"""Page context: where an embedded chat stands, as a hint where to search.

The title of the surrounding page comes from the client and is untrusted: it is compared with the titles of
our documents and goes no further, least of all into a prompt.
"""

from __future__ import annotations

import re
import unicodedata

from rag.interfaces import Catalogue
from rag.types import Scope

LONGEST_CONTEXT = 200

_POINTS_AT_PAGE = re.compile(
    r"(本|这|這|该|該|此|当前|當前)(一?(个|個|篇|份|张|張))?(页面|頁面|页|頁|文章|文档|文件|文檔|网页|網頁|条目|條目|手册|手冊)"
    r"|\b(this|current) (page|article|document|manual|guide)\b|\bon here\b",
    re.IGNORECASE,
)


def hinted_scope(question: str, context: str | None, catalogue: Catalogue) -> Scope | None:
    """The document that the surrounding page shows, when the question points at that page; else None.

    ``context`` is the page's title; what stands behind its last separator (`` - ``, `` | ``) is taken for the
    name of the site.
    """
    if not context or not _POINTS_AT_PAGE.search(unicodedata.normalize("NFKC", question)):
        return None
    names = _names(context[:LONGEST_CONTEXT])
    found = tuple(d.id for d in catalogue.documents() if _folded(d.title) in names)
    return Scope(document_ids=found) if found else None


def _names(context: str) -> set[str]:
    parts = re.split(r"\s+[-–—|·]\s+", context)
    return {name for n in range(1, len(parts) + 1) if (name := _folded(" - ".join(parts[:n])))}


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())
