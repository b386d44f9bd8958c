"""What an empty conversation shows: a greeting, questions to begin with, or why none can be answered yet."""

from __future__ import annotations

from html import escape

from rag.interfaces import Catalogue
from rag.web.output_filter import plain
from rag.web.suggestions import opening_questions
from rag.web.texts import Language, say

_DOCUMENTS_FOR_SUGGESTIONS = 50


def render_opening(language: Language) -> str:
    """The index is being opened."""
    return _notice("zj-opening", say(language, "opening"), say(language, "opening_lead"))


def render_unusable(language: Language) -> str:
    """The index cannot be opened."""
    return _notice("zj-unusable", say(language, "index_failed"), say(language, "index_failed_lead"))


def render_welcome(catalogue: Catalogue, language: Language, *, uses_model: bool) -> str:
    """The greeting, with questions made of what the documents call themselves."""
    documents = list(catalogue.documents())
    questions = opening_questions(
        [(document, catalogue.sections(document.id)) for document in documents[:_DOCUMENTS_FOR_SUGGESTIONS]],
        language,
    )
    notes = [say(language, "welcome_documents", count=len(documents))]
    if not uses_model:
        notes.append(say(language, "welcome_quotes"))
    return _greeting(language) + _suggestions(questions, language) + f'<p class="zj-facts">{escape(" · ".join(notes))}</p></div>'


def _greeting(language: Language) -> str:
    return (
        f'<div class="zj-welcome"><h2>{escape(say(language, "welcome"))}</h2>'
        f'<p class="zj-lead">{escape(say(language, "welcome_lead"))}</p>'
    )


def _suggestions(questions: tuple[str, ...], language: Language) -> str:
    if not questions:
        return ""
    buttons = "".join(f'<button class="zj-option zj-start">{plain(question)}</button>' for question in questions)
    return f'<p class="zj-label">{escape(say(language, "suggested"))}</p><div class="zj-starts">{buttons}</div>'


def _notice(kind: str, title: str, lead: str) -> str:
    return f'<div class="zj-welcome {kind}"><h2>{escape(title)}</h2><p class="zj-lead">{escape(lead)}</p></div>'
