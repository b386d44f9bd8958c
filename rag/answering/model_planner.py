"""The planner that asks a language model, held in check by the rules.

Courtesies need no model; a model may not skip the search because it believes it knows; whatever it writes is
validated, and any failure falls back to the rules. A small model only rewrites follow-ups.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace

from rag.answering.clarify import known_options
from rag.answering.corpus import compact
from rag.answering.decisions import PlanDecision, RefineDecision, RewriteDecision
from rag.answering.followup import Standalone
from rag.answering.planner import RulePlanner, just_asked_back
from rag.answering.reasons import Reason
from rag.answering.references import references
from rag.answering.terms import names
from rag.errors import ModelError
from rag.interfaces import LanguageModel, Message
from rag.prompts import load
from rag.text import fold, language
from rag.types import Action, Evidence, Form, Plan, Scope, Turn

_TURNS = 6
_LONGEST_TURN = 400
_SHOWN_TITLES = 30
_PASSAGES = 6
_LONGEST_PASSAGE = 400


class ModelPlanner:
    """Plans with a language model over a ``RulePlanner``.

    ``rewrite_only``: the model does nothing but make follow-ups stand-alone, which suits small models.
    ``fallbacks`` counts the decisions in which the rules had to stand in.
    """

    def __init__(self, rules: RulePlanner, model: LanguageModel, *, rewrite_only: bool = False) -> None:
        self._rules = rules
        self._model = model
        self._rewrite_only = rewrite_only
        self._lock = threading.Lock()
        self.fallbacks = 0

    def plan(self, question: str, history: Sequence[Turn]) -> Plan:
        """The model's plan where it is needed and sound, else that of the rules."""
        ruled = self._rules.plan(question, history)
        if ruled.action is Action.REPLY or ruled.reason is Reason.CLARIFIED:
            return ruled
        try:
            if self._rewrite_only:
                return self._rewritten(question, history, ruled)
            return self._decided(question, history, ruled)
        except ModelError:
            self._count_fallback()
            return ruled

    def refine(self, plan: Plan, evidence: Sequence[Evidence]) -> Plan | None:
        """As the rules judge; where they would search on or give up, the model may know better queries."""
        ruled = self._rules.refine(plan, evidence)
        if ruled is None or self._rewrite_only or not evidence or (not ruled.queries and ruled.action is Action.RETRIEVE):
            return ruled
        try:
            decision = self._ask_refine(plan, evidence)
        except ModelError:
            self._count_fallback()
            return ruled
        if decision.enough:
            return None
        fresh = [query for query in decision.queries if fold(query) not in {fold(q) for q in plan.queries}]
        if plan.round >= self._rules.max_rounds or not fresh:
            return ruled
        return replace(
            plan, queries=tuple(fresh), reason=Reason.REFINE_MISSING, round=plan.round + 1, scope=_loosened(plan.scope)
        )

    def _count_fallback(self) -> None:
        with self._lock:
            self.fallbacks += 1

    def _rewritten(self, question: str, history: Sequence[Turn], ruled: Plan) -> Plan:
        if not history or not (ruled.reason is Reason.FOLLOW_UP or ruled.action is Action.CLARIFY):
            return ruled
        if just_asked_back(history) and ruled.action is Action.CLARIFY:
            return ruled
        tongue = language(question)
        messages = (
            Message("system", load(f"rewrite_{tongue}").render()),
            Message("user", load(f"plan_input_{tongue}").render(history=_told(history), question=question)),
        )
        reply = RewriteDecision.read(self._model.decide(messages, RewriteDecision.schema_()))
        if not _keeps(question, reply.question) or references(reply.question):
            return ruled
        whole = Standalone(reply.question, (reply.question, *ruled.queries), changed=True)
        return self._rules.search(whole, Reason.FOLLOW_UP)

    def _decided(self, question: str, history: Sequence[Turn], ruled: Plan) -> Plan:
        decision = self._ask_plan(question, history)
        match decision.action:
            case "clarify":
                return self._clarified(decision, history, ruled)
            case "reply":
                return ruled
            case _:
                return self._searched(question, decision, ruled)

    def _clarified(self, decision: PlanDecision, history: Sequence[Turn], ruled: Plan) -> Plan:
        if ruled.action is Action.CLARIFY or just_asked_back(history) or names(decision.question):
            return ruled
        options = known_options(decision.options, self._rules.corpus)
        pending = references(decision.question)
        if len(options) < 2 or not pending:
            return ruled
        return Plan(
            Action.CLARIFY,
            reason=Reason.AMBIGUOUS_REFERENCE,
            subject=decision.question[pending[0].start : pending[0].end],
            options=options,
            question=decision.question,
        )

    def _searched(self, question: str, decision: PlanDecision, ruled: Plan) -> Plan:
        if ruled.action is Action.CLARIFY and fold(decision.question) == fold(question):
            return ruled
        sound = _keeps(question, decision.question)
        whole = decision.question if sound else ruled.question
        kept = [query for query in decision.queries if query.strip()] if sound else []
        base = self._rules.search(Standalone(whole, (whole, *kept), changed=bool(ruled.reason == Reason.FOLLOW_UP)), Reason.DEFAULT)
        # A part that the model alone sees is searched for by its query, but not held against the answer.
        several = sound and len(decision.parts) > 1 and len(base.parts) > 1
        return replace(
            base,
            form=_form(decision, base.form) if sound else base.form,
            parts=tuple(decision.parts) if several else base.parts,
            scope=self._scope(decision.titles) or base.scope,
            reason=decision.reason or base.reason,
        )

    def _scope(self, titles: Sequence[str]) -> Scope:
        wanted = {compact(title) for title in titles if compact(title)}
        documents = self._rules.corpus.catalogue.documents()
        named = tuple(document.id for document in documents if compact(document.title) in wanted)
        return Scope(document_ids=named) if 0 < len(named) < len(documents) else Scope()

    def _ask_plan(self, question: str, history: Sequence[Turn]) -> PlanDecision:
        tongue = language(question)
        documents = self._rules.corpus.catalogue.documents()[:_SHOWN_TITLES]
        titles = "\n".join(f"- {json.dumps(document.title, ensure_ascii=False)}" for document in documents)
        messages = (
            Message("system", load(f"plan_{tongue}").render(titles=titles or "-")),
            Message("user", load(f"plan_input_{tongue}").render(history=_told(history), question=question)),
        )
        return PlanDecision.read(self._model.decide(messages, PlanDecision.schema_()))

    def _ask_refine(self, plan: Plan, evidence: Sequence[Evidence]) -> RefineDecision:
        passages = "\n\n".join(f"[{item.marker}] {item.chunk.text[:_LONGEST_PASSAGE]}" for item in evidence[:_PASSAGES])
        asked = load("refine_input").render(
            fence=f"passages-{secrets.token_hex(6)}",
            passages=passages,
            queries=json.dumps(plan.queries, ensure_ascii=False),
            question=plan.question,
        )
        messages = (Message("system", load(f"refine_{language(plan.question)}").render()), Message("user", asked))
        return RefineDecision.read(self._model.decide(messages, RefineDecision.schema_()))


def _form(decision: PlanDecision, ruled: Form) -> Form:
    """The model's choice; but small models draw tables of anything, so that the rules must see a comparison too."""
    wanted = Form(decision.form)
    return ruled if wanted is Form.TABLE else wanted


def _loosened(scope: Scope) -> Scope:
    return scope if scope.strict else Scope()


def _told(history: Sequence[Turn]) -> str:
    """The last turns as JSON lines, long ones cut."""
    turns = [{"role": turn.role, "text": turn.text[:_LONGEST_TURN]} for turn in history[-_TURNS:]]
    return "\n".join(json.dumps(turn, ensure_ascii=False) for turn in turns) or "-"


def _keeps(question: str, rewritten: str) -> bool:
    """Whether a rewriting still holds every name and number of the question."""
    folded = fold(rewritten)
    return len(rewritten) <= 4 * len(question) + 120 and all(fold(name) in folded for name in names(question))
