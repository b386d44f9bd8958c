"""Helpers of the tests of ``rag.llm``: a model at the fake server, with short time-outs."""

from __future__ import annotations

from typing import Any

import openai  # noqa: F401  loaded here, so that no test's time includes it

from rag.interfaces import Message
from rag.llm import OpenAIModel, Timeouts
from tests.fake_openai import FakeOpenAI, Step

ASK = (Message("user", "问题"),)
PATIENT = Timeouts(connect=5.0, first_token=15.0, between_tokens=10.0, total=40.0)
QUICK = Timeouts(connect=1.0, first_token=1.0, between_tokens=0.4, total=3.0)
"""For tests of the time-outs themselves; a busy machine is slower than this at everything."""
KEY = "sk-secret-4711"


def model(server: FakeOpenAI | str, **options: Any) -> OpenAIModel:
    """A model at ``server`` (or a URL) that never really sleeps."""
    url = server if isinstance(server, str) else server.base_url
    given: dict[str, Any] = {"api_key": KEY, "base_url": url, "timeouts": PATIENT, "sleep": lambda _: None} | options
    return OpenAIModel("fake", **given)


def reply(*script: Step, **options: Any) -> tuple[str, FakeOpenAI]:
    """The whole reply to a script, and the server that gave it."""
    with FakeOpenAI(script) as server:
        return "".join(model(server, **options).stream(ASK)), server
