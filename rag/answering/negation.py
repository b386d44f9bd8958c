"""Words that turn a statement round: negations, and opposites such as more and less, before and after.

Linguistic lists only. A sentence and its evidence disagree when what they share is negated on one side alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.answering.content import keys, pairs
from rag.text import normalise

_NEGATION = re.compile(
    r"不(?!仅|但|过|断|同|久|少|单|只|光|止|管|论|得不|如|妨|愧|菲|凡|错|锈|等式|动产|定期|满|可或缺|可不|一样)|没有|没(?!收|落)|未(?!来|必)|无法|并非|绝非|从未|否认|非(?!常|洲|凡|得|要|营利|物质|遗|裔)"
    r"|\b(?:not|no|never|none|neither|nor|cannot|without|unable|fail(?:s|ed)? to|den(?:y|ies|ied))\b|n't\b"
)
_CLAUSE_END = re.compile(r"[，,；;。！？!?\n]")
_ABOUT = 0.6
"""Clauses that share this much of what the best one shares with the claim speak of the same."""

_OPPOSITES: tuple[tuple[str, str], ...] = (
    (r"增[加长多]|上升|提[高升]|上涨|升高|扩大|\bincreas\w*|\bris(?:e|es|en|ing)\b|\brose\b|\bgrew\b|\bhigher\b", r"减[少小弱]|下[降跌滑]|降低|缩小|\bdecreas\w*|\bfell\b|\bfall(?:s|ing|en)?\b|\bdeclin\w*|\bdrop\w*|\blower\w*|\breduc\w*"),
    (r"大于|高于|超过|多于|优于|以上|\bmore than\b|\bover\b|\bexceed\w*|\bgreater\b|\babove\b|\bat least\b", r"小于|低于|少于|不到|不足|劣于|以下|\bless than\b|\bunder\b|\bfewer\b|\bbelow\b|\bat most\b"),
    (r"最[大高多长早先快强]|\blargest\b|\bhighest\b|\bmost\b|\bbiggest\b|\bearliest\b|\blongest\b|\bfirst\b", r"最[小低少短晚慢弱]|\bsmallest\b|\blowest\b|\bleast\b|\bfewest\b|\blatest\b|\bshortest\b|\blast\b"),
    (r"之前|以前|\bbefore\b|\bprior to\b", r"之后|以后|\bafter\b|\bfollowing\b"),
    (r"成功|\bsucceed\w*|\bsuccess\w*", r"失败|\bfail\w*"),
    (r"支持|赞成|\bsupport\w*|\bapprov\w*", r"反对|拒绝|\boppos\w*|\breject\w*|\brefus\w*"),
    (r"全部|所有|都|\ball\b|\bevery\b|\balways\b", r"部分|有些|少数|\bsome\b|\bfew\b|\bsometimes\b"),
)
_PAIRS = tuple((re.compile(one), re.compile(other)) for one, other in _OPPOSITES)


@lru_cache(maxsize=4096)
def negations(text: str) -> int:
    """How many negations ``text`` holds."""
    return len(_NEGATION.findall(normalise(text)))


def negation_differs(claim: str, evidence: str) -> bool:
    """Whether the claim is negated and the clauses of the evidence that speak of the same are not, or the reverse."""
    wanted = keys(claim)
    clauses = _clauses(evidence)
    shares = [len(wanted & held) / len(wanted) if wanted else 0.0 for held, _ in clauses]
    about = [negated for (_, negated), share in zip(clauses, shares, strict=True) if share >= _ABOUT * max(shares)]
    return negations(claim) % 2 != sum(about) % 2


@lru_cache(maxsize=2048)
def _clauses(text: str) -> tuple[tuple[frozenset[str], int], ...]:
    """What each clause holds, and its negations."""
    clauses = (clause for clause in _CLAUSE_END.split(text) if clause.strip())
    return tuple((pairs(clause), negations(clause)) for clause in clauses)


def opposed(claim: str, evidence: str) -> bool:
    """Whether the claim uses one side of a pair of opposites and the evidence only the other."""
    mine, theirs = _sides(claim), _sides(evidence)
    return any({a, b} == {(True, False), (False, True)} for a, b in zip(mine, theirs, strict=True))


@lru_cache(maxsize=4096)
def _sides(text: str) -> tuple[tuple[bool, bool], ...]:
    """Of each pair of opposites, which side ``text`` uses."""
    plain = normalise(text)
    return tuple((one.search(plain) is not None, other.search(plain) is not None) for one, other in _PAIRS)
