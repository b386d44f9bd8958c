"""Whether passages hold a figure in the measure that a question asks for: money, a share, a length of time.

Passages about the very thing meet every word of 会员一个月多少钱 and answer nothing while no sum of money is in
them. Lists of units and question words, never of topics.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from rag.answering.content import words
from rag.answering.expect import Wanted, wanted
from rag.answering.mentions import wanted_names
from rag.text import normalise, simplified

_FIGURE = r"(?:\d[\d.,]*|[一二三四五六七八九十百千万亿两几半数])\s*(?:[多余]?[十百千万亿]+)?[多余]?\s*"
_MEASURES: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(asked), re.compile(held))
    for asked, held in (
        (
            r"多少(?:钱|美元|欧元|英镑)|(?:什么|啥)价|价格|售价|费用|花费|奖金|工资|薪水|薪资|票价|租金|\bcosts?\b|\bprices?\b|\bsalar(?:y|ies)\b|how much (?:money|is paid)",
            rf"[¥￥$€£]\s*\d|{_FIGURE}(?:元|块|美元|美金|欧元|英镑|日元|港币|卢布|法郎|马克|圆|镑|两|円|yuan|dollars?|usd|rmb|euros?|pounds?|cents?|million|billion)|"
            r"[（(/：:]\s*(?:[十百千万亿]+)?(?:元|美元|欧元|人民币)|元\s*[/／]|免费|\bfree\b|\d\s*[%％]",
        ),
        (
            r"百分之[几多]|(?:几|多少)成(?![本果功立为员就长分])|比例|占比|准确率|比率|百分比|多少百分|\bpercent(?:age)?\b",
            rf"[%％‰]|百分之|分之|{_FIGURE}成|一半|\bpercent|\bhalf\b|\d\.\d|{_FIGURE}倍",
        ),
        (r"多大年纪|几岁|多少岁|年龄|\bhow old\b", r"岁|\byears? old\b|\baged?\b|\d{4}|出生|生于"),
        (
            r"参数量|多少(?:个)?参数|参数规模|\bhow many parameters\b",
            rf"\d\s*[BM](?![a-zA-Z])|\d\s*[bm]\b|{_FIGURE}(?:亿|万)|[十百千]+[亿万]|[一二三四五六七八九]+[亿万]|\d\s*(?:billion|million|trillion)",
        ),
        (
            r"多久|多长时间|几(?:年|个月|天|小时|分钟)(?!份)|\bhow long\b",
            rf"{_FIGURE}(?:个)?(?:年|月|天|(?:工作|自然)?日|周|星期|小时|分|秒|世纪)|\b(?:years?|months?|days?|hours?|minutes?|weeks?|seconds?|centur\w+)\b|\d\s*(?:h|min|s)\b|\d{{3,4}}|\d:\d\d|"
            r"[（(]\s*(?:年|个?月|[天日]|工作日|小时|分钟|秒)|每(?:年|月|周|天|日|晚|季|小时)|季度|半年|当[天日年月]|次日|立即|马上|随时|永久|长期|终身|\bevery\b|\b(?:daily|weekly|monthly|annually|yearly|once|immediately)\b|"
            r"\d\s*(?:km|m|cm|mm|miles?|met(?:er|re)s?|feet|ft|公里|米)(?![a-z])",
        ),
    )
)
"""What asks for a measure, and what holds one."""

_ASKS_CONTACT = re.compile(
    r"(?:电话|手机|分机|热线|联系|座机)(?:的)?(?:号码?|方式|是?多少|是?几)|手机号|分机号?|(?:怎么|如何|咋)联系|打(?:哪个|什么|几号|多少)电话|邮箱|"
    r"\b(?:phone|telephone|mobile|extension|contact|hotline)(?: number| no\b|s?\b)|\be-?mail address"
)
_CONTACT = re.compile(
    r"(?:分机|内线|热线|电话|\bext(?:ension|\.)?)\D{0,6}\d{3,}|\d{3,4}[-–]\d{3,8}|(?<!\d)1[3-9]\d{9}(?!\d)|(?<![\d.,])\d{7,8}(?![\d.,])|[\w.]@\w",
    re.IGNORECASE,
)
_BESIDE = 80
"""Characters around a person's name in which a number is taken to be that person's."""


def measure_of(question: str) -> Callable[[str], bool] | None:
    """What tells whether a text holds a figure in the measure that ``question`` asks for; None where it names none."""
    asked = simplified(normalise(question)).lower()
    held = next((held for asks, held in _MEASURES if asks.search(asked)), None)
    return None if held is None else lambda text: held.search(simplified(text)) is not None


def lacks_contact(question: str, passages: Sequence[str]) -> bool:
    """Whether ``question`` asks how to reach somebody and no passage holds a number or address, beside the name where it
    names a person."""
    asked = simplified(normalise(question)).lower()
    if not _ASKS_CONTACT.search(asked):
        return False
    persons = [word.text for word in words(question) if word.kind == "person"] or [name.lower() for name in wanted_names(question) if " " in name]
    texts = [simplified(passage).lower() for passage in passages]
    beside = [text[max(0, at - _BESIDE) : at + _BESIDE] for text in texts for person in persons for at in _places(person, text)]
    return not any(_CONTACT.search(text) for text in beside or texts)


def _places(name: str, text: str) -> Iterator[int]:
    return (match.start() for match in re.finditer(re.escape(name), text))


def lacks_measure(question: str, passages: Sequence[str]) -> bool:
    """Whether ``question`` asks for a measure that no passage holds; False where it asks for none: 费用由谁承担."""
    holds = measure_of(question) if wanted(question) is Wanted.COUNT else None
    return holds is not None and not any(map(holds, passages))
