"""A conversation as a file: Markdown for people, JSON for programs, both with numbered citations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from rag.web.records import Conversation, Message, MessageState, Source

_STATES = {MessageState.COMPLETE: "", MessageState.STOPPED: "（已停止 / stopped）", MessageState.FAILED: "（失败 / failed）"}


def export_markdown(conversation: Conversation) -> str:
    """The conversation as Markdown: each answer followed by its numbered sources, quotes verbatim."""
    parts = [f"# {conversation.title}", f"<!-- {conversation.created} -->"]
    for message in conversation.messages:
        if message.role == "user":
            parts.append(f"## {_one_line(message.text)}")
        else:
            parts += [part for part in (message.text, _STATES[message.state]) if part]
            parts += [_markdown_sources(message.sources)] if message.sources else []
    return "\n\n".join(parts) + "\n"


def message_markdown(message: Message) -> str:
    """One answer as Markdown with its numbered sources: what the copy button puts on the clipboard."""
    return "\n\n".join(part for part in (message.text, _markdown_sources(message.sources)) if part)


def export_json(conversation: Conversation) -> str:
    """The conversation as JSON, sources included, without the engine's trace."""
    record = {
        "title": conversation.title,
        "created": conversation.created,
        "updated": conversation.updated,
        "messages": [_message(message) for message in conversation.messages],
    }
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def _markdown_sources(sources: Iterable[Source]) -> str:
    lines = []
    for source in sorted(sources, key=lambda source: (source.marker, source.start)):
        place = " › ".join(part for part in (source.title, source.section) if part)
        date = f" ({source.modified[:10]})" if source.modified else ""
        lines.append(f"[{source.marker}] {place}{date}, {source.source}:\n> {_one_line(source.quote)}")
    return "\n\n".join(lines)


def _message(message: Message) -> dict[str, object]:
    if message.role == "user":
        return {"role": "user", "text": message.text, "created": message.created}
    rating = message.rating
    return {
        "role": message.role,
        "text": message.text,
        "created": message.created,
        "state": message.state.value,
        "outcome": message.answer.outcome.value if message.answer else "",
        "citations": [asdict(source) for source in message.sources],
        "rating": {"thumb": rating.thumb.value, "reason": rating.reason} if rating else None,
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())
