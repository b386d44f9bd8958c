"""The judge for a small model: one word, yes or no, and how sure the model was of it, weighed with what the rules see.

A small model that is to choose between entailment, contradiction and neither says no too often. What it is worth is the
log-odds of its one word after a few examples; the rules know of numbers and names what it overlooks. Together they are
better than either (``eval/LOG.md``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from rag.answering.model_generator import new_fence
from rag.answering.support import weigh
from rag.errors import MalformedReply
from rag.interfaces import LanguageModel, Message, Piece, probabilities_of
from rag.prompts import load
from rag.text import language
from rag.types import Verdict

_YES = {"是": True, "否": False, "yes": True, "no": False}
_ENDS = " \n。.，,!！“”\"'*"
_MOST_SURE, _LEAST = 12.0, 1e-4
_UNTOLD = 2.0
"""Log-odds of a word of which the endpoint does not tell the probability."""

RULES, WORD = 0.59, 0.77
BIAS = {"zh": -0.61, "en": -0.03}
"""Weights of the rules' log-odds and of the model's (``python -m eval.fit_judge``)."""


class WordJudge:
    """A ``Judge`` by one word of a language model whose log-probability is known."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def judge(self, claim: str, premise: str) -> Verdict | None:
        """SUPPORTED or UNSUPPORTED; None where the model said something else. Raises ModelError and its kinds."""
        said = self.log_odds(claim, premise)
        if said is None:
            return None
        score = RULES * rules_log_odds(claim, premise) + WORD * said + BIAS[language(claim)]
        return Verdict.SUPPORTED if score >= 0 else Verdict.UNSUPPORTED

    def log_odds(self, claim: str, premise: str) -> float | None:
        """Those of yes against no, from -12 to 12; None where the model said neither."""
        messages = tuple(_messages(claim, premise))
        try:
            pieces = list(self._model.stream(messages, max_tokens=1, temperature=0.0))
        except MalformedReply:  # an empty word
            return None
        word = _YES.get("".join(pieces).strip(_ENDS).casefold())
        if word is None:
            return None
        told = [piece for piece in pieces if isinstance(piece, Piece)]
        chance = min((value for piece in told for value in probabilities_of(piece)), default=None)
        sure = _UNTOLD if chance is None else _logit(chance)
        return sure if word else -sure


def rules_log_odds(claim: str, premise: str) -> float:
    """The log-odds that the rules give ``claim`` by ``premise``, from -9.2 to 9.2."""
    return _logit(min(max(weigh(claim, premise).score, _LEAST), 1 - _LEAST))


def _logit(chance: float) -> float:
    return _MOST_SURE if chance >= 1 else max(-_MOST_SURE, min(_MOST_SURE, math.log(chance / (1 - chance))))


def _messages(claim: str, premise: str) -> Iterator[Message]:
    """Rules and examples, the same for every claim of a language, and then the claim."""
    rules, *examples = load(f"judge_word_{language(claim)}").render().split("\n---\n")
    yield Message("system", rules.strip())
    for number, example in enumerate(examples, 1):
        shown, claimed, answer = example.strip().split("\n\n")
        yield _asked(f"data-{number}", shown, claimed)
        yield Message("assistant", answer)
    yield _asked(new_fence(), premise, claim)


def _asked(fence: str, premise: str, claim: str) -> Message:
    return Message("user", load("judge_input").render(fence=fence, premise=premise, claim=claim))
