"""The rankings and judgements in TREC's format, so that any retrieval tool can check our figures.

The rank is what counts here; scores fall by one a rank, so that no tool breaks a tie of its own accord.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from eval.folder import RunFolder
from eval.metrics.retrieval import document_ranking
from eval.trace import Trace
from rag.types import Chunk, Stage

_SPACE = re.compile(r"\s")


def write_trec(folder: RunFolder, traces: Sequence[Trace], passages: Mapping[str, Chunk]) -> None:
    """Write run.trec (the reranked order, by document) and qrels.trec; context-dependent cases are left out."""
    run: list[str] = []
    qrels: list[str] = []
    for trace in traces:
        if trace.repeat or not trace.target.gold or trace.case.context_dependent:
            continue
        name = _name(trace.case.key)
        qrels += [f"{name} 0 {_name(gold)} 1" for gold in trace.target.gold]
        documents = document_ranking(trace.ranking(Stage.RERANKED) or (), trace.target.gold, passages)
        run += [f"{name} Q0 {_name(document)} {rank} {len(documents) - rank + 1} zhiju" for rank, document in enumerate(documents, start=1)]
    folder.write("run.trec", "".join(line + "\n" for line in run))
    folder.write("qrels.trec", "".join(line + "\n" for line in qrels))


def _name(text: str) -> str:
    return _SPACE.sub("_", text)
