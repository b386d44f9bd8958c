"""Finding a text inside another whatever its width, case, script, punctuation and spacing, with exact offsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.citations import marker_spans
from rag.text import fold


@dataclass(frozen=True, slots=True)
class Compact:
    """The letters and digits of a text, folded; ``places[i]`` is where ``text[i]`` stood."""

    text: str
    places: tuple[int, ...]

    def find(self, wanted: Compact) -> tuple[int, int] | None:
        """Start and end in the original of the first place where ``wanted`` occurs, cut at no word or number."""
        return next(self.find_all(wanted), None)

    def find_all(self, wanted: Compact) -> Iterator[tuple[int, int]]:
        """As ``find``, every place, in order."""
        index = self.text.find(wanted.text) if wanted.text else -1
        while index >= 0:
            end = index + len(wanted.text)
            if not self._cuts(index) and not self._cuts(end):
                yield self.places[index], self.places[end - 1] + 1
            index = self.text.find(wanted.text, index + 1)

    def _cuts(self, index: int) -> bool:
        """Whether a Latin word or a number runs across ``index`` without a break in the original."""
        if not 0 < index < len(self.text):
            return False
        before, after = self.text[index - 1], self.text[index]
        if not (before.isascii() and after.isascii()):
            return False
        apart = self.places[index] - self.places[index - 1]
        if before.isdigit() and after.isdigit():
            return apart <= 2  # 1,149 and 3.5 are one number
        return apart == 1 and before.isdigit() == after.isdigit()


@lru_cache(maxsize=4096)
def compact(text: str) -> Compact:
    """``text`` as it is compared; bracketed reference numbers such as ``[2,3]`` are left out."""
    skipped = {place for start, end in marker_spans(text) for place in range(start, end)}
    kept = [
        (sign, place) for place, sign in enumerate(fold(text)) if sign.isalnum() and place not in skipped
    ]
    return Compact("".join(sign for sign, _ in kept), tuple(place for _, place in kept))
