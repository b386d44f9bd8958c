"""What can go wrong in the evaluator itself, each with the exit code that the command line ends with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from rag.errors import RagError


class Exit(IntEnum):
    """How ``python -m eval`` ends."""

    PASS = 0
    USAGE = 2
    TOO_MANY_ERRORS = 3
    GATE_FAILED = 10
    NOT_COMPARABLE = 11


class EvaluationError(RagError):
    """The evaluator cannot do what was asked; ``code`` is the exit code."""

    code = Exit.USAGE


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a file. ``line`` counts from 1; 0 when the file as a whole is meant."""

    line: int
    message: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        return f"line {self.line}: {kind}{self.message}" if self.line else f"{kind}{self.message}"


class CasesError(EvaluationError):
    """A file of cases has broken rows; the message names every one of them with its line."""

    def __init__(self, path: str, faults: Sequence[Fault]) -> None:
        self.path = path
        self.faults = tuple(faults)
        lines = "\n".join(f"  {fault}" for fault in self.faults)
        super().__init__(f"{path}: {len(self.faults)} broken row(s); mend them and run again:\n{lines}")


class NotComparable(EvaluationError):
    """Two runs were not made on the same cases and documents."""

    code = Exit.NOT_COMPARABLE


class TooManyErrors(EvaluationError):
    """More cases failed than are allowed, so the figures would say nothing."""

    code = Exit.TOO_MANY_ERRORS
