"""Structured replies: finding the JSON object in a model's text, and holding it against a schema.

Checks the part of JSON Schema that decisions use: type, enum, properties, required, additionalProperties, items,
minItems and maxItems.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rag.errors import MalformedReply

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}


def decision_in(text: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The first JSON object in ``text``, which must be of ``schema``.

    Raises:
        MalformedReply: there is none, or it is not of the schema; the message says where.
    """
    found = _first_object(text)
    fault = fault_in(found, schema)
    if fault:
        raise MalformedReply(f"The model's decision does not fit: {fault}.")
    return found


def _first_object(text: str) -> dict[str, Any]:
    decoder = json.JSONDecoder()
    place = text.find("{")
    while place >= 0:
        try:
            value, _ = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            place = text.find("{", place + 1)
            continue
        if isinstance(value, dict):
            return value
        place = text.find("{", place + 1)
    raise MalformedReply("The model's decision holds no JSON object.")


def fault_in(value: Any, schema: Mapping[str, Any], path: str = "reply") -> str:
    """What is wrong with ``value``; empty when it is of ``schema``."""
    kinds = schema.get("type")
    allowed = [kinds] if isinstance(kinds, str) else list(kinds or [])
    if allowed and not any(_is(value, kind) for kind in allowed):
        return f"{path} is not of type {' or '.join(allowed)}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{path} is not one of {', '.join(map(str, schema['enum']))}"
    if isinstance(value, dict):
        return _fault_in_object(value, schema, path)
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return f"{path} has {len(value)} items"
        faults = (fault_in(item, schema.get("items", {}), f"{path}[{place}]") for place, item in enumerate(value))
        return next((fault for fault in faults if fault), "")
    return ""


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _TYPES.get(kind, (object,)))


def _fault_in_object(value: dict[str, Any], schema: Mapping[str, Any], path: str) -> str:
    properties = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{path}.{name} is missing"
    if schema.get("additionalProperties", True) is False:
        for name in value:
            if name not in properties:
                return f"{path}.{name} is unknown"
    faults = (
        fault_in(item, properties[name], f"{path}.{name}") for name, item in value.items() if name in properties
    )
    return next((fault for fault in faults if fault), "")
