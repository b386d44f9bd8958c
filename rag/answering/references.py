"""Words that point to something said before: pronouns, demonstratives, ordinals, ellipsis.

Tells whether a question explains them itself. Grammar only; no documents, no history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rag.answering.terms import Term, names, terms
from rag.text import fold, language


class Kind(StrEnum):
    """What a reference points to."""

    THING = "thing"
    PERSON = "person"
    ORDINAL = "ordinal"
    ELLIPSIS = "ellipsis"


@dataclass(frozen=True, slots=True)
class Reference:
    """A referring phrase at ``[start:end]`` of a question; empty for an ellipsis.

    ``ordinal`` counts from 1; -1 is the last, 0 none. ``noun`` is the noun it stands before (那个模型), if any.
    """

    kind: Kind
    start: int = 0
    end: int = 0
    ordinal: int = 0
    noun: str = ""


_ORDINALS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_ORDINALS_EN = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "former": 1, "latter": -1, "last": -1}
_CLASSIFIER = "个种类项条款篇份位家所台部套批组点步次座颗支款版代本件名支"
_NOUN = r"[^\s，,。？?！!的是有在用做能会要多怎如什哪几叫呢吗吧和与跟被把比由从到]{0,8}"

_PERSON = re.compile(r"(?<![其吉])(?:他|她)们?(?!人)(?:俩)?")
_THING = re.compile(r"它们?|(?<!其)此(?=[^外时前后刻次类间])|两者|二者|其(?![他它次实余中馀一二三间])|该(?P<noun>[^\s，,。？?的是有]{1,6})")
_THAT = re.compile(
    rf"(?:这|那)(?:[{_CLASSIFIER}]|些|[一两二三四五六七八九十几]+[{_CLASSIFIER}])(?P<noun>{_NOUN})|(?:这|那)(?:边|里|儿)(?![面头])|^那(?:么)?(?=[\u4e00-\u9fff]{{1,16}}呢)"
)
_ORDINAL = re.compile(
    rf"第(?P<n>[一二两三四五六七八九十]|\d{{1,2}})(?:[{_CLASSIFIER}])(?!季|届|年|世|代)(?P<noun>{_NOUN})|前者|后者|最后一?[{_CLASSIFIER}]|另(?:外)?一?[{_CLASSIFIER}](?P<other>{_NOUN})"
)
_PRONOUN_EN = re.compile(r"\b(?:he|she|him|her|his|hers|himself|herself)\b|\b(?:they|them|their|theirs|it|its|this|that|these|those|there)\b")
_PERSON_EN = frozenset("he she him her his hers himself herself".split())
_ORDINAL_EN = re.compile(r"\bthe (?P<n>first|second|third|fourth|fifth|former|latter|last|other)(?: (?:one|ones|item|option|method|point))?\b(?! (?:time|step|year|century|world|person|author|name|day|half|quarter|place))")
_DUMMY_IT = re.compile(r"\b(?:is|was|does|will|would|can) it (?:possible|necessary|true|take|okay|ok|a good idea|better|safe|legal|important|worth)\b|\bit (?:is|was|'s) (?:possible|necessary|true|said|known)\b|\bhow long (?:does|did|will) it take\b|\bwhat time is it\b|\bit (?:mean|get|feel|look|rain|snow|matter|hurt|help|cost|seem|sound)s?\b(?= (?:when|if|to|that|like|in|at|dark|light|cold|hot))")
_RELATIVE_THAT = re.compile(r"\b(?:\w+) that (?!is\b|was\b)(?:\w+)|\bso that\b|\bis there\b|\bare there\b|\bthere (?:is|are|was|were)\b|\bwas there\b|\bwere there\b")
_DOCUMENT_NOUN = re.compile(
    r"^(?:份|篇|本|个|些|几份|几篇)?(?:文档|文件|手册|说明书|指南|报告|论文|纪要|合同|协议|资料|材料|文章|书|页面?|网站|网页|系统|平台|产品|设备|软件|公司|项目|知识库|document|paper|report|manual|article|page)"
)
_GOES_ON = re.compile(r"^(?:那么?|而且|并且|另外|还有|and|but|so|then|also\b)[，,\s]?")
_SAME_CLAUSE = re.compile(r"[，,。？?！!；;]")


def references(question: str, *, continued: bool = False) -> tuple[Reference, ...]:
    """The references of ``question`` that nothing before them in the question itself explains.

    ``continued``: a conversation goes before, so that in a question that opens with a connective (And how many …
    does its …) only a name explains a reference.
    """
    folded = fold(question)
    found = _chinese(folded) if language(question) == "zh" else _english(folded)
    strict = continued and _GOES_ON.match(folded) is not None
    return tuple(reference for reference in found if not _explained(question, reference, continued, strict))


def _chinese(text: str) -> list[Reference]:
    found = [Reference(Kind.PERSON, m.start(), m.end()) for m in _PERSON.finditer(text)]
    found += [Reference(Kind.THING, m.start(), m.end(), noun=m["noun"] or "") for m in _THING.finditer(text)]
    for match in _THAT.finditer(text):
        found.append(Reference(Kind.THING, match.start(), match.end(), noun=match["noun"] or ""))
    for match in _ORDINAL.finditer(text):
        number = _ordinal_of(match[0], match["n"])
        found.append(Reference(Kind.ORDINAL, match.start(), match.end(), number, match["noun"] or match["other"] or ""))
    return sorted(found, key=lambda reference: reference.start)


def _ordinal_of(phrase: str, written: str | None) -> int:
    if written:
        return int(written) if written.isdigit() else _ORDINALS[written]
    if phrase.startswith("前者"):
        return 1
    return 2 if phrase.startswith("另") else -1


def _english(text: str) -> list[Reference]:
    hidden = _DUMMY_IT.sub(lambda m: "_" * len(m[0]), text)
    hidden = _RELATIVE_THAT.sub(lambda m: "_" * len(m[0]), hidden)
    found = []
    for match in _PRONOUN_EN.finditer(hidden):
        kind = Kind.PERSON if match[0] in _PERSON_EN else Kind.THING
        found.append(Reference(kind, match.start(), match.end()))
    for match in _ORDINAL_EN.finditer(hidden):
        found.append(Reference(Kind.ORDINAL, match.start(), match.end(), _ORDINALS_EN.get(match["n"], 2)))
    return sorted(found, key=lambda reference: reference.start)


def _explained(question: str, reference: Reference, continued: bool, strict: bool) -> bool:
    """Whether something before the reference in the same question can be what it means."""
    before = question[: reference.start]
    if strict:
        return bool(names(before))
    if reference.kind is Kind.ORDINAL:
        return bool(names(before)) or len(_weighty(before)) >= 2
    if names(before):
        return True
    weighty = _weighty(before)
    if reference.noun and any(term.text in reference.noun or reference.noun in term.text for term in weighty):
        return True
    clause = _SAME_CLAUSE.search(before)
    if language(question) == "en":
        return bool(weighty) and (clause is not None or not continued)
    return bool(weighty) and (clause is not None or len(weighty) >= 2)


def _weighty(text: str) -> list[Term]:
    return [term for term in terms(text) if len(term.text) > 1 and not term.number]


def points_to_document(reference: Reference) -> bool:
    """Whether the noun behind the reference is the material itself (这份报告) and needs no explaining."""
    return bool(_DOCUMENT_NOUN.match(reference.noun))


_CONNECTIVE = re.compile(
    r"^(?:那|那么|还|也|再|又|总共|一共|合计|其中|每个?|各|都|后来|之后|然后|接着|此外|另外|除此之外|除了它|而|但|但是|不过|所以|因此|比如|例如|具体|为什么|为何|怎么|如何|什么时候|多久|多少|哪[年里个些]?|谁|有没有|是不是|是否|可以|能)|"
    r"^(?:and|or|but|so|also|then|what about|how about|why|any|else|who else|what else|which|which one|how much|how many|when|where)\b"
)
_OWN_SUBJECT = re.compile(r"(?!那|还|也|又|再|每|各|其)[\u4e00-\u9fff]{3,12}的[\u4e00-\u9fff]{1,8}(?:是|有|为|在|叫|多|怎|如何)")
_ELLIPTIC_END = re.compile(r"呢[？?]?$|(?:是)?(?:叫)?(?:什么|谁|多少|多久|哪里|哪年|几个)[？?]?$")


def leans_on_context(question: str) -> bool:
    """Whether a question without a pronoun reads as the continuation of a conversation.

    It names nothing, and it is short, or opens with a connective, or ends as an ellipsis does.
    """
    if names(question):
        return bool(re.search(r"^(?:那|那么)|呢[？?]?\s*$|^(?:and|or|what about|how about|but|so)\b", fold(question).strip()))
    if _OWN_SUBJECT.match(fold(question)):
        return False
    content = _weighty(question)
    size = sum(len(term.text) if not term.text.isascii() else 2 for term in content)
    if size <= 4 or len(content) <= 1:
        return True
    folded = fold(question).strip()
    return size <= 10 and bool(_CONNECTIVE.search(folded) or _ELLIPTIC_END.search(folded))
