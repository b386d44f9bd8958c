"""How far a passage looks as if it could answer a question, whatever its words mean: order among passages.

Two things a likeness of vectors does not see: whether a person, a time, a place or a number is there where the
question asks for one, and whether the passage says anything beside the question's own words (a headline, a
menu and a truncated line of a search page meet every word of it and answer nothing).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from rag.answering.expect import Wanted, holds, wanted
from rag.interfaces import Vector
from rag.text import CJK, is_cjk

KIND, BARE = 1.0, 0.7
"""Log-odds of a passage that holds the kind of answer asked for, and of one with e times as much that is new. Chosen on thirteen
development sets, both halves of their questions in view (``eval/LOG.md``)."""

_CHARACTERS, _WORDS = 40, 20
"""How many distinct ones, that the question lacks, are enough: of a passage with CJK characters, and of one without."""

_KINDS = frozenset({Wanted.PERSON, Wanted.TIME, Wanted.PLACE, Wanted.COUNT})
_ATOM = re.compile(rf"[{CJK}]|[^\W{CJK}]+")


def looks(question: str, passages: Sequence[str]) -> Vector:
    """Log-odds that each passage has against the best-looking one: (n,), 0 or below."""
    kind, asked = wanted(question), _atoms(question)
    own = [
        KIND * (holds(kind, passage, question) if kind in _KINDS else 1.0)
        + BARE * min(0.0, math.log(_new(_atoms(passage), asked)))
        for passage in passages
    ]
    scores: Vector = np.array(own, dtype=np.float32)
    return scores - scores.max(initial=-np.inf) if len(scores) else scores


def _new(atoms: set[str], asked: set[str]) -> float:
    """How much there is beside what was ``asked``, against what is enough."""
    enough = _CHARACTERS if any(map(is_cjk, atoms)) else _WORDS
    return (len(atoms - asked) + 1) / enough


def _atoms(text: str) -> set[str]:
    return set(_ATOM.findall(text.lower()))
