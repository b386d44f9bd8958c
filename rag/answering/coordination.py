"""Chinese coordination: what 和, 与, 及 and 、 join, and the question that is asked of each member.

中国和美国的GDP分别是多少 asks 中国的GDP是多少 and 美国的GDP是多少. Where the members begin and end no sign says; joined
things are alike, so the stretches of words on either side are taken that are most alike in form: the same kind of
word, the same ending or beginning, the same length. Questions come in Simplified characters. Grammar only; no documents.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import rjieba

from rag.text import CJK, fold

_JOINTS = frozenset("和 与 跟 及 以及 、".split())
_STOPS = frozenset("是 有 为 在 的 地 得 了 叫 被 把 由 从 到 用 做 会 能 要 让 对 比 请 请问 说说 介绍 介绍一下 讲讲 说明 解释 列出 告诉 比较 对比".split())
_NAMES = frozenset(("nr", "ns", "nt", "nz"))
_CLOSED = frozenset(("uj", "ul", "uz", "uv", "ud", "ug", "r", "p", "c", "d", "x", "y", "e", "o"))
_FIXED = re.compile("国家[和与及]地区")  # one notion
_PIECE = re.compile(rf"{_FIXED.pattern}|《[^《》]*》|“[^“”]*”|「[^「」]*」|\d[\d.,:/-]*\d?(?:年度?|月份?|[日号](?!本)|季度|届|%)?|[a-z][a-z0-9.+/_-]*?(?=(?:19|20)\d\d(?!\d))|[a-z][a-z0-9.+/_-]*(?: (?!(?:19|20)\d\d)\d[\d.]*[a-z]?(?![a-z]))?|[{CJK}]+|\S")
_LONGEST = 4  # words in a member
_MOST = 4  # members
_COLLECTIVE = re.compile(r"的分别(?=是|在|[？?]|$)|总和|合计|一共|加起来|关系|区别|差别|差异|异同|不同|联系|之间|共同|合作|相同|一样|相似|比较|对比|相比|之和|之差|[，,]\s*哪一?[个种款家]|哪一?[个种款家](?:更|比较|最)|谁更|何者|还是")
_EACH = re.compile(r"分别|各自|各(?=用|是|有|为)")
_ASKS = re.compile("什么时候|什么地方|什么|啥|谁|多少|哪[里儿些个一]?|何时|何地|何人|几|怎么样|如何|多[大高长久远重快]")
_SIGNS = " ？?。！!"
_OWNED = re.compile(r"^((?:在|于)?\d[\d年月日]*)?的|\s")
_TAIL_MOST = 2  # characters behind what asks
_COPULAS = frozenset("是 为 有 在 叫 达 达到 共有 各".split())
_LINKS = frozenset("等 等人 位于 属于 来自 由".split())
_NOUNLIKE = frozenset(("noun", "person", "v", "m", "q", "b", "name", "number", "quoted", "zg", "a"))


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the folded question, its place, and a coarse part of speech."""

    text: str
    start: int
    end: int
    tag: str
    named: bool = False


class Coordination(NamedTuple):
    """The joined ``members`` as written; the first begins at ``start``, the last ends at ``end``."""

    members: tuple[str, ...]
    start: int
    end: int
    named: bool
    """Whether each of them names something: a place, a person, a year."""


@lru_cache(maxsize=256)
def coordination(question: str) -> Coordination | None:
    """The things that ``question`` joins, 2 to 4, the most alike if it joins some twice; None when it asks of none
    or of all together."""
    if _COLLECTIVE.search(question):
        return None
    words = tuple(_words(fold(question)))
    joints = [at for at, word in enumerate(words) if word.text in _JOINTS]
    found = [members for group in _groups(words, joints) if (members := _members(words, group)) is not None]
    if not found:
        return None
    members = max(found, key=lambda members: _likeness(members[-2], members[-1]))
    written = tuple(question[member[0].start : member[-1].end].strip() for member in members)
    named = all(any(word.named for word in member) for member in members)
    return Coordination(written, members[0][0].start, members[-1][-1].end, named)


def asks_of_each(question: str, joined: Coordination) -> bool:
    """Whether ``question`` asks something of each member: by 分别, or because they stand next to what is asked.

    In 中国和美国的GDP是多少 and 谁当选台北市市长和高雄市市长 they do; in 哪个频道主打文化和艺术节目 they belong to what describes it.
    """
    before, after = question[: joined.start], question[joined.end :].strip(_SIGNS)
    if _EACH.search(after):
        return True
    clause = re.split("[，,；;：:]", before)[-1]
    if _ASKS.search(before):
        return joined.named and not after and _ASKS.search(clause) is not None
    return not _ASKS.search(question[joined.start : joined.end]) and _is_closing(after)


def _is_closing(after: str) -> bool:
    """Whether ``after`` is no more than a noun, a copula and what asks: 的GDP增长率是多少."""
    asks = _ASKS.search(after)
    if asks is not None and len(after) - asks.end() > _TAIL_MOST:
        return False
    told = after[: asks.start()] if asks else after
    words = list(_words(fold(_OWNED.sub(r"\1", told.strip()))))
    copula = next((place for place, word in enumerate(words) if word.text in _COPULAS), len(words))
    noun = words[:copula]
    return (
        len(words) - copula <= 1
        and len(noun) <= _LONGEST
        and all(word.tag in _NOUNLIKE and word.text not in _LINKS for word in noun)
        and (copula == len(words) or asks is not None)
    )


def asked_of_each(question: str, joined: Coordination) -> tuple[str, ...]:
    """The question of each member: itself where the members stood, without 分别."""
    before, after = question[: joined.start], question[joined.end :]
    return tuple(_EACH.sub("", f"{before}{member}{after}").strip() for member in joined.members)


def _words(folded: str) -> Iterator[_Word]:
    for match in _PIECE.finditer(folded):
        piece, start = match.group(), match.start()
        if _FIXED.fullmatch(piece):
            yield _Word(piece, start, match.end(), "noun")
            continue
        if not re.match(f"[{CJK}]", piece):
            tag = "quoted" if len(piece) > 1 and piece[0] in "《“「" else "number" if piece[0].isdigit() else "name" if piece[0].isalpha() else "x"
            yield _Word(piece, start, match.end(), tag, tag != "x")
            continue
        held: _Word | None = None
        for text, tag in rjieba.tag(piece):
            word = _Word(text, start, start + len(text), _coarse(tag), tag[:2] in _NAMES)
            start = word.end
            if held is not None and held.tag == word.tag == "person" and len(held.text) == 1:
                word = _Word(held.text + text, held.start, word.end, "person", True)
            elif held is not None:
                yield held
            held = word
        if held is not None:
            yield held


def _coarse(tag: str) -> str:
    if tag.startswith("nr"):
        return "person"
    return "noun" if tag[0] in "njl" or tag in ("vn", "an", "t", "i") else tag


def _groups(words: Sequence[_Word], joints: Sequence[int]) -> Iterator[list[int]]:
    """Joints that follow each other with a short member between: of 、 and 和 in 甲、乙和丙."""
    group: list[int] = []
    for at in joints:
        if group and not (2 <= at - group[-1] <= _LONGEST + 1 and all(map(_open, words[group[-1] + 1 : at]))):
            yield group
            group = []
        group.append(at)
    if group:
        yield group


def _open(word: _Word) -> bool:
    return word.tag not in _CLOSED and word.text not in _STOPS


def _members(words: Sequence[_Word], joints: Sequence[int]) -> list[Sequence[_Word]] | None:
    if len(joints) >= _MOST:
        return None
    between = [words[one + 1 : other] for one, other in itertools.pairwise(joints)]
    left = list(_stretches(words[: joints[0]], last=True))
    right = list(_stretches(words[joints[-1] + 1 :], last=False))
    if between:
        left, right = [_closest(left, between[0])], [_closest(right, between[-1])]
        return [left[0], *between, right[0]] if left[0] and right[0] else None
    pairs = [(_likeness(one, other), one, other) for one in left for other in right if _distinct(one, other)]
    if not pairs:
        return None
    score, one, other = max(pairs, key=lambda pair: pair[0])
    return [one, other] if score >= 0 else None


def _closest(stretches: Sequence[Sequence[_Word]], model: Sequence[_Word]) -> Sequence[_Word]:
    fitting = [stretch for stretch in stretches if _distinct(stretch, model)]
    return max(fitting, key=lambda stretch: _likeness(stretch, model), default=())


def _stretches(words: Sequence[_Word], *, last: bool) -> Iterator[Sequence[_Word]]:
    """The stretches of one to four words at the end of ``words``, or at the beginning."""
    for count in range(1, min(_LONGEST, len(words)) + 1):
        stretch = words[-count:] if last else words[:count]
        if not _open(stretch[0 if last else -1]):
            return
        yield stretch


def _likeness(one: Sequence[_Word], other: Sequence[_Word]) -> float:
    """How alike two stretches are in form; one word on each side with nothing in common is 0, less their lengths'
    difference."""
    first, second = _text(one), _text(other)
    beginning, ending = _shared(first, second), _shared(first[::-1], second[::-1])
    return (
        min(ending, 3)
        + 0.8 * min(beginning, 3)
        + 0.5 * (one[0].tag == other[0].tag)
        + 0.5 * (one[-1].tag == other[-1].tag)
        - 0.35 * (len(one) + len(other) - 2)
        - 0.2 * abs(len(first) - len(second))
    )


def _shared(one: str, other: str) -> int:
    """How many characters both begin with."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _distinct(one: Sequence[_Word], other: Sequence[_Word]) -> bool:
    """Neither is the end of the other: of 澳网男单和温网男单 男单 is not a member."""
    first, second = _text(one), _text(other)
    return min(len(first), len(second)) > 1 and not first.endswith(second) and not second.endswith(first)


def _text(stretch: Sequence[_Word]) -> str:
    return "".join(word.text for word in stretch)
