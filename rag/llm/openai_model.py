"""A chat model behind an OpenAI-compatible endpoint, through the ``openai`` client.

Every time-out is set here, retries happen before the first piece only, a reply has a longest length, and closing
the stream closes the connection. The client is imported on first use: it takes long to load.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.departure import current
from rag.errors import MalformedReply, ModelError, ModelUnavailable
from rag.interfaces import Message
from rag.llm.decisions import decision_in
from rag.llm.events import EventReader
from rag.llm.failures import Failure, failure_of, foreign_errors, safe_cause
from rag.llm.reading import Reading
from rag.llm.transport import allow_silence, cut, next_bytes
from rag.llm.watchdog import Watchdog
from rag.prompts import load

if TYPE_CHECKING:
    import openai

_log = logging.getLogger(__name__)
_OF_A_TEXT: Sequence[Options] = ({"logprobs": True}, {})
_OF_A_WORD: Sequence[Options] = ({"logprobs": True, "top_logprobs": 10}, *_OF_A_TEXT)
"""How log-probabilities are asked for, the most telling way first; an endpoint that refuses one is asked in the next."""
_FIRST_PAUSE = 0.4

Pieces = Generator[str, None, None]
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. ``first_token`` counts over all tries; ``between_tokens`` is the longest silence; ``total`` the whole reply."""

    connect: float = 5.0
    first_token: float = 20.0
    between_tokens: float = 15.0
    total: float = 90.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written so far, as far as the endpoint told."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Failed(Exception):
    """Carries a failure from one try to the loop that may try again."""

    def __init__(self, failure: Failure, cause: Exception | None) -> None:
        super().__init__(str(failure.error))
        self.failure = failure
        self.cause = cause


class OpenAIModel:
    """One model of one endpoint. Safe for threads.

    Args:
        model: the name that the endpoint knows.
        api_key: sent as bearer token; never shown in a message or a log.
        base_url: None for OpenAI's own.
        retries: tries after the first, each after a pause with jitter or as long as ``Retry-After`` says.
        sleep: waits before a retry; unless given, until the reader has left (``rag.departure``).
        direct: do not go through a proxy of the environment (a server on this machine).
        logprobs: ask for log-probabilities; the pieces of a reply are then ``Piece`` where the endpoint tells them. Of a
            reply of one token they tell too what else it might have been.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        temperature: float = 0.0,
        max_tokens: int = 800,
        timeouts: Timeouts | None = None,
        retries: int = 2,
        direct: bool = False,
        logprobs: bool = False,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        self._model = model
        self._key = api_key or ""
        self._base_url = base_url
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._timeouts = timeouts or Timeouts()
        self._retries = retries
        self._direct = direct
        self._logprobs = logprobs
        self._sleep = sleep
        self._lock = threading.Lock()
        self._made: openai.OpenAI | None = None
        self._usage = Usage()
        self._accepted: dict[str, int] = {}

    @property
    def name(self) -> str:
        """The name that the endpoint knows."""
        return self._model

    @property
    def usage(self) -> Usage:
        """What has been used up so far."""
        return self._usage

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Pieces:
        """Yield the reply as it is written, without the model's thoughts.

        Raises:
            ModelTimeout: no connection, first piece, next piece or end in time.
            ModelUnavailable: the endpoint cannot be reached, refuses, or breaks off.
            MalformedReply: the reply cannot be read, or there is none.
        """
        limit = max_tokens or self._max_tokens
        variants = [self._options(messages, limit, dialect, temperature) for dialect in range(3)]
        word = self._logprobs and limit == 1
        if self._logprobs:
            wishes = _OF_A_WORD if word else _OF_A_TEXT
            variants = [{**options, **asked} for options in variants for asked in wishes]
        yield from self._stream("word" if word else "stream", variants, limit)

    def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        """The reply as one JSON object of ``schema``: asked for strictly, else loosely, else in words.

        Raises:
            MalformedReply: the reply holds no such object; and as ``stream``.
        """
        limit = self._max_tokens
        told = [*messages, Message("system", load("json_reply").render(schema=json.dumps(schema, ensure_ascii=False)))]
        strict = {"type": "json_schema", "json_schema": {"name": "decision", "schema": dict(schema), "strict": True}}
        variants: list[Options] = []
        for dialect in (0, 2):
            variants.append({**self._options(messages, limit, dialect), "response_format": strict})
            variants.append({**self._options(told, limit, dialect), "response_format": {"type": "json_object"}})
            variants.append(self._options(told, limit, dialect))
        return decision_in("".join(self._stream("decide", variants, limit)), schema)

    def close(self) -> None:
        """Give the connections back."""
        with self._lock:
            if self._made is not None:
                self._made.close()
                self._made = None

    def _options(
        self, messages: Sequence[Message], limit: int, dialect: int, temperature: float | None = None
    ) -> Options:
        """A request's fields. Endpoints differ: 1 asks for no usage, 2 is what reasoning models want."""
        options: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": message.role, "content": _clean(message.content)} for message in messages],
            "stream": True,
        }
        if dialect == 2:
            return options | {"max_completion_tokens": limit}
        options |= {"max_tokens": limit, "temperature": self._temperature if temperature is None else temperature}
        return options | ({"stream_options": {"include_usage": True}} if dialect == 0 else {})

    def _stream(self, kind: str, variants: Sequence[Options], limit: int) -> Pieces:
        """Try until a first piece comes or trying again is of no use; then pass the pieces on."""
        started = time.monotonic()
        variant, tries = self._accepted.get(kind, 0), 0
        while True:
            shown = False
            pieces = self._try(variants[variant], limit, started)
            try:
                for piece in pieces:
                    if not shown:
                        shown, self._accepted[kind] = True, variant
                    yield piece
                return
            except _Failed as failed:
                failure, cause = failed.failure, failed.cause
            finally:
                pieces.close()
            if not shown and failure.refused and variant + 1 < len(variants):
                variant += 1
                continue
            pause = None if shown else self._pause(failure, tries, started)
            if pause is None:
                raise failure.error from cause
            _log.warning("The model %s failed: %s Next try in %.1f s.", self._model, failure.error, pause)
            (self._sleep or current().pause)(pause)
            tries += 1

    def _pause(self, failure: Failure, tries: int, started: float) -> float | None:
        """Seconds until the next try; None when there is to be none."""
        if not failure.retry or tries >= self._retries:
            return None
        pause = failure.after if failure.after is not None else _FIRST_PAUSE * 2**tries * random.uniform(0.5, 1.0)
        left = started + self._timeouts.first_token - time.monotonic()
        return pause if pause < left else None

    def _try(self, options: Options, limit: int, started: float) -> Pieces:
        """One request; whatever fails is raised as ``_Failed``."""
        foreign = foreign_errors()
        try:
            yield from self._request(options, limit, started)
        except ModelError as error:
            raise _Failed(Failure(error), None) from None
        except foreign as error:
            failure = failure_of(error)
            raise _Failed(failure, safe_cause(error, self._key)) from None

    def _request(self, options: Options, limit: int, started: float) -> Pieces:
        times = self._timeouts
        first = max(0.05, started + times.first_token - time.monotonic())
        departure, limits = current(), self._transport_timeouts(first)
        create: Any = self._client().chat.completions.create
        stream: Any = departure.wait_for(lambda: create(**options, timeout=limits), lambda unwanted: unwanted.close())
        reading = Reading(limit)
        due = max(started + times.first_token, time.monotonic() + 0.05)
        allow_silence(stream, max(times.first_token, times.between_tokens))
        received, events = stream.response.iter_bytes(), EventReader()
        try:
            with Watchdog(lambda: cut(stream)) as watchdog, departure.calling(lambda: cut(stream)):
                while not (reading.full or reading.done):
                    left = min(due, started + times.total) - time.monotonic()
                    data = next_bytes(received, watchdog, left)
                    text = reading.take(events.finish() if data is None else events.feed(data))
                    if text:
                        yield text
                    if reading.error is not None:
                        raise reading.error
                    if data is None:
                        break
                    if reading.alive:
                        due = time.monotonic() + times.between_tokens
                rest = reading.finish()
        finally:
            stream.close()
        self._record(reading)
        if rest:
            yield rest
        if not reading.shown:
            raise MalformedReply("The model's reply is empty.")
        if not (reading.finished or reading.full):
            raise ModelUnavailable("The model's reply broke off before its end.")

    def _record(self, reading: Reading) -> None:
        with self._lock:
            used = self._usage
            self._usage = Usage(
                used.requests + 1,
                used.prompt_tokens + reading.prompt_tokens,
                used.completion_tokens + reading.completion_tokens,
            )

    def _transport_timeouts(self, first: float) -> openai.Timeout:
        import openai

        connect = min(self._timeouts.connect, first)
        return openai.Timeout(connect=connect, read=first, write=connect, pool=connect)

    def _client(self) -> openai.OpenAI:
        import openai

        with self._lock:
            if self._made is None:
                transport = openai.DefaultHttpxClient(trust_env=False) if self._direct else None
                self._made = openai.OpenAI(
                    api_key=self._key or "none", base_url=self._base_url, max_retries=0, http_client=transport
                )
                weakref.finalize(self, self._made.close)
            return self._made


def _clean(text: str) -> str:
    """``text`` without lone surrogates, which no request can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
