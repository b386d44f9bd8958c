"""A case: one question with whatever is known of its right answer. Plain values; reading files is elsewhere.

Only ``question`` is needed. A label that is missing leaves the metrics that need it out, it never counts as 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from rag.types import Action, Turn


class Kind(StrEnum):
    """What a set asks of the system."""

    QUESTION = "question"
    """Answer a question from documents."""
    MESSAGE = "message"
    """Decide whether a message needs a search at all."""
    REWRITE = "rewrite"
    """Make the last turn of a conversation stand alone."""
    PAIR = "pair"
    """Judge whether a claim is supported by a text."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of a document that the right answer rests on; ``doc`` is empty when unnamed."""

    doc: str
    text: str


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``set`` and ``id`` together name it.

    ``answers`` are variants of one answer; ``answer_groups`` are several answers that must all be given, each
    with its variants. ``gold`` names documents, passages or chunks; in ``gold_groups`` each group must be found.
    ``searches`` is the label of a message set: whether the message must be searched for. ``labelled`` is false
    for a case about whose right answer nothing is known.
    """

    id: str
    set: str
    question: str
    kind: Kind = Kind.QUESTION
    type: str = ""
    language: str = ""
    history: tuple[Turn, ...] = ()
    answers: tuple[str, ...] = ()
    answer_groups: tuple[tuple[str, ...], ...] = ()
    key_points: tuple[str, ...] = ()
    evidence: tuple[Quote, ...] = ()
    gold: tuple[str, ...] = ()
    gold_groups: tuple[tuple[str, ...], ...] = ()
    near: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    false_documents: tuple[str, ...] = ()
    false_answers: tuple[str, ...] = ()
    context_dependent: bool = False
    expected_action: Action | None = None
    searches: bool | None = None
    rewrite: str = ""
    claim: str = ""
    premise: str = ""
    supported: bool | None = None
    label: str = ""
    slices: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def key(self) -> str:
        """Set and id: unique in a run."""
        return f"{self.set}/{self.id}"

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """What a complete answer holds: one variant of every group."""
        return self.answer_groups or ((self.answers,) if self.answers else ())

    @property
    def answerable(self) -> bool | None:
        """Whether the documents hold an answer; None when that is unknown or not the point."""
        match self.expected_action:
            case Action.ABSTAIN:
                return False
            case Action.RETRIEVE:
                return True
            case _:
                return None

    def to_dict(self) -> dict[str, Any]:
        """JSON values; fields that hold nothing are left out."""
        return {name: value for name, value in asdict(self).items() if value not in ("", (), None, False, 0)} | {
            name: value for name in ("searches", "supported") if (value := getattr(self, name)) is not None
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Case:
        """The inverse of ``to_dict``."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in row.items()
        }
        values["history"] = tuple(Turn(**turn) for turn in row.get("history", ()))
        values["evidence"] = tuple(Quote(**quote) for quote in row.get("evidence", ()))
        for name in ("answer_groups", "gold_groups"):
            values[name] = tuple(tuple(group) for group in row.get(name, ()))
        if row.get("expected_action"):
            values["expected_action"] = Action(row["expected_action"])
        values["kind"] = Kind(row.get("kind", Kind.QUESTION))
        return cls(**values)


@dataclass(frozen=True, slots=True)
class CaseSet:
    """The cases of one file. ``corpus`` is the path of the documents that belong to it, or empty."""

    name: str
    path: str
    sha256: str
    kind: Kind
    cases: tuple[Case, ...]
    corpus: str = ""
