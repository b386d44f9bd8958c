"""The judge of sentences that asks a language model, one decision for each claim.

Claim and premise are fenced as data, the fixed words come first, and what the model says is validated.
"""

from __future__ import annotations

from rag.answering.decisions import JudgeDecision
from rag.answering.model_generator import new_fence
from rag.interfaces import LanguageModel, Message
from rag.prompts import load
from rag.text import language
from rag.types import Verdict

_VERDICTS = {
    "entailment": Verdict.SUPPORTED,
    "contradiction": Verdict.CONFLICTING,
    "neutral": Verdict.UNSUPPORTED,
}


class ModelJudge:
    """A ``Judge`` by a language model."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def judge(self, claim: str, premise: str) -> Verdict | None:
        """What the model decides. Raises ModelError and its kinds."""
        rules = load(f"judge_{language(claim)}").render()
        request = load("judge_input").render(fence=new_fence(), premise=premise, claim=claim)
        messages = (Message("system", rules), Message("user", request))
        return _VERDICTS[JudgeDecision.read(self._model.decide(messages, JudgeDecision.schema_())).verdict]
