"""What a request body may hold before anything behind the guard sees it: its size, and for Gradio its shape."""

from __future__ import annotations

import json
from typing import Any

from rag.web.refusals import Reason, Refusal

_MOST_VALUES = 32
_MOST_DEPTH = 8
_FILE_KEYS = frozenset({"path", "url", "meta", "_type", "__type__", "orig_name", "is_stream"})


def check_gradio_body(body: bytes, handlers: int) -> bytes:
    """The body written anew, its texts freed of lone surrogates, on which Gradio's stream would break off.

    Refuses what the page itself never sends: anything but plain values as input, and files in disguise.
    ``handlers`` is how many events the page knows; others are refused.

    Raises:
        Refusal: not valid.
    """
    message = read_object(body)
    data = message.get("data", [])
    if not isinstance(data, list) or len(data) > _MOST_VALUES or not all(_is_plain(value) for value in data):
        raise Refusal(Reason.INVALID, "Inputs must be plain texts.")
    known = message.get("fn_index", 0)
    if not isinstance(known, int) or not 0 <= known < max(handlers, 1) or not _is_harmless(message, _MOST_DEPTH):
        raise Refusal(Reason.INVALID)
    return json.dumps(message).encode()


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _is_harmless(value: Any, depth: int) -> bool:
    if depth == 0:
        return _is_plain(value)
    if isinstance(value, dict):
        return not _FILE_KEYS & value.keys() and all(_is_harmless(item, depth - 1) for item in value.values())
    return all(_is_harmless(item, depth - 1) for item in value) if isinstance(value, list) else True


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object from a body, its texts freed of lone surrogates.

    Raises:
        Refusal: not JSON, or not an object.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal(Reason.INVALID, "The body is not JSON.") from None
    if not isinstance(value, dict):
        raise Refusal(Reason.INVALID, "The body must be a JSON object.")
    return {str(key): _mended(item, _MOST_DEPTH) for key, item in value.items()}


def _mended(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if depth == 0 and isinstance(value, dict | list):
        raise Refusal(Reason.INVALID, "The body is nested too deeply.")
    if isinstance(value, dict):
        return {str(key): _mended(item, depth - 1) for key, item in value.items()}
    return [_mended(item, depth - 1) for item in value] if isinstance(value, list) else value
