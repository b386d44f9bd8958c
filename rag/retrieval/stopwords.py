"""Words that say nothing about what a text is about: function words and question words, Chinese and English.

Linguistic lists only; nothing here stems from any collection of documents.
"""

from __future__ import annotations

CHINESE = frozenset(
    "的 了 是 在 和 与 及 或 也 都 就 而 着 吗 呢 吧 啊 呀 嘛 么 之 其 被 把 将 对 从 到 为 以 于 有 这 那 它 他 她 我 你 您 们 "
    "我们 你们 他们 她们 它们 这个 那个 这些 那些 什么 甚么 哪 哪个 哪些 哪里 哪儿 哪种 哪位 哪一 谁 多少 几 怎么 怎样 怎么样 如何 为什么 "
    "为何 何 何时 何地 何处 何人 请问 请 是否 是什么 是谁 可以 能否 关于 以及 还有 并且 但是 因为 所以 如果 则 即 等 等等 告诉 介绍 一下".split()
)

WEAK_CHARACTERS = frozenset("的了吗呢吧啊呀嘛么")
"""Particles: a bigram that holds one spans two words."""

ENGLISH = frozenset(
    "a about am an and any are as at be been being but by can could did do does doing for from had has have having "
    "he her hers him his how i if in into is it its me my no nor not of on or our ours please shall she should so "
    "some such tell than that the their theirs them then there these they this those to too us was we were what "
    "when where which while who whom whose why will with would you your yours".split()
)
