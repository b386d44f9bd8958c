"""Texts become vectors through sentence-transformers: one for the whole text, and one for each token.

Any sentence-transformers model with a fast tokenizer will do; the built-in one is assembled from packages. The
heavy libraries are imported when the first text comes, not with this module. Which text is embedded once and
kept is not decided here.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.config import Settings
from rag.errors import ModelError, ModelUnavailable
from rag.interfaces import Embedding, Vector
from rag.packages import Progress, silent
from rag.retrieval.assembly import NAME, builtin_model
from rag.retrieval.devices import choose_device, quiet_loading
from rag.retrieval.prefixes import Prefixes, base_name, fingerprint, known_prefixes
from rag.retrieval.windows import Frame, Tokenised, Window, batches, cut

BUILTIN = "builtin"
_FORMAT = "1"  # of what this module makes of a model's output: part of the name
_BLOCK = 256  # passages held at once: their token vectors are 60 MB for the built-in model
_BATCH_TOKENS = 256  # a full batch holds this many tokens a passage, padding included
_GPU_BATCH = 64
_QUERIES_KEPT = 256
_DEFAULT_WINDOW = 512


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model ready to run."""

    model: Any
    tokenizer: Any
    device: str
    frame: Frame
    dimension: int


class SentenceTransformerEmbedder:
    """An ``Embedder`` over one sentence-transformers model. Safe from many threads; one forward pass at a time."""

    def __init__(
        self,
        model: str = BUILTIN,
        *,
        cache: Path,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        device: str = "auto",
        batch: int = 8,
        progress: Progress = silent,
    ) -> None:
        """``model``: ``builtin``, a folder, or a name on the hub. ``cache``: where the built-in one is kept."""
        self._asked, self._cache, self._progress = model, cache, progress
        self._given = (query_prefix, passage_prefix)
        self._device, self._batch = device, batch
        self._lock = threading.RLock()
        self._loaded: _Loaded | None = None
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

    def load(self) -> _Loaded:
        """Load the model now (seconds) rather than with the first text.

        Raises:
            ModelUnavailable: the model is not there or cannot be loaded.
            ConfigError: the device is unknown or not there.
        """
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(str(self._resolved()[0]), self._device)
            return self._loaded

    def embed_query(self, text: str) -> Embedding:
        """Embed a query with its prefix. The last few hundred are remembered: one question asks repeatedly."""
        with self._lock:
            if text in self._queries:
                self._queries.move_to_end(text)
                return self._queries[text]
            [embedding] = self._embed([self._resolved()[1].query], [text])
            for array in (embedding.vector, embedding.tokens, embedding.spans):
                array.setflags(write=False)
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
        loaded = self.load()
        with self._lock:
            windows = cut(leads, texts, lambda joined: _tokenise(loaded.tokenizer, joined), loaded.frame)
        most = self._batch if loaded.device == "cpu" else max(self._batch, _GPU_BATCH)
        parts: list[tuple[Vector, Vector] | None] = [None] * len(windows)
        for numbers in batches(windows, most, most * _BATCH_TOKENS):
            with self._lock:
                results = _forward(loaded, [windows[number] for number in numbers])
            for number, result in zip(numbers, results, strict=True):
                parts[number] = result
        return _gather(windows, [part for part in parts if part is not None], len(texts))


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


def _load(folder: str, device_setting: str) -> _Loaded:
    device = choose_device(device_setting)
    from sentence_transformers import SentenceTransformer  # seconds to import

    try:
        with quiet_loading():
            model: Any = SentenceTransformer(folder, device=device, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise ModelUnavailable(f"The embedding model in {folder} cannot be loaded ({error}).") from error
    model.eval()
    if device != "cpu":
        model.half()
    tokenizer = model.tokenizer
    if not getattr(tokenizer, "is_fast", False):
        raise ModelUnavailable(f"The model in {folder} has no fast tokenizer, which citing exact spans needs.")
    return _Loaded(model, tokenizer, device, _frame(tokenizer, model), _dimension(model))


def _frame(tokenizer: Any, model: Any) -> Frame:
    """Find the special tokens by looking at what the tokenizer puts around a letter."""
    bare = list(tokenizer("a", add_special_tokens=False)["input_ids"])
    full = list(tokenizer("a", add_special_tokens=True)["input_ids"])
    at = next(start for start in range(len(full)) if full[start : start + len(bare)] == bare)
    head, tail = tuple(full[:at]), tuple(full[at + len(bare) :])
    window = model.max_seq_length or _DEFAULT_WINDOW
    return Frame(head, tail, int(window) - len(head) - len(tail))


def _dimension(model: Any) -> int:
    """Under its name since sentence-transformers 5.4, or its older one."""
    method = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    return int(method())


def _tokenise(tokenizer: Any, texts: list[str]) -> list[Tokenised]:
    encoded = tokenizer(
        texts,
        add_special_tokens=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
        truncation=False,
        verbose=False,
    )
    return [Tokenised(*pair) for pair in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)]


def _forward(loaded: _Loaded, windows: list[Window]) -> list[tuple[Vector, Vector]]:
    """For each window its pooled vector and its own tokens' vectors, both L2-normalised."""
    import torch

    padded = loaded.tokenizer.pad(
        {"input_ids": [window.ids for window in windows]}, padding=True, return_tensors="pt"
    )
    features = {name: padded[name].to(loaded.device) for name in ("input_ids", "attention_mask")}
    try:
        with torch.inference_mode():
            output = loaded.model(features)
            pooled = torch.nn.functional.normalize(output["sentence_embedding"].float(), dim=1).cpu().numpy()
            tokens = torch.nn.functional.normalize(output["token_embeddings"].float(), dim=2).cpu().numpy()
    except torch.OutOfMemoryError as error:
        raise ModelError("The device has too little memory. Set RAG_EMBEDDING_BATCH lower.") from error
    left = loaded.tokenizer.padding_side == "left"
    width = tokens.shape[1]
    results: list[tuple[Vector, Vector]] = []
    for row, window in enumerate(windows):
        start = window.first + (width - len(window.ids) if left else 0)
        results.append((pooled[row], tokens[row, start : start + len(window.spans)].copy()))
    return results


def _gather(windows: list[Window], parts: list[tuple[Vector, Vector]], count: int) -> list[Embedding]:
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
