"""The lines of printed pages become paragraphs again. It knows lines of text, not files.

Typesetters put radicals and ligatures where the text has characters, and spaces between the glyphs of a CJK line;
both are undone, or nobody would find the words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence

from rag.sentences.lines import CJK, is_cjk, is_list_item, is_table_row, width

_PAGE_NUMBER = re.compile(
    r"\W*(?:page|p\.|第)?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*页?\s*(?:(?:/|of|共)\s*\d{1,4}\s*页?)?\W*$", re.IGNORECASE
)
_COMPATIBLE = re.compile("[\u2e80-\u2fdf\uf900-\ufaff\ufb00-\ufb06]")
_RADICALS = str.maketrans(
    "⺁⺇⺌⺎⺕⺟⺠⺩⺪⺫⺬⺭⺮⺯⺰⺱⺲⺶⺷⺸⺺⺼⺽⺾⺿⻀⻁⻂⻃⻄⻅⻆⻇⻈⻉⻊⻋⻌⻍⻎⻏⻐⻑⻒⻓⻔⻕⻖⻗⻘⻙⻚⻛⻜⻝⻞⻟⻠⻡⻢⻣⻤⻥⻦⻧⻨⻩⻪⻫⻬⻭⻮⻯⻰⻱⻲⻳",
    "厂几小兀彐母民王疋目示礻竹糸纟罓罒羊羊羊聿月臼艹艹艹虎衤覀西见角角讠贝足车辶辶辶阝钅長镸长门阜阝雨青韦页风飞食食食饣首马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
)
_GAP = re.compile(f"(?<=[{CJK}\u3001-\u303f\uff01-\uff60]) +(?=[{CJK}\u3001-\u303f\uff01-\uff60,.:;!?)])")
_DIGITS = re.compile(r"\d+")
_FEWEST_PAGES = 4
_ENDS = re.compile(r"[。．！？!?；;…：:.][」』”’）)】》\"']*$")
_FULL = 0.8


def without_furniture(pages: Sequence[Sequence[str]]) -> list[list[str]]:
    """Pages without page numbers and without the head and foot lines that most pages share."""
    bare = [[tidy(line) for line in page if line.strip()] for page in pages]
    edges: Counter[str] = Counter()
    for page in bare:
        edges.update({_masked(line) for line in {*page[:2], *page[-2:]}})
    common = {
        line for line, count in edges.items() if len(bare) >= _FEWEST_PAGES and count > len(bare) / 2 and len(line) < 100
    }
    return [_trimmed(page, common) for page in bare]


def tidy(line: str) -> str:
    """A line as it was meant: characters for radicals and ligatures, no spaces between CJK characters."""
    plain = _COMPATIBLE.sub(lambda match: unicodedata.normalize("NFKC", match[0]), line.translate(_RADICALS))
    return _GAP.sub("", plain.strip())


def _trimmed(page: list[str], common: set[str]) -> list[str]:
    lines = list(page)
    for at in (0, 0, -1, -1):
        if len(lines) > 1 and (_masked(lines[at]) in common or _PAGE_NUMBER.match(lines[at])):
            lines.pop(at)
    return lines


def _masked(line: str) -> str:
    return _DIGITS.sub("0", "".join(line.split()))


def join_lines(lines: Sequence[str], headings: Mapping[str, int]) -> str:
    """One page as text: lines that were wrapped are one line, without a space between CJK characters.

    ``headings``: titles without their spaces, with levels; lines that are such a title become ``#`` lines.
    """
    widest = {script: max((width(line) for line in lines if _is_wide(line) is script), default=0) for script in (True, False)}
    result: list[str] = []
    open_line = False
    for line in lines:
        level = headings.get("".join(line.split()), 0)
        if level:
            result.append("\n" + "#" * level + " " + line + "\n")
            open_line = False
            continue
        if open_line and not is_list_item(line) and not is_table_row(line):
            result[-1] = _joint(result[-1], line)
        else:
            result.append(line)
        open_line = width(line) >= _FULL * widest[_is_wide(line)] and not _ENDS.search(line)
    return "\n".join(result).strip()


def _is_wide(line: str) -> bool:
    """Whether a line is set in CJK characters, of which fewer fit into a line's width."""
    return width(line) > 1.4 * len(line)


def _joint(before: str, after: str) -> str:
    if before.endswith("-") and len(before) > 1 and before[-2].isalpha() and after[:1].islower():
        return before[:-1] + after
    separator = "" if is_cjk(before[-1:]) or is_cjk(after[:1]) else " "
    return before + separator + after
