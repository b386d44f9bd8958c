"""The line that tells what the planner did, and the steps that fold out of it, as HTML."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import assert_never

from rag.types import Action, Plan, Stage
from rag.web.output_filter import plain
from rag.web.render_view import View
from rag.web.texts import Language, known, say

_LONGEST = 60
_LEVEL = " › "


def render_steps(view: View, turn: int, language: Language, title: Callable[[str], str]) -> str:
    """The planner's line. While the answer is being made it says what is going on."""
    if not view.plans:
        return f'<p class="zj-now">{escape(say(language, "planning"))}</p>' if view.live else ""
    body = "".join(_step(view, plan, language, title) for plan in view.plans)
    state = f'<span class="zj-now">{_now(view, language)}</span>' if view.live else _summary(view, language, title)
    return (
        f'<details class="zj-steps" id="steps-{turn}"><summary title="{escape(say(language, "steps"))}">{state}</summary>'
        f"<ol>{body}</ol></details>"
    )


def _now(view: View, language: Language) -> str:
    if view.text:
        return escape(say(language, "writing"))
    if view.evidence and view.found and view.found[-1].stage == Stage.RERANKED:
        return escape(say(language, "reading", count=len(view.evidence)))
    if view.queries:
        return plain(say(language, "searching", queries=_listed(view.plans[-1].queries or view.queries, language)))
    return escape(say(language, "planning"))


def _summary(view: View, language: Language, title: Callable[[str], str]) -> str:
    plan = view.plan
    assert plan is not None
    match plan.action:
        case Action.REPLY:
            parts = [say(language, "did_reply")]
        case Action.CLARIFY:
            parts = [say(language, "did_clarify")]
        case Action.ABSTAIN:
            parts = [say(language, "did_abstain")]
        case Action.RETRIEVE:
            parts = [say(language, "searched", queries=_listed(view.queries, language))]
            if view.rounds > 1:
                parts.append(say(language, "rounds", count=view.rounds))
            if plan.scope:
                parts.append(say(language, "scope", scope=_scope(plan, title)))
        case _ as unknown:
            assert_never(unknown)
    return plain(" · ".join(parts))


def _step(view: View, plan: Plan, language: Language, title: Callable[[str], str]) -> str:
    lines = [f"<strong>{plain(_heading(plan, language))}</strong>"]
    if plan.action is Action.RETRIEVE:
        if plan.scope:
            lines.append(plain(say(language, "scope", scope=_scope(plan, title))))
        lines += _counts(view, max(plan.round, 1), plan, language)
        if plan.round == view.rounds and not view.live:
            kept = len(view.evidence)
            lines.append(escape(say(language, "evidence_kept", count=kept) if kept else say(language, "no_evidence")))
    return f"<li>{'<br>'.join(lines)}</li>"


def _heading(plan: Plan, language: Language) -> str:
    reason = reason_words(plan.reason, language)
    if plan.action is not Action.RETRIEVE:
        return reason or say(language, f"did_{plan.action.value}")
    numbered = say(language, "round", round=max(plan.round, 1))
    return f"{numbered} · {reason}" if reason else numbered


def reason_words(reason: str, language: Language) -> str:
    """The planner's code in words; a model's own sentence as it is; nothing for a code without words."""
    if known(f"reason_{reason}"):
        return say(language, f"reason_{reason}")
    return reason if " " in reason or not reason.isascii() else ""


def _counts(view: View, number: int, plan: Plan, language: Language) -> list[str]:
    found = view.found_in_round(number)
    lines = []
    for query in plan.queries:
        stages = [f for f in found if f.query == query and f.stage in (Stage.SPARSE, Stage.DENSE, Stage.FUSED)]
        counts = " · ".join(say(language, f"stage_{f.stage}", count=f.count) for f in stages)
        lines.append(f'<span class="zj-query">{plain(query)}</span> <span class="zj-counts">{escape(counts)}</span>')
    lines += [
        f'<span class="zj-counts">{escape(say(language, "stage_reranked", count=f.count))}</span>'
        for f in found
        if f.stage == Stage.RERANKED
    ]
    return lines


def _scope(plan: Plan, title: Callable[[str], str]) -> str:
    sections = [section.split(_LEVEL)[-1] for section in plan.scope.sections]
    return "、".join(dict.fromkeys(sections or [title(identifier) for identifier in plan.scope.document_ids]))


def _listed(queries: tuple[str, ...], language: Language) -> str:
    separator = "；" if language == "zh" else "; "
    return separator.join(_cut(query) for query in queries)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
