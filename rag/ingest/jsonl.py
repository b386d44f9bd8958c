"""Reads JSON Lines: one document a line, ``{"id", "title", "text"}``, further fields ignored.

``modified`` or ``date`` is kept where a line has it. A broken line is a failure of its own, with its number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rag.errors import IngestError
from rag.ingest.drafts import Draft
from rag.ingest.sources import Failure

_DATE = re.compile(r"\s*(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?\s*$")
_LONGEST_ID = 500


def read_jsonl(text: str, name: str) -> Iterator[Draft | Failure]:
    """A draft or a failure for every line that is not blank. ``name`` is the file's, for naming lines."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        source = f"{name}:{number}"
        try:
            yield _draft(_parse(line), source)
        except IngestError as error:
            yield Failure(source, str(error))


def _parse(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise IngestError(f"not valid JSON ({error}): write one JSON object a line") from error
    if not isinstance(value, dict):
        raise IngestError('not a JSON object: write {"id": …, "title": …, "text": …}')
    return value


def _draft(value: dict[str, Any], source: str) -> Draft:
    text = value.get("text")
    if not isinstance(text, str):
        raise IngestError('has no "text": give the document\'s text as a string')
    identifier = value.get("id", "")
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    if not isinstance(identifier, str) or len(identifier) > _LONGEST_ID or not identifier.isprintable():
        raise IngestError(f'its "id" must be a printable string of at most {_LONGEST_ID} characters')
    title = value.get("title") or ""
    if not isinstance(title, str):
        raise IngestError('its "title" must be a string')
    modified = instant(value.get("modified") or value.get("date"))
    return Draft(text, " ".join(title.split()), identifier.strip(), source, modified, titled=True)


def instant(value: object) -> str:
    """A date or time in ISO 8601 in UTC; empty when it cannot be read. Without a zone it counts as UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
        elif isinstance(value, str) and (match := _DATE.match(value)):
            moment = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
        else:
            return ""
    except (ValueError, OverflowError, OSError):
        return ""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")
