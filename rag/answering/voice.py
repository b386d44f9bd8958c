"""The bot's replies that rest on no document: courtesies, itself, questions back, abstaining, the last answer again.

Works without a language model: a shorter answer is the most central sentence of the previous one, verbatim; what
only a model can do (translating, free writing) is said openly.
"""

from __future__ import annotations

import re
from collections.abc import Generator as Steps
from collections.abc import Iterator, Sequence
from typing import Literal

from rag.answering.arithmetic import work_out
from rag.answering.reasons import Reason
from rag.answering.terms import bigrams, terms
from rag.answering.wording import Tongue, question_back, say, tongue_of
from rag.events import Event, Token
from rag.interfaces import Catalogue
from rag.sentences import sentence_spans
from rag.text import normalise
from rag.types import Answer, Evidence, Outcome, Plan, Turn

_SHOWN_TITLES = 3
_SHORTEN = re.compile(r"短|简洁|精简|一句|两句|几句|太长|缩|压缩|总结|概括|归纳|提炼|tl;?dr|shorte|brief|concise|summar|one sentence|condense|too long|nutshell")
_TRANSLATE = re.compile(r"翻译|译成|译为|英文|英语|中文|日文|日语|法语|法文|德语|韩语|俄语|西班牙语|translat|\bin (?:english|chinese|french|german|spanish|japanese|korean)\b")
_BULLETS = re.compile(r"要点|列表|清单|分条|列成|列出|条目|bullet|\blist\b")
_REPEAT = re.compile(r"再(?:说|讲|念|回答|重复|发)|重复|再来|repeat|again|what did you")
_MARKERS = re.compile(r"\s*(?:\[\d+\]|【\d+】)")


class ReplyGenerator:
    """Writes replies without a language model. ``model`` is empty."""

    model = ""

    def __init__(self, catalogue: Catalogue, language: Literal["auto", "zh", "en"] = "auto") -> None:
        self._catalogue = catalogue
        self._language = language

    def generate(self, plan: Plan, evidence: Sequence[Evidence], history: Sequence[Turn]) -> Iterator[str]:
        """The reply in one or more pieces; ``evidence`` is not read."""
        del evidence
        tongue = self.tongue(plan)
        match plan.reason:
            case Reason.REWORK:
                yield self._rework(plan.question, history, tongue)
            case Reason.ARITHMETIC:
                worked = work_out(normalise(plan.question))
                yield say("text_task", tongue) if worked is None else f"{worked[0]} = {worked[1]}"
            case Reason.GREETING | Reason.ABOUT_BOT:
                yield say(str(plan.reason), tongue, holdings=self._holdings(tongue))
            case Reason.THANKS | Reason.FAREWELL | Reason.SMALLTALK | Reason.TEXT_TASK:
                yield say(str(plan.reason), tongue)
            case _:
                yield say("about_bot", tongue, holdings=self._holdings(tongue))

    def tongue(self, plan: Plan) -> Tongue:
        """The language to answer in."""
        return tongue_of(plan.question, self._language)

    def titles(self, document_ids: Sequence[str], tongue: Tongue) -> str:
        """Document titles for reading; ids that are gone are left out."""
        found = []
        for document_id in document_ids:
            try:
                document = self._catalogue.document(document_id)
            except KeyError:
                continue
            found.append(say("title", tongue, title=document.title or document.source))
        return say("comma", tongue).join(found)

    def _holdings(self, tongue: Tongue) -> str:
        documents = self._catalogue.documents()
        if not documents:
            return ""
        shown = self.titles([document.id for document in documents[:_SHOWN_TITLES]], tongue)
        return say("holdings", tongue, count=str(len(documents)), titles=shown)

    def _rework(self, wish: str, history: Sequence[Turn], tongue: Tongue) -> str:
        previous = next((turn.text for turn in reversed(history) if turn.role == "assistant"), "")
        if not previous:
            return say("no_previous", tongue)
        folded = normalise(wish)
        if _TRANSLATE.search(folded):
            return say("translate", tongue, previous=previous)
        if _SHORTEN.search(folded):
            return central_sentence(previous)
        if _BULLETS.search(folded):
            return "\n".join(f"- {sentence}" for sentence in _sentences(previous))
        if _REPEAT.search(folded):
            return previous
        return say("reshape", tongue, previous=previous)


class RuleVoice:
    """Speaks for the bot: replies, questions back, and the admission that the documents do not tell."""

    def __init__(self, generator: ReplyGenerator) -> None:
        self._generator = generator

    def reply(self, plan: Plan, history: Sequence[Turn]) -> Steps[Event, None, Answer]:
        """A reply from the message and the history alone."""
        pieces = []
        for piece in self._generator.generate(plan, (), history):
            pieces.append(piece)
            yield Token(piece)
        return Answer("".join(pieces), (), (), Outcome.REPLIED, model=self._generator.model)

    def clarify(self, plan: Plan) -> Steps[Event, None, Answer]:
        """One question back with the plan's options."""
        text = question_back(plan.subject, plan.options, self._generator.tongue(plan))
        yield Token(text)
        return Answer(text, (), (), Outcome.CLARIFY, options=plan.options)

    def abstain(self, plan: Plan, nearest: Sequence[str]) -> Steps[Event, None, Answer]:
        """Say that the documents do not tell, and name the ``nearest`` ones, unless what comes ``close`` is shown below."""
        tongue = self._generator.tongue(plan)
        missing = tuple(part for part in plan.missing if part != plan.question)
        separator = say("comma", tongue)
        key = "abstain_missing" if missing else "abstain_close" if plan.close else "abstain"
        text, gap = say(key, tongue, missing=separator.join(missing)), " " if tongue == "en" else ""
        titles = self._generator.titles(nearest, tongue)
        if plan.close:
            text += gap + say("close", tongue) + "\n\n"
        elif titles:
            text += gap + say("nearest", tongue, nearest=titles)
        yield Token(text)
        return Answer(text, (), (), Outcome.ABSTAINED, nearest=tuple(nearest), missing=plan.missing)


def central_sentence(text: str) -> str:
    """The sentence of ``text`` that shares most with all of it, verbatim with its markers; the first of equals."""
    sentences = _sentences(text)
    if len(sentences) < 2:
        return text
    weights: dict[str, int] = {}
    held = [{unit for term in terms(_MARKERS.sub("", sentence)) for unit in bigrams(term)} for sentence in sentences]
    for units in held:
        for unit in units:
            weights[unit] = weights.get(unit, 0) + 1
    values = [sum(weights[unit] for unit in units) / (len(units) + 8) for units in held]
    return sentences[max(range(len(sentences)), key=lambda index: (values[index], -index))]


def _sentences(text: str) -> list[str]:
    """The sentences of ``text`` with the markers behind them."""
    spans = sentence_spans(text)
    ends = [start for start, _ in spans[1:]] + [len(text)]
    pieces = [text[start:end].strip() for (start, _), end in zip(spans, ends, strict=True)]
    joined: list[str] = []
    for piece in pieces:
        if joined and not _MARKERS.sub("", piece).strip():
            joined[-1] += piece
        else:
            joined.append(re.sub(r"^[-*•]\s+|^\d{1,2}[.、)]\s*", "", piece))
    return [piece for piece in joined if piece]
