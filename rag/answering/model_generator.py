"""The generator that lets a language model write: fixed words first, evidence fenced as data, a budget of text.

The fence is new for every request, so that no document can close it. Model failures pass through; who stands in
is decided by the writer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from rag.answering.citations import without_markers
from rag.answering.passages import trimmed
from rag.answering.selection import Selector
from rag.errors import ModelError
from rag.interfaces import LanguageModel, Message, SpanScorer
from rag.prompts import Prompts
from rag.text import language
from rag.types import Evidence, Plan, Turn

_HISTORY_TURNS = 4
_HISTORY_CHARACTERS = 300


def new_fence() -> str:
    """A tag that no document can know."""
    return f"data-{secrets.token_hex(6)}"


class ModelGenerator:
    """Writes with ``model``.

    ``budget`` is how much evidence the model is shown, in CJK characters (other text counts 0.4); where the
    passages are longer, their best sentences are shown. ``history`` turns are passed on only with ``recalls``: the
    question stands alone, and a slow model reads every word. ``rules`` names the prompt that stands first.
    """

    def __init__(
        self,
        model: LanguageModel,
        scorer: SpanScorer | None = None,
        *,
        budget: int = 6000,
        recalls: bool = True,
        rules: str = "answer",
        prompts: Prompts | None = None,
        fence: Callable[[], str] = new_fence,
    ) -> None:
        self._model = model
        self._selector = Selector(scorer)
        self._budget = budget
        self._recalls = recalls
        self._rules = rules
        self._prompts = prompts or Prompts()
        self._fence = fence

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model.name

    def rehearse(self, tongue: str) -> None:
        """Have the model read the rules in ``tongue``, which stand first in every request: what it has read, a server
        keeps. A failure is left to the first answer."""
        rules = self._prompts.load(f"{self._rules}_{tongue}").render()
        with suppress(ModelError):
            for _ in self._model.stream([Message("system", rules), Message("user", "?")], max_tokens=1):
                pass

    def generate(self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]) -> Iterator[str]:
        """Yield the model's answer as it is written. Raises ModelError and its kinds."""
        messages = self.messages(plan, evidence, history)
        yield from self._model.stream(messages)

    def messages(
        self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]
    ) -> list[Message]:
        """What the model is told: rules, a little history, and the fenced passages with the question last."""
        tongue = language(plan.question)
        passages = trimmed(plan.question, evidence, self._selector, self._budget)
        request = self._prompts.load(f"answer_{plan.form.value}_{tongue}").render(
            fence=self._fence(), passages="\n\n".join(passages), question=plan.question
        )
        rules = self._prompts.load(f"{self._rules}_{tongue}").render()
        recalled = recall(history) if self._recalls else []
        return [Message("system", rules), *recalled, Message("user", request)]


def recall(history: Sequence[Turn]) -> list[Message]:
    """The last turns, cut short and without markers, whose numbers mean other passages by now."""
    return [
        Message("assistant" if turn.role == "assistant" else "user", without_markers(turn.text)[:_HISTORY_CHARACTERS])
        for turn in history[-_HISTORY_TURNS:]
        if turn.text.strip()
    ]
