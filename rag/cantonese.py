"""Questions in written Cantonese, put into the Mandarin that the rules, the encoder and most documents are written in.

Function words alone (喺, 嘅, 幾多, 點解), none that names a thing: what Hong Kong calls 的士 its documents call so too.
Text without a word of its own to Cantonese is left as it is. Knows words, neither documents nor queries.
"""

from __future__ import annotations

import re
from functools import cache

from rag.text import simplified

_OWN = "[喺嘅咗唔佢哋嗰啲咩乜冇嚟攞睇畀噉咁嘢搵揾㗎喎]|边(?:个|度|间|位|啲|日)(?!界)|几(?:多|耐|钱)|点(?:解|样)|而家|依家|系咪|呢(?:个|度|啲)"
"""What only Cantonese writes, in Simplified characters."""
_LOOK_AROUND = re.compile(r"\(\?<?[=!][^)]*\)")
_FORMS: dict[str, str] = {
    "点解": "為什麼", "点样": "怎樣", "(?<![几数两一二三四五六七八九十\\d])点(?=[做去搞申办交报计算用入开])": "怎麼",
    "嗰边": "那邊", "呢边": "這邊", "边个(?=[系是负可有打批签做管话应会识]|[?？!！。]?$)": "誰", "边个": "哪個", "边(?:度|处)": "哪裡", "边间": "哪家", "边(?=[位日年月种样份条])": "哪",
    "边啲": "哪些", "几多": "多少", "几时": "什麼時候", "几耐": "多久", "几钱": "多少錢", "(?:乜|咩)嘢": "什麼", "[乜咩]": "什麼",
    "呢(?=[个间张份次年样种日单条位款件])": "這", "呢度": "這裡", "呢啲": "這些", "嗰度": "那裡", "嗰啲": "那些", "嗰阵": "那時", "嗰": "那",
    "佢": "他", "哋": "們", "喺": "在", "嘅": "的", "咗": "了", "嚟": "來", "攞": "拿", "睇": "看", "[畀俾]": "給", "冇": "沒有",
    "唔使": "不用", "唔好": "不要", "唔得": "不行", "唔见(?:咗)?": "丟了", "系咪": "是不是", "唔": "不", "(?<![关联体干])系(?![数统列])": "是",
    "仲(?![裁介夏秋冬])": "還", "啲": "些", "噉": "這樣", "咁": "這麼", "[搵揾]": "找", "嘢": "東西", "返工": "上班", "放工": "下班",
    "[而依]家": "現在", "听日": "明天", "[寻琴]日": "昨天", "同埋": "和", "定系": "還是", "即系": "就是", "净系": "只是", "屋企": "家裡",
    "[㗎喎啩]": "",
}


@cache
def _forms() -> tuple[re.Pattern[str], re.Pattern[str], tuple[str, ...]]:
    """What only Cantonese writes, all forms in one, the longest first, and what each becomes."""
    forms = sorted(_FORMS, key=lambda form: -len(_LOOK_AROUND.sub("", form)))
    return (
        re.compile(simplified(_OWN)),
        re.compile("|".join(f"({simplified(form)})" for form in forms)),
        tuple(_FORMS[form] for form in forms),
    )


def in_mandarin(question: str) -> str:
    """``question`` with the function words of Cantonese as those of Mandarin, in its own script."""
    folded = simplified(question)
    own, pattern, mandarin = _forms()
    if not own.search(folded):
        return question
    traditional = folded != question
    written: list[str] = []
    at = 0
    for match in pattern.finditer(folded):
        said = mandarin[(match.lastindex or 1) - 1]
        written += [question[at : match.start()], said if traditional else simplified(said)]
        at = match.end()
    return "".join(written) + question[at:]
