"""Turns a view of an answer into the HTML of one message: pure, and safe whatever documents and models say.

The HTML is one line that begins with a ``div``, so that a Markdown reader leaves it alone, and it keeps to what
Gradio's sanitiser lets pass: classes, ids, titles and addresses. ``zhiju.js`` brings it to life by those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import assert_never

from rag.types import Action, Outcome, Sentence, Verdict
from rag.web.output_filter import MarkdownFilter, Marks, cite, closing, opening, plain, without_marks
from rag.web.records import MessageState, Thumb
from rag.web.render_copy import copy_text
from rag.web.render_sources import Card, Shelf, cards_of, cite_link, render_cards, render_conflicts
from rag.web.render_steps import render_steps
from rag.web.render_view import View
from rag.web.suggestions import follow_ups
from rag.web.texts import Language, known, say

_MARKER = re.compile(r"\[(\d{1,3})\]")
_UNFINISHED = re.compile(r"[\[【][\d,，、\s]*$")
_BLOCK_START = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6}|>)[ \t]+|\|[ \t]*)*")
_SPANS = 1000  # marker and span travel as one number


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a message stands: its turn (from 1), whether it is the last, and what the reader thought of it."""

    turn: int
    language: Language
    last: bool = True
    thumb: Thumb | None = None


class Renderer:
    """Renders messages. ``link_hosts`` are the hosts that links in answers may lead to."""

    def __init__(self, link_hosts: tuple[str, ...] = ()) -> None:
        self._filter = MarkdownFilter(link_hosts)

    def question(self, text: str, turn: int) -> str:
        """A user's message: their characters, never markup."""
        return f'<div class="zj-question" id="question-{turn}">{plain(text)}</div>'

    def answer(self, view: View, frame: Frame, shelf: Shelf) -> str:
        """An assistant's message, in the making or whole."""
        cards = cards_of(view.sources)
        state = "zj-live" if view.live else "zj-done"
        parts = [
            render_steps(view, frame.turn, frame.language, shelf.title),
            self._body(view, frame, cards),
            self._state(view, frame, shelf),
        ]
        if view.answer is not None:
            parts.append(render_conflicts(view.answer, cards, frame.turn, frame.language))
            parts.append(_recalled(view.answer.recalled, frame.language))
        if not view.live:
            parts += [
                _meta(view, frame.language),
                render_cards(cards, frame.turn, frame.language, shelf),
                _actions(view, frame),
                _copy(view, frame.language),
                _follow_ups(view, frame),
            ]
        return f'<div class="zj-answer {state}" id="answer-{frame.turn}">{"".join(parts)}</div>'

    def _body(self, view: View, frame: Frame, cards: dict[int, Card]) -> str:
        text = without_marks(view.text)
        if view.live:
            text = _UNFINISHED.sub("", text)
        if not text.strip():
            return ""
        markers = {evidence.marker: evidence.chunk.title for evidence in view.evidence}
        markers |= {marker: card.first.title for marker, card in cards.items()}

        def link(number: int) -> str:
            marker, span = divmod(number, _SPANS)
            return cite_link(marker, span, frame.turn, frame.language, markers.get(marker, ""))

        verdicts = {number: sentence.verdict for number, sentence in enumerate(view.sentences)}
        marks = Marks(
            cite=link,
            wrap=lambda number: _wrap(verdicts[number], frame.language),
            after=lambda number: _after(verdicts[number], frame.language),
        )
        marked = _mark(text, view.sentences, cards, frozenset(markers))
        return f'<div class="zj-text">{self._filter.html(marked, marks)}</div>'

    def _state(self, view: View, frame: Frame, shelf: Shelf) -> str:
        language = frame.language
        pieces: list[str] = []
        match view.state:
            case MessageState.FAILED:
                pieces.append(_failure(view.failure, language, frame))
            case MessageState.STOPPED if not view.live:
                pieces.append(f'<p class="zj-note">{escape(say(language, "stopped"))}</p>')
            case MessageState.STOPPED | MessageState.COMPLETE:
                pass
            case _ as unknown:
                assert_never(unknown)
        if view.answer is None:
            return "".join(pieces)
        match view.answer.outcome:
            case Outcome.CLARIFY:
                pieces.append(_options(view, frame))
            case Outcome.ABSTAINED:
                pieces.append(_abstained(view, language, shelf))
            case Outcome.PARTIAL:
                pieces.append(_missing(view.answer.missing, language))
            case Outcome.ANSWERED | Outcome.REPLIED:
                pass
            case _ as other:
                assert_never(other)
        return "".join(pieces)


def _mark(text: str, sentences: tuple[Sentence, ...], cards: dict[int, Card], known_markers: frozenset[int]) -> str:
    """Put private characters where citations and marked sentences stand."""
    edits: list[tuple[int, int, int, str]] = []  # from, to, order at the same place, replacement
    for number, sentence in enumerate(sentences):
        if sentence.verdict is Verdict.SUPPORTED or sentence.end > len(text):
            continue
        begin = _behind_block_marks(text, sentence.start)
        if begin < sentence.end:
            edits.append((begin, begin, 2, opening(number)))
            edits.append((sentence.end, sentence.end, 0, closing(number)))
    for match in _MARKER.finditer(text):
        marker = int(match.group(1))
        replacement = cite(marker * _SPANS + _span(match.start(), marker, sentences, cards)) if marker in known_markers else ""
        edits.append((match.start(), match.end(), 1, replacement))
    pieces, position = [], 0
    for begin, end, _, replacement in sorted(edits):
        pieces += [text[position:begin], replacement]
        position = max(position, end)
    return "".join([*pieces, text[position:]])


def _behind_block_marks(text: str, start: int) -> int:
    """Where the words of a sentence begin: list, heading and table marks stay what they are."""
    if start > 0 and text[start - 1] != "\n":
        return start
    match = _BLOCK_START.match(text, start)
    return match.end() if match else start


def _span(offset: int, marker: int, sentences: tuple[Sentence, ...], cards: dict[int, Card]) -> int:
    for sentence in sentences:
        if sentence.start <= offset < sentence.end and marker in cards:
            for citation in sentence.citations:
                if citation.marker == marker:
                    return cards[marker].span_of(citation.start, citation.end)
    return 1


_KEYS = {Verdict.PARTLY: "partly", Verdict.UNSUPPORTED: "unsupported", Verdict.CONFLICTING: "conflicting"}


def _wrap(verdict: Verdict, language: Language) -> tuple[str, str]:
    key = _KEYS[verdict]
    return f'<span class="zj-{key}" title="{escape(say(language, f"{key}_title"))}">', "</span>"


def _after(verdict: Verdict, language: Language) -> str:
    key = _KEYS[verdict]
    title = escape(say(language, f"{key}_title"))
    return f'<span class="zj-verdict zj-verdict-{key}" title="{title}">{escape(say(language, key))}</span>'


def _failure(code: str, language: Language, frame: Frame) -> str:
    words = failure_words(code, language)
    again = f'<button class="zj-again" id="again-{frame.turn}">{escape(say(language, "try_again"))}</button>'
    return f'<div class="zj-failure"><p>{escape(words)}</p>{again if frame.last else ""}</div>'


def failure_words(code: str, language: Language, *, limit: int | None = None, seconds: float | None = None) -> str:
    """A refusal's code in words."""
    key = code if known(code) else "internal_error"
    return say(language, key, limit=limit or "", seconds=max(1, round(seconds or 1)))


def _options(view: View, frame: Frame) -> str:
    assert view.answer is not None
    language = frame.language
    asked = ""
    if not view.text.strip():
        subject = view.plans[-1].subject if view.plans else ""
        words = say(language, "clarify_subject", subject=subject) if subject else say(language, "clarify")
        asked = f'<p class="zj-asked">{plain(words)}</p>'
    if not view.answer.options:
        return asked
    buttons = "".join(f'<button class="zj-option">{plain(option)}</button>' for option in view.answer.options)
    return f'{asked}<p class="zj-label">{escape(say(language, "choose"))}</p><div class="zj-options">{buttons}</div>'


def _abstained(view: View, language: Language, shelf: Shelf) -> str:
    assert view.answer is not None
    title = f'<p class="zj-abstained">{escape(say(language, "abstained"))}</p>' if not view.text.strip() else ""
    if not view.answer.nearest:
        return title
    items = "".join(
        f'<li><a class="zj-open" href="{escape(shelf.address(identifier))}">{plain(shelf.title(identifier))}</a></li>'
        for identifier in view.answer.nearest
    )
    named = all(shelf.title(identifier) in view.text for identifier in view.answer.nearest)
    label = "" if named else f'<p class="zj-label">{escape(say(language, "nearest"))}</p>'
    return f'{title}<div class="zj-nearest">{label}<ul>{items}</ul></div>'


def _missing(parts: tuple[str, ...], language: Language) -> str:
    if not parts:
        return ""
    listed = ("；" if language == "zh" else "; ").join(parts)
    return f'<p class="zj-note">{plain(say(language, "missing", parts=listed))}</p>'


def _recalled(recalled: str, language: Language) -> str:
    return f'<p class="zj-note">{plain(say(language, "recalled", recalled=recalled))}</p>' if recalled else ""


def _meta(view: View, language: Language) -> str:
    """How much of the answer is grounded, and who wrote it."""
    if view.answer is None or view.answer.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL):
        return ""
    claims, parts = view.claims, []
    good = sum(sentence.verdict is Verdict.SUPPORTED for sentence in claims)
    if claims:
        key = "some_supported" if good < len(claims) else "all_supported" if good > 1 else "one_supported"
        words = escape(say(language, key, count=good, total=len(claims)))
        parts.append(f'<span class="{"zj-grounded" if good == len(claims) else "zj-partly-grounded"}">{words}</span>')
    if view.answer.model:
        parts.append(plain(say(language, "written_by", model=view.answer.model)))
    else:
        parts.append(f'<span title="{escape(say(language, "quotes_title"))}">{escape(say(language, "quotes"))}</span>')
    return f'<p class="zj-meta">{" · ".join(parts)}</p>'


def _actions(view: View, frame: Frame) -> str:
    def button(kind: str, key: str, identifier: str, chosen: bool = False) -> str:
        words = escape(say(frame.language, key))
        state = " zj-chosen" if chosen else ""
        return (
            f'<button class="zj-act zj-act-{kind}{state}" id="{kind}-{identifier}" title="{words}">'
            f'<span class="zj-sr">{words}</span></button>'
        )

    buttons = [button("copy", "copy", str(frame.turn))] if view.text.strip() else []
    if view.message_id:
        buttons.append(button("up", "thumb_up", view.message_id, frame.thumb is Thumb.UP))
        buttons.append(button("down", "thumb_down", view.message_id, frame.thumb is Thumb.DOWN))
    if frame.last:
        buttons.append(button("regenerate", "regenerate", str(frame.turn)))
        buttons.append(button("edit", "edit", str(frame.turn)))
    return f'<div class="zj-actions">{"".join(buttons)}</div>'


def _copy(view: View, language: Language) -> str:
    if not view.text.strip():
        return ""
    text = escape(copy_text(view, language)).replace("\n", "&#10;")
    return f'<pre class="zj-copy-text">{text}</pre>'


def _follow_ups(view: View, frame: Frame) -> str:
    plan = view.plan
    if not frame.last or plan is None or plan.action is not Action.RETRIEVE:
        return ""
    questions = follow_ups(view, frame.language)
    if not questions:
        return ""
    buttons = "".join(f'<button class="zj-option zj-follow">{plain(question)}</button>' for question in questions)
    label = escape(say(frame.language, "follow_ups"))
    return f'<div class="zj-follow-ups"><p class="zj-label">{label}</p><div class="zj-options">{buttons}</div></div>'
