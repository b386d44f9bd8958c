"""The online pipeline: plan → gather → generate → check, as one stream of events. (Being written.)"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from rag.events import Event
from rag.interfaces import Catalogue
from rag.types import Scope, Turn


class Engine:
    """Answers questions. Stateless; one instance serves every thread."""

    catalogue: Catalogue

    def answer(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        """Yield the events of one answer. Closing the generator stops the model call."""
        raise NotImplementedError
        yield
