"""Retrieval of one case, stage by stage: by document and by evidence span, with the standard definitions.

Relevance is binary. A document counts at its first chunk. A quote is found once the chunks down to rank k cover
half of one of the places where it stands, so that other chunk sizes do not change what is right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from eval.match import contains_any
from eval.trace import Ranking, Trace
from rag.types import Chunk, Stage

Values = dict[str, float | None]

HIT_AT = (1, 3, 5, 10)
RECALL_AT = (5, 10, 50)
NDCG_AT = 10
COVERED = 0.5
_NEVER = math.inf


def retrieval_values(trace: Trace, passages: Mapping[str, Chunk]) -> Values:
    """``retrieval.<stage>.<metric>`` for every stage. A case that was not searched for counts 0."""
    values: Values = {}
    for stage in Stage:
        ranking = trace.ranking(stage)
        if ranking is None and trace.retrievals:
            continue
        scored = stage_values(ranking or (), trace, passages)
        values |= {f"retrieval.{stage.value}.{name}": value for name, value in scored.items()}
    return values


def stage_values(ranking: Ranking, trace: Trace, passages: Mapping[str, Chunk]) -> Values:
    """All metrics of one ranking."""
    target = trace.target
    values: Values = {}
    if target.gold:
        values |= document_values(document_ranking(ranking, target.gold, passages), target.gold)
    if target.groups:
        ranks = [first_rank(document_ranking(ranking, group, passages), group) for group in target.groups]
        values |= {f"groups_all@{k}": float(max(ranks) <= k) for k in HIT_AT}
    places = [quote for quote in target.spans if quote]
    if places:
        ranks = [quote_rank(ranking, quote, passages) for quote in places]
        values |= {f"evidence_any@{k}": float(min(ranks) <= k) for k in HIT_AT}
        values |= {f"evidence_all@{k}": float(max(ranks) <= k) for k in HIT_AT}
    if trace.case.groups and trace.case.answerable is not False:
        rank = answer_rank(ranking, trace.case.groups, passages)
        values |= {f"answer_hit@{k}": float(rank <= k) for k in HIT_AT}
    return values


def document_ranking(ranking: Ranking, gold: Sequence[str], passages: Mapping[str, Chunk]) -> list[str]:
    """Documents in the order of their first chunk; a chunk that ``gold`` names stands for itself."""
    wanted = set(gold)
    return list(dict.fromkeys(chunk if chunk in wanted else passages[chunk].document_id for chunk, _ in ranking))


def document_values(documents: Sequence[str], gold: Sequence[str]) -> Values:
    """hit@k, recall@k, mrr@10 and ndcg@10 of a ranking of documents."""
    relevant = set(gold)
    rank = first_rank(documents, gold)
    values: Values = {f"hit@{k}": float(rank <= k) for k in HIT_AT}
    values |= {f"recall@{k}": len(relevant & set(documents[:k])) / len(relevant) for k in RECALL_AT}
    values["mrr@10"] = 1 / rank if rank <= 10 else 0.0
    gain = sum(1 / math.log2(place + 2) for place, name in enumerate(documents[:NDCG_AT]) if name in relevant)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(len(relevant), NDCG_AT)))
    values["ndcg@10"] = gain / ideal
    return values


def first_rank(documents: Sequence[str], gold: Sequence[str]) -> float:
    """The rank, from 1, of the first relevant document; infinite when there is none."""
    wanted = set(gold)
    return next((place for place, name in enumerate(documents, start=1) if name in wanted), _NEVER)


def quote_rank(ranking: Ranking, places: Sequence[tuple[str, int, int]], passages: Mapping[str, Chunk]) -> float:
    """The first rank down to which the chunks cover half of one of the quote's places."""
    seen: dict[tuple[str, int, int], set[int]] = {place: set() for place in places}
    for rank, (chunk_id, _) in enumerate(ranking, start=1):
        chunk = passages[chunk_id]
        for place, covered in seen.items():
            document, start, end = place
            if chunk.document_id == document and chunk.start < end and start < chunk.end:
                covered.update(range(max(start, chunk.start), min(end, chunk.end)))
                if len(covered) >= COVERED * (end - start):
                    return rank
    return _NEVER


def answer_rank(ranking: Ranking, groups: Sequence[Sequence[str]], passages: Mapping[str, Chunk]) -> float:
    """The first rank down to which the chunks' texts give an answer of every group."""
    missing = list(groups)
    for rank, (chunk_id, _) in enumerate(ranking[: max(HIT_AT)], start=1):
        missing = [group for group in missing if not contains_any(passages[chunk_id].text, group)]
        if not missing:
            return rank
    return _NEVER


def found(ranking: Ranking | None, trace: Trace, passages: Mapping[str, Chunk], depth: int | None = None) -> bool | None:
    """Whether all that the case needs stands in the first ``depth`` hits; None when it has no labels for it."""
    hits = (ranking or ())[:depth]
    target = trace.target
    places = [quote for quote in target.spans if quote]
    if target.groups:
        return all(first_rank(document_ranking(hits, group, passages), group) < _NEVER for group in target.groups)
    if places:
        return all(quote_rank(hits, quote, passages) < _NEVER for quote in places)
    if target.gold:
        return first_rank(document_ranking(hits, target.gold, passages), target.gold) < _NEVER
    return None
