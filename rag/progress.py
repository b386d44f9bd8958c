"""Progress bars on standard error, for commands that a person waits for."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from tqdm import tqdm


class Bar:
    """Shows ``label`` and how much is done, from the first ``update`` to the end of the ``with`` block."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: tqdm[Any] | None = None

    def update(self, done: int, total: int) -> None:
        """``done`` of ``total`` passages are finished."""
        bar = self._bar
        if bar is None:
            bar = self._bar = tqdm(total=total, initial=done, desc=self._label, unit="", dynamic_ncols=True, leave=False)
        bar.total = total
        bar.update(done - bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Steps:
    """A bar of bytes for each of several steps, one after the other."""

    def __init__(self) -> None:
        self._step = ""
        self._bar: tqdm[Any] | None = None

    def update(self, step: str, done: int, total: int) -> None:
        """``step`` has ``done`` of ``total`` bytes; 0 in all: not known."""
        if self._bar is None or step != self._step:
            self.close()
            self._step = step
            self._bar = tqdm(desc=step, unit="B", unit_scale=True, unit_divisor=1000, dynamic_ncols=True, leave=False)
        self._bar.total = total or None
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
