"""Texts become vectors: one for the whole text, and one for each token.

Any sentence-transformers model with a fast tokenizer will do; the built-in one is assembled from packages. The
heavy libraries are imported when the first text comes, not with this module. How a model runs (``encoders``) and
which text is embedded once and kept (``embedding_cache``) are decided elsewhere.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from rag.config import Settings
from rag.errors import ModelUnavailable
from rag.interfaces import Embedding
from rag.packages import Progress, silent
from rag.retrieval.assembly import NAME, builtin_model
from rag.retrieval.encoders import Encoded, Encoder, open_encoder
from rag.retrieval.prefixes import Prefixes, base_name, fingerprint, known_prefixes
from rag.retrieval.windows import Window, batches, cut

BUILTIN = "builtin"
_FORMAT = "1"  # of what this module makes of a model's output: part of the name
_BLOCK = 64  # passages held at once and reported as progress: their token vectors are 15 MB for the built-in model
_BATCH_TOKENS = 256  # a full batch holds this many tokens a passage, padding included
_QUERIES_KEPT = 256


class SentenceTransformerEmbedder:
    """An ``Embedder`` over one sentence-transformers model. Safe from many threads."""

    def __init__(
        self,
        model: str = BUILTIN,
        *,
        cache: Path,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        device: str = "auto",
        batch: int | None = None,
        progress: Progress = silent,
    ) -> None:
        """``model``: ``builtin``, a folder, or a name on the hub. ``cache``: where the built-in one is kept.

        ``batch``: passages at once; None: what suits the device.
        """
        self._asked, self._cache, self._progress = model, cache, progress
        self._given = (query_prefix, passage_prefix)
        self._device, self._batch = device, batch
        self._lock = threading.RLock()
        self._encoder: Encoder | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._source: tuple[Path, Prefixes, str] | None = None
        self._queries: OrderedDict[str, Embedding] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings, progress: Progress = silent) -> SentenceTransformerEmbedder:
        """The embedder that the settings ask for. Nothing is loaded yet."""
        return cls(
            settings.embedding_model,
            cache=settings.cache_dir,
            query_prefix=settings.query_prefix,
            passage_prefix=settings.passage_prefix,
            device=settings.embedding_device,
            batch=settings.embedding_batch,
            progress=progress,
        )

    @property
    def name(self) -> str:
        """Model, fingerprint of its files, prefixes and this module's format. Loads no model that is on disk."""
        return self._resolved()[2]

    @property
    def dimension(self) -> int:
        """The length of a text's vector. Loads the model."""
        return self.load().dimension

    def load(self) -> Encoder:
        """Load the model now (seconds) rather than with the first text.

        Raises:
            ModelUnavailable: the model is not there or cannot be loaded.
            ConfigError: the device is unknown or not there.
        """
        with self._lock:
            if self._encoder is None:
                self._encoder = open_encoder(self._resolved()[0], self._device)
                if self._encoder.workers > 1:
                    self._pool = ThreadPoolExecutor(self._encoder.workers, thread_name_prefix="encode")
            return self._encoder

    def embed_query(self, text: str) -> Embedding:
        """Embed a query with its prefix. The last few hundred are remembered: one question asks repeatedly."""
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
                return self._queries[text]
        [embedding] = self._embed([self._resolved()[1].query], [text])
        for array in (embedding.vector, embedding.tokens, embedding.spans):
            array.setflags(write=False)
        with self._lock:
            self._queries[text] = embedding
            if len(self._queries) > _QUERIES_KEPT:
                self._queries.popitem(last=False)
        return embedding

    def embed_passages(
        self, texts: Sequence[str], contexts: Sequence[str] | None = None
    ) -> Iterator[Embedding]:
        """Yield one embedding a text, in order.

        ``contexts``: a title or section for each text. The encoder reads it before the text; ``tokens`` and
        ``spans`` are those of the text alone, and spans count from its start.
        """
        prefix = self._resolved()[1].passage
        for start in range(0, len(texts), _BLOCK):
            block = texts[start : start + _BLOCK]
            given = contexts[start : start + _BLOCK] if contexts else [""] * len(block)
            leads = [prefix + (f"{context}\n" if context else "") for context in given]
            yield from self._embed(leads, block)

    def _resolved(self) -> tuple[Path, Prefixes, str]:
        """The model's folder, the prefixes in force, and the name."""
        with self._lock:
            if self._source is None:
                self._source = self._resolve()
            return self._source

    def _resolve(self) -> tuple[Path, Prefixes, str]:
        if self._asked == BUILTIN:
            folder, model = builtin_model(self._cache, self._progress), NAME
        else:
            folder, model = _folder(self._asked), base_name(self._asked)
        known = known_prefixes(model, folder)
        query, passage = self._given
        prefixes = Prefixes(
            known.query if query is None else query, known.passage if passage is None else passage
        )
        return folder, prefixes, f"{model}@{fingerprint(folder, *prefixes, _FORMAT)}"

    def _embed(self, leads: Sequence[str], texts: Sequence[str]) -> list[Embedding]:
        encoder = self.load()
        windows = cut(leads, texts, encoder.tokenise, encoder.frame)
        most = self._batch or encoder.batch
        groups = list(batches(windows, most, most * _BATCH_TOKENS))
        parts: dict[int, Encoded] = {}
        for numbers, results in zip(groups, self._run(encoder, windows, groups), strict=True):
            parts.update(zip(numbers, results, strict=True))
        return _gather(windows, parts, len(texts))

    def _run(
        self, encoder: Encoder, windows: Sequence[Window], groups: Sequence[Sequence[int]]
    ) -> Iterator[list[Encoded]]:
        inputs = [[windows[number] for number in numbers] for numbers in groups]
        if self._pool is None:
            yield from map(encoder.encode, inputs)
        elif len(inputs) == 1:
            yield encoder.encode(inputs[0])
        else:
            yield from self._pool.map(encoder.encode, inputs)


def _folder(model: str) -> Path:
    """Where the files of a named model are, fetched from the hub if they are not on disk."""
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download  # pulls in a web client
    from huggingface_hub.errors import HfHubHTTPError

    try:
        try:
            return Path(snapshot_download(model, local_files_only=True))
        except OSError:
            return Path(snapshot_download(model, ignore_patterns=_UNUSED))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise ModelUnavailable(
            f"The embedding model {model} is neither a folder nor to be had from a hub ({error}). "
            "Set RAG_EMBEDDING_MODEL to a folder, to a name that the hub has, or to builtin."
        ) from error


_UNUSED = ["*.onnx", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.gguf", "pytorch_model*.bin"]


def _gather(windows: list[Window], parts: Mapping[int, Encoded], count: int) -> list[Embedding]:
    """Windows of one text become one embedding; their vectors are averaged by their numbers of tokens."""
    members: list[list[int]] = [[] for _ in range(count)]
    for number, window in enumerate(windows):
        members[window.text].append(number)
    embeddings: list[Embedding] = []
    for numbers in members:
        vectors = np.stack([parts[number][0] for number in numbers])
        weights = np.array([max(1, len(windows[number].spans)) for number in numbers], dtype=np.float32)
        vector = weights @ vectors
        vector /= max(float(np.linalg.norm(vector)), 1e-12)
        tokens = np.concatenate([parts[number][1] for number in numbers])
        spans = np.concatenate([windows[number].spans for number in numbers])
        embeddings.append(Embedding(vector.astype(np.float32), tokens, spans))
    return embeddings
