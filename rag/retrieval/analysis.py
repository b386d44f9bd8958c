"""Text becomes the terms that sparse search counts, the same way for chunks and queries.

Words and character bigrams for scripts without spaces, stemmed words for the others, numbers by their value. It
does not know what is indexed or how terms are weighed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import rjieba
import snowballstemmer  # type: ignore[import-untyped]

from rag.errors import ConfigError
from rag.retrieval.stopwords import CHINESE, ENGLISH, WEAK_CHARACTERS
from rag.text import CJK, normalise, numbers

_FORMAT = "1"  # of what this module makes of a text: part of the name
_CJK_RUN = re.compile(f"[{CJK}]+")
_WORD = re.compile(rf"[^\W_{CJK}]+(?:[-_.'’+#]+[^\W_{CJK}]+)*[+#]*")
_GAP = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])")  # a line break inside Chinese text means nothing
_JOINT = re.compile(r"[-_.'’]+")
_DECIMAL = re.compile(r"\d+(?:\.\d+)+")


class Analyzer:
    """Splits texts into terms. Safe from many threads.

    Words come from rjieba's search mode and so overlap; a two-character word counts twice, as a word and as a
    bigram, which lifts true words over accidental pairs. ``GPT-4`` and ``GPT4`` share a term, ``Baichuan-7B`` has
    its parts too, 七百四十万 is also ``7400000``.
    """

    def __init__(self, user_dictionary: Path | None = None) -> None:
        """``user_dictionary``: words to keep whole, one a line, optionally with a frequency behind a space.

        Raises:
            ConfigError: the dictionary cannot be read.
        """
        self._splitter = rjieba.Jieba()
        words = _read_words(user_dictionary) if user_dictionary else []
        for word, frequency in words:
            self._splitter.add_word(word, frequency, None)
        digest = hashlib.sha256(repr(words).encode()).hexdigest()[:12] if words else "none"
        parts = " ".join(f"{package}-{version(package)}" for package in ("rjieba", "snowballstemmer"))
        self._name = f"zhiju-{_FORMAT} {parts} dictionary-{digest}"

    @property
    def name(self) -> str:
        """Identifies the way of splitting, with versions and dictionary: two analyzers of one name agree."""
        return self._name

    def terms(self, text: str) -> list[str]:
        """The terms of ``text``, repeated as often as they occur."""
        normal = _GAP.sub("", normalise(text))
        found = [term for word in _WORD.findall(normal) for term in _word_terms(word)]
        for run in _CJK_RUN.findall(normal):
            found += [run] if len(run) == 1 else _bigrams(run)
        found += self._split_words(normal)
        found += _number_terms(text)
        return found

    def query_terms(self, text: str) -> list[str]:
        """The terms of a query: without function words and question words, unless it has no others."""
        terms = self.terms(text)
        return [term for term in terms if not is_weak(term)] or terms

    def context_free_terms(self, text: str) -> set[str]:
        """Those terms that every text has in which ``text`` stands: bigrams, and the parts of Latin words."""
        normal = _GAP.sub("", normalise(text))
        found = {term for run in _CJK_RUN.findall(normal) for term in _bigrams(run)}
        for word in _WORD.findall(normal):
            found.update(_word_terms(word)[: len(_JOINT.split(word))])
        return found

    def words(self, text: str) -> list[str]:
        """The words of ``text`` in order, without overlap, normalised: Chinese words and words of letters."""
        return [word for word in self._splitter.cut(normalise(text)) if word[0].isalnum()]

    def _split_words(self, normal: str) -> Iterator[str]:
        for word in self._splitter.cut_for_search(normal):
            if _CJK_RUN.search(word) and (len(word) > 1 or word not in CHINESE):
                yield word


def is_weak(term: str) -> bool:
    """Whether a term carries no meaning of its own: function words, and bigrams that begin or end in a particle."""
    if term in ENGLISH or term in CHINESE:
        return True
    return len(term) == 2 and (term[0] in WEAK_CHARACTERS or term[1] in WEAK_CHARACTERS)


def _bigrams(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _word_terms(word: str) -> list[str]:
    """The terms of a word between spaces: joined, and its parts."""
    word = word.replace("’", "'").removesuffix("'s")
    if _DECIMAL.fullmatch(word):
        return [word]
    parts = [part for part in _JOINT.split(word) if part]
    terms = [_stem(part) for part in parts]
    if len(parts) > 1:
        terms.append("".join(parts))
    return terms


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    if word in ENGLISH or not (word.isascii() and word.isalpha()):
        return word
    return str(_STEMMER.stemWord(word))


_STEMMER = snowballstemmer.stemmer("english")


def _number_terms(text: str) -> Iterator[str]:
    """Numbers whose digits do not stand in the text as such, by their value."""
    for number in numbers(text):
        if number.value >= 10 or number.value % 1:
            term = format(number.value.normalize(), "f")
            if term != text[number.start : number.start + len(term)] and len(term) < 24:
                yield term


def _read_words(path: Path) -> list[tuple[str, int | None]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The user dictionary {path} cannot be read ({error}).") from error
    words: list[tuple[str, int | None]] = []
    for line in lines:
        parts = line.split()
        if parts and not line.startswith("#"):
            frequency = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else None
            words.append((normalise(parts[0]), frequency))
    return sorted(set(words), key=lambda pair: pair[0])


