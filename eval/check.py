"""Looks a case file over before anything is run: broken rows, and labels that the documents do not bear out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from eval.cases import Case, CaseSet, Kind
from eval.errors import Fault
from eval.match import contains_any, tokens
from eval.resolve import Resolver
from rag.types import Action, Document


def check_set(cases: CaseSet, documents: Sequence[Document]) -> list[Fault]:
    """Everything doubtful in a set that could be read, by line. Warnings do not stop a run."""
    faults = list(_twins(cases.cases))
    if cases.kind is Kind.QUESTION:
        texts = {document.id: document.text for document in documents}
        resolver = Resolver(documents)
        for case in cases.cases:
            faults += _labels(case)
            if documents:
                faults += _grounds(case, resolver, texts)
    return sorted(faults, key=lambda fault: fault.line)


def summary(cases: CaseSet) -> dict[str, object]:
    """What a set holds, for the table of ``data check``."""
    found = cases.cases
    return {
        "set": cases.name,
        "kind": cases.kind.value,
        "cases": len(found),
        "types": dict(Counter(case.type or "–" for case in found).most_common()),
        "languages": dict(Counter(case.language for case in found).most_common()),
        "with answers": sum(bool(case.groups) for case in found),
        "with gold": sum(bool(case.gold) for case in found),
        "with evidence": sum(bool(case.evidence) for case in found),
        "unanswerable": sum(case.answerable is False for case in found),
        "with history": sum(bool(case.history) for case in found),
    }


def _twins(cases: Iterable[Case]) -> Iterable[Fault]:
    seen: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    for case in cases:
        seen[(tokens(case.question), case.history, tokens(case.premise))].append(case.line)
    for lines in seen.values():
        for line in lines[1:]:
            yield Fault(line, f"the same question as on line {lines[0]}", warning=True)


def _labels(case: Case) -> Iterable[Fault]:
    if case.expected_action is Action.RETRIEVE and not (case.groups or case.gold or case.evidence or case.key_points):
        yield Fault(case.line, "expected to be answered, but neither answers, gold, evidence nor key points say how", warning=True)
    if case.history and case.history[-1].role == "user" and case.kind is Kind.QUESTION:
        yield Fault(case.line, "the history ends with the user's turn; the question should follow the assistant's", warning=True)


def _grounds(case: Case, resolver: Resolver, texts: dict[str, str]) -> Iterable[Fault]:
    target = resolver.resolve(case)
    for name in target.unresolved:
        kind = "quote is not found word for word" if any(name == quote.text for quote in case.evidence) else "no such document"
        yield Fault(case.line, f"{kind}: {name[:80]!r}", warning=True)
    short = [group for group in case.groups if all(len(tokens(variant)) <= 12 for variant in group)]
    grounds = "\n".join(texts[name] for name in target.gold if name in texts)
    for group in short if grounds else ():
        if not contains_any(grounds, group):
            yield Fault(case.line, f"the answer {group[0]!r} does not occur in its gold documents", warning=True)
