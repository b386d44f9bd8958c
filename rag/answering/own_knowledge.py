"""What a model says of a question without the documents: asked several times, and held against the answer.

Source: self-consistency, Wang et al. 2022 (https://arxiv.org/abs/2203.11171). Compares numbers, dates and names, and
speaks up only where most replies agree on one that the answer does not give. Knows neither evidence nor pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answering.citations import without_markers
from rag.answering.expect import Wanted, wanted
from rag.answering.values import Value, differ, values
from rag.errors import ModelError
from rag.interfaces import LanguageModel, Message
from rag.prompts import Prompts
from rag.text import fold, language
from rag.types import Answer, Plan

SAMPLING = 0.7
"""The temperature where the model's own is 0, at which every reply would be the same."""

_KINDS = {Wanted.COUNT: "number", Wanted.TIME: "date", Wanted.PERSON: "name", Wanted.PLACE: "name"}
_TOKENS = 200
_LONGEST = 60
_UNKNOWN = re.compile(
    r"不(?:知道|清楚|确定|明确|详)|无法|没有(?:把握|记载)|\bunknown\b|\bnot (?:know|sure|certain)\b|n['’]t know\b|\bcannot\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"[12]\d{3}")
_DATE_PART = re.compile(r"(\d+)([年月日号])")


@dataclass(frozen=True, slots=True)
class _Reply:
    """A short answer, and the value in it that answers."""

    text: str
    value: Value


class OwnKnowledge:
    """Asks ``model`` up to ``times`` times, with ``temperature``."""

    def __init__(
        self, model: LanguageModel, times: int, *, temperature: float = SAMPLING, prompts: Prompts | None = None
    ) -> None:
        self._model = model
        self._times = times
        self._temperature = temperature
        self._prompts = prompts or Prompts()

    def objection(self, plan: Plan, answer: Answer) -> str:
        """What more than half of the replies say, where ``answer`` gives another number, date or name; else empty.

        Empty too when the question asks for none of these or for several things, and when the model fails.
        """
        kind = _KINDS.get(wanted(plan.question))
        said = without_markers(answer.text)
        stated = list(_values(plan.question, said, kind)) if kind else []
        if kind is None or not stated or len(plan.parts) > 1:
            return ""
        try:
            agreed = self._agreed(plan.question, kind)
        except ModelError:
            return ""
        if agreed is None or (kind == "name" and _given(agreed, said, answer)):
            return ""
        rivals = [value for value in stated if _comparable(agreed.value, value)]
        return agreed.text if rivals and not any(_same(agreed.value, value) for value in rivals) else ""

    def _agreed(self, question: str, kind: str) -> _Reply | None:
        """A reply that more than half are like; asks no longer than there can be one. Raises ModelError."""
        replies: list[_Reply] = []
        for left in reversed(range(self._times)):
            reply = self._ask(question, kind)
            if reply is not None:
                replies.append(reply)
            alike = [sum(_same(one.value, other.value) for other in replies) for one in replies]
            most = max(alike, default=0)
            if 2 * most > self._times:
                return replies[alike.index(most)]
            if 2 * (most + left) <= self._times:
                return None
        return None

    def _ask(self, question: str, kind: str) -> _Reply | None:
        """One reply; None when it is no short answer with a value of ``kind``."""
        rules = self._prompts.load(f"recall_{language(question)}").render()
        messages = (Message("system", rules), Message("user", question))
        whole = "".join(self._model.stream(messages, max_tokens=_TOKENS, temperature=self._temperature))
        text = without_markers(whole).strip().strip("。.*“”\"").strip()
        if len(text) > _LONGEST or "\n" in text or _UNKNOWN.search(text):
            return None
        found = list(_values(question, text, kind))
        return _Reply(text, _main(found)) if found else None


def _values(question: str, text: str, kind: str) -> Iterator[Value]:
    """The values of ``kind`` in ``text`` that the question does not give itself; a bare year is a date."""
    asked, known = fold(question), {value.key for value in values(question)}
    for value in values(text):
        if kind == "date" and value.kind == "number" and _YEAR.fullmatch(value.key):
            value = Value(f"{value.key}年", "date", "", value.start, value.end)
        if value.kind == kind and value.key not in known and value.key not in asked:
            yield value


def _main(found: Sequence[Value]) -> Value:
    """The value that a short answer gives: its longest name, its date with all its parts, its first number."""
    first = found[0]
    if first.kind == "name":
        return max(found, key=lambda value: len(value.key))
    if first.kind == "number":
        return first
    parts: dict[str, str] = {}
    for value in found:
        for number, unit in _DATE_PART.findall(value.key):
            parts.setdefault(unit, number)
    return Value("".join(number + unit for unit, number in parts.items()), "date", "", first.start, found[-1].end)


def _given(reply: _Reply, said: str, answer: Answer) -> bool:
    """Whether the answer or a passage that it cites has the reply word for word."""
    shown = fold(" ".join([said, *(citation.quote for citation in answer.citations)]))
    return fold(reply.text) in shown


def _comparable(one: Value, other: Value) -> bool:
    """Whether two values of one kind can speak of the same thing: years with years, and units that fit."""
    if one.kind == "number":
        return one.unit == other.unit or not (one.unit and other.unit)
    return one.kind == "name" or "年" not in one.key or "年" in other.key


def _same(one: Value, other: Value) -> bool:
    """Whether two values of one kind agree; where only one number has a unit, it may be that of both."""
    if one.kind == "number":
        bare = (one.key.removesuffix(one.unit), other.key.removesuffix(other.unit))
        return _comparable(one, other) and bare[0] == bare[1]
    return not differ(one, other)
