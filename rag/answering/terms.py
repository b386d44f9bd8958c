"""What a question is about: its names and content words, told apart from the words that only ask.

Works without a dictionary: Chinese is cut at function words and question words, Latin text at spaces. Knows
nothing of documents; how rare a term is comes from the catalogue (``rag.answering.corpus``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text import CJK, fold, language

_CJK_ASK = (
    "请问 告诉我 帮我 帮忙 请 我想知道 想知道 想问 能否 能不能 可不可以 可以 是不是 是否 有没有 会不会 "
    "什么时候 什么时间 什么地方 什么样 什么 为什么 为何 何时 何地 何处 何种 何人 何 怎么样 怎么 怎样 如何 咋 啥 哪些 哪个 哪几个 哪几 哪一 哪里 哪儿 哪 谁 "
    "几个 几种 几位 几次 几年 几月 几号 几岁 几名 几 多少 多大 多长 多高 多久 多远 多深 多重 多快 多宽 几时 "
    "介绍一下 介绍 讲讲 讲一下 说说 说一下 简要 概括 总结 简述 谈谈 一下 列出 列举 列出来 "
    "根据 按照 依据 关于 对于 至于 其中 以及 或者 还是 而且 并且 但是 因为 所以 如果 除了 除此之外 之外 以外 此外 另外 "
    "分别 各自 各 都有 都是 主要是 具体是 具体 大概 大约 一共 总共 到底 究竟 当时 当年 后来 最后 目前 现在 最近 至今 "
    "这个 那个 这些 那些 这种 那种 这样 那样 这里 那里 这位 那位 这篇 那篇 这项 那项 这次 那次 这家 那家 这 那 "
    "它们 他们 她们 我们 你们 大家 自己 它 他 她 其 该 此 我 你 您 们 "
    "已经 正在 曾经 曾 将会 将 可能 应该 需要 必须 能够 一个 一种 一些 一位 一次 一项 "
    "花了 要花 需要花 花掉 属于 称为 叫做 叫作 称作 位于 来自 成为 作为 进行 使用 用于 认为 表示 指的 指 "
).split()
_CJK_SINGLE = "的了着是吗呢吧啊呀嘛么和与跟及或在从把被对让给向于为以用有要会能都也还又就才再很最更所并而但且由到上下中里后前时地得叫做去来过不没"
_PROTECTED = (
    "高中 初中 初期 其实 作者 学者 记者 患者 消费者 研究者 目的 的确 为了 用户 用途 用于 应用 作用 费用 信用 利用 使用 采用 通用 专用 对话 对齐 对比 对象 对手 绝对 相对 针对 反对 会议 社会 机会 协会 大会 委员会 教会 国会 议会 "
    "智能 能力 性能 功能 能量 能源 可能 能耗 核能 主要 重要 需要 要求 要素 必要 概要 摘要 以色列 以太 以前 以后 以上 以下 可以 加以 最后 最终 最大 最小 最高 最低 最早 最新 最多 最少 最近 最初 "
    "过程 通过 经过 超过 过去 过滤 就业 成就 人才 天才 首都 成都 都市 从事 方向 向量 取向 导向 其他 其它 土耳其 还原 更新 变更 有限 有效 有关 所有 拥有 没有 具有 国有 私有 有机 了解 被告 "
    "在线 存在 现在 内在 和平 和谐 共和 总和 饱和 与会 参与 华为 行为 作为 认为 成为 人为 关于 对于 由于 属于 位于 等于 基于 处于 于是 中国 中文 中心 中央 中学 中间 集中 其中 中部 "
    "上海 上市 上升 以上 线上 上面 上下文 上游 下载 下降 下游 下面 时间 时代 时期 小时 同时 临时 实时 时候 当时 地区 地方 地址 地球 地铁 土地 基地 地点 地图 地理 殖民地 地位 地震 各地 当地 "
    "后来 前后 之后 后续 背后 前面 目前 之前 前者 后者 前缀 提前 前身 到达 得到 达到 遇到 里程 公里 英里 做法 叫做 来源 未来 本来 原来 过来 带来 进来 去年 去世 失去 "
    "不同 不断 不足 不良 不动产 并行 合并 并发 而且 但是 由来 自由 理由 经由 所以 研究所 场所 厕所 交易所 得分 获得 取得 心得 赢得 所得 得奖 诺贝尔 获得者 了不起 是否 "
    "再生 再次 很多 更多 更好 更高 让步 转让 给予 供给 补给 着陆 着手 沿着 着名 着色 把握 及时 普及 以及 涉及 埃及 及格 或许 或者 跟踪 没收 会员 用法 用量 会计 要点 能否 不会"
).split()
_ENGLISH_STOP = frozenset(
    "a an the and or but nor so yet if then than of in on at to for from by with about into onto over under between among through during before after "
    "is are was were be been being am do does did done doing have has had having can could may might shall should will would must "
    "i me my mine you your yours he him his she her hers it its we us our ours they them their theirs this that these those there here "
    "who whom whose which what when where why how many much long old far often s t d ll re ve m not no yes too also as such any some all both each every either neither other another more most less least few several own same "
    "please tell give show explain describe list name summarize summarise mention according know want need let get got go going use used using make made "
    "just only very really even still already again ever never else like okay ok well now currently exactly kind sort type one ones thing things up out off down "
    "because while until since though although whether per via etc".split()
)
_LETTER = "A-Za-z0-9_À-ɏ"
_LATIN = rf"(?:\d+(?:\.\d+)?)?[A-Za-zÀ-ɏ][{_LETTER}]*(?:[.'’+#&/-][{_LETTER}]+)*\+{{0,2}}"
_WORD = re.compile(rf"(?P<latin>{_LATIN})|(?P<number>\d[\d.,:/-]*\d%?|\d%?)|(?P<cjk>[{CJK}]+)")
_SOURCE = (
    "(?:(?:讲义|文章|原文|文档|文件|资料|材料|书|手册|说明书|报告|论文|新闻|笔记)(?:里面|里头|里|中|上)|文中)"
    "是?(?:提到|提及|讲到|介绍|指出|记载|写|说|讲)(?![入作明])(?:的|了|到|过|着)?|"
    "(?:讲义|文章|原文|文档|资料|手册|说明书|报告|论文|新闻|笔记)(?:提到|提及|讲到|指出|记载|写道|(?:写|说|讲)(?:的|了))"
)
"""A mention of the documents themselves: 手册里说, 文中提到."""
_ASK = re.compile(
    f"{_SOURCE}|"
    + "|".join(sorted(_CJK_ASK, key=len, reverse=True))
    + f"|[{_CJK_SINGLE}]"
)
_MEASURE = re.compile(r"(?:[一二两三四五六七八九十]+[个种位名项条家件篇款台座块次]|[个种位名项份张枚款])(?=.)")
_KEEP = re.compile("|".join(sorted(_PROTECTED, key=len, reverse=True)))
_QUOTED = re.compile(r"《([^《》]{1,60})》|“([^“”]{1,60})”|「([^「」]{1,60})」|『([^『』]{1,60})』|\"([^\"]{1,60})\"|‘([^‘’]{2,60})’")
_SENTENCE_START = re.compile(r"(?:^|[.!?。！？:：]\s*|[“\"]\s*)$")


@dataclass(frozen=True, slots=True)
class Term:
    """A content word or run of them. ``text`` is folded; ``[start:end]`` are offsets into the question.

    ``name``: it looks like a proper name, a version or a quotation. ``number``: digits alone.
    """

    text: str
    start: int
    end: int
    name: bool = False
    number: bool = False


def terms(question: str) -> tuple[Term, ...]:
    """The content terms of ``question`` in order, free of function words and question words."""
    folded = fold(question)
    found: list[Term] = []
    for match in _WORD.finditer(folded):
        if match["latin"] is not None:
            if match[0] not in _ENGLISH_STOP or _is_capital_name(question, match.start(), match.end()):
                found.append(Term(match[0], match.start(), match.end(), _is_name(question, match.start(), match.end())))
        elif match["number"] is not None:
            found.append(Term(match[0], match.start(), match.end(), number=True))
        else:
            found.extend(_runs(match[0], match.start()))
    return tuple(found)


def _runs(text: str, offset: int) -> list[Term]:
    """A stretch of Chinese cut at function words, protected words kept whole."""
    kept = [False] * len(text)
    for match in _KEEP.finditer(text):
        kept[match.start() : match.end()] = [True] * (match.end() - match.start())
    cut = [False] * len(text)
    for match in _ASK.finditer(text):
        whole = match.end() - match.start() > 1
        if whole or not kept[match.start()]:
            cut[match.start() : match.end()] = [True] * (match.end() - match.start())
    runs: list[Term] = []
    start = 0
    for index in range(len(text) + 1):
        if index == len(text) or cut[index]:
            start += _measure(text[start:index])
            if index > start:
                runs.append(Term(text[start:index], offset + start, offset + index))
            start = index + 1
    return runs


def _measure(run: str) -> int:
    """How many characters of numeral and measure word stand before the noun of ``run``."""
    found = _MEASURE.match(run)
    return 0 if found is None or found.end() == len(run) else found.end()


def _is_capital_name(question: str, start: int, end: int) -> bool:
    word = question[start:end]
    return word.isupper() and len(word) > 1 and not question.isupper()


def _is_name(question: str, start: int, end: int) -> bool:
    word = question[start:end]
    if any(sign.isdigit() for sign in word) or (word[1:] != word[1:].lower() and not question.isupper()):
        return True
    if language(question) == "zh":
        return True
    return word[:1].isupper() and word.lower() not in _ENGLISH_STOP and not _SENTENCE_START.search(question[:start])


def quoted(question: str) -> tuple[str, ...]:
    """What stands in quotation marks or title marks, in order, as written."""
    return tuple(next(part for part in match.groups() if part) for match in _QUOTED.finditer(question))


def names(question: str) -> tuple[str, ...]:
    """Names as written: neighbouring name terms joined (``Baichuan 2``, ``Keller Jordan``), and quotations."""
    held: list[tuple[int, int]] = []
    for term in terms(question):
        joins = bool(held) and re.fullmatch(r"[ \-–·.]?", question[held[-1][1] : term.start]) is not None
        follows = joins and (term.name or term.number)
        if follows:
            held[-1] = (held[-1][0], term.end)
        elif term.name:
            held.append((term.start, term.end))
    return tuple(dict.fromkeys([question[start:end] for start, end in held] + list(quoted(question))))


def bigrams(term: Term) -> tuple[str, ...]:
    """The units that coverage counts: pairs of Chinese characters, or the Latin word or number itself."""
    if not re.match(rf"[{CJK}]", term.text):
        return (term.text,)
    if len(term.text) == 1:
        return (term.text,)
    return tuple(term.text[index : index + 2] for index in range(len(term.text) - 1))
