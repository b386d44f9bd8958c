"""Targeted search: the documents or sections that a question names are searched first.

Conservative, since a wrong scope costs the answer: a title counts when it is quoted, when it is called a
document, or when it is long and stands in the question word for word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.corpus import PATH_SEPARATOR, Corpus, Label, compact
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
_FEWEST_WORDS = 4
_NEAR = 0.5


def scope_of(question: str, corpus: Corpus) -> Scope:
    """Where ``question`` asks to search; empty when it names no place."""
    asked = _Asked(
        compact(question), tuple(compact(phrase) for phrase in quoted(question)), _chapter_of(normalise(question))
    )
    documents = corpus.catalogue.documents()
    if len(documents) < 2 and not asked.chapter:
        return Scope()
    return (
        _by_file(question, documents)
        or _by_title(asked, corpus)
        or _by_heading(asked, corpus)
        or _by_date(question, documents)
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a question says of places: itself, its quotations and the chapter it names, all compact."""

    text: str
    quotations: tuple[str, ...]
    chapter: str


def _chapter_of(text: str) -> str:
    found = _CHAPTER.search(text)
    return compact(found[0]) if found else ""


def _by_file(question: str, documents: Sequence[Document]) -> Scope:
    wanted = {normalise(name) for name in _FILE.findall(question)}
    if not wanted:
        return Scope()
    named = [
        document.id
        for document in documents
        if wanted & {normalise(document.id.rsplit("/", 1)[-1]), normalise(document.source.rsplit("/", 1)[-1])}
    ]
    return Scope(document_ids=tuple(named))


def _by_title(asked: _Asked, corpus: Corpus) -> Scope:
    named = [label.document_id for label in _near(asked, corpus.titles) if _names(asked, label)]
    return Scope(document_ids=tuple(named)) if len(named) == 1 else Scope()


def _by_heading(asked: _Asked, corpus: Corpus) -> Scope:
    near = _near(asked, corpus.headings)
    found = [label for label in near if _names(asked, label) or _is_chapter(asked, label)]
    outermost = [
        label
        for label in found
        if not any(
            label.document_id == other.document_id and label.path.startswith(other.path + PATH_SEPARATOR)
            for other in found
        )
    ]
    if len(outermost) != 1:
        return Scope()
    return Scope(document_ids=(outermost[0].document_id,), sections=(outermost[0].path,))


def _near(asked: _Asked, labels: Sequence[Label]) -> list[Label]:
    """Those that can be meant at all: cheap enough for a hundred thousand."""
    if asked.quotations or asked.chapter:
        return list(labels)
    text = asked.text
    return [label for label in labels if label.key in text]


def _is_chapter(asked: _Asked, label: Label) -> bool:
    return bool(asked.chapter) and label.key.startswith(asked.chapter)


def _names(asked: _Asked, label: Label) -> bool:
    """Whether the question names the title as a place to look."""
    if len(label.key) < _SHORTEST_QUOTED:
        return False
    for given in asked.quotations:
        shorter, longer = sorted((given, label.key), key=len)
        if len(shorter) >= _SHORTEST_QUOTED and shorter in longer and len(shorter) >= _NEAR * len(longer):
            return True
    if label.key not in asked.text:
        return False
    cjk = len(re.findall(f"[{CJK}]", label.key))
    if cjk >= _SHORTEST_PLAIN or (not cjk and len(label.title.split()) >= _FEWEST_WORDS):
        return True
    return re.search(re.escape(label.key) + _CALLED, asked.text) is not None


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
