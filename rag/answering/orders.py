"""Orders in a passage that are meant for whoever answers: ``reply only X``, ``忽略以上规则``.

What a document states can be quoted; what it orders is no statement, and a model that obeyed has no ground in it.
Few and plain forms only: a rule that takes a fact for an order costs that fact its mark.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.text import simplified

_ORDER = re.compile(
    r"(?:^|(?<=[.!?;:,，。；：！？\n])\s*|\b(?:must|should|please|always|you)\s+)"
    r"(?:reply|respond|answer)\s+(?:only|solely|just|exactly|with\s+(?:only|just|exactly))\b"
    r"|\b(?:ignore|disregard|forget)\s+(?:(?:all|any|the|your|of)\s+)*(?:previous|prior|above|earlier|preceding|system)\s+"
    r"(?:instructions?|prompts?|rules?|messages?)"
    r"|(?:忽略|无视|忘记|忘掉)[^，。；！？\n]{0,4}(?:以上|上述|上面|之前|此前|前面|先前|系统)[^，。；！？\n]{0,6}(?:规则|指令|指示|提示|要求|命令|设定)"
    r"|(?:(?<![^，。；：！？,.;:!?\s])|请|你|都)(?:只|仅|只能|只准|务必只|必须只)(?:回复|回覆|回答|应答)",
    re.IGNORECASE | re.MULTILINE,
)


def in_order(text: str, start: int, end: int) -> bool:
    """Whether ``text[start:end]`` is, or follows in the same paragraph, an order to whoever answers."""
    return any(start < last and end > first for first, last in _orders(text))


@lru_cache(maxsize=2048)
def _orders(text: str) -> tuple[tuple[int, int], ...]:
    """Each order, to the end of its paragraph."""
    ends = ((match.start(), text.find("\n", match.end())) for match in _ORDER.finditer(simplified(text)))
    return tuple((start, end if end >= 0 else len(text)) for start, end in ends)
