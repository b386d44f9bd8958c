"""What counts as a question: cleaning and limits, the same for page and API. Knows nothing of answers."""

from __future__ import annotations

import unicodedata

from rag.web.refusals import Reason, Refusal

_KEPT_FORMAT = {"\u200d", "\ufe0f"}  # joiners inside emoji and of Indic scripts


def clean_question(text: str, longest: int) -> str:
    """``text`` in NFC without control, bidirectional, byte-order and surrogate characters, trimmed.

    Raises:
        Refusal: longer than ``longest`` characters, or without a single letter or digit.
    """
    if len(text) > longest:
        raise Refusal(Reason.TOO_LONG, f"The question is longer than {longest} characters.", limit=longest)
    kept = (character for character in text if _belongs(character))
    cleaned = unicodedata.normalize("NFC", "".join(kept)).strip()
    if not any(character.isalnum() for character in cleaned):
        raise Refusal(Reason.EMPTY)
    return cleaned


def _belongs(character: str) -> bool:
    if character in "\n\t" or character in _KEPT_FORMAT:
        return True
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
