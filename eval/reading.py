"""Reads case files: JSONL and CSV, with English or Chinese headers, every broken row reported at once.

Knows the forms in which labels are written; it does not know documents or the system under test.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eval.cases import Case, CaseSet, Kind
from eval.errors import CasesError, EvaluationError, Fault
from eval.rows import RowError, read_row

_HEADERS = {
    "编号": "id", "序号": "id", "问题": "question", "提问": "question", "问句": "question",
    "答案": "answers", "标准答案": "answers", "参考答案": "answers", "回答": "answers", "answer": "answers",
    "要点": "key_points", "关键点": "key_points", "keypoints": "key_points", "出处": "gold", "来源": "gold", "文档": "gold",
    "来源文档": "gold", "原文": "quote", "引文": "quote", "证据": "quote", "依据": "quote",
    "类型": "type", "类别": "type", "题型": "type", "历史": "history", "对话历史": "history", "上文": "history",
    "动作": "expected_action", "预期动作": "expected_action", "期望动作": "expected_action", "action": "expected_action",
    "语言": "lang", "language": "lang", "标签": "label", "论断": "claim", "声明": "claim", "改写": "rewrite",
}  # fmt: skip
_GENERIC_STEMS = ("queries", "questions", "cases", "pairs", "messages", "rewrites")
_CASE_FILES = ("queries*.jsonl", "pairs.jsonl", "messages.jsonl", "rewrites.jsonl", "cases*.jsonl", "cases*.csv")
_HARD_IDS = "bm25_hard_ids.txt"


def read_cases(path: Path) -> CaseSet:
    """The cases of one file.

    Raises:
        CasesError: rows are broken; all of them are named with their lines.
        EvaluationError: the file cannot be read or is of no known kind.
    """
    text = _read_text(path)
    faults: list[Fault] = []
    cases: list[Case] = []
    lines: dict[str, int] = {}
    hard = _hard_ids(path)
    name = set_name(path)
    for line, row in _rows(path, text, faults):
        try:
            case = read_row(row, name, line, hard)
        except RowError as error:
            faults += [Fault(line, message) for message in error.messages]
            continue
        if case.id in lines:
            faults.append(Fault(line, f"the id {case.id!r} stands on line {lines[case.id]} already"))
        lines[case.id] = line
        cases.append(case)
    if faults:
        raise CasesError(str(path), sorted(faults, key=lambda fault: fault.line))
    if not cases:
        raise CasesError(str(path), [Fault(0, "there is no case in it")])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return CaseSet(name, str(path), digest, _kind(cases), tuple(cases), _corpus_beside(path))


def read_all(paths: Sequence[Path], limit: int | None) -> list[CaseSet]:
    """Every set, or ``limit`` cases spread evenly over each. All broken rows of all files are reported together."""
    sets: list[CaseSet] = []
    broken: list[CasesError] = []
    for path in expand(list(paths)):
        try:
            sets.append(read_cases(path))
        except CasesError as error:
            broken.append(error)
    if broken:
        raise EvaluationError("\n".join(map(str, broken)))
    names = [cases.name for cases in sets]
    if twins := {name for name in names if names.count(name) > 1}:
        raise EvaluationError(f"two case files are both called {', '.join(sorted(twins))}; rename one")
    if limit is None:
        return sets
    return [_spread(cases, limit) for cases in sets]


def _spread(cases: CaseSet, limit: int) -> CaseSet:
    n = len(cases.cases)
    if n <= limit:
        return cases
    chosen = tuple(cases.cases[place * n // limit] for place in range(limit))
    return CaseSet(cases.name, cases.path, f"{cases.sha256}:{limit}", cases.kind, chosen, cases.corpus)


def expand(paths: list[Path]) -> list[Path]:
    """Files as they are; a folder stands for the case files in it and in its ``mixed`` folder."""
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        inside = [file for folder in (path, path / "mixed") for pattern in _CASE_FILES for file in sorted(folder.glob(pattern))]
        if not inside:
            raise EvaluationError(f"{path}: no case file in this folder; name a .jsonl or .csv file")
        found += inside
    return found


def set_name(path: Path) -> str:
    """What a file's set is called: ``cmrc2018/mixed/queries.jsonl`` is ``cmrc2018_mixed``."""
    stem = path.stem
    for generic in _GENERIC_STEMS:
        if stem == generic or stem.startswith(f"{generic}_"):
            folder = path.resolve().parent
            base = f"{folder.parent.name}_mixed" if folder.name == "mixed" else folder.name
            return base + stem.removeprefix(generic)
    return stem


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"{path}: cannot be read ({error.strerror}); check --cases") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise EvaluationError(f"{path}: neither UTF-8 nor GB18030; save it as UTF-8")


def _rows(path: Path, text: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    match path.suffix.lower():
        case ".csv" | ".tsv":
            yield from _csv_rows(text, "\t" if path.suffix.lower() == ".tsv" else None, faults)
        case ".jsonl" | ".ndjson":
            yield from _json_rows(text, faults)
        case suffix:
            raise EvaluationError(f"{path}: {suffix or 'a file without ending'} is no case file; use .jsonl or .csv")


def _json_rows(text: str, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except json.JSONDecodeError as error:
            faults.append(Fault(line, f"not JSON: {error.msg} at column {error.colno}"))
            continue
        if not isinstance(row, dict):
            faults.append(Fault(line, "a row must be a JSON object {…}"))
            continue
        yield line, {_HEADERS.get(str(name).strip().lower(), str(name)): value for name, value in row.items()}


def _csv_rows(text: str, delimiter: str | None, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    delimiter = delimiter or (";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    line = 1
    try:
        for fields in reader:
            start, line = line, reader.line_num + 1
            if not any(field.strip() for field in fields):
                continue
            if not header:
                header = _header(fields, faults)
            elif len(fields) > len(header):
                faults.append(Fault(start, f"{len(fields)} fields under {len(header)} headers; quote fields that hold a comma"))
            else:
                yield start, {name: field for name, field in zip(header, fields, strict=False) if name and field.strip()}
    except csv.Error as error:
        faults.append(Fault(line, f"not CSV: {error}"))


def _header(fields: list[str], faults: list[Fault]) -> list[str]:
    names = [field.strip().lower() for field in fields]
    header = ["gold" if name == "source" else _HEADERS.get(name, name) for name in names]
    for name in {name for name in header if name and header.count(name) > 1}:
        faults.append(Fault(1, f"two columns mean {name!r}; keep one"))
    if not {"question", "claim", "premise"} & set(header):
        faults.append(Fault(1, "no column is called question (or 问题)"))
    return header


def _hard_ids(path: Path) -> frozenset[str]:
    beside = path.parent / _HARD_IDS
    return frozenset(beside.read_text(encoding="utf-8").split()) if beside.is_file() else frozenset()


def _kind(cases: list[Case]) -> Kind:
    kinds = {case.kind for case in cases}
    return kinds.pop() if len(kinds) == 1 else Kind.QUESTION


def _corpus_beside(path: Path) -> str:
    for candidate in (path.parent / "corpus.jsonl", path.parent / "corpus"):
        if candidate.exists():
            return str(candidate)
    return ""
