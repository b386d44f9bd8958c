"""Reads the texts with questions in ``eval/training``: invented documents, each followed by what is asked of it.

    ### DOC name
    …the document, Markdown…
    ### QS
    Q: a question
    A: the answer in short
    E: the line or part of a line, word for word, on which it rests (one or more)
    Q: a question that the document does not answer
    N
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from eval.errors import EvaluationError

_DOCUMENT, _QUESTIONS = "### DOC ", "### QS"


@dataclass(slots=True)
class Asked:
    """A question of a document, and the lines that answer it: none where it does not."""

    question: str
    answer: str = ""
    evidence: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Text:
    """A document and its questions."""

    name: str
    text: str = ""
    asked: list[Asked] = field(default_factory=list)


def read_texts(path: Path) -> list[Text]:
    """The texts of one file, in order.

    Raises:
        EvaluationError: a line is none of the known ones, or evidence does not stand in its document; file and line are named.
    """
    texts: list[Text] = []
    lines: list[str] = []
    asking = False
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if line.startswith(_DOCUMENT):
            texts.append(Text(line.removeprefix(_DOCUMENT).strip()))
            lines, asking = [], False
        elif line.strip() == _QUESTIONS and texts:
            texts[-1].text, asking = "\n".join(lines).strip(), True
        elif not asking:
            lines.append(line)
        elif line.strip():
            fault = _take(line.strip(), texts[-1])
            if fault:
                raise EvaluationError(f"{path}:{number}: {fault}")
    return texts


def _take(line: str, text: Text) -> str:
    """Add what a line says to ``text``; what is wrong with it, or nothing."""
    kind, _, value = line.partition(":")
    value = value.strip()
    match kind:
        case "Q":
            text.asked.append(Asked(value))
        case "A" | "E" | "N" if not text.asked:
            return f"{kind} before the first question"
        case "A":
            text.asked[-1].answer = value
        case "E":
            text.asked[-1].evidence.append(value)
            return "" if value in text.text else f"not in the document {text.name}: {value[:60]}"
        case "N":
            return "a question that is not answered has evidence" if text.asked[-1].evidence else ""
        case _:
            return f"neither Q:, A:, E: nor N: {line[:60]}"
    return ""


def documents(texts: list[Text], folder: Path) -> Iterator[Path]:
    """Write each document below ``folder``, and give the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for text in texts:
        file = folder / f"{text.name}.md"
        file.write_text(text.text, encoding="utf-8", newline="\n")
        yield file
