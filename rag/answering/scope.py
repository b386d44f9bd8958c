"""Targeted search: the documents or sections that a question names are searched first.

Conservative, since a wrong scope costs the answer: a title counts when it is quoted, when it is called a
document, or when it is long and stands in the question word for word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answering.corpus import PATH_SEPARATOR, Corpus, compact
from rag.answering.terms import quoted
from rag.text import CJK, normalise
from rag.types import Document, Scope

_CALLED = (
    r"(?:这|那|该)?(?:一?[篇份本个部])?(?:文档|文件|文章|论文|报告|手册|指南|说明书|讲义|教程|笔记|纪要|合同|协议|一文|章节?|小节|document|file|paper|report|manual|handbook|guide|article|chapter|section)"
)
_FILE = re.compile(r"[\w\-一-鿿.]+\.(?:txt|md|html?|pdf|docx?|jsonl|csv|pptx?|xlsx?)\b", re.IGNORECASE)
_CHAPTER = re.compile(r"第\s*[一二三四五六七八九十百\d]+\s*[章节篇部]|\b(?:chapter|section|part|appendix)\s+[\divxa-z]{1,4}\b")
_DATED = re.compile(rf"(?P<year>(?:19|20)\d\d)\s*年?(?:\s*(?P<month>\d{{1,2}})\s*月)?(?:份)?的?(?:全部|所有|那[份篇]|这[份篇])?{_CALLED}")
_SHORTEST_QUOTED = 3
_SHORTEST_PLAIN = 8
_NEAR = 0.5


def scope_of(question: str, corpus: Corpus) -> Scope:
    """Where ``question`` asks to search; empty when it names no place."""
    documents = corpus.catalogue.documents()
    if len(documents) < 2 and not _CHAPTER.search(normalise(question)):
        return Scope()
    return (
        _by_file(question, documents)
        or _by_title(question, documents)
        or _by_section(question, documents, corpus)
        or _by_date(question, documents)
    )


def _by_file(question: str, documents: Sequence[Document]) -> Scope:
    wanted = {normalise(name) for name in _FILE.findall(question)}
    named = [
        document.id
        for document in documents
        if wanted & {normalise(document.id.rsplit("/", 1)[-1]), normalise(document.source.rsplit("/", 1)[-1])}
    ]
    return Scope(document_ids=tuple(named))


def _by_title(question: str, documents: Sequence[Document]) -> Scope:
    named = [document.id for document in documents if _names(question, document.title)]
    return Scope(document_ids=tuple(named)) if len(named) == 1 else Scope()


def _by_section(question: str, documents: Sequence[Document], corpus: Corpus) -> Scope:
    found: list[tuple[str, str]] = []
    for document in documents:
        found.extend((document.id, path) for path in _sections(document.id, corpus) if _matches(question, path))
    outermost = [
        (owner, path)
        for owner, path in found
        if not any(owner == other and path.startswith(above + PATH_SEPARATOR) for other, above in found)
    ]
    if len(outermost) != 1:
        return Scope()
    return Scope(document_ids=(outermost[0][0],), sections=(outermost[0][1],))


def _sections(document_id: str, corpus: Corpus) -> Iterator[str]:
    seen: set[str] = set()
    for path in corpus.catalogue.sections(document_id):
        parts = path.split(PATH_SEPARATOR)
        for depth in range(1, len(parts) + 1):
            above = PATH_SEPARATOR.join(parts[:depth])
            if above and above not in seen:
                seen.add(above)
                yield above


def _matches(question: str, path: str) -> bool:
    heading = path.rsplit(PATH_SEPARATOR, 1)[-1]
    chapter = _CHAPTER.search(normalise(question))
    if chapter is not None and compact(heading).startswith(compact(chapter[0])):
        return True
    return _names(question, heading)


def _names(question: str, title: str) -> bool:
    """Whether ``question`` names ``title`` as a place to look."""
    wanted = compact(title)
    if len(wanted) < _SHORTEST_QUOTED:
        return False
    for phrase in quoted(question):
        given = compact(phrase)
        shorter, longer = sorted((given, wanted), key=len)
        if len(shorter) >= _SHORTEST_QUOTED and shorter in longer and len(shorter) >= _NEAR * len(longer):
            return True
    text = compact(question)
    if wanted not in text:
        return False
    cjk = len(re.findall(f"[{CJK}]", wanted))
    if cjk >= _SHORTEST_PLAIN or (not cjk and len(title.split()) >= 4):
        return True
    return re.search(re.escape(wanted) + _CALLED, text) is not None


def _by_date(question: str, documents: Sequence[Document]) -> Scope:
    found = _DATED.search(normalise(question))
    if found is None:
        return Scope()
    year, month = found["year"], found["month"]
    named = [document.id for document in documents if _dated(document, year, month)]
    return Scope(document_ids=tuple(named)) if 0 < 2 * len(named) <= len(documents) else Scope()


def _dated(document: Document, year: str, month: str | None) -> bool:
    label = normalise(f"{document.title} {document.id}")
    if month is None:
        return re.search(rf"(?<!\d){year}(?!\d)", label) is not None
    return re.search(rf"(?<!\d){year}\s*[-年/._]?\s*0?{int(month)}(?!\d)", label) is not None
