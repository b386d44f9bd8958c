"""Lets a language model write the replies that need no search; everything else is the rules' voice.

Rewriting, translating and shortening are what only a model does well. Whenever it fails before its first piece the
rules reply instead.
"""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Sequence

from rag.answering.model_generator import recall
from rag.errors import ModelError
from rag.events import Event, Token
from rag.interfaces import LanguageModel, Message, Voice
from rag.prompts import Prompts
from rag.text import language
from rag.types import Answer, Outcome, Plan, Turn

_LONGEST_REWORKED = 4000


class ModelVoice:
    """A ``Voice`` whose replies a model writes, with ``rules`` behind it."""

    def __init__(self, model: LanguageModel, rules: Voice, prompts: Prompts | None = None) -> None:
        self._model = model
        self._rules = rules
        self._prompts = prompts or Prompts()

    def reply(self, plan: Plan, history: Sequence[Turn]) -> Steps[Event, None, Answer]:
        """A reply from the message and the history. Raises ModelError when it breaks off half said."""
        text = ""
        try:
            for piece in self._model.stream(self.messages(plan, history)):
                text += piece
                yield Token(piece)
        except ModelError:
            if text:
                raise
        if not text:
            return (yield from self._rules.reply(plan, history))
        return Answer(text, (), (), Outcome.REPLIED, model=self._model.name)

    def clarify(self, plan: Plan) -> Steps[Event, None, Answer]:
        """As the rules do: the options come from the documents."""
        return (yield from self._rules.clarify(plan))

    def abstain(self, plan: Plan, nearest: Sequence[str]) -> Steps[Event, None, Answer]:
        """As the rules do: nothing is guessed."""
        return (yield from self._rules.abstain(plan, nearest))

    def messages(self, plan: Plan, history: Sequence[Turn]) -> list[Message]:
        """What the model is told: rules, the last turns (the last answer in full), and the message."""
        rules = self._prompts.load(f"reply_{language(plan.question)}").render()
        told = recall(history)
        previous = next((turn.text for turn in reversed(history) if turn.role == "assistant"), "")
        if told and told[-1].role == "assistant":
            told[-1] = Message("assistant", previous[:_LONGEST_REWORKED])
        return [Message("system", rules), *told, Message("user", plan.question)]
