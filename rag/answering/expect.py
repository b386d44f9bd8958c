"""What a question asks for: the kind of answer, and whether a stretch of text can hold one.

Reads question words in Chinese and English; the lists are linguistic, never topical.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from rag.answering.content import read, words
from rag.text import fold, normalise, numbers, simplified


class Wanted(StrEnum):
    """The kind of answer."""

    PERSON = "who"
    TIME = "when"
    PLACE = "where"
    COUNT = "how many"
    LIST = "which ones"
    SUMMARY = "in outline"
    REASON = "why"
    MANNER = "how"
    MEANING = "what is it"
    THING = "what"
    JUDGEMENT = "whether"


_RULES: tuple[tuple[Wanted, re.Pattern[str]], ...] = tuple(
    (wanted, re.compile(pattern))
    for wanted, pattern in (
        (Wanted.TIME, r"几时|啥时|多会儿|哪几?(?:天|日|号)|几(?:月)?几?(?:号(?!楼|线|馆|店|桌|窗|门|令|球|决|文|公|机)|点(?=钟|[开关上下结到起发出][^数]|[？?]?$))|几月(?=[份几？?]|$)"),
        (Wanted.LIST, r"哪(?:些|几|两|三|四|五|六|七|八|九|十)|几(?:条|点|项|类|种方|个方面|方面|大|部分)|(?:包括|分为|分成|分)(?:什么|哪)|有哪|都有|有什么(?!用)|分别(?:是|有|叫)|列(?:出|举)|由(?:什么|哪).{0,4}组成|what are\b|who (?:are|were) the\b|which (?:\w+ )?\w+s (?:are|were|do|did|have)\b|\blist\b|name (?:the|all|two|three|four|five|some)|what (?:two|three|four|five|six|kinds|types|factors|things|steps)"),
        (Wanted.SUMMARY, r"总结|概括|概述|概要|大意|要点|简要|简单说|讲讲|说说|梳理|介绍(?:一?下|下)?|讲了(?:啥|什么|些什么)|大概(?:情况|内容)|主要(?:内容|观点|结论|讲|说)|怎么看|\bsummar|\boverview\b|\boutline\b|main (?:points|ideas|findings)|\bdescribe\b|tell me about"),
        (Wanted.REASON, r"为什么|为何|为啥|原因|何故|怎么会|\bwhy\b|\breason\b|what caused"),
        (Wanted.COUNT, r"多少|(?:什么|啥)价|几(?!乎|何|时)|多(?:大|长|高|远|重|快|久|宽|深)|第几|比例|占比|百分之|数量|规模|\bhow (?:many|much|long|old|large|big|tall|far|high|fast|often)\b|what (?:percent|percentage|share|number|proportion|amount|fraction|score|size|population)|\bnumber of\b"),
        (Wanted.TIME, r"什么时(?:候|间|期)|何时|哪(?:一)?(?:年|天|月|日|个月|个世纪|个年代|个时期|朝)|几(?:月|号|点|年)|(?:年份|日期|时间)(?:是|为)|\bwhen\b|what (?:year|date|day|month|time|century|decade|era)|which (?:year|day|month|century|decade)"),
        (Wanted.PERSON, r"谁|哪(?:位|个人|一位)|何人|什么人|作者是|一作|名字(?:是|叫)|\bwho(?:se|m)?\b|which (?:person|author|king|president|player|scientist|emperor)"),
        (Wanted.PLACE, r"哪里|哪儿|何处|何地|什么地方|哪(?:个|座|一|所)?(?:国|国家|城市|省|县|地区|地方|大学|高中|学校|州|岛|市)|位于|在哪|\bwhere\b|(?:what|which) (?:city|country|state|place|county|region|location|province|school|university|continent|island)"),
        (Wanted.MANNER, r"怎么|怎样|如何|咋|\bhow\b"),
        (Wanted.JUDGEMENT, r"吗[?？]?$|是否|是不是|能不能|会不会|有没有|对不对|准不准|^(?:is|are|was|were|do|does|did|can|could|has|have|will)\b"),
        (Wanted.MEANING, r"是什么[?？]?$|是啥|什么是|指的?是什么|什么意思|干什么用|干嘛|有什么用|衡量的是|^what (?:is|are|was|were) (?:an? |the )?[\w\s-]{2,40}\?$|meaning of|stand for|\bdefin"),
    )
)
_COUNTED = re.compile(r"多少|几|\bhow many\b", re.IGNORECASE)
_BEHIND = 12
_LONG = 200
"""Characters from which on a text is a passage, whose words are not remembered: a sentence is read many times, a passage once."""
_MEASURES = "(?:大|个|种|类|项|条|点|步|层|款|位|名|家)"
_ASKED_KIND = re.compile(rf"(?:哪几?|几){_MEASURES}{{1,2}}([一-鿿]{{2}})|哪些([一-鿿]{{2}})")
_QUESTION_MARK = re.compile(r"[?？][\"”’」』）)*_\s]*$")


@lru_cache(maxsize=1024)
def wanted(question: str) -> Wanted:
    """The kind of answer that ``question`` asks for."""
    text = normalise(question)
    for kind, pattern in _RULES:
        if pattern.search(text):
            return kind
    return Wanted.THING


def is_question(text: str) -> bool:
    """Whether a sentence asks instead of telling."""
    return bool(_QUESTION_MARK.search(text))


_PERSON_CUE = re.compile(r"[A-Z][a-z]+ [A-Z][a-z]+")
_TIME_CUE = re.compile(r"\d{3,4}\s*年|\d\s*[月日号世]|年代|世纪|时期|朝代?|今年|去年|\b(?:1[0-9]|20)\d\d\b|century|\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b")
_PLACE_CUE = re.compile(r"大学|学院|学校|中学|高中|[市省县区镇村州国岛洲路街]|位于|在|\b(?:in|at|near|from)\s+(?:the\s+)?[A-Z]")
_REASON_CUE = re.compile(r"因为|由于|因此|所以|导致|原因|以便|为了|使得|从而|because|due to|since|therefore|as a result|in order to|so that|caused|led to|owing to")
_MANNER_CUE = re.compile(r"通过|利用|使用|采用|借助|用|以.{1,12}(?:方式|方法)|\bby\b|\busing\b|\bwith\b|\bthrough\b|\bvia\b")
_MEANING_CUE = re.compile(r"是(?:一|指|由|为|用)|指的?是|即|用于|用来|旨在|称为|衡量|意思|\bis an?\b|\brefers to\b|\bmeans?\b|\bis the\b|\bused (?:to|for)\b")
_COMPOSED = re.compile(r"包括|包含|涵盖|由[^。]{1,60}(?:组成|构成)|分为|分成|有(?:以下|如下)|(?:如下|以下)[^。，]{0,12}[:：]|\b(?:includ|consist|compris)\w*|composed of|made up of|as follows", re.IGNORECASE)
_LIST_CUE = re.compile(r"[、]|包括|分别|以下|如下|[一二三四五六七八九十两\d][个种类项条点方]|第一|首先|；|, .+ and |includ|such as|following")


def holds(kind: Wanted, text: str, question: str) -> float:
    """How likely it is by its looks that ``text`` holds an answer of ``kind``, 0 to 1.

    What the question says itself is not an answer: a person it names, a year it gives.
    """
    text = simplified(text)
    match kind:
        case Wanted.COUNT:
            return _counts(text, question)
        case Wanted.TIME:
            return float(_dated(text, question) or _new(text, question, "time"))
        case Wanted.PERSON:
            return float(_new(text, question, "person") or bool(_PERSON_CUE.search(text)))
        case Wanted.PLACE:
            return 1.0 if _new(text, question, "place", "organisation") else 0.5 * bool(_PLACE_CUE.search(text))
        case Wanted.REASON:
            return float(bool(_REASON_CUE.search(text)))
        case Wanted.MANNER:
            return float(bool(_MANNER_CUE.search(text)))
        case Wanted.MEANING:
            return float(bool(_MEANING_CUE.search(text)))
        case Wanted.LIST:
            return 1.0 if _COMPOSED.search(text) or _counted_out(text, question) else 0.5 * bool(_LIST_CUE.search(text))
        case _:
            return 0.5


def _counted_out(text: str, question: str) -> bool:
    """Whether ``text`` gives as many as it counts of what is asked: 三个方面 where 哪几个方面 is asked."""
    asked = _ASKED_KIND.search(normalise(question))
    return asked is not None and re.search(rf"[二两三四五六七八九十\d]\s*{_MEASURES}?{asked[1] or asked[2]}", text) is not None


def _counts(text: str, question: str) -> float:
    """1 when a number that the question does not give stands before the thing counted, less when elsewhere."""
    known = {number.value for number in numbers(question)}
    found = [number for number in numbers(text) if number.value not in known]
    match = _COUNTED.search(simplified(question))
    counted = next((word for word in words(question) if match and word.start >= match.end()), None)
    if not found or counted is None:
        return float(bool(found))
    behind = [fold(text[number.start : number.end + _BEHIND]) for number in found]
    return 1.0 if any(counted.text in stretch for stretch in behind) else 0.8


def _dated(text: str, question: str) -> bool:
    asked = simplified(question)
    return any(cue[0] not in asked for cue in _TIME_CUE.finditer(text))


def _new(text: str, question: str, *kinds: str) -> bool:
    asked = {word.text for word in words(question)}
    return any(word.kind in kinds and word.text not in asked for word in (read(text) if len(text) > _LONG else words(text)))


