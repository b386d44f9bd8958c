"""Questions of several parts: things that are compared, and questions joined into one.

Each part becomes a query of its own and a part that needs evidence of its own. Grammar only; no documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.answering.coordination import asked_of_each, asks_of_each, coordination
from rag.answering.followup import stand_alone
from rag.answering.references import references
from rag.answering.terms import names, terms
from rag.text import CJK, simplified
from rag.types import Turn

_JOINT = r"(?:和|与|與|跟|同|及|以及|还是|還是|、|或者|或|对比|相比)"
_MARKED = re.compile(
    r"分别|各自|各是|各有|各用|各为|区别|差异|差别|异同|不同(?:之处|点|在哪|$|[？?])|有(?:什么|何|哪些)不同|不一样|对比|比较(?!大|小|高|低|多|少|好|常)|相比(?!邻)|"
    r"[，,\s]哪(?:一)?[个种款家]|哪(?:一)?[个种款家](?:更|比较|最|先|早|晚|大|小|高|低|好|快|提升)|谁更|何者|更(?:大|小|高|低|多|少|好|快|慢|早|晚|长|短|强)"
)
_MARKED_EN = re.compile(r"\b(?:compare|comparison|versus|vs|differ(?:s|ent|ence|ences)?|between|respectively|both|than|which (?:one|is|has|was))\b", re.IGNORECASE)
_BREAK = re.compile(r"[？?；;]\s*|。\s*|[，,]\s*(?=(?:又|并且|而且|另外|还有|以及|同时|那么|它|其|这|那)[^，,？?]*(?:什么|谁|哪|几|多少|怎么|如何|为什么|吗|呢))")
_BREAK_EN = re.compile(r"\?\s+|;\s+|,?\s+and\s+(?=(?:how|what|when|where|which|who|whom|whose|why|is|are|was|were|do|does|did|can|could)\b)", re.IGNORECASE)
_ASKS = re.compile(r"什么|谁|哪|几|多少|怎么|怎样|如何|为什么|为何|吗|呢|是否|多[大长高久远]|何[时地处]|\b(?:how|what|when|where|which|who|whom|whose|why|is|are|was|were|do|does|did|can|could)\b", re.IGNORECASE)
_BETWEEN = re.compile(
    rf"[》”」\"]?\s*[，,]?\s*(?P<joint>(?:{_JOINT}|,\s*and|,|and|or|vs\.?|versus|than|&)(?:\s+(?:the|an?)\b)?)\s*[《“「\"]?(?:[{CJK}]{{1,12}}的\s*)?", re.IGNORECASE
)
_DATED = re.compile(r"(?:'s?)?\s*(?:,?\s*(?:in|for|during)\s+(?:the\s+)?(?:(?:fiscal\s+)?year\s+)?(?:19|20)\d\d\b|(?:在|于)?\s?(?:19|20)\d\d\s*年度?|(?<=\d)\s?年度?)")
"""What is said of a thing's time right behind its name: CleanCo in 2018, 清源公司2018年."""
_EACH = re.compile(r"分别|各自|各是|各有|各用|各为|何者|相比|\brespectively\b", re.IGNORECASE)
_LOOSE_END = re.compile(r"[的中里上]+$")
_LOOSE_END_EN = re.compile(r"(?:\b(?:of|for|in|between|with|by|from|the|an?)\b\s*)+$", re.IGNORECASE)
_ASKING = re.compile(r"^(?:谁|哪|几|多少|怎么|如何|为什么|是否|什么)|(?:什么(?:时候|地方|样)?|谁|哪[里儿些]?|几|多少|怎么样?|如何|何[时地]|多[大长高久远])[^，,]{0,2}$")
_OWNER = re.compile(rf"(.{{2,30}}?)(?:[里中上](?:面)?)?的(?=.*[{CJK}])|(.{{2,20}}?)(?:是|有|在|为|叫|于)*(?:什么|谁|哪|几|多少|怎么|如何|何[时地])")
_TAIL = re.compile(r"^(?:为什么|为何|怎么(?:样|办)?|如何|why|how|how so|why not)$", re.IGNORECASE)
_NOISE = re.compile(r"^(?:请|请问|帮我|对比一下|对比|比较一下|比较|说说|讲讲|那|那么|compare|what is the difference between|what are the differences between|the|difference between|differences between)\s*", re.IGNORECASE)
_MOST = 4


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a question. ``queries`` and ``parts`` run in parallel; both are empty when it is one question.

    ``parts`` are as written; ``queries`` stand alone: what is asked of each thing, pronouns resolved.
    ``compared`` counts the things set side by side.
    """

    queries: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    compared: int = 0


def split(question: str) -> Split:
    """The parts of ``question``: what it compares, else what it joins, else the questions that it consists of.

    Grammar is read in Simplified characters; the parts are in those of the question.
    """
    plain = simplified(question)
    found = _split(plain)
    if plain == question or not found.parts:
        return found
    written = str.maketrans(dict(zip(plain, question, strict=True)))
    queries, parts = (tuple(text.translate(written) for text in texts) for texts in (found.queries, found.parts))
    return Split(queries, parts, found.compared)


def _split(question: str) -> Split:
    items = _compared(question)
    if items is not None:
        subjects, rest = items
        return Split(tuple(f"{subject} {rest}".strip() for subject in subjects), subjects, len(subjects))
    joined = coordination(question)
    if joined is not None and asks_of_each(question, joined):
        asked = asked_of_each(question, joined)
        return Split(asked, joined.members, len(asked)) if joined.named else Split(asked, asked)
    pieces = _questions(question)
    if len(pieces) < 2:
        return Split()
    before = (Turn("user", pieces[0]),)
    topic = _topic(pieces[0])
    queries = [pieces[0]]
    for piece in pieces[1:]:
        if references(piece):
            piece = stand_alone(piece, before).question
        elif topic and not names(piece):
            piece = f"{topic} {piece}"
        queries.append(piece)
    return Split(tuple(queries), pieces)


def _compared(question: str) -> tuple[tuple[str, ...], str] | None:
    """The things set side by side, and what is asked of each."""
    found = _coordinated(question)
    if found is None:
        return None
    marked = _MARKED.search(question) or _MARKED_EN.search(question)
    if not marked and not all(re.search(_DATED.pattern + "$", subject) for subject in found[0]):
        return None
    subjects, start, end = found
    rest = question[:start] + " " + question[end:]
    rest = re.sub(r"[，,？?。！!\s]+|\.$", " ", rest)
    rest = re.sub(r"分别|各自|各(?=用|是|有|为)|有(?:什么|啥|何|哪些)?(?:区别|不同|不一样|差异|差别)|(?:区别|不同|差异|差别)(?:是|在)(?:什么|哪里?|哪儿)?|哪(?:一)?个|相比(?:较)?|对比(?:一下)?|两个|两者|\bthe differences? between\b|\bcompare\b|\bdiffer\b|\brespectively\b|\bboth\b", " ", rest, flags=re.IGNORECASE)
    return subjects, _LOOSE_END_EN.sub("", " ".join(rest.split()))


def _coordinated(question: str) -> tuple[tuple[str, ...], int, int] | None:
    """Neighbouring names or noun phrases that are joined by a conjunction: the phrases, start and end."""
    spans = [(_with_owner(question, start), _with_date(question, end)) for start, end in _name_spans(question)]
    run: list[tuple[int, int]] = []
    for span in spans:
        joint = _joint_end(question[run[-1][1] : span[0]]) if run else None
        if run and joint is not None:
            run.append((run[-1][1] + joint, span[1]))
        elif len(run) >= 2:
            break
        else:
            run = [span]
    if len(run) >= 2:
        return tuple(question[a:b].strip() for a, b in run[:_MOST]), run[0][0], run[-1][1]
    if _EACH.search(question) and coordination(question) is not None:
        return None
    return _phrases_around_joint(question)


def _with_owner(question: str, start: int) -> int:
    """The start of a name together with a maker's name in Chinese before it (英伟达 Blueprint)."""
    found = re.search(rf"(?:^|[，,。？?和与跟])\s*([{CJK}]{{2,6}}) ?$", question[:start])
    if found is None or _NOISE.fullmatch(found[1]):
        return start
    return found.start(1) if [term.text for term in terms(found[1])] == [found[1]] else start


def _with_date(question: str, end: int) -> int:
    """The end of a name together with the year behind it."""
    found = _DATED.match(question, end)
    return found.end() if found else end


def _name_spans(question: str) -> list[tuple[int, int]]:
    spans = []
    position = 0
    for name in names(question):
        at = question.find(name, position)
        if at >= 0:
            spans.append((at, at + len(name)))
    return sorted(spans)


def _joint_end(between: str) -> int | None:
    """Where the second thing begins when ``between`` joins two names: after the conjunction."""
    found = _BETWEEN.fullmatch(between)
    return None if found is None else found.end("joint")


def _phrases_around_joint(question: str) -> tuple[tuple[str, ...], int, int] | None:
    """Chinese: the noun phrases on either side of the first conjunction that stands between two."""
    pattern = re.compile(rf"^(?P<a>[^，,？?。；;]{{1,24}}?)[，,]?\s*(?P<j>{_JOINT})\s*(?P<b>[^，,？?。；;]{{1,24}}?)(?=分别|各自|各[是有用为]|在|有(?:什么|啥|何)|的(?:区别|不同|差异|差别|异同|关系)|哪个|哪一个|谁|之间|相比|[，,]|上的|做|对|都|，|$)")
    head = _NOISE.match(question)
    offset = head.end() if head else 0
    found = pattern.match(question[offset:])
    if found is None or found["a"][-1:] in "共饱总中" or not re.search(f"[{CJK}]", question):
        return None
    first, second = found["a"].strip(), _LOOSE_END.sub("", found["b"].strip()).strip()
    if min(len(first), len(second)) < 2 or not terms(first) or not terms(second) or _ASKS.search(second):
        return None
    end = offset + found.end("b")
    owner, owned, _ = second.partition("的")
    if owned and "的" not in first and len(owner) > 1 and not _EACH.search(question):
        second, end = owner, offset + found.start("b") + found["b"].index("的")
    return (first, second), offset + found.start("a"), end


def _topic(question: str) -> str:
    """What the first of several questions is about, which the others need not repeat: the owner of what it asks for."""
    found = _OWNER.match(question)
    owner = (found[1] or found[2]) if found else ""
    return owner if terms(owner) and not _ASKS.search(owner) else ""


def _clauses(question: str) -> list[str]:
    """The clauses of a Chinese question if each of them asks at its end or beginning: 芯片是什么，起售价多少."""
    clauses = re.split("[，,]", question)
    several = all(_ASKING.search(clause.strip()) and re.search(f"[{CJK}]", clause) for clause in clauses)
    return clauses if several else [question]


def _questions(question: str) -> tuple[str, ...]:
    pieces = [question]
    for pattern in (_BREAK, _BREAK_EN):
        pieces = [part for piece in pieces for part in pattern.split(piece)]
    pieces = [part for piece in pieces for part in _clauses(piece)]
    asked = [piece.strip(" ，,。？?") for piece in pieces]
    asked = [piece for piece in asked if piece]
    if len(asked) < 2 or any(not _ASKS.search(piece) for piece in asked):
        return ()
    parts = [piece for piece in asked if not _TAIL.match(piece) and terms(piece)]
    return tuple(parts[:_MOST]) if len(parts) > 1 else ()
