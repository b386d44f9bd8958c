"""Whether a text mentions a name: spelling forgiven, versions and years not.

Qwen3 is not Qwen2.5, Llama 3 is not Llama 3.1; but lama3 is Llama 3 and Baichaun is Baichuan. Grammar only.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.answering.terms import names
from rag.text import CJK, normalise

_PIECE = re.compile(rf"\d+(?:\.\d+)*(?:[a-z](?![a-z]))?|[a-zà-ɏ]+|[{CJK}]+")
_TOKEN = re.compile(r"(?<![a-zà-ɏ])([a-zà-ɏ]+)(?:[\s\-_]*v?(?<!\d)(\d+(?:\.\d+)*))?")
_YEAR = re.compile(r"(?:1[0-9]|20)\d\d")
_POSSESSIVE = re.compile(r"['’]s?(?![a-z])")
_DECADE = re.compile(r"(\d\d)(\d)0s")
_OF_A_PEOPLE = re.compile(r"[a-z]+(?:ian|ean|ese|ish|rican|xican)|french|german|dutch|greek|roman|norman|swiss|arab|jewish|christian|catholic")
"""Adjectives that say of what kind a thing is, not which one: an Indian lawyer may be called by his name alone."""
_COMPOUND = re.compile(r"([a-z]{3,})-(?:[a-z]+ed|[a-z]+ing|born|like|style|wide|speaking)")
_SHORTEST_FORGIVEN = 4


@lru_cache(maxsize=1024)
def wanted_names(question: str) -> tuple[str, ...]:
    """What evidence must mention: names with a capital or a digit, versions included, and years. Normalised."""
    named = (name for name in names(question) if name != name.lower() or re.search(r"\d", name))
    held = [_COMPOUND.sub(r"\1", _POSSESSIVE.sub("", normalise(name))) for name in named]
    held = [name for name in held if not _OF_A_PEOPLE.fullmatch(name)]
    years = re.findall(rf"(?<!\d){_YEAR.pattern}(?!\d)", normalise(question))
    return tuple(dict.fromkeys([*held, *(year for year in years if not any(year in name for name in held))]))


def mentions(text: str, name: str) -> bool:
    """Whether normalised ``text`` mentions normalised ``name``: each of its words, each number with its word."""
    pieces = _PIECE.findall(name)
    if not pieces or _stands_whole(text, name):
        return name in text
    return all(_has_piece(text, pieces, index) for index in range(len(pieces)))


def _stands_whole(text: str, name: str) -> bool:
    """Whether ``text`` has a Latin name as it is written, not as the head of a longer word or version."""
    return name.isascii() and re.search(rf"(?<![a-z\d]){re.escape(name)}(?!\.?\d|[a-z])", text) is not None


def clashes(text: str, name: str) -> bool:
    """Whether ``text`` mentions ``name`` only in another version or year."""
    pieces = _PIECE.findall(name)
    if mentions(text, name) or not any(piece[:1].isdigit() for piece in pieces):
        return False
    words = [piece for piece in pieces if not piece[:1].isdigit()]
    return bool(words) and all(_has_word(text, word) for word in words)


def _has_piece(text: str, pieces: list[str], index: int) -> bool:
    piece = pieces[index]
    if not piece[:1].isdigit():
        return _has_word(text, piece)
    if decade := _DECADE.fullmatch(piece):
        century, ten = decade.groups()
        return re.search(rf"(?<!\d){century}{ten if ten != '0' else '[0-9]'}\d(?!\d)", text) is not None
    before = pieces[index - 1] if index else ""
    if piece[-1].isalpha() or _YEAR.fullmatch(piece) or not before or re.match(f"[{CJK}]", before):
        return re.search(rf"(?<![\d.]){re.escape(piece)}(?!\.?\d|[a-z])", text) is not None
    return any(version == piece and _alike(word, before) for word, version in _tokens(text)) or (
        re.search(rf"(?<![a-z]){re.escape(before)}[\s\-_]*{re.escape(piece)}(?!\.?\d)", text) is not None
    )


def _has_word(text: str, word: str) -> bool:
    if re.match(f"[{CJK}]", word):
        return word in text
    if re.search(rf"(?<![a-z]){re.escape(word)}" + ("" if len(word) > 4 else r"(?![a-z])"), text):
        return True
    return len(word) >= _SHORTEST_FORGIVEN and any(_alike(other, word) for other, _ in _tokens(text))


@lru_cache(maxsize=256)
def _tokens(text: str) -> frozenset[tuple[str, str]]:
    """The Latin words of a text, each with the number behind it."""
    return frozenset((match[1], match[2] or "") for match in _TOKEN.finditer(text))


def _alike(first: str, second: str) -> bool:
    """Equal up to one slip of the pen (a letter more, less, other, or two swapped), and a plural ``s``."""
    if first == second:
        return True
    if min(len(first), len(second)) < _SHORTEST_FORGIVEN or abs(len(first) - len(second)) > 1 or first[0] != second[0]:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    a, b = first[start:], second[start:]
    swapped = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped
