"""The shape that a question's answer should have: prose, list or table. Reads the question alone."""

from __future__ import annotations

import re

from rag.answering.expect import Wanted, wanted
from rag.text import normalise
from rag.types import Form, Plan

_WISH_TABLE = re.compile(r"表格|列表对比|列个表|做(?:一)?个表|制表|用表|\b(?:in|as|make|into) (?:a )?table\b|\btabular\b|\btable (?:form|format)\b")
_WISH_LIST = re.compile(r"列(?:出|举|成|一下|个清单|清单)|清单|逐条|分条|逐一|分点|要点|条目|罗列|\b(?:list|enumerate|bullet(?:s| points?)?|itemi[sz]e)\b")
_WISH_PROSE = re.compile(r"一句话|一段话|(?:不要|别)(?:用)?(?:表格|列表|列出)|简要(?:说|讲|概括)|\bin (?:one|a) (?:sentence|paragraph)\b|\bin prose\b|\bno (?:table|list)s?\b")
_COMPARE = re.compile(
    r"对比|比较(?!大|小|高|低|多|少|好|难|快|慢|长|短|常|有|重要|容易|新|早)|区别|不同(?:之处|点|在哪)?|差异|差别|异同|不一样|相比|"
    r"\b(?:compare|comparison|versus|vs\.?|differ(?:s|ent|ence|ences)?|distinguish|contrast)\b"
)
_EACH = re.compile(r"分别|各自|各是|各有|各用|各为|\brespectively\b|\beach of\b")
_PAIR = re.compile(r".(?:和|与|跟|同|及|以及|、|还是).|\b(?:and|or|between|than)\b|\bvs\b")
_ENUMERATE = re.compile(
    r"哪些|有哪几|哪[两二三四五六七八九十几][个种类项方点条步位家款只部类大]|哪几[个种类项方点条步位家款层]|都有(?:什么|谁|啥)|有(?:什么|啥)(?:步骤|特点|优点|缺点|功能|类型|种类|方法|原因|条件|要求)|"
    r"(?:步骤|流程|注意事项|优缺点|要求|条件)(?:是|有)(?:什么|啥|哪)|怎么(?:安装|配置|操作|使用|办理|申请|设置)|包括(?:什么|哪)|由(?:哪|什么).{0,6}(?:组成|构成)|"
    r"\b(?:which|what) (?:are|were) (?:the )?(?:two|three|four|five|six|seven|eight|main|different|key|basic|types|kinds|steps|benefits|features|some|all)\b|"
    r"\bwhat (?:\w+ ){0,2}(?:types|kinds|steps|reasons|factors|features|options|components|methods|requirements|benefits)\b|\bname (?:the|all|two|three|some|a few)\b|\bhow (?:do|can|should) (?:i|we|you) (?:install|set up|configure|apply|create)\b|\bsteps (?:to|for)\b"
)


def form_of(question: str, *, compared: int = 0) -> Form:
    """The form of the answer to ``question``. ``compared``: how many things are set side by side.

    An explicit wish wins; then a comparison of two or more things is a table, an enumeration a list.
    """
    text = normalise(question)
    if _WISH_PROSE.search(text):
        return Form.PROSE
    if _WISH_TABLE.search(text):
        return Form.TABLE
    if _WISH_LIST.search(text) and compared < 2:
        return Form.LIST
    if compared >= 2 and (_COMPARE.search(text) or _EACH.search(text)):
        return Form.TABLE
    if _COMPARE.search(text) and _PAIR.search(text) and compared != 1:
        return Form.TABLE
    return Form.LIST if _ENUMERATE.search(text) or _EACH.search(text) or _WISH_LIST.search(text) else Form.PROSE


def is_comparison(question: str) -> bool:
    """Whether ``question`` sets things side by side."""
    text = normalise(question)
    return bool((_COMPARE.search(text) or _EACH.search(text)) and _PAIR.search(text))


def asks_one_fact(plan: Plan) -> bool:
    """Whether one fact answers the question: no list, table, summary or explanation, and no several parts."""
    long = (Wanted.LIST, Wanted.SUMMARY, Wanted.REASON, Wanted.MANNER)
    return plan.form is Form.PROSE and len(plan.parts) < 2 and wanted(plan.question) not in long
