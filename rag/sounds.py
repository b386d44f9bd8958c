"""How Chinese characters sound, without tones: most wrong characters in typed Chinese are homophones.

Readings are those of pypinyin's dictionary. It knows characters and pairs of them, neither queries nor documents.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache


@cache
def alike(character: str) -> tuple[str, ...]:
    """``character`` and all characters in common use that can be read like it."""
    by_character, by_reading = _dictionary()
    others = (other for sound in by_character.get(character, ()) for other in by_reading[sound])
    return tuple(dict.fromkeys((character, *others)))


@lru_cache(maxsize=4096)
def meant_by(pair: str) -> re.Pattern[str]:
    """What may have been meant by two Chinese characters: the pair itself, or one of them replaced by a homophone."""
    first, second = map(re.escape, pair)
    return re.compile(f"[{_class(pair[0])}]{second}|{first}[{_class(pair[1])}]")


def _class(character: str) -> str:
    return "".join(map(re.escape, alike(character)))


@cache
def _dictionary() -> tuple[dict[str, tuple[str, ...]], dict[str, list[str]]]:
    """Readings by character, and characters in common use (those of GB 2312) by reading."""
    from pypinyin.pinyin_dict import pinyin_dict  # its package takes a fifth of a second to import

    by_character = {
        chr(code): tuple(dict.fromkeys(map(_toneless, sounds.split(","))))
        for code, sounds in pinyin_dict.items()
    }
    by_reading: dict[str, list[str]] = {sound: [] for sounds in by_character.values() for sound in sounds}
    for character, sounds in by_character.items():
        if _is_common(character):
            for sound in sounds:
                by_reading[sound].append(character)
    return by_character, by_reading


@cache
def _toneless(sound: str) -> str:
    letters = unicodedata.normalize("NFD", sound)
    return "".join(letter for letter in letters if letter.isascii() or letter == "\u0308")


def _is_common(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True
