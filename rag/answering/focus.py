"""What a conversation is about: the subject, the last person and thing named, and the list that was given.

Read from one exchange at a time, question first, answer second. Knows no documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.answering.terms import names, quoted, terms
from rag.text import CJK, fold

_MARKER = re.compile(r"\[\d+\]|【\d+】")
_ITEM_LINE = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.、)）]|[(（]\d{1,2}[)）]|[一二三四五六七八九十][、.])\s*(?P<item>.+)$", re.MULTILINE)
_ITEM_INLINE = re.compile(r"(?:(?:^|[，,；;。：:\s])(?:\d{1,2}[.)、）]|[(（]\d{1,2}[)）]|[①②③④⑤⑥⑦⑧⑨]))\s*(?P<item>[^；;。\n]{2,60}?)(?=[；;。，,]?\s*(?:\d{1,2}[.)、）]|[(（]\d{1,2}[)）]|[①②③④⑤⑥⑦⑧⑨])|[；;。]|$)")
_ITEM_WORDED = re.compile(r"(?:一个是|另一个是|一是|二是|三是|四是|其一是?|其二是?|其三是?|首先是?|其次是?|再次是?|最后是?|第[一二三四五]个?是?|前者是?|后者是?)\s*(?P<item>[^，,；;。\n]{2,40})")
_TITLE = r"(?:老师|教授|博士|先生|女士|院士|同学|总裁|主任|经理|医生|律师|校长|部长|总统|主席|总理|市长|研究员|工程师)"
_PERSON_TITLED = re.compile(rf"(?:[是为由叫，、和与及\s]|负责人|作者|创始人|^)?(?P<name>[{CJK}]{{2,4}}{_TITLE})")
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤康敖忻"
)
_PERSON_BARE = re.compile(rf"(?:是|为|由|叫|叫做|名为|作者|负责人|创始人|导演|主演|校长|总裁|教授|主席|总统)(?:是|为|：|:)?\s*(?P<name>[{_SURNAMES}][{CJK}]{{1,2}})(?=[，。、；,;\s（(]|$|于|在|和|与)")
_PERSON_LATIN = re.compile(r"\b(?P<name>[A-Z][a-z]+(?:[ -](?:[A-Z]\.|[A-Z][a-z]+|de|van|von|da|bin|al)){1,3})\b")
_ASKS_PERSON = re.compile(r"谁|哪位|哪个人|何人|作者|叫什么名字|\b(?:who|whom|whose|which (?:person|president|author|actor|player))\b")
_ASKS_THING = re.compile(r"哪[个家所种款项部本篇些]|什么(?:公司|模型|项目|书|大学|学校|机构|产品|系统|平台|论文|国家|城市)|\b(?:which|what (?:company|model|project|book|university|system|country|city|is the name))\b")
_CLAUSE = re.compile(r"[，,；;。！？!?\n]")
_SUBJECT_END = re.compile(r"是|有|用|在|的|由|被|把|将|做|叫|跟|给|会|能|都|最|主要|为什么|怎么|如何|什么|谁|哪|几|多少|何")
_DATED = re.compile(r"\d{1,4}\s*[年月./-][^，,。？?！!；;]{0,23}?(?=是|由|有|谁|哪|什么|几|多少|怎么|为什么|如何|在)")
"""A date with what it is of: 3月24号青竹项目的会 of 3月24号青竹项目的会是谁主持的."""
_SHORT_ANSWER = 120
_VERB = re.compile(
    r"始建|创建|创立|成立|建立|建于|发布|推出|开发|发明|出生|生于|去世|位于|属于|负责|需要|采用|使用|支持|包括|包含|解决|提出|获得|训练|面向|来自|开始|完成|出版|举行|举办|发生|担任|毕业|演进|升级|主要|分布|生产|规定"
)
_LEAD = re.compile(r"^(?:请问|帮我|介绍一下|介绍|说说|讲讲|总结一下|总结|关于|对于|在|按照|按(?=[\d《])|根据|依据|依照|那么?)\s*")


@dataclass(frozen=True, slots=True)
class Focus:
    """What the last exchanges were about, as phrases that can stand in a question.

    ``subject`` is what the last question was about, ``thing`` and ``person`` what a pronoun would mean, ``items``
    the list given last, ``context`` words that place a query in the conversation, most telling first.
    """

    question: str = ""
    subject: str = ""
    thing: str = ""
    person: str = ""
    items: tuple[str, ...] = ()
    context: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.question)


def focus_of(question: str, answer: str, before: Focus, *, continues: bool = False) -> Focus:
    """The focus after ``question`` (made stand-alone) was answered with ``answer``.

    ``continues``: the question leant on what came before, whose subject therefore stays unless it names another.
    """
    answer = _MARKER.sub("", answer)
    named = names(question)
    subject = (named[0] if named else "") or (before.subject if continues else "") or subject_of(question) or before.subject
    persons = people(answer) or people(question)
    person = persons[0] if persons else before.person
    items = items_of(answer) or before.items
    return Focus(question.strip(), subject, _thing(question, answer, subject), person, items, _context(question, answer, before))


def subject_of(question: str) -> str:
    """What ``question`` is about: its first name, else its first noun phrase before the verb."""
    held = names(question)
    if held:
        return held[0]
    text = _LEAD.sub("", question)
    if not re.search(f"[{CJK}]", text):
        content = [question[term.start : term.end] for term in terms(question)]
        return " ".join(content[:5])
    found = terms(text)
    if not found:
        return ""
    if found[0].number and (dated := _DATED.match(text, found[0].start)):
        return dated[0]
    if found[0].number and len(found) > 1 and found[1].start == found[0].end:
        return text[found[0].start : found[1].end]
    end = _SUBJECT_END.search(text, found[0].end)
    phrase = text[found[0].start : found[0].end]
    verb = _VERB.search(phrase, 2)
    if verb is not None:
        return phrase[: verb.start()]
    if end is not None and text[end.start()] == "的" and len(found) > 1:
        return text[found[0].start : found[1].end] if found[1].start == end.end() else phrase
    return phrase


def _thing(question: str, answer: str, subject: str) -> str:
    """What 它 would mean: what the question asked for if it asked for a thing, else what it was about."""
    if len(answer) <= _SHORT_ANSWER and _ASKS_THING.search(fold(question)) and not _ASKS_PERSON.search(fold(question)):
        known = {fold(name) for name in names(question)}
        first = _CLAUSE.split(answer.strip(), maxsplit=1)[0]
        fresh = [name for name in (*quoted(first), *names(first)) if fold(name) not in known]
        if len(fresh) == 1:
            return fresh[0]
    return subject


def people(text: str) -> tuple[str, ...]:
    """Persons named in ``text``: with a title, in a telling place, or as several capitalised Latin words."""
    found = [(m.start("name"), _untitled(m["name"])) for m in _PERSON_TITLED.finditer(text)]
    found += [(m.start("name"), m["name"]) for m in _PERSON_BARE.finditer(text)]
    found += [(m.start("name"), m["name"]) for m in _PERSON_LATIN.finditer(text)]
    return tuple(dict.fromkeys(name for _, name in sorted(found) if name))


def _untitled(name: str) -> str:
    """A titled name without the word that ran into it (责人刘伟老师 → 刘伟老师)."""
    title = re.search(_TITLE + "$", name)
    bare = name if title is None else name[: title.start()]
    for size in (3, 2):
        if len(bare) >= size and bare[-size] in _SURNAMES:
            return bare[-size:] + (title[0] if title else "")
    return name


def items_of(answer: str) -> tuple[str, ...]:
    """The members of the list that ``answer`` gives, in order; empty when it gives none."""
    for pattern in (_ITEM_LINE, _ITEM_INLINE):
        found = [match["item"].strip() for match in pattern.finditer(answer)]
        if len(found) >= 2:
            return tuple(_head(item) for item in found)
    worded = _ITEM_WORDED.findall(answer)
    if len(worded) >= 2:
        return tuple(_head(item) for item in worded)
    return _enumerated(answer, worded)


def _head(item: str) -> str:
    """The name of a list member, without its explanation."""
    return re.split(r"[：:]|——|(?<=\S)\s-\s", _MARKER.sub("", item), maxsplit=1)[0].strip(" *_。；;，,.")


def _enumerated(answer: str, worded: list[str]) -> tuple[str, ...]:
    for clause in re.split(r"[。；;\n！!]|\.\s", answer):
        second = re.search(r"[，,]\s*另(?:外)?一?[个种项款]是?(?P<b>[^，,；;。\n]{2,40})", clause)
        if second is not None:
            first = re.search(r"(?:一[个种项款]是|是)(?P<a>[^，,；;。]{2,40})[，,]\s*另", clause)
            if first is not None:
                return (_head(first["a"]), _head(second["b"]))
        parts = re.split(r"、|(?<=[^共总])和(?=[^谐平])|以及|,\s*and\s+|,\s*|\s+and\s+", clause)
        if len(parts) >= 2 and ("、" in clause or "和" in clause or " and " in clause):
            parts[0] = re.split(r"(?:分别)?(?:是|有|为|包括|包含|用了|叫|：|:)|\b(?:are|is|were|include|includes)\b", parts[0])[-1]
            cleaned = tuple(_head(part) for part in parts)
            if all(0 < len(part) <= 40 for part in cleaned):
                return cleaned
    return tuple(_head(item) for item in worded)


def _context(question: str, answer: str, before: Focus) -> tuple[str, ...]:
    """Words that place a query: the question's names and terms, the answer's names, then what came before."""
    asked = [*names(question), *(question[term.start : term.end] for term in terms(question) if not term.number)]
    told = list(names(answer))[:4] if len(answer) < 400 else []
    earlier = list(before.context[:4])
    return tuple(dict.fromkeys(phrase for phrase in (*asked, *told, *earlier) if len(phrase) > 1))
