"""Questions worth asking next, made of what the documents call themselves. Knows no wording but the templates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rag.types import Document, Outcome
from rag.web.render_view import View
from rag.web.texts import Language, say

_LEVEL = " › "
_WIDEST = 44
_NUMBERING = re.compile(
    r"^(?:第?[0-9一二三四五六七八九十百]+[.、．:：)）章节部分篇]+|[（(][0-9一二三四五六七八九十]+[)）]|[#*•\-\s]+)\s*"
)
_CLAUSE = re.compile(r"[,，:：;；。!！|｜]|\s[—–-]+\s")
_EDGES = " ：:。.，,；;!！“”\"'~"
_ENDS = " ？?。.！!；;"
_HAS_WORDS = re.compile(r"[^\W\d_]{2,}")


def follow_ups(view: View, language: Language, most: int = 3) -> tuple[str, ...]:
    """What a reader may want to know next: parts without evidence first, then found but uncited sections."""
    answer = view.answer
    if answer is None:
        return ()
    if answer.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL):
        return ()
    missing = [part.strip(_ENDS) for part in answer.missing]
    questions = [say(language, "follow_missing", part=part) for part in missing if _width(part) <= _WIDEST]
    cited = {citation.chunk_id for citation in answer.citations}
    used = {e.chunk.section for e in view.evidence if e.chunk.id in cited}
    for evidence in view.evidence:
        section = _topic(evidence.chunk.section.split(_LEVEL)[-1])
        if section and evidence.chunk.section not in used:
            questions.append(say(language, "follow_more", section=section))
    return tuple(dict.fromkeys(questions))[:most]


def opening_questions(
    documents: Sequence[tuple[Document, Sequence[str]]], language: Language, most: int = 4
) -> tuple[str, ...]:
    """Questions to begin with, each about another document where there are enough.

    ``documents`` come with their section paths.
    """
    columns = [_topics(document, sections) for document, sections in documents]
    rows = zip_longest(*columns)
    topics = list(dict.fromkeys(topic for row in rows for topic in row if topic))
    return tuple(_ask(topic, number, language) for number, topic in enumerate(topics[:most]))


def _topics(document: Document, sections: Sequence[str]) -> list[str]:
    leaves = [_topic(section.split(_LEVEL)[-1]) for section in sections]
    candidates = [leaf for leaf in leaves if leaf] or [_topic(document.title)]
    return sorted(dict.fromkeys(filter(None, candidates)), key=lambda topic: abs(_width(topic) - 18))[:4]


def _ask(topic: str, number: int, language: Language) -> str:
    if topic.endswith(("?", "？")):
        return topic
    return say(language, "suggest_list" if number % 2 else "suggest_about", topic=topic)


def _topic(name: str) -> str:
    """A heading as a topic; empty when it is too long, too short or not made of words."""
    topic = _NUMBERING.sub("", " ".join(name.split())).strip(_EDGES)
    if _width(topic) > _WIDEST:
        topic = _CLAUSE.split(topic, maxsplit=1)[0].strip(_EDGES)
    return topic if 6 <= _width(topic) <= _WIDEST and _HAS_WORDS.search(topic) else ""


def _width(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)
