"""The bot's own sentences in Chinese, in both scripts, and in English: everything it says without a document.

Wording only. It also recognises its own question back, so that the answer to it can be told from a new question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

from rag.text import fold, language, normalise

Tongue = Literal["zh", "zh-Hant", "en"]

_ZH = {
    "greeting": "你好！我可以根据已收录的文档回答问题，每句话都会注明出处。{holdings}请直接提问。",
    "thanks": "不客气！还有其他想查的内容，请继续提问。",
    "farewell": "再见！需要查文档时随时来问。",
    "smalltalk": "谢谢你跟我分享。闲聊不是我的长项，我擅长的是从文档里找答案；想查什么，直接问就好。",
    "about_bot": "我是知据，一个文档问答助手：先在已收录的文档里检索，再只用找到的内容回答，每句话都标明出处并核对；文档里没有的，我会直说。{holdings}",
    "arithmetic": "{expression} = {value}",
    "text_task": "这件事要靠语言模型来写，而现在没有配置语言模型；我能做的是从文档里查找并引用原文。",
    "translate": "翻译需要语言模型，而现在没有配置。这里是上一个回答的原文：\n\n{previous}",
    "reshape": "改写需要语言模型，而现在没有配置。这里是上一个回答的原文：\n\n{previous}",
    "no_previous": "这里还没有可以处理的回答。请先提一个问题。",
    "clarify": "请问“{subject}”具体指哪一个：{options}？",
    "clarify_missing": "请问您想问的是哪一个：{options}？",
    "or": "，还是",
    "comma": "、",
    "abstain": "文档中没有找到这个问题的答案。",
    "abstain_missing": "文档中没有找到“{missing}”的答案。",
    "nearest": "内容最接近的文档是：{nearest}。",
    "abstain_close": "文档中没有找到这个问题的明确答案。",
    "close": "下面的原文与它相近，但未必回答了它：",
    "partial": "文档中没有提到：{missing}。",
    "holdings": "目前收录了 {count} 份文档，例如{titles}。",
    "title": "《{title}》",
}
_EN = {
    "greeting": "Hello! I answer questions from the indexed documents and cite the source of every sentence. {holdings}What would you like to know?",
    "thanks": "You're welcome! Ask on whenever you like.",
    "farewell": "Goodbye! Come back whenever you need something looked up.",
    "smalltalk": "Thank you for sharing that. I'm not much of a talker, but I'm good at finding answers in the documents: just ask.",
    "about_bot": "I'm Zhiju, an assistant that answers from documents: I search the indexed documents first, answer only with what I find, cite and check every sentence, and say so when the documents don't tell. {holdings}",
    "arithmetic": "{expression} = {value}",
    "text_task": "Writing that needs a language model, and none is configured; what I can do is search the documents and quote them.",
    "translate": "Translating needs a language model, and none is configured. Here is the previous answer as it stands:\n\n{previous}",
    "reshape": "Rewriting needs a language model, and none is configured. Here is the previous answer as it stands:\n\n{previous}",
    "no_previous": "There is no answer here yet that I could work on. Please ask a question first.",
    "clarify": "Which one do you mean by “{subject}”: {options}?",
    "clarify_missing": "Which one are you asking about: {options}?",
    "or": " or ",
    "comma": ", ",
    "abstain": "The documents do not contain an answer to this question.",
    "abstain_missing": "The documents do not contain an answer to “{missing}”.",
    "nearest": "The closest documents are: {nearest}.",
    "abstain_close": "The documents do not clearly answer this question.",
    "close": "These passages come close, but may not answer it:",
    "partial": "The documents do not mention: {missing}.",
    "holdings": "There are {count} documents at the moment, such as {titles}. ",
    "title": "“{title}”",
}
_ASKED_BACK = re.compile(
    r"^请问(?:“(?P<zh>.{1,40})”具体指|您想问的是)哪一个:(?P<options>.+)[?？]$|^which one (?:do you mean by “(?P<en>.{1,60})”|are you asking about): (?P<options_en>.+)\?$",
    re.DOTALL,
)
_BETWEEN_OPTIONS = re.compile(r"、|[,，]?还是|, | or ")


def tongue_of(text: str, preferred: Literal["auto", "zh", "en"] = "auto") -> Tongue:
    """The language, and for Chinese the script, in which to reply to ``text``."""
    spoken = language(text) if preferred == "auto" else preferred
    if spoken == "en":
        return "en"
    table = _traditional()
    plain = unicodedata.normalize("NFKC", text)
    only_traditional = sum(1 for sign in plain if normalise(sign) != sign.lower() and ord(sign) not in table)
    return "zh-Hant" if only_traditional else "zh"


def say(key: str, tongue: Tongue, **values: str) -> str:
    """One of the sentences above in ``tongue``, filled with ``values`` (which stay as they are)."""
    if tongue == "en":
        return _EN[key].format(**values)
    text = _ZH[key]
    return (text.translate(_traditional()) if tongue == "zh-Hant" else text).format(**values)


def question_back(subject: str, options: Sequence[str], tongue: Tongue) -> str:
    """The clarifying question with its options."""
    listed = say("comma", tongue).join(options[:-1]) + say("or", tongue) + options[-1]
    if subject:
        return say("clarify", tongue, subject=subject, options=listed)
    return say("clarify_missing", tongue, options=listed)


def asked_back(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Subject and options of a question that ``question_back`` made; ``None`` for any other text."""
    text = text.strip()
    folded = fold(text)
    found = _ASKED_BACK.match(folded)
    if found is None:
        return None
    group = "options" if found["options"] is not None else "options_en"
    start, end = found.span(group)
    cuts = [(cut.start() + start, cut.end() + start) for cut in _BETWEEN_OPTIONS.finditer(folded[start:end])]
    edges = [start, *(edge for cut in cuts for edge in cut), end]
    listed = [text[a:b].strip() for a, b in zip(edges[::2], edges[1::2], strict=True)]
    subject = found.span("zh") if found["zh"] is not None else found.span("en")
    return text[slice(*subject)] if subject[0] >= 0 else "", tuple(part for part in listed if part)


@cache
def _traditional() -> dict[int, str]:
    """OpenCC's table of Simplified characters, each with its first Traditional form."""
    table = files("opencc").joinpath("dictionary", "STCharacters.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in table.splitlines() if "\t" in line)
    return {ord(old): new.split()[0] for old, new in pairs if len(old) == 1}
