"""The bot's own connecting words: sentences of an answer that claim nothing and need no citation."""

from __future__ import annotations

import re

from rag.text import simplified

_LONGEST = 60

_CONTRAST = re.compile(r"但是|但|不过|然而|可是|而是|其实|\bbut\b|\bhowever\b|\balthough\b|\bthough\b|\bactually\b", re.IGNORECASE)
_ABSENT = re.compile(
    r"(?:文档|资料|文件|材料|上下文|段落|来源|原文|知识库|檔案|資料|文檔)[^。！？]{0,8}"
    r"(?:没有|未|沒有|并未|無法|无法|不)[^。！？]{0,6}(?:提到|提及|说明|找到|涉及|包含|给出|提供|說明|給出|记载|確定|确定|回答)"
    r"|(?:没有|未能|沒有|无法|無法)[^。！？]{0,12}(?:文档|资料|材料|资料中|来源|信息|文檔|資料)[^。！？]{0,8}(?:找到|得知|确定|回答|说明|依据|答案)?"
    r"|\b(?:documents?|sources?|passages?|context|evidence|text)\b[^.!?]{0,30}"
    r"(?:do(?:es)? not|don't|doesn't|did not|didn't|no information|nothing)"
    r"|\b(?:no|not)\b[^.!?]{0,30}\b(?:mentioned|found|stated|provided)\b[^.!?]{0,20}\b(?:documents?|sources?|passages?|context|evidence)\b"
    r"|\bI (?:could not|couldn't|cannot|can't) (?:find|answer)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:好的|当然|以下是|如下|下面是|具体如下|综上|希望|如需|如果您?还?(?:有|需要)|请问|here (?:is|are)\b|in summary\b|the following\b"
    r"|i hope\b|let me know\b|sure\b|of course\b)",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(r"(?:以下|如下|下列|分别是|包括|following|as follows)[^。.！!？?]{0,12}[:：]$", re.IGNORECASE)


def says_absent(text: str) -> bool:
    """Whether a sentence says that the documents do not tell, and nothing besides."""
    return len(text) <= 2 * _LONGEST and bool(_ABSENT.search(text)) and not _CONTRAST.search(simplified(text))


def claims_nothing(text: str) -> bool:
    """Whether a sentence only connects: it opens, leads in, closes, or says that the documents do not tell."""
    text = text.strip().strip("*_ ")
    if says_absent(text):
        return True
    if len(text) > _LONGEST or re.search(r"\d", text) or _CONTRAST.search(simplified(text)):
        return False
    if _LEAD_IN.search(simplified(text)):
        return True
    return bool(_OPENING.match(text)) and len(text) <= _LONGEST // 2
