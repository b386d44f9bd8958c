"""Speaks Gradio's queue protocol over plain HTTP, as the page's script does: for tests without a browser."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx


class GradioPage:
    """One open page: its configuration and session."""

    def __init__(self, client: httpx.Client, path: str = "/", session: str = "session1") -> None:
        self._client = client
        self._root = path.rstrip("/")
        self._session = session
        reply = client.get(path)
        assert reply.status_code == 200
        self.html = reply.text
        found = re.search(r"window\.gradio_config\s*=\s*(\{.*?\});\s*</script>", self.html, re.DOTALL)
        assert found is not None
        self.config: dict[str, Any] = json.loads(found.group(1))

    def function(self, element: str, event: str) -> int:
        """The number of the handler of ``event`` on the component with this element id."""
        numbers = {part["id"]: part["props"].get("elem_id") for part in self.config["components"]}
        for dependency in self.config["dependencies"]:
            for target, name in dependency["targets"]:
                if numbers.get(target) == element and name == event:
                    return int(dependency["id"])
        raise AssertionError(f"no handler of {event} on {element}")

    def join(self, data: list[Any], function: int | None = None, **extra: Any) -> httpx.Response:
        """Put a question into the queue."""
        number = self.function("zj-composer", "submit") if function is None else function
        body = {"data": data, "fn_index": number, "session_hash": self._session, "event_data": None, "trigger_id": 1}
        content = json.dumps({**body, **extra})  # escapes, so that lone surrogates can be sent too
        headers = {"content-type": "application/json"}
        return self._client.post(f"{self._root}/gradio_api/queue/join", content=content, headers=headers)

    def messages(self) -> list[dict[str, Any]]:
        """What the server sends on the session's stream, until it has nothing more to say."""
        received = []
        params = {"session_hash": self._session}
        with self._client.stream("GET", f"{self._root}/gradio_api/queue/data", params=params) as reply:
            assert reply.status_code == 200
            for line in reply.iter_lines():
                if line.startswith("data: "):
                    received.append(json.loads(line.removeprefix("data: ")))
        return received

    def ask(self, question: Any, conversation: str = "", mode: str = "") -> list[dict[str, Any]]:
        """Ask and give everything that came back."""
        joined = self.join([question, conversation, mode])
        assert joined.status_code == 200, joined.text
        return self.messages()


def last_data(messages: list[dict[str, Any]]) -> list[Any]:
    """The outputs that the last message leaves on the page."""
    (completed,) = [message for message in messages if message["msg"] == "process_completed"]
    data: list[Any] = completed["output"]["data"]
    return data
