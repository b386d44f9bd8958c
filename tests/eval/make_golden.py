"""Writes golden.json: rankings with ties, and what ir_measures and ranx say of them.

Run by hand where both are installed: ``pip install ir-measures ranx && python tests/eval/make_golden.py``.
"""

from __future__ import annotations

import json
import random
from importlib.metadata import version
from pathlib import Path
from typing import Any

METRICS = {"hit@1": "Success@1", "hit@3": "Success@3", "hit@5": "Success@5", "hit@10": "Success@10", "recall@5": "R@5",
           "recall@10": "R@10", "recall@50": "R@50", "mrr@10": "RR@10", "ndcg@10": "nDCG@10"}
RANX = {"hit@1": "hit_rate@1", "hit@5": "hit_rate@5", "recall@5": "recall@5", "recall@10": "recall@10", "mrr@10": "mrr@10",
        "ndcg@10": "ndcg@10"}


def main() -> None:
    import ir_measures  # type: ignore[import-not-found, unused-ignore]
    import ranx  # type: ignore[import-untyped, unused-ignore]

    generator = random.Random(7)
    documents = [f"d{number:02}" for number in range(60)]
    queries: dict[str, Any] = {}
    for number in range(40):
        gold = sorted(generator.sample(documents, generator.choice([1, 1, 2, 5, 13])))
        found = generator.sample(documents, generator.choice([0, 3, 20, 55]))
        scores = {document: generator.choice([0.0, 0.25, 0.5, 0.5, 0.75, 1.0]) for document in found}
        queries[f"q{number:02}"] = {"gold": gold, "scores": scores}
    qrels = {name: dict.fromkeys(query["gold"], 1) for name, query in queries.items()}
    run = {}
    for name, query in queries.items():
        order = sorted(query["scores"], key=lambda document: (-query["scores"][document], document))
        run[name] = {document: float(len(order) - place) for place, document in enumerate(order)}
    values: dict[str, dict[str, dict[str, float]]] = {"ir_measures": {}, "ranx": {}}
    measures = [ir_measures.parse_measure(name) for name in METRICS.values()]
    ours = {str(ir_measures.parse_measure(theirs)): name for name, theirs in METRICS.items()}
    for result in ir_measures.iter_calc(measures, qrels, run):
        values["ir_measures"].setdefault(result.query_id, {})[ours[str(result.measure)]] = float(result.value)
    filled = {name: ranking or {"none": 0.0} for name, ranking in run.items()}
    scored = ranx.Run(filled)
    ranx.evaluate(ranx.Qrels(qrels), scored, list(RANX.values()), return_mean=False)
    for name, theirs in RANX.items():
        for query, value in scored.scores[theirs].items():
            values["ranx"].setdefault(query, {})[name] = float(value)
    content = {"versions": {name: version(name) for name in ("ir-measures", "ranx")}, "queries": queries, "values": values}
    Path(__file__).with_name("golden.json").write_text(json.dumps(content, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
