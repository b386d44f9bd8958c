"""Weights that were drawn: a network that has learnt nothing, for tests of what is around it."""

from __future__ import annotations

from pathlib import Path

from rag.retrieval.joint_network import Weights, shapes


def drawn_weights(width: int, inner: int = 8) -> Weights:
    import torch

    chance = torch.Generator().manual_seed(7)
    return {name: torch.randn(shape, generator=chance) * 0.5 for name, shape in shapes(width, inner).items()}


def written_weights(file: Path, width: int) -> Path:
    from safetensors.torch import save_file

    save_file(dict(drawn_weights(width)), file)
    return file
