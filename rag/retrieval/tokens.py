"""The token vectors of every chunk, on disk at one byte a value and memory-mapped.

Late interaction needs them for each candidate of each query; a query touches its candidates' rows only. Four
plain ``.npy`` files, never pickled: values (n, d) int8, one float16 scale a token, spans (n, 2) int32, and
where each chunk's rows begin (m + 1) int64. It does not know what the chunks are: they are numbers from 0.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rag.errors import IndexCorrupt
from rag.interfaces import Embedding, Vector

VALUES, SCALES, SPANS, ROWS = FILES = (
    "token_values.npy",
    "token_scales.npy",
    "token_spans.npy",
    "token_rows.npy",
)

Spans = NDArray[np.int32]


class RawTokens(NamedTuple):
    """The tokens of one chunk as they are stored; ``values * scales[:, None]`` gives the vectors."""

    values: NDArray[np.int8]
    scales: NDArray[np.float16]
    spans: Spans

    @classmethod
    def of(cls, tokens: Vector, spans: Spans) -> RawTokens:
        """Token vectors (t, d) rounded to one byte a value. The direction is kept to about 0.0001 of cosine."""
        peaks = np.abs(tokens).max(axis=1, initial=0.0) if tokens.size else np.zeros(len(tokens))
        scales = np.maximum(peaks / 127, 1e-6).astype(np.float16)
        values = np.rint(tokens / scales.astype(np.float32)[:, None]).clip(-127, 127).astype(np.int8)
        return cls(values, scales, np.asarray(spans, dtype=np.int32).reshape(-1, 2))

    def vectors(self) -> Vector:
        """The vectors again, (t, d) float32."""
        vectors: Vector = np.multiply(self.values, self.scales.astype(np.float32)[:, None], dtype=np.float32)
        return vectors


class _Column:
    """A ``.npy`` file that grows: NumPy leaves room in the header for the final number of rows."""

    def __init__(self, path: Path, dtype: type[np.generic], width: tuple[int, ...]) -> None:
        self._dtype, self._width, self._count = np.dtype(dtype), width, 0
        self._file: BinaryIO = path.open("wb")
        self._write_header()
        self._start = self._file.tell()

    def append(self, rows: NDArray[Any]) -> None:
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).tobytes())
        self._count += len(rows)

    def close(self) -> None:
        self._file.seek(0)
        self._write_header()
        if self._file.tell() != self._start:  # pragma: no cover - NumPy's documented padding
            raise RuntimeError("the header of a .npy file has grown")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        self._file.close()

    def _write_header(self) -> None:
        header = {
            "descr": npy.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self._count, *self._width),
        }
        npy.write_array_header_1_0(self._file, header)


class TokenWriter:
    """Writes a table chunk by chunk; memory stays flat however large it grows.

    As a context manager it closes the files at the end, and leaves them unfinished after an exception.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._dimension: int | None = None
        self._columns: list[_Column] = []
        self._total = 0
        self._chunks = 0

    def append(self, embedding: Embedding) -> None:
        """Add the tokens of the next chunk."""
        self.append_raw(RawTokens.of(embedding.tokens, embedding.spans))

    def append_raw(self, tokens: RawTokens) -> None:
        """Add the tokens of the next chunk as another table stores them (``TokenTable.raw``).

        Raises:
            ValueError: the width differs from that of the chunks before, or the arrays' lengths differ.
        """
        count, width = tokens.values.shape
        if tokens.scales.shape != (count,) or tokens.spans.shape != (count, 2):
            raise ValueError(f"{count} token vectors, {len(tokens.scales)} scales, {len(tokens.spans)} spans")
        if self._dimension is None:
            self._begin(width)
        elif width != self._dimension:
            raise ValueError(f"token vectors have {width} dimensions, those before {self._dimension}")
        self._total += count
        self._chunks += 1
        rows = np.array([self._total], dtype=np.int64)
        arrays: tuple[NDArray[Any], ...] = (tokens.values, tokens.scales, tokens.spans, rows)
        for column, array in zip(self._columns, arrays, strict=True):
            column.append(array)

    def close(self) -> list[str]:
        """Finish the files, durably. Returns their names inside the directory."""
        if self._dimension is None:
            self._begin(0)
        for column in self._columns:
            column.close()
        return list(FILES)

    def _begin(self, dimension: int) -> None:
        self._dimension = dimension
        self._directory.mkdir(parents=True, exist_ok=True)
        shapes: tuple[tuple[str, type[np.generic], tuple[int, ...]], ...] = (
            (VALUES, np.int8, (dimension,)),
            (SCALES, np.float16, ()),
            (SPANS, np.int32, (2,)),
            (ROWS, np.int64, ()),
        )
        self._columns = [_Column(self._directory / name, dtype, width) for name, dtype, width in shapes]
        self._columns[-1].append(np.zeros(1, dtype=np.int64))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            for column in self._columns:
                column.abandon()


class TokenTable:
    """The opened table. Reading is lock-free and safe from many threads."""

    def __init__(
        self, values: NDArray[np.int8], scales: NDArray[np.float16], spans: Spans, rows: NDArray[np.int64]
    ) -> None:
        self._values, self._scales, self._spans, self._rows = values, scales, spans, rows

    @classmethod
    def open(cls, directory: Path) -> TokenTable:
        """Map the files of ``directory``.

        Raises:
            IndexCorrupt: a file is missing, cut short, or does not fit the others.
        """
        values = _load(directory / VALUES, np.int8, 2)
        scales = _load(directory / SCALES, np.float16, 1)
        spans = _load(directory / SPANS, np.int32, 2)
        rows = _load(directory / ROWS, np.int64, 1)
        total = len(values)
        fits = len(scales) == total and spans.shape == (total, 2) and len(rows) > 0
        if not fits or rows[0] != 0 or rows[-1] != total or bool(np.any(np.diff(rows) < 0)):
            raise IndexCorrupt(f"{directory}: the token files do not fit together. Build the index again.")
        return cls(values, scales, spans, np.array(rows))

    def __len__(self) -> int:
        return len(self._rows) - 1

    @property
    def dimension(self) -> int:
        """The width of a token vector."""
        return int(self._values.shape[1])

    def count(self, index: int) -> int:
        """How many tokens chunk ``index`` has. Raises IndexError when there is no such chunk."""
        return self._range(index)[1] - self._range(index)[0]

    def raw(self, index: int) -> RawTokens:
        """The tokens of chunk ``index`` as they are stored, as views of the mapped files."""
        start, end = self._range(index)
        return RawTokens(self._values[start:end], self._scales[start:end], self._spans[start:end])

    def tokens(self, index: int) -> tuple[Vector, Spans]:
        """Chunk ``index``'s token vectors, (t, d) float32, and spans, (t, 2) offsets into the chunk's text."""
        raw = self.raw(index)
        return raw.vectors(), np.array(raw.spans)

    def _range(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"chunk {index} of {len(self)}")
        return int(self._rows[index]), int(self._rows[index + 1])


def _load(path: Path, dtype: type[np.generic], dimensions: int) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorrupt(f"{path} cannot be read ({error}). Build the index again.") from error
    if array.dtype != np.dtype(dtype) or array.ndim != dimensions:
        raise IndexCorrupt(f"{path} does not hold what it should. Build the index again.")
    return array.view(np.ndarray)
