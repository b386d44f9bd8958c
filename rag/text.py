"""Text as it is compared: width, case and script folded, the language told, the numbers in it read.

Knows characters and the grammar of numbers in Chinese and English; it does not know documents or queries.
Offsets always count into the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from rag.numerals import Number, read_numbers

__all__ = ["Number", "fold", "is_cjk", "language", "languages", "normalise", "numbers"]

Language = Literal["zh", "en"]

CJK = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
"""The inside of a regular expression's character class: scripts written without spaces, and Hangul."""

_CJK = re.compile(f"[{CJK}]")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ][\w'’.-]*")
_ENGLISH_FUNCTION_WORDS = frozenset(
    "a an and are about be by can could did do does for from had has have how i if in is it its me of on or "
    "please should tell that the their there these they this to was we were what when where which who whom whose "
    "why will with would you your".split()
)


def normalise(text: str) -> str:
    """``text`` for comparing: NFKC, lower case, Traditional characters as Simplified, no invisible characters.

    Lone surrogates go too, so that the result can be encoded.

    Lengths may change (``㎏`` becomes ``kg``); ``fold`` keeps them.
    """
    folded = unicodedata.normalize("NFKC", text).lower().translate(_simplified())
    return folded if folded.isascii() else _INVISIBLE.sub("", folded)


def fold(text: str) -> str:
    """Like ``normalise``, but one character for each of ``text``, so that offsets hold in both."""
    return text.translate(_FOLD)


def simplified(text: str) -> str:
    """``text`` with Traditional characters as Simplified, one for one; the rest as it is."""
    return text.translate(_simplified())


def numbers(text: str) -> list[Number]:
    """The numbers in ``text``, in order: 740万, 七百四十万 and 7.4 million all have the value 7400000.

    See ``rag.numerals`` for what is read.
    """
    return list(_numbers(text))


@lru_cache(maxsize=8192)
def _numbers(text: str) -> tuple[Number, ...]:
    return tuple(read_numbers(text, fold(text)))


def is_cjk(character: str) -> bool:
    """Whether a character belongs to a script that is written without spaces (or to Hangul)."""
    return _CJK.match(character) is not None


def languages(text: str) -> frozenset[Language]:
    """The languages of which ``text`` holds at least one word or character."""
    found: set[Language] = set()
    if _CJK.search(text):
        found.add("zh")
    if _LATIN_WORD.search(text):
        found.add("en")
    return frozenset(found)


def language(text: str) -> Language:
    """The language a reply to ``text`` should be in.

    Names in Latin letters do not make a Chinese sentence English; a Chinese name does not make an English
    sentence Chinese. Text without letters counts as Chinese.
    """
    found = languages(text)
    if found != {"zh", "en"}:
        return "en" if found == {"en"} else "zh"
    words = [word.lower() for word in _LATIN_WORD.findall(text)]
    if _ENGLISH_FUNCTION_WORDS.isdisjoint(words):
        return "zh"
    return "zh" if len(_CJK.findall(text)) > 1.5 * len(words) else "en"


def in_another_language(text: str, others: Sequence[str]) -> bool:
    """Whether most of ``others`` are in another language than ``text``."""
    spoken = language(text)
    return 2 * sum(language(other) != spoken for other in others) > len(others)


_INVISIBLE = re.compile("[\ud800-\udfff\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f]")


@cache
def _simplified() -> dict[int, str]:
    """OpenCC's table of Traditional characters, each with its first Simplified form."""
    table = files("opencc").joinpath("dictionary", "TSCharacters.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if "\t" in line)
    return {ord(old): new.split()[0] for old, new in pairs if len(old) == 1 and len(new.split()[0]) == 1}


class _Fold(dict[int, str]):
    """Code point → folded character, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if 0xD800 <= code <= 0xDFFF:
            self[code] = "\ufffd"
            return self[code]
        compatible = unicodedata.normalize("NFKC", character).lower()
        folded = compatible if len(compatible) == 1 else character
        self[code] = result = _simplified().get(ord(folded), folded)
        return result


_FOLD = _Fold()
