"""Folds the events of an answer into what the page shows of it, live or as it was kept.

Knows events and records; wording and HTML are ``rag.web.render``'s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.types import Action, Answer, Evidence, Plan, Sentence, Stage, Verdict
from rag.web.records import Message, MessageState, Ranking, Source


@dataclass(frozen=True, slots=True)
class Found:
    """How many chunks one stage found for one query."""

    query: str
    stage: str
    count: int


@dataclass(frozen=True, slots=True)
class View:
    """An answer so far.

    ``found`` lists every ranking in order; one of stage ``reranked`` ends a round. ``sources`` and ``message_id``
    are there once the answer is kept. ``failure`` is a refusal's code.
    """

    plans: tuple[Plan, ...] = ()
    found: tuple[Found, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    text: str = ""
    sentences: tuple[Sentence, ...] = ()
    answer: Answer | None = None
    sources: tuple[Source, ...] = ()
    message_id: str = ""
    state: MessageState = MessageState.COMPLETE
    failure: str = ""
    live: bool = True

    @property
    def plan(self) -> Plan | None:
        """The planner's last decision that searched, or else its last."""
        searching = [plan for plan in self.plans if plan.action is Action.RETRIEVE]
        return (*self.plans[-1:], *searching)[-1] if self.plans else None

    @property
    def rounds(self) -> int:
        """How many rounds were searched."""
        return sum(plan.action is Action.RETRIEVE for plan in self.plans)

    @property
    def queries(self) -> tuple[str, ...]:
        """What was searched for, each query once, in order."""
        return tuple(dict.fromkeys(query for plan in self.plans for query in plan.queries))

    def found_in_round(self, number: int) -> tuple[Found, ...]:
        """The rankings of round ``number``, from 1."""
        rounds: list[list[Found]] = [[]]
        for found in self.found:
            rounds[-1].append(found)
            if found.stage == Stage.RERANKED:
                rounds.append([])
        return tuple(rounds[number - 1]) if number <= len(rounds) else ()

    @property
    def claims(self) -> tuple[Sentence, ...]:
        """The sentences that claim something: cited ones, and those that nothing supports."""
        return tuple(s for s in self.sentences if s.citations or s.verdict is not Verdict.SUPPORTED)


def fold(view: View, event: Event) -> View:
    """``view`` after ``event``."""
    match event:
        case Planned(plan):
            return replace(view, plans=(*view.plans, plan))
        case Retrieved(query, stage, hits):
            return replace(view, found=(*view.found, Found(query, stage.value, len(hits))))
        case Reranked(hits, evidence):
            found = Found("", Stage.RERANKED.value, len(hits))
            return replace(view, found=(*view.found, found), evidence=evidence)
        case Token(text):
            return replace(view, text=view.text + text)
        case SentenceChecked(sentence):
            return replace(view, sentences=(*view.sentences, sentence))
        case Answered(answer):
            return replace(view, text=answer.text, sentences=answer.sentences, answer=answer, live=False)
        case _:
            assert_never(event)


def view_of(message: Message) -> View:
    """The view of a kept answer."""
    return View(
        plans=message.trace.plans,
        found=tuple(_found(ranking) for ranking in message.trace.rankings),
        evidence=message.trace.evidence,
        text=message.answer.text if message.answer else message.text,
        sentences=message.answer.sentences if message.answer else (),
        answer=message.answer,
        sources=message.sources,
        message_id=message.id,
        state=message.state,
        failure=message.failure,
        live=False,
    )


def _found(ranking: Ranking) -> Found:
    return Found(ranking.query, ranking.stage, len(ranking.chunk_ids))
