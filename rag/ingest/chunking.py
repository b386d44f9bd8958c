"""Cut a document into chunks: whole sentences, whole lists and tables where they fit, one section each.

A dynamic programme over the document's units chooses the cuts with the least cost: chunks that are neither tiny
nor uneven, and cuts at paragraphs rather than inside them. Every chunk is an exact slice of the text, and every
character that is no whitespace lies in exactly one chunk. It knows nothing of embeddings.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from rag.ingest.atoms import Atom, atoms, measure
from rag.ingest.structure import SEPARATOR, Section, sections
from rag.types import Chunk, Document

_FREE_LEVELS = 2
"""Chunks never cross a heading of these levels; shorter sections below deeper headings may share a chunk."""

_SMALL = 0.4
_TOO_SMALL = 0.2
_TOO_SMALL_COST = 0.5
_CHUNK_COST = 0.02


class Chunker:
    """Cuts documents into chunks of at most ``size`` (a CJK character counts 1, any other 0.4)."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"the chunk size must be at least 1, not {size}")
        self._size = float(size)

    def chunk(self, document: Document) -> list[Chunk]:
        """The chunks of ``document`` in order.

        An id is made of the document's id and a hash of the chunk's text (with an ordinal where a text is
        repeated), so that it does not change with other parts of the document.
        """
        seen: Counter[str] = Counter()
        chunks = []
        for start, end, path in self._spans(document.text):
            text = document.text[start:end]
            digest = hashlib.sha256(text.encode()).hexdigest()[:12]
            seen[digest] += 1
            ordinal = f"-{seen[digest]}" if seen[digest] > 1 else ""
            name = f"{document.id}#{digest}{ordinal}"
            chunks.append(Chunk(name, document.id, document.title, path, text, start, end))
        return chunks

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        for group in _grouped(text, sections(text), self._size):
            parts = list(atoms(text, group[0].start, group[-1].end, self._size))
            for first, last in _cuts(text, parts, self._size):
                start, end = parts[first].start, parts[last].end
                yield start, end, _path([section for section in group if section.start < end and start < section.end])


def _path(touched: Sequence[Section]) -> str:
    """The headings that all these sections have in common."""
    common = touched[0].path.split(SEPARATOR)
    for section in touched[1:]:
        other = section.path.split(SEPARATOR)
        same = 0
        while same < min(len(common), len(other)) and common[same] == other[same]:
            same += 1
        common = common[:same]
    return SEPARATOR.join(common)


def _grouped(text: str, tree: Sequence[Section], size: float) -> list[list[Section]]:
    """Runs of sections that are cut as one: bare headings with what follows, and small neighbours."""
    groups: list[list[Section]] = []
    sizes: list[float] = []
    bare = False
    for section in tree:
        content = text[section.start : section.end]
        extent = measure(content)
        small = bool(sizes) and sizes[-1] + extent <= size and min(sizes[-1], extent) < _SMALL * size
        deep = section.level > _FREE_LEVELS and small
        if groups and ((bare and section.level > groups[-1][-1].level) or deep):
            groups[-1].append(section)
            sizes[-1] += extent
        else:
            groups.append([section])
            sizes.append(extent)
        bare = section.level > 0 and "\n" not in content.strip()
    return groups


def _cuts(text: str, parts: Sequence[Atom], size: float) -> list[tuple[int, int]]:
    """First and last atom of each chunk, at the least total cost. Time is linear but for the atoms a chunk holds."""
    count = len(parts)
    best = [0.0] + [float("inf")] * count
    back = [0] * (count + 1)
    extents = _extents(text, parts)
    for last in range(count):
        for first in range(last, -1, -1):
            extent = extents[last][1] - extents[first][0]
            if extent > size and first < last:
                break
            cost = best[first] + _cost(extent / size) + (parts[last].cut if last + 1 < count else 0.0)
            if cost < best[last + 1]:
                best[last + 1], back[last + 1] = cost, first
    cuts: list[tuple[int, int]] = []
    end = count
    while end:
        cuts.append((back[end], end - 1))
        end = back[end]
    return cuts[::-1]


def _extents(text: str, parts: Sequence[Atom]) -> list[tuple[float, float]]:
    """Measure of the text before and up to the end of each atom."""
    extents = []
    total, place = 0.0, parts[0].start if parts else 0
    for atom in parts:
        before = total + measure(text[place : atom.start])
        total = before + measure(text[atom.start : atom.end])
        extents.append((before, total))
        place = atom.end
    return extents


def _cost(fill: float) -> float:
    return (1.0 - min(fill, 1.0)) ** 2 + _CHUNK_COST + (_TOO_SMALL_COST if fill < _TOO_SMALL else 0.0)
