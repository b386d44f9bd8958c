"""The planner that needs no language model: rules decide, the documents confirm.

Searching is the default. See ``intents`` for what needs no search, ``clarify`` for asking back, ``followup`` for
questions that lean on the conversation, ``decompose`` for several parts, ``scope`` for targeted search and
``sufficiency`` for when to stop.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.clarify import find_ambiguity
from rag.answering.corpus import Corpus
from rag.answering.decompose import Split, split
from rag.answering.expect import Wanted, wanted
from rag.answering.followup import Standalone, stand_alone
from rag.answering.form import form_of, is_comparison
from rag.answering.intents import read_intent
from rag.answering.reasons import Reason
from rag.answering.resume import resume
from rag.answering.rounds import next_round
from rag.answering.scope import scope_of
from rag.answering.sufficiency import Sufficiency
from rag.answering.wording import asked_back
from rag.cantonese import in_mandarin
from rag.interfaces import AnswerFinder, Catalogue, Reader, Retriever, SpanScorer
from rag.text import fold, normalise
from rag.types import Action, Evidence, Plan, Scope, Turn

_MOST_QUERIES = 5
_FOLLOWING = 2


class RulePlanner:
    """Plans by rules over one index. Stateless and thread-safe.

    ``retriever`` is any search over the same index, best the sparse one: it supplies what a clarification offers.
    ``scorer`` lets sufficiency see what passages mean, beside the words they share with the question; ``finder``
    and ``reader`` are asked whether they answer it.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        retriever: Retriever,
        *,
        max_rounds: int = 3,
        scorer: SpanScorer | None = None,
        reader: Reader | None = None,
        finder: AnswerFinder | None = None,
    ) -> None:
        self.corpus = Corpus(catalogue, retriever)
        self.max_rounds = max_rounds
        self.sufficiency = Sufficiency(self.corpus, scorer, reader, finder)

    def plan(self, question: str, history: Sequence[Turn]) -> Plan:
        """Decide what to do with ``question`` after ``history``."""
        question = in_mandarin(question)
        resumed = resume(question, history)
        if resumed is not None:
            return self.search(stand_alone(resumed, history[:-2]), Reason.CLARIFIED)
        intent = read_intent(normalise(question), history)
        if intent.reason is not None:
            return Plan(Action.REPLY, form=form_of(question), reason=intent.reason, question=question)
        asked = without_courtesy(question, intent.core)
        whole = stand_alone(asked, history)
        may_ask = not whole.changed or bool(whole.unresolved)
        if may_ask and not just_asked_back(history):
            ambiguity = find_ambiguity(whole.question, whole.unresolved, self.corpus)
            if ambiguity is not None:
                return Plan(
                    Action.CLARIFY,
                    reason=ambiguity.reason,
                    subject=ambiguity.subject,
                    options=ambiguity.options,
                    question=whole.question,
                )
        return self.search(whole, Reason.FOLLOW_UP if whole.changed else Reason.DEFAULT)

    def refine(self, plan: Plan, evidence: Sequence[Evidence]) -> Plan | None:
        """The next round, ``None`` when the evidence suffices, or the decision to abstain."""
        return next_round(plan, evidence, self.sufficiency, self.max_rounds)

    def search(self, whole: Standalone, reason: Reason) -> Plan:
        """The first round for a question that was made stand-alone."""
        parts = split(whole.question)
        scope = Scope() if parts.compared else scope_of(whole.question, self.corpus)
        queries = tuple(dict.fromkeys((whole.question, *parts.queries, *whole.queries)))[:_MOST_QUERIES]
        return Plan(
            Action.RETRIEVE,
            queries=queries,
            scope=scope,
            form=form_of(whole.question, compared=parts.compared),
            reason=_telling(reason, parts, whole.question, scope),
            round=1,
            parts=parts.parts or (whole.question,),
            question=whole.question,
            following=_FOLLOWING if wanted(whole.question) is Wanted.SUMMARY else 0,
        )


def _telling(reason: Reason, parts: Split, question: str, scope: Scope) -> Reason:
    """The most telling of the reasons that apply."""
    if reason is not Reason.DEFAULT:
        return reason
    if parts.compared or (parts.parts and is_comparison(question)):
        return Reason.COMPARISON
    if parts.parts:
        return Reason.MULTI_PART
    return Reason.SCOPED if scope else Reason.DEFAULT


def without_courtesy(question: str, core: str) -> str:
    """``question`` without the courtesies before its ``core`` (which is folded), in its own script and case."""
    folded = fold(question)
    at = folded.find(core[:12]) if core else -1
    return question[at:].strip() if at > 0 else question.strip()


def just_asked_back(history: Sequence[Turn]) -> bool:
    """Whether the last thing we said was a question back: then nothing is asked again."""
    from_us = [turn.text for turn in history if turn.role == "assistant"]
    return bool(from_us) and asked_back(from_us[-1]) is not None
