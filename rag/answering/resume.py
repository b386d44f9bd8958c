"""After asking back: the user's choice is put into the first question, which then goes on.

A reply that is a new question of its own is left to be planned afresh.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.references import references
from rag.answering.terms import terms
from rag.answering.wording import asked_back
from rag.text import CJK, fold, language
from rag.types import Turn

_LONGEST_CHOICE = 40
_ORDINAL = re.compile(r"^(?:选|我选|就)?(?:第\s*)?(?P<n>[一二三四1234])(?:\s*个|\s*项|号)?(?:吧|的)?$|^(?:the )?(?P<en>first|second|third|fourth)(?: one)?$|^(?:option )?(?P<digit>[1-4])$")
_NUMBER = {"一": 1, "二": 2, "三": 3, "四": 4, "first": 1, "second": 2, "third": 3, "fourth": 4}
_LAST = re.compile(r"^(?:选|就)?最后(?:一)?个(?:吧)?$|^(?:the )?last(?: one)?$")
_ALL = re.compile(r"^(?:全部|都要|都想(?:知道|问)|所有|全都要?|两个都要?|都|都说说|all(?: of them)?|both|every one)(?:吧|的)?[。!！]?$")
_ASKS = re.compile(r"什么|谁|哪|几|多少|怎么|如何|为什么|吗[?？]?$|呢[?？]?$|[?？]$|\b(?:who|what|when|where|which|how|why|does|did|is|are)\b")
_FILLER = re.compile(r"^(?:我(?:想)?(?:问|指|说)的?是|我(?:的意思)?是(?:说|指)?|指的是|问的是|是|就是|选|i mean(?:t)?|it'?s|the one about|about|i'?m asking about)\s*|(?:吧|的那个|那个|这个|的)?[。.!！,，\s]*$", re.IGNORECASE)


def resume(reply: str, history: Sequence[Turn]) -> str | None:
    """The first question with the choice put in; ``None`` when ``reply`` is no answer to a question of ours."""
    if len(history) < 2 or history[-1].role != "assistant" or history[-2].role != "user":
        return None
    asked = asked_back(history[-1].text)
    if asked is None:
        return None
    subject, options = asked
    choice = _choice(reply, options)
    return None if choice is None else insert(history[-2].text, subject, choice)


def _choice(reply: str, options: Sequence[str]) -> str | None:
    text = reply.strip()
    folded = fold(text).strip(" 。.!！")
    for option in options:
        if fold(option) == folded:
            return option
    ordinal = _ORDINAL.match(folded)
    if ordinal is not None:
        written = ordinal["n"] or ordinal["en"] or ordinal["digit"]
        number = int(written) if written.isdigit() else _NUMBER[written]
        return options[number - 1] if number <= len(options) else None
    if _LAST.match(folded):
        return options[-1]
    if _ALL.match(folded):
        joint = ", " if language(" ".join(options) + reply) == "en" and not re.search(f"[{CJK}]", reply) else "、"
        return joint.join(options)
    if len(text) > _LONGEST_CHOICE or (_ASKS.search(folded) and len(terms(text)) > 1):
        return None
    named = [option for option in options if fold(option) in folded]
    bare = _FILLER.sub("", text).strip()
    return named[0] if len(named) == 1 else bare or None


def insert(question: str, subject: str, choice: str) -> str:
    """``question`` with ``choice`` in the place of the unclear phrase ``subject``; before it when there is none."""
    folded, wanted = fold(question), fold(subject)
    at = folded.find(wanted) if wanted else -1
    if at < 0:
        pending = references(question)
        if pending:
            at, wanted = pending[0].start, folded[pending[0].start : pending[0].end - len(pending[0].noun)]
    if at < 0:
        return f"{question.rstrip('？?')} ({choice})?" if language(question) == "en" else f"{choice} {question.strip()}"
    return _put(question, at, at + len(wanted), choice)


def _put(question: str, start: int, end: int, choice: str) -> str:
    before, after = question[:start], question[end:]
    if fold(question[start:end]) in {"its", "his", "their"}:
        choice += "'s"
    left = " " if before and before[-1].isascii() and before[-1].isalnum() else ""
    right = " " if after and after[0].isascii() and after[0].isalnum() and choice[-1:].isascii() else ""
    return f"{before}{left}{choice}{right}{after}"
