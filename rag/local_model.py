"""A language model on this machine: an installed GGUF file behind llama.cpp's own OpenAI server, in this process.

The client is the same as for any other endpoint. Which files there are and where they come from is not known
here. Needs the package ``xllamacpp``; it is imported when a model is started.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag.errors import ModelUnavailable
from rag.interfaces import Message
from rag.llm import OpenAIModel, Timeouts

_CONTEXT = 4096
_BATCH = 512
_REMEMBERED_MIB = 256
"""Memory for prompts that were read before: a dozen. Without a limit of ours the server keeps eight gigabytes of them."""
_ERRORS_ONLY = 1


class LocalModel:
    """A ``LanguageModel`` from a GGUF file. The server starts with the first call, on a free loopback port.

    One answer is written at a time: a second one would make both slow. ``context`` is in tokens,
    ``logprobs`` as with ``OpenAIModel``.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        context: int = _CONTEXT,
        threads: int | None = None,
        temperature: float = 0.0,
        max_tokens: int = 400,
        timeouts: Timeouts | None = None,
        logprobs: bool = False,
    ) -> None:
        self._path = path
        self._name = name or path.stem
        self._context = context
        self._threads = threads or os.cpu_count() or 1
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._timeouts = timeouts or Timeouts(connect=5, first_token=120, between_tokens=60, total=600)
        self._logprobs = logprobs
        self._lock = threading.Lock()
        self._key = secrets.token_urlsafe(24)
        self._server: Any = None
        self._client: OpenAIModel | None = None

    @property
    def name(self) -> str:
        """The model's name, as settings and answers give it."""
        return self._name

    def start(self) -> str:
        """Load the model and open its server, once; its base URL.

        Raises:
            ModelUnavailable: the package or the file is missing, or the file cannot be loaded.
        """
        with self._lock:
            if self._server is None:
                self._server = _serve(self._path, self._name, self._key, self._context, self._threads)
            address: str = self._server.listening_address
            if self._client is None:
                self._client = OpenAIModel(
                    self._name,
                    api_key=self._key,
                    base_url=f"{address}/v1",
                    temperature=self._temperature,
                    max_tokens=self._max_tokens,
                    timeouts=self._timeouts,
                    retries=0,
                    direct=True,
                    logprobs=self._logprobs,
                )
            return address

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Iterator[str]:
        """As ``OpenAIModel.stream``."""
        self.start()
        assert self._client is not None
        yield from self._client.stream(messages, max_tokens=max_tokens, temperature=temperature)

    def decide(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> dict[str, Any]:
        """As ``OpenAIModel.decide``."""
        self.start()
        assert self._client is not None
        return self._client.decide(messages, schema)

    def close(self) -> None:
        """Stop the server and give the memory back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._server = None


def _serve(path: Path, name: str, key: str, context: int, threads: int) -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise ModelUnavailable("RAG_LLM=local needs llama.cpp: run `pip install 'zhiju[local]'`.") from error
    if not path.is_file():
        raise ModelUnavailable(f"There is no model at {path}. Run `python -m rag model install`.")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]  # whoever else is on this machine, a page in a browser too, is turned away
    params.ui = False
    params.verbosity = _ERRORS_ONLY
    params.cache_ram_mib = _REMEMBERED_MIB
    params.n_ctx = context
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.warmup = False
    try:
        return xllamacpp.Server(params)
    except (RuntimeError, OSError, ValueError) as error:
        raise ModelUnavailable(f"The model at {path} cannot be loaded: {error}.") from error
