"""Builds the plain form that all formats come to: paragraphs, ``#`` headings, ``- `` items, ``| a | b |`` rows.

It knows neither HTML nor Word, only what is begun and ended.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.sentences.lines import is_cjk

_SPACE = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_LONGEST_CELL = 1500


class LineBuffer:
    """Collects running text into lines. Whitespace collapses, as in a browser; between CJK characters a line break vanishes."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._parts: list[str] = []
        self._prefix = ""
        self._lists: list[tuple[bool, int]] = []
        self._code = 0

    def write(self, text: str) -> None:
        """Add running text to the present line."""
        self._parts.append(text)

    def end_block(self, *, blank: bool) -> None:
        """End the present line, and the paragraph when ``blank``. Inside a list no blank lines arise."""
        content = "".join(self._parts)
        self._parts = []
        if self._code:
            self._parts = [content + "\n"]
            return
        line = collapse(content)
        if line:
            self._lines.append(self._prefix + line)
            self._prefix = " " * len(self._prefix)
        if blank and not self._lists and self._lines and self._lines[-1]:
            self._lines.append("")

    def begin_list(self, *, ordered: bool, start: int = 1) -> None:
        """Begin a list, within another or not."""
        self.end_block(blank=False)
        if not self._lists and self._lines and self._lines[-1] and not self._lines[-1].endswith(("：", ":")):
            self._lines.append("")
        self._lists.append((ordered, start))

    def begin_item(self) -> None:
        """Begin an item of the innermost list."""
        self.end_block(blank=False)
        ordered, number = self._lists[-1] if self._lists else (False, 1)
        self._prefix = "  " * (len(self._lists) - 1) + (f"{number}. " if ordered else "- ")
        if self._lists:
            self._lists[-1] = (ordered, number + 1)

    def prefix(self, marker: str) -> None:
        """Set what the present line begins with; lines after it are indented as far."""
        self._prefix = marker

    def end_list(self) -> None:
        """End the innermost list."""
        self.end_block(blank=False)
        if self._lists:
            self._lists.pop()
        self._prefix = "  " * len(self._lists)
        if not self._lists:
            self._prefix = ""
            self.end_block(blank=True)

    def begin_code(self) -> None:
        """Begin text whose line breaks and spaces count."""
        self.end_block(blank=True)
        self._code += 1

    def end_code(self) -> None:
        """End it; it stands between fences."""
        self._code = max(0, self._code - 1)
        if self._code:
            return
        content = "".join(self._parts).strip("\n")
        self._parts = []
        if content.strip():
            self._lines.extend(["```", *(line.rstrip() for line in content.split("\n")), "```", ""])

    def table(self, rows: Sequence[str], *, headed: bool) -> None:
        """Add a finished table; ``headed``: its first row names the columns."""
        self.end_block(blank=True)
        if not rows:
            return
        columns = rows[0].count(" | ") + 1
        rule = ["|" + " --- |" * columns] if headed and len(rows) > 1 else []
        self._lines.extend([rows[0], *rule, *rows[1:], ""])

    def text(self) -> str:
        """All of it."""
        self.end_block(blank=False)
        return "\n".join(self._lines).strip("\n")


def collapse(text: str) -> str:
    """``text`` on one line, each run of whitespace one space; a line break between CJK characters is nothing."""

    def joint(match: re.Match[str]) -> str:
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        return "" if "\n" in match[0] and is_cjk(before) and is_cjk(after) else " "

    return _SPACE.sub(joint, text).strip()


def table_rows(cells: Sequence[Sequence[str]]) -> list[str] | None:
    """Rows as ``| a | b |``, all of one length; None when this is no table of data (one column, or a whole page in a cell)."""
    tidy = [[collapse(cell).replace("|", "\\|") for cell in row] for row in cells]
    tidy = [row for row in tidy if any(row)]
    columns = max(map(len, tidy), default=0)
    if columns < 2 or any(len(cell) > _LONGEST_CELL for row in tidy for cell in row):
        return None
    return ["| " + " | ".join([*row, *[""] * (columns - len(row))]) + " |" for row in tidy]
