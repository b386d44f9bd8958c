"""The words of a text that carry content, with their places: what claims and evidence are compared by.

Words come from a word splitter with part-of-speech tags for CJK runs and from a pattern for Latin ones; all
offsets count into the text as it was given. Knows nothing of questions or evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import rjieba

from rag.text import CJK, fold

Kind = Literal["person", "place", "organisation", "number", "time", "latin", "noun", "verb", "other"]

_RUN = re.compile(rf"[{CJK}]+|[a-z0-9à-ɏ]+(?:[.'’_+/-][a-z0-9à-ɏ]+)*[%+#]*")
_CJK_RUN = re.compile(f"[{CJK}]")
_ENGLISH_STOP = frozenset(
    "a an the of in on at to for from by with and or but if then than as is are was were be been being am do does did "
    "done has have had having it its this that these those there here he she they we you i his her their our your my me "
    "him them us who whom whose which what when where why how much many not no nor so such can could may might will "
    "would shall should must also very just only both each any all some into onto over under about between during after "
    "before while because through up down out off again more most other own same too s t don now according".split()
)
_CHINESE_STOP = frozenset(
    "的 地 得 了 着 过 是 在 和 与 及 或 而 且 也 都 就 还 又 很 更 最 被 把 将 对 从 到 向 于 以 为 因 由 让 使 之 其 所 者 吗 呢 吧 啊 呀 么 "
    "这 那 此 该 每 各 某 它 他 她 我 你 您 们 我们 你们 他们 它们 什么 哪 哪个 哪些 哪里 哪儿 谁 怎么 怎样 怎么样 如何 为什么 为何 几 多少 多 "
    "是否 有 没有 没 不 可以 能 能够 会 要 请 请问 上 下 中 里 内 个 一个 一种 一些 这个 那个 这些 那些 其中 以及 并 并且 但 但是 因为 所以 "
    "如果 那么 则 即 等 等等 进行 通过 关于 根据 由于 之后 之前 之间 时候 时 曾 曾经 已 已经 只 仅 来 去 后 前 种 是什么 称为 叫 叫做 做 "
    "何 何时 何地 何人 多大 多久 多长 多高 主要".split()
)
_SUFFIX = re.compile(r"(?:ies|ied|ing|ed|es|s|ly|er|est)$")


@dataclass(frozen=True, slots=True)
class Word:
    """One content word: folded text, its place, and what kind of thing it names."""

    text: str
    start: int
    end: int
    kind: Kind


@lru_cache(maxsize=8192)
def words(text: str) -> tuple[Word, ...]:
    """The content words of ``text`` in order; function words and punctuation are left out."""
    return tuple(read(text))


def read(text: str) -> Iterator[Word]:
    """As ``words``, one by one and not remembered: for long texts of which the first words may do."""
    return _read(text, fold(text))


def _read(text: str, folded: str) -> Iterator[Word]:
    for match in _RUN.finditer(folded):
        run, start = match.group(), match.start()
        if _CJK_RUN.match(run):
            yield from _chinese(run, start)
        elif run not in _ENGLISH_STOP:
            yield Word(stem(run), start, match.end(), _latin_kind(run, text[start]))


def _latin_kind(run: str, first: str) -> Kind:
    if run[0].isdigit() and not re.search("[a-z]", run):
        return "number"
    return "latin" if first.isupper() else "other"


def _chinese(run: str, start: int) -> Iterator[Word]:
    place = start
    for piece, tag in rjieba.tag(run):
        end = place + len(piece)
        if piece not in _CHINESE_STOP:
            yield Word(piece, place, end, _kind(tag))
        place = end


def _kind(tag: str) -> Kind:
    match tag:
        case "nr" | "nrt" | "nrfg":
            return "person"
        case "ns":
            return "place"
        case "nt":
            return "organisation"
        case "m" | "mq":
            return "number"
        case "t":
            return "time"
        case _:
            return "noun" if tag.startswith("n") else "verb" if tag.startswith("v") else "other"


def stem(word: str) -> str:
    """A Latin word without its commonest endings: ``provides`` and ``provided`` are one."""
    if len(word) < 5 or not word.isalpha() or not word.isascii():
        return word
    cut = _SUFFIX.sub("", word)
    return cut.rstrip("e") if len(cut) >= 3 else word


def keys(text: str) -> frozenset[str]:
    """What ``text`` is compared by: Latin words, and the character pairs of its CJK content words."""
    return frozenset(key for word in words(text) for key in word_keys(word.text))


def name_keys(text: str) -> frozenset[str]:
    """The keys of the names in ``text``: persons, places, organisations, and Latin words with a capital."""
    names = (word for word in words(text) if word.kind in ("person", "place", "organisation", "latin"))
    return frozenset(key for word in names for key in word_keys(word.text))


@lru_cache(maxsize=16384)
def word_keys(word: str) -> tuple[str, ...]:
    """The keys of one word: itself if it is Latin or one character, else its character pairs."""
    if len(word) < 2 or not _CJK_RUN.match(word):
        return (word,)
    return tuple(word[index : index + 2] for index in range(len(word) - 1))


@lru_cache(maxsize=8192)
def pairs(text: str) -> frozenset[str]:
    """All characters and character pairs of the CJK runs of ``text``, across word borders too, and its Latin words.

    Word splitters cut the same characters differently in different company; pairs do not.
    """
    found: set[str] = set()
    for match in _RUN.finditer(fold(text)):
        run = match.group()
        if _CJK_RUN.match(run):
            found.update(run)
            found.update(run[index : index + 2] for index in range(len(run) - 1))
        else:
            found.add(stem(run))
    return frozenset(found)


def overlap(wanted: Iterable[str], present: frozenset[str], weight: dict[str, float] | None = None) -> float:
    """The share of ``wanted`` that is ``present``, by weight (1 each unless given); 0 when nothing is wanted."""
    total = found = 0.0
    for key in wanted:
        value = 1.0 if weight is None else weight.get(key, 1.0)
        total += value
        found += value * (key in present)
    return found / total if total else 0.0
