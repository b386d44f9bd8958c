"""An engine whose answers are scripted by the question: for what a real index gives only by chance."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from rag.errors import ModelUnavailable
from rag.events import Answered, Event, Planned, Reranked, Retrieved, SentenceChecked, Token
from rag.types import (
    Action,
    Answer,
    Chunk,
    Citation,
    Conflict,
    Document,
    Evidence,
    Hit,
    Outcome,
    Plan,
    Scope,
    Sentence,
    Stage,
    Turn,
    Verdict,
)

HOSTILE = """<script>window.hit=1</script><img src=x onerror="window.hit=1"> ![leak](http://127.0.0.1:9/leak.png?q=secret)
<svg onload="window.hit=1"></svg> [click](javascript:window.hit=1) [data](data:text/html,<script>window.hit=1</script>)
<iframe src="http://127.0.0.1:9/frame"></iframe><video src="http://127.0.0.1:9/v.mp4"></video><object data="http://127.0.0.1:9/o"></object>
<form action="http://127.0.0.1:9/form"><input type=password></form> <div style="position:fixed;inset:0;background:url(http://127.0.0.1:9/bg)">overlay</div>
<a href="http://127.0.0.1:9/go" ping="http://127.0.0.1:9/ping">go</a> [outside](http://127.0.0.1:9/outside) <http://127.0.0.1:9/auto>
<base href="http://127.0.0.1:9/"><meta http-equiv=refresh content="0;url=http://127.0.0.1:9/"><link rel=stylesheet href="http://127.0.0.1:9/c.css">
![ref][1] $$\\href{javascript:window.hit=1}{x}$$ <details open ontoggle="window.hit=1">x</details> <math><mtext></form><img src=x onerror=window.hit=1>

[1]: http://127.0.0.1:9/ref.png
"""


def document(identifier: str, title: str, text: str, modified: str = "2025-03-01T00:00:00Z") -> Document:
    """A document with its hash."""
    return Document(identifier, title, text, f"{identifier}.md", hashlib.sha256(text.encode()).hexdigest(), modified)


REPORT = document(
    "report",
    "量子纠错进展报告",
    "# 量子纠错进展报告\n量子计算机比传统计算机更容易受到噪声的影响。\nAlphaQubit 是谷歌 DeepMind 与谷歌量子 AI 推出的解码器。"
    "它以最先进的准确性识别量子计算错误。与张量网络方法相比，它的错误率低 6%。研究团队认为它在 241 个量子比特的模拟中依然表现稳定。"
    "\n# 局限\nAlphaQubit 目前速度太慢，无法实时纠正超导处理器中的错误。",
    "2024-11-20T00:00:00Z",
)
NOTES = document(
    "notes",
    "会议纪要：解码器选型",
    "# 会议纪要\n讨论了三种解码器。\n# 结论\n会上引用的数字是错误率低 30%，相对于关联匹配方法。下次会议在周五。",
    "2025-02-11T00:00:00Z",
)
HANDBOOK = document(
    "handbook", "员工手册", "# 休假\n每位员工每年有十五天年假。\n# 报销\n差旅报销需要在三十天内提交。", "2023-06-02T00:00:00Z"
)


class Library:
    """Three documents, one chunk a section."""

    def __init__(self) -> None:
        self.stored = {d.id: d for d in (REPORT, NOTES, HANDBOOK)}

    def documents(self) -> Sequence[Document]:
        return tuple(self.stored[key] for key in sorted(self.stored))

    def document(self, document_id: str) -> Document:
        return self.stored[document_id]

    def sections(self, document_id: str) -> Sequence[str]:
        text = self.stored[document_id].text
        return tuple(line.removeprefix("# ") for line in text.split("\n") if line.startswith("# "))

    def frequency(self, text: str) -> int:
        return sum(text in d.text for d in self.stored.values())

    def chunks(self) -> list[Chunk]:
        found = []
        for d in (REPORT, NOTES, HANDBOOK):
            starts = [i for i in range(len(d.text)) if d.text.startswith("# ", i)] + [len(d.text)]
            for number, (start, end) in enumerate(pairwise(starts)):
                section = d.text[start:end].split("\n")[0].removeprefix("# ")
                found.append(Chunk(f"{d.id}#{number}", d.id, d.title, section, d.text[start:end], start, end))
        return found


class FakeEngine:
    """Answers by the first keyword of its script that the question holds."""

    def __init__(self) -> None:
        self.catalogue = Library()
        self.closed_early = 0
        self.seen: list[tuple[str, tuple[Turn, ...]]] = []

    def answer(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        self.seen.append((question, tuple(history)))
        try:
            yield from self._script(question)
        except GeneratorExit:
            self.closed_early += 1
            raise

    def _script(self, question: str) -> Iterator[Event]:
        match next((word for word in SCRIPTS if word in question), ""):
            case "慢":
                yield from self._searched(question)
                pieces = [f"第{n}句话正在慢慢写出来。" for n in range(200)]
                yield from _tokens(pieces[:60], 0.03)
                yield from _tokens(pieces[60:], 0.5)  # whoever stops it, however slow, finds it still being written
                yield Answered(_answer("".join(pieces), Outcome.ANSWERED))
            case "写完":
                yield from self._searched(question)
                pieces = [f"第{n}句话马上写完。" for n in range(100)]
                yield from _tokens(pieces, 0.03)
                yield Answered(_answer("".join(pieces), Outcome.ANSWERED))
            case "攻击":
                yield from self._searched(question)
                yield from _tokens([HOSTILE], 0)
                yield Answered(_answer(HOSTILE, Outcome.ANSWERED))
            case "模型故障":
                yield from self._searched(question)
                yield from _tokens(["刚写了半句"], 0)
                raise ModelUnavailable("secret-key at http://10.0.0.1 refused")
            case "崩溃":
                raise RuntimeError("secret-db-password")
            case "哪个":
                plan = Plan(Action.CLARIFY, reason="missing_subject", subject="假", options=("年假", "病假", "婚假"))
                yield Planned(plan)
                yield from _tokens(["你想了解哪一种假？"], 0)
                yield Answered(_answer("你想了解哪一种假？", Outcome.CLARIFY, options=plan.options))
            case "你好":
                yield from self._said("你好！想从文档里了解什么？")
            case "复述":
                yield from self._searched("复述")
                yield Token(question)
                yield Answered(_answer(question, Outcome.ANSWERED))
            case "第几次":
                yield from self._said(f"这是第 {sum(asked == question for asked, _ in self.seen)} 次")
            case "引擎状态":
                yield from self._said(f"关闭了 {self.closed_early} 次")
            case "没有":
                yield from self._searched(question)
                yield Planned(Plan(Action.ABSTAIN, reason="no_evidence"))
                yield Answered(_answer("", Outcome.ABSTAINED, nearest=("handbook", "notes")))
            case _:
                yield from self._cited(question)

    def _said(self, text: str) -> Iterator[Event]:
        yield Planned(Plan(Action.REPLY, reason="greeting"))
        yield Token(text)
        yield Answered(_answer(text, Outcome.REPLIED))

    def _searched(self, question: str) -> Iterator[Event]:
        yield Planned(Plan(Action.RETRIEVE, (question,), reason="default", round=1, question=question))
        hits = tuple(Hit(c, 1 / n, n, Stage.FUSED) for n, c in enumerate(self.catalogue.chunks(), 1))
        for stage in (Stage.SPARSE, Stage.DENSE, Stage.FUSED):
            yield Retrieved(question, stage, tuple(replace(hit, stage=stage) for hit in hits))
        yield Reranked(hits, tuple(Evidence(hit.rank, hit.chunk, hit.score) for hit in hits[:5]))

    def _cited(self, question: str) -> Iterator[Event]:
        yield from self._searched(question)
        plan = Plan(
            Action.RETRIEVE, ("AlphaQubit 错误率", "解码器 对比"), Scope(("notes",)), reason="refine_missing", round=2
        )
        yield Planned(plan)
        yield from list(self._searched("AlphaQubit 错误率"))[1:]
        sentences, text = self._sentences()
        for sentence in sentences:
            start = sentences[sentences.index(sentence) - 1].end if sentence is not sentences[0] else 0
            yield from _tokens([text[start : sentence.end][i : i + 6] for i in range(0, sentence.end - start, 6)], 0.01)
            yield SentenceChecked(sentence)
        conflict = Conflict("错误率", sentences[3].citations[0], sentences[1].citations[0])
        yield Answered(
            Answer(
                text,
                tuple(sentences),
                tuple(c for s in sentences for c in s.citations),
                Outcome.PARTIAL,
                missing=("推出的具体日期",),
                conflicts=(conflict,),
            )
        )

    def _sentences(self) -> tuple[list[Sentence], str]:
        chunks = self.catalogue.chunks()
        pieces = [
            ("**AlphaQubit** 是谷歌 DeepMind 与谷歌量子 AI 推出的解码器", 1, "AlphaQubit 是谷歌 DeepMind 与谷歌量子 AI 推出的解码器。", Verdict.SUPPORTED, ""),
            ("与张量网络方法相比，它的错误率低 6%", 1, "与张量网络方法相比，它的错误率低 6%。", Verdict.CONFLICTING, ""),
            ("它已经能够实时纠正所有错误", 2, "AlphaQubit 目前速度太慢，无法实时纠正超导处理器中的错误。", Verdict.PARTLY, "\n\n- "),
            ("会上引用的数字是错误率低 30%", 4, "会上引用的数字是错误率低 30%，相对于关联匹配方法。", Verdict.SUPPORTED, "\n- "),
            ("它将在明年商用", 0, "", Verdict.UNSUPPORTED, "\n- "),
        ]  # fmt: skip
        text, sentences = "", []
        for words, marker, quote, verdict, before in pieces:
            text += before
            start = len(text)
            text += words + (f"[{marker}]" if marker else "") + "。"
            citations = (_citation(chunks[marker - 1], marker, quote, verdict),) if marker else ()
            sentences.append(Sentence(words, start, len(text), citations, verdict))
        return sentences, text


SCRIPTS = ("复述", "慢", "写完", "攻击", "模型故障", "崩溃", "哪个", "你好", "第几次", "引擎状态", "没有")


def _citation(chunk: Chunk, marker: int, quote: str, verdict: Verdict) -> Citation:
    start = chunk.start + chunk.text.index(quote)
    return Citation(marker, chunk.id, chunk.document_id, quote, start, start + len(quote), verdict)


def _tokens(pieces: Sequence[str], pause: float) -> Iterator[Event]:
    for piece in pieces:
        if pause:
            time.sleep(pause)
        yield Token(piece)


def _answer(
    text: str, outcome: Outcome, options: tuple[str, ...] = (), nearest: tuple[str, ...] = ()
) -> Answer:
    return Answer(text, (), (), outcome, options=options, nearest=nearest)
