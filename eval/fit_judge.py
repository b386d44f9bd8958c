"""Fits how a small model's one word and the rules weigh in the verdict (``rag.answering.word_judge``), and confirms it.

    RAG_LLM=local python -m eval.fit_judge DIR/pairs.jsonl … [--limit 300] [--hard 2] [--kept var/eval/words.json]

Pairs are split in two by their question, as in ``eval.fit_support``: weights fitted on either half are measured on the
other, then fitted on both and printed. What the model said of a pair is kept in ``--kept``, so that a second fit asks
nothing; three quarters of a second a pair on two cores.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from eval.fit_support import Pair, fit, report
from rag.answering.support import missing_numbers, split_claim
from rag.answering.word_judge import WordJudge, rules_log_odds
from rag.assemble import language_model
from rag.config import Settings
from rag.text import language

_SAVED_EVERY = 50


def read(paths: Sequence[Path], limit: int | None, kept: Path) -> list[Pair]:
    """The pairs with what rules and model make of them; those of which the model said neither yes nor no are left out."""
    words: dict[str, float | None] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    judge: WordJudge | None = None
    pairs: list[Pair] = []
    for path in paths:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        rows.sort(key=lambda row: zlib.crc32(str(row["id"]).encode()))
        for number, row in enumerate(tqdm(rows[:limit], desc=path.parent.name, file=sys.stderr), 1):
            key = f"{path.parent.name}/{row['id']}"
            if key not in words:
                judge = judge or _judge()
                words[key] = judge.log_odds(row["claim"], row["evidence"])
                if number % _SAVED_EVERY == 0:
                    _save(words, kept)
            pairs += _pair(row, path.parent.name, words[key])
    _save(words, kept)
    return pairs


def _judge() -> WordJudge:
    model = language_model(Settings.load(judge="llm"))
    if model is None:
        raise SystemExit("There is no language model: set RAG_LLM=local, and run `python -m rag model install` once.")
    return WordJudge(model)


def _save(words: dict[str, float | None], kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(words), encoding="utf-8")


def _pair(row: dict[str, Any], source: str, word: float | None) -> list[Pair]:
    if word is None:
        return []
    return [
        Pair(
            source=source,
            kind=str(row["id"]).rsplit("-", 1)[1],
            half=zlib.crc32(row["question"].encode()) % 2,
            form="pair",
            features={"rules": rules_log_odds(row["claim"], row["evidence"]), "word": word, "chinese": float(language(row["claim"]) == "zh")},
            ruled_out=bool(missing_numbers(split_claim(row["claim"])[1], row["evidence"])),
            supported=row["label"] == "supported",
        )
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, fit, confirm, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, help="pairs of each set")
    parser.add_argument("--hard", type=float, default=2.0, help="weight of pairs that are wrong but present")
    parser.add_argument("--kept", type=Path, default=Path("var/eval/words.json"))
    options = parser.parse_args(arguments)
    pairs = read(options.pairs, options.limit, options.kept)
    held_out = np.zeros(len(pairs))
    for half in (0, 1):
        fitted = fit([pair for pair in pairs if pair.half == half], options.hard)
        others = [place for place, pair in enumerate(pairs) if pair.half != half]
        held_out[others] = fitted.scores([pairs[place] for place in others])
    print(f"{len(pairs)} pairs, each half by the weights of the other:", *report(pairs, held_out, 0.5), sep="\n  ")
    fitted = fit(pairs, options.hard)
    rules, word, chinese = fitted.weights
    print(f"RULES, WORD = {rules:.2f}, {word:.2f}")
    print(f'BIAS = {{"zh": {fitted.bias + chinese:.2f}, "en": {fitted.bias:.2f}}}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
