"""One row of a case file becomes a case: names of labels, several values in one field, what follows from what.

Rows come with English field names; values may be strings (from CSV) or JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from eval.cases import Case, Kind, Quote
from rag.text import language
from rag.types import Action, Turn

_ACTIONS = {
    "retrieve": Action.RETRIEVE, "search": Action.RETRIEVE, "检索": Action.RETRIEVE, "搜索": Action.RETRIEVE, "回答": Action.RETRIEVE,
    "direct": Action.REPLY, "reply": Action.REPLY, "直接回答": Action.REPLY, "直接回复": Action.REPLY, "闲聊": Action.REPLY,
    "clarify": Action.CLARIFY, "ask": Action.CLARIFY, "澄清": Action.CLARIFY, "反问": Action.CLARIFY, "追问": Action.CLARIFY,
    "abstain": Action.ABSTAIN, "refuse": Action.ABSTAIN, "拒答": Action.ABSTAIN, "不回答": Action.ABSTAIN, "无答案": Action.ABSTAIN,
}  # fmt: skip
_ACTION_OF_TYPE = (
    ("unanswerable", Action.ABSTAIN), ("无答案", Action.ABSTAIN), ("underspecified", Action.CLARIFY),
    ("ambiguous", Action.CLARIFY), ("chitchat", Action.REPLY), ("conversational", Action.REPLY),
)  # fmt: skip
_SEARCHES = {"retrieve": True, "no_retrieve": False}
_SUPPORTS = {
    "supported": True, "entailment": True, "unsupported": False, "contradicted": False, "neutral": False,
    "contradiction": False, "partly supported": False, "conflicting": False,
}  # fmt: skip
_ROLES = {"user": "user", "assistant": "assistant", "用户": "user", "助手": "assistant", "human": "user", "ai": "assistant", "bot": "assistant"}
_SEPARATOR = re.compile(r"\s*(?:[|｜]|\r?\n)\s*")
_SPOKEN = re.compile(r"^(用户|助手|user|assistant|human|bot|ai)\s*[:：]\s*", re.IGNORECASE)
_PAIR_SUFFIX = re.compile(r"-(st?|n|x|c|p)$")
_PAIR_TYPES = {"s": "human_evidence", "st": "human_evidence_traditional", "n": "other_sentence", "x": "other_answer", "c": "altered_answer", "p": "wrong_but_present"}


class RowError(Exception):
    """A row is broken; ``messages`` says in how many ways."""

    def __init__(self, messages: list[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


def read_row(row: Mapping[str, Any], set_name: str, line: int, hard: frozenset[str] = frozenset()) -> Case:
    """The case of one row. Raises ``RowError`` with everything that is wrong with it."""
    reader = _Row(row, set_name, line)
    case = reader.pair() if {"claim", "premise"} & row.keys() else reader.question(hard)
    if reader.faults:
        raise RowError(list(dict.fromkeys(reader.faults)))
    return case


class _Row:
    """One row being read; faults are collected, not raised."""

    def __init__(self, row: Mapping[str, Any], set_name: str, line: int) -> None:
        self.row, self.set, self.line = row, set_name, line
        self.faults: list[str] = []

    def pair(self) -> Case:
        claim = self.text("claim") or self.text("hypothesis")
        premise = self.text("premise") or "\n".join(self.texts("evidence") or self.texts("quote"))
        label = self.text("label").lower()
        for name, value in (("claim", claim), ("evidence", premise), ("label", label)):
            if not value:
                self.faults.append(f"{name} is missing or empty")
        if label and label not in _SUPPORTS:
            self.faults.append(f"label {label!r} is none of {', '.join(_SUPPORTS)}")
        identifier = self.identifier(claim + premise)
        suffix = _PAIR_SUFFIX.search(identifier)
        kind = _PAIR_TYPES[suffix[1]] if suffix else self.text("type") or label
        return Case(
            id=identifier, set=self.set, question=claim, kind=Kind.PAIR, type=kind, language=self.language(claim),
            claim=claim, premise=premise, supported=_SUPPORTS.get(label), label=label,
            slices=self.slices(), line=self.line,
        )  # fmt: skip

    def question(self, hard: frozenset[str]) -> Case:
        question = self.text("question")
        if not question:
            self.faults.append("question is missing or empty")
        identifier = self.identifier(question)
        label = self.text("label").lower()
        if label and label not in _SEARCHES:
            self.faults.append(f"label {label!r} is neither retrieve nor no_retrieve")
        rewrite = self.text("rewrite")
        kind = Kind.MESSAGE if label else Kind.REWRITE if rewrite else Kind.QUESTION
        action = self.action()
        answers, groups = self.texts("answers"), self.groups("answers_all")
        unanswerable = action is Action.ABSTAIN
        return Case(
            id=identifier, set=self.set, question=question, kind=kind,
            type=self.text("type") or self.text("category"), language=self.language(question),
            history=self.history(),
            answers=() if unanswerable else answers, answer_groups=() if unanswerable else groups,
            key_points=self.texts("key_points"), evidence=() if unanswerable else self.evidence(),
            gold=() if unanswerable else self.texts("gold"), gold_groups=() if unanswerable else self.groups("gold_groups"),
            near=self.texts("near"), noise=self.texts("neg"),
            false_documents=self.texts("counterfactual"), false_answers=self.texts("fake_answers"),
            context_dependent=bool(self.row.get("ctxdep")), expected_action=action,
            searches=_SEARCHES.get(label), rewrite=rewrite, label=label,
            slices=self.slices(identifier in hard), line=self.line,
        )  # fmt: skip

    def text(self, name: str) -> str:
        value = self.row.get(name)
        if value is None:
            return ""
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            return str(value).strip()
        self.faults.append(f"{name} must be text")
        return ""

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.row.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            return tuple(part for part in _SEPARATOR.split(value.strip()) if part)
        if isinstance(value, list) and all(isinstance(part, (str, int, float)) for part in value):
            return tuple(str(part) for part in value)
        self.faults.append(f"{name} must be text or a list of texts")
        return ()

    def groups(self, name: str) -> tuple[tuple[str, ...], ...]:
        value = self.row.get(name) or []
        if isinstance(value, list) and all(isinstance(group, (str, list)) for group in value):
            return tuple((group,) if isinstance(group, str) else tuple(map(str, group)) for group in value)
        self.faults.append(f"{name} must be a list of lists of texts")
        return ()

    def evidence(self) -> tuple[Quote, ...]:
        value = self.row.get("evidence")
        quotes = [Quote("", text) for text in self.texts("quote")]
        if isinstance(value, str) and value:
            quotes.append(Quote("", value))
        elif isinstance(value, list):
            for part in value:
                match part:
                    case str():
                        quotes.append(Quote("", part))
                    case {"quote": str(quote)}:
                        quotes.append(Quote(str(part.get("doc", "")), quote))
                    case _:
                        self.faults.append('evidence must be texts or {"doc": …, "quote": …}')
        elif value:
            self.faults.append('evidence must be a list of texts or of {"doc": …, "quote": …}')
        gold = self.texts("gold")
        alone = gold[0] if len(gold) == 1 else ""
        return tuple(quote if quote.doc or not alone else Quote(alone, quote.text) for quote in quotes)

    def history(self) -> tuple[Turn, ...]:
        value = self.row.get("history")
        if isinstance(value, str):
            value = self._spoken_history(value)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.faults.append("history must be a list of turns")
            return ()
        turns: list[Turn] = []
        for place, part in enumerate(value):
            match part:
                case str():
                    turns.append(Turn("user" if place % 2 == 0 else "assistant", part))
                case {"role": str(role), "content": str(content)} if role.lower() in _ROLES:
                    turns.append(Turn(_ROLES[role.lower()], content))
                case _:
                    self.faults.append(f'turn {place + 1} of history must be {{"role": "user" or "assistant", "content": …}}')
        return tuple(turns)

    def _spoken_history(self, value: str) -> list[Any]:
        if value.lstrip().startswith("["):
            try:
                return list(json.loads(value))
            except json.JSONDecodeError as error:
                self.faults.append(f"history is not JSON: {error.msg}")
                return []
        turns: list[Any] = []
        for part in _SEPARATOR.split(value.strip()):
            spoken = _SPOKEN.match(part)
            turns.append({"role": _ROLES[spoken[1].lower()], "content": part[spoken.end() :]} if spoken else part)
        return turns

    def action(self) -> Action | None:
        given = self.text("expected_action").lower()
        if given:
            if given not in _ACTIONS:
                self.faults.append(f"expected_action {given!r} is none of retrieve, direct, clarify, abstain")
            return _ACTIONS.get(given)
        if self.text("label"):
            return None
        kind = self.text("type").lower()
        for prefix, action in _ACTION_OF_TYPE:
            if kind.startswith(prefix):
                return action
        if self.row.get("gold") == [] and self.row.get("answers") == [] and not self.row.get("evidence"):
            return Action.ABSTAIN
        known = any(self.row.get(name) for name in ("answers", "answers_all", "gold", "evidence", "quote", "key_points"))
        return Action.RETRIEVE if known else None

    def identifier(self, content: str) -> str:
        return self.text("id") or hashlib.sha256(content.encode()).hexdigest()[:12]

    def language(self, content: str) -> str:
        return self.text("lang") or language(content)

    def slices(self, hard: bool = False) -> tuple[str, ...]:
        found = ["bm25_hard"] if hard else []
        source = self.text("source")
        if source:
            found.append("hand_written" if source == "hand-written" else "sampled")
        for name in ("answer_type", "domain", "claim_form", "genre"):
            if value := self.text(name):
                found.append(f"{name}={value}")
        return tuple(found)
