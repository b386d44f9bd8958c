"""Where a model runs. It knows PyTorch's devices and nothing of the models."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from rag.errors import ConfigError


def choose_device(setting: str) -> str:
    """The PyTorch device for ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises:
        ConfigError: the device is unknown or not there.
    """
    import torch  # seconds to import: only when a model is about to run

    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if setting == "auto":
        return "cuda" if has_cuda else "mps" if has_mps else "cpu"
    kind, _, number = setting.partition(":")
    known = {"cpu": True, "cuda": has_cuda, "mps": has_mps}
    if kind not in known or (number and not number.isdecimal()):
        raise ConfigError(f"RAG_EMBEDDING_DEVICE: {setting!r} is not one of auto, cpu, cuda, cuda:1, mps.")
    if not known[kind] or (kind == "cuda" and int(number or 0) >= torch.cuda.device_count()):
        raise ConfigError(f"RAG_EMBEDDING_DEVICE: this machine has no {setting}. Set it to auto.")
    return setting


@contextlib.contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep transformers from drawing its own progress bars."""
    from transformers.utils import logging as foreign  # as heavy as the model it is about

    logging: Any = foreign  # its functions carry no types
    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()
