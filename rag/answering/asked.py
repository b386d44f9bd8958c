"""The units that a question asks by, each with its place and how much it tells.

Pairs of Chinese characters, Latin words, numbers; weighed by how rare they are in the documents and by what they are:
nouns and names say what a question is about, verbs and the rest how it is put. A pair across the border of two words that
no document has says only that two words stand side by side (忘|打, 最|多让): it is left out. Knows no passages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import rjieba

from rag.answering.terms import Term, bigrams, terms
from rag.interfaces import Span, SpanScorer
from rag.text import fold

_THINGS = frozenset("eng i l j vn".split())
"""Tags of the word splitter, beside those of nouns, of words that name what is spoken of."""
_KINDS = frozenset(
    "时候 时间 时刻 地方 地点 位置 类型 种类 类别 方式 方法 办法 途径 情况 情形 方面 原因 理由 缘故 内容 部分 步骤 流程 过程 东西 事情 事项 问题 条件 "
    "要求 区别 差别 不同 特点 特征 名称 名字 数量 数目 作用 用途 目的 意思 含义 关系 结果 后果 影响 人员 因素 样子 程度 范围 标准".split()
)
"""Nouns that say what kind of thing is asked for, not what is spoken of: an answer gives the thing and seldom says the word.
They count little where no document has them."""
_OTHER, _ACROSS = 0.3, 0.5
"""Weight of what names nothing, and of a pair of characters of two words."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: folded ``text``, ``[start:end)`` in the question, and its weight."""

    text: str
    start: int
    end: int
    weight: float


def asked(question: str, frequency: Callable[[str], int], chunks: float) -> tuple[Unit, ...]:
    """The units of ``question`` in order, each once; all pairs where nothing else is left.

    ``frequency``: in how many of the ``chunks`` a unit occurs. Weights are inverse document frequencies (the logarithm of
    1 + N / (n + 0.5)) times what the kind of word counts.
    """
    words = _words(fold(question))
    found: dict[str, Unit] = {}
    spare: dict[str, Unit] = {}
    for term in terms(question):
        for at, text in enumerate(bigrams(term)):
            start = term.start + at
            count = frequency(text)
            rarity = math.log(1 + chunks / (0.5 + count))
            spare.setdefault(text, Unit(text, start, start + len(text), rarity))
            across = _is_pair(term, text) and words[start][0] != words[start + 1][0]
            if count or not across:
                names = text.isascii() or (words[start][1] and not (count == 0 and text in _KINDS))
                share = (_ACROSS if across else 1.0) * (1.0 if names else _OTHER)
                found.setdefault(text, Unit(text, start, start + len(text), rarity * share))
    return tuple((found or spare).values())


def nearer(
    scorer: SpanScorer, question: str, units: Sequence[Unit], held: Sequence[Sequence[float]], spans: Sequence[Span]
) -> list[list[float]]:
    """``held``, (spans, units): how far each span holds each unit, 0 to 1; and where the encoder of ``scorer`` sees it
    come nearer than that, how near."""
    near = scorer.meets(question, [(unit.start, unit.end) for unit in units], spans)
    return [list(map(max, own, other)) for own, other in zip(held, near, strict=True)]


def _is_pair(term: Term, text: str) -> bool:
    return len(text) == 2 and len(term.text) > 1 and not text.isascii()


def _words(folded: str) -> list[tuple[int, bool]]:
    """For each character the beginning of its word, and whether that names something."""
    found: list[tuple[int, bool]] = []
    for word, tag in rjieba.tag(folded):
        found += [(len(found), tag.startswith("n") or tag in _THINGS)] * len(word)
    return found
