"""In which language a question is asked and in which the passages speak: what words and vectors tell differs with it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from rag.text import in_another_language, language
from rag.types import Evidence

_READ = 5
"""Passages whose language is looked at."""


class Tongue(StrEnum):
    """In which language it is asked, and answered: what is known of a passage means something else in each case."""

    CHINESE = "chinese"
    ENGLISH = "english"
    FOREIGN = "foreign"
    """The passages are in another language than the question."""


def tongue_between(question: str, evidence: Sequence[Evidence]) -> Tongue:
    """The case that ``question`` and its ``evidence`` are."""
    if in_another_language(question, [item.chunk.text for item in evidence[:_READ]]):
        return Tongue.FOREIGN
    return Tongue.CHINESE if language(question) == "zh" else Tongue.ENGLISH
