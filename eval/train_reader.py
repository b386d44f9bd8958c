"""Trains the network that reads question and passage together (``rag.retrieval.joint_network``).

    python -m eval.train_reader [--texts eval/training] [--data ../shared/data] [--out FILE] [--epochs 2] [--limit 900] [--held NAME …]

``--texts``: files of invented documents with questions (``eval.training_texts``). ``--data``: a folder with the public sets, of
which ``--limit`` questions each are taken; without it the texts alone. One document of five is held back, and what the
network makes of those, and of all documents of the texts named by ``--held``, is printed. Encoding, searching and two epochs take an hour or more on two cores.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from eval.corpora import CACHE
from eval.examples import Example, examples, public, written
from eval.fit_reader import area
from rag.config import Settings
from rag.retrieval.embedding import SentenceTransformerEmbedder
from rag.retrieval.embedding_cache import CachedEmbedder
from rag.retrieval.joint_network import HEADS, Batch, joined, read, shapes

if TYPE_CHECKING:
    from torch import Tensor

PUBLIC = ("xquad_zh", "xquad_en", "cmrc2018", "drcd", "clapnq")
INNER = 32 * HEADS
_QUESTIONS, _PASSAGES = 12, 4
"""Of a step: questions, and passages of each."""
_RATE, _DECAY, _WARM = 1.2e-3, 0.02, 150
_DROPOUT = 0.1
_RANKED, _TOKENS, _FOUND = 0.7, 0.5, 0.3
"""Weights of the losses beside whether a passage answers: which of the passages or none, which tokens, some token of the answer."""

Group = list[Example]


def initial(groups: Sequence[Group]) -> dict[str, Tensor]:
    """Weights to begin with; the mean token vector is that of some of the passages."""
    import torch

    some = [one.pair.vectors[one.pair.question :: 7] for group in groups[:400] for one in group[:1]]
    width = some[0].shape[1]
    weights = {}
    for name, shape in shapes(width, INNER).items():
        if name == "mean":
            weights[name] = torch.from_numpy(np.concatenate(some).mean(axis=0))
        elif name.endswith("norm.weight") or name.endswith(("before.weight", "between.weight")):
            weights[name] = torch.ones(shape)
        elif name.endswith(".bias") or name == "near.weight":
            weights[name] = torch.zeros(shape)
        elif name in ("kind", "place"):
            weights[name] = torch.randn(shape) * (1.0 if name == "kind" else 0.1)
        else:
            bound = 1 / math.sqrt(shape[-1])
            weights[name] = torch.empty(shape).uniform_(-bound, bound)
        weights[name].requires_grad_(name != "mean")
    return weights


def drawn(group: Group, chance: random.Random) -> Group:
    """At most two passages that answer, and others up to four in all, those that rank first the likeliest."""
    good, others = [one for one in group if one.spots], [one for one in group if not one.spots]
    chosen = chance.sample(good, min(2, len(good)))
    while others and len(chosen) < _PASSAGES:
        (place,) = chance.choices(range(len(others)), [1 / (rank + 1) for rank in range(len(others))])
        chosen.append(others.pop(place))
    return chosen


def loss(groups: Sequence[Group], answers: Tensor, spots: Tensor, given: Batch) -> Tensor:
    """What is to be made small."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
    from torch.nn.functional import log_softmax

    items = [one for group in groups for one in group]
    truth = torch.tensor([float(bool(one.spots)) for one in items])
    total = cross_entropy(answers, truth)
    ranked, start = [], 0
    for group in groups:
        odds = torch.cat([answers[start : start + len(group)], answers.new_zeros(1)])
        own = torch.cat([truth[start : start + len(group)], truth.new_zeros(1)])
        own[-1] = float(own.sum() == 0)
        ranked.append(-torch.logsumexp(log_softmax(odds, 0)[own > 0], 0))
        start += len(group)
    total = total + _RANKED * torch.stack(ranked).mean()
    good = [row for row, one in enumerate(items) if one.spots]
    if not good:
        return total
    told = given.places[good] > 0
    marked = torch.zeros_like(spots[good])
    for row, place in enumerate(good):
        first, one = given.starts[place], items[place]
        for token, (begin, end) in enumerate(one.places[: len(one.pair.vectors) - first]):
            marked[row, first + token] = float(any(begin < stop and end > begin_at for begin_at, stop in one.spots))
    total = total + _TOKENS * cross_entropy(spots[good], marked, reduction="none")[told].mean()
    reached = log_softmax(spots[good], -1) + marked.clamp(min=1e-9).log()
    return total + _FOUND * -torch.logsumexp(reached, -1).mean()


def train(groups: Sequence[Group], epochs: int, chance: random.Random) -> dict[str, Tensor]:
    """The weights after so many passes over the questions."""
    import torch

    weights = initial(groups)
    learnt = [weight for weight in weights.values() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=_RATE, weight_decay=_DECAY)
    steps = max(1, epochs * len(groups) // _QUESTIONS)
    with tqdm(total=steps, desc="steps", file=sys.stderr) as bar:
        for step, chosen in enumerate(_steps(groups, epochs, chance)):
            falling = 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
            for part in optimiser.param_groups:
                part["lr"] = _RATE * min(1.0, (step + 1) / _WARM) * max(0.02, falling)
            given = joined([one.pair for group in chosen for one in group])
            value = loss(chosen, *read(weights, given, dropout=_DROPOUT), given)
            optimiser.zero_grad()
            value.backward()
            torch.nn.utils.clip_grad_norm_(learnt, 1.0)
            optimiser.step()
            bar.update()
            bar.set_postfix(loss=f"{float(value.detach()):.3f}")
    return weights


def _steps(groups: Sequence[Group], epochs: int, chance: random.Random) -> Iterator[list[Group]]:
    """The questions of each step; those of a step are of about one length, since all are padded to the longest."""
    for _ in range(epochs):
        order = chance.sample(list(groups), len(groups))
        for start in range(0, len(order), 10 * _QUESTIONS):
            pool = [drawn(group, chance) for group in order[start : start + 10 * _QUESTIONS]]
            pool.sort(key=lambda group: max(len(one.pair.vectors) for one in group))
            yield from chance.sample(cut := [pool[at : at + _QUESTIONS] for at in range(0, len(pool), _QUESTIONS)], len(cut))


def report(name: str, groups: Sequence[Group], weights: dict[str, Tensor]) -> str:
    """A line: of the questions, whether passages answer, as an area; and the first passage by search and by the network."""
    import torch

    best: list[tuple[float, bool]] = []
    first: list[tuple[bool, bool]] = []
    with torch.inference_mode():
        for group in groups:
            odds = read(weights, joined([one.pair for one in group]))[0].tolist()
            best.append((max(odds), any(one.spots for one in group)))
            if best[-1][1]:
                searched = max(range(len(group)), key=lambda place: group[place].score)
                read_first = max(range(len(group)), key=lambda place: odds[place])
                first.append((bool(group[searched].spots), bool(group[read_first].spots)))
    told = area((value for value, _ in best), (truth for _, truth in best))
    shares = [sum(column) / len(first) for column in zip(*first, strict=True)] if first else [float("nan")] * 2
    return f"{name:<20} n={len(groups):<5} area {told:.3f}  first by search {shares[0]:.3f}, by reading {shares[1]:.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect, train, measure, write."""
    from safetensors.torch import save_file

    from rag.retrieval.joint_reader import FILE

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, default=Path("eval/training"))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--limit", type=int, default=900)
    parser.add_argument("--held", nargs="*", default=[], help="texts of which nothing is trained on")
    options = parser.parse_args(arguments)
    embedder = CachedEmbedder(SentenceTransformerEmbedder.from_settings(Settings.load()), CACHE / "embeddings")
    sets = {path.stem: written(path) for path in sorted(options.texts.glob("*.txt"))}
    if options.data:
        sets |= {name: public(options.data / name, options.limit) for name in PUBLIC}
    trained: list[Group] = []
    held: dict[str, list[Group]] = {}
    for name, (corpus, questions) in sets.items():
        for question, group in tqdm(examples(corpus, questions, embedder), total=len(questions), desc=name, file=sys.stderr):
            (held.setdefault(name, []) if question.held_back or name in options.held else trained).append(group)
    weights = train(trained, options.epochs, random.Random(0))
    save_file({name: weight.detach().half().contiguous() for name, weight in weights.items()}, options.out)
    for name, groups in held.items():
        print(report(name, groups, weights))
    return 0


if __name__ == "__main__":
    sys.exit(main())
