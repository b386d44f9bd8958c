"""Reads passages for the answer to a question, with a small model: how likely it is that they give none.

Asked whether a passage answers, a small model says yes to whatever speaks of the same thing. Asked for the answer itself,
with a way to say that there is none, it has to look for one; what it begins with tells more, by the probability of the
word for none (the null score of reading comprehension: Rajpurkar et al., Know What You Don't Know, 2018).
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache

from rag.answering.model_generator import new_fence
from rag.answering.passages import trimmed
from rag.answering.selection import Selector
from rag.errors import MalformedReply, ModelError, ModelUnavailable
from rag.interfaces import LanguageModel, Message, Piece, SpanScorer, probabilities_of
from rag.prompts import Template, load
from rag.text import fold, language, simplified
from rag.types import Evidence

_NONE = frozenset(("无", "没", "没有", "未", "none", "no"))
_ENDS = " \n。.，,!！“”\"'"
_MOST_SURE = 7.0
_UNTOLD = 2.0
"""Log-odds of a word of which the endpoint does not tell the probability."""
_REMEMBERED = 256


class NullReader:
    """A ``Reader`` by the first word of a language model whose log-probabilities are known.

    It is shown the best sentences of the passages, in all ``budget`` CJK characters (other text counts 0.4), few enough to
    be read in seconds, in simplified characters; what it said of them it remembers. ``patience``: for a model that answers
    one request at a time, the seconds that a question waits for its turn; then it is left to the rules.
    """

    def __init__(
        self, model: LanguageModel, scorer: SpanScorer | None = None, *, budget: int, patience: float | None = None
    ) -> None:
        self._model = model
        self._patience = patience
        self._turn = threading.Lock()
        self._selector = Selector(scorer)
        self._budget = budget
        self._said = lru_cache(maxsize=_REMEMBERED)(self._ask)

    def rehearse(self, tongue: str) -> None:
        """Have the model read the rules and examples in ``tongue``, which stand first in every request: what it has read, a
        server keeps. A failure is left to the first question."""
        with suppress(ModelError):
            for _ in self._model.stream((*_taught(tongue), Message("user", "?")), max_tokens=1):
                pass

    def log_odds(self, question: str, evidence: Sequence[Evidence]) -> float | None:
        """Those that the passages give the answer; None where the model said nothing. Raises ModelError and its kinds."""
        passages = "\n\n".join(trimmed(question, evidence, self._selector, self._budget))
        return self._said(simplified(question), simplified(passages))

    def _ask(self, question: str, passages: str) -> float | None:
        tongue = language(question)
        asked = _asked(load(f"read_input_{tongue}"), new_fence(), passages, question)
        try:
            with self._turn_taken():
                pieces = list(self._model.stream((*_taught(tongue), asked), max_tokens=1, temperature=0.0))
        except MalformedReply:  # an empty word
            return None
        return _odds(pieces) if "".join(pieces).strip() else None

    @contextmanager
    def _turn_taken(self) -> Iterator[None]:
        if self._patience is None:
            yield
        elif self._turn.acquire(timeout=self._patience):
            try:
                yield
            finally:
                self._turn.release()
        else:
            raise ModelUnavailable(f"{self._model.name} is busy with other questions.")


def _odds(pieces: Sequence[str]) -> float:
    """Those of any other beginning against the word for none."""
    rivals = next((piece.first for piece in pieces if isinstance(piece, Piece) and piece.first), None)
    if rivals is not None:
        return -_logit(sum(chance for token, chance in rivals.items() if _is_none(token)))
    told = [value for piece in pieces if isinstance(piece, Piece) for value in probabilities_of(piece)]
    sure = _logit(min(told)) if told else _UNTOLD
    return -sure if _is_none("".join(pieces)) else sure


def _is_none(word: str) -> bool:
    return fold(word.strip(_ENDS)) in _NONE


def _logit(chance: float) -> float:
    """The logarithm of the odds of ``chance``, from -7 to 7."""
    if not 0 < chance < 1:
        return _MOST_SURE if chance >= 1 else -_MOST_SURE
    return max(-_MOST_SURE, min(_MOST_SURE, math.log(chance / (1 - chance))))


def _taught(tongue: str) -> Iterator[Message]:
    """Rules and examples, the same for every question of a language: text, question and answer, an empty line between."""
    template = load(f"read_input_{tongue}")
    rules, *examples = load(f"read_{tongue}").render().split("\n---\n")
    yield Message("system", rules.strip())
    for number, example in enumerate(examples, 1):
        passages, question, answer = example.strip().split("\n\n")
        yield _asked(template, f"data-{number}", passages, question)
        yield Message("assistant", answer)


def _asked(template: Template, fence: str, passages: str, question: str) -> Message:
    return Message("user", template.render(fence=fence, passages=passages, question=question))
