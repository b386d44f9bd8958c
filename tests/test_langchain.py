"""The LangChain adapter: passages with their places, through a chain, over the real index too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnablePassthrough

from rag.events import Event, Planned, Reranked
from rag.langchain import ZhijuRetriever
from rag.types import Action, Chunk, Evidence, Plan, Scope, Turn

ROOT = Path(__file__).resolve().parent.parent


def passage(number: int, score: float) -> Evidence:
    text = f"第{number}段。"
    return Evidence(number, Chunk(f"a.md#{number}", "a.md", "手册", "保修", text, number * 10, number * 10 + 4), score)


class FakeSearcher:
    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._evidence = tuple(evidence)
        self.asked: list[tuple[str, Scope | None]] = []

    def retrieve(
        self, question: str, history: Sequence[Turn] = (), scope: Scope | None = None
    ) -> Generator[Event, None, None]:
        self.asked.append((question, scope))
        yield Planned(Plan(Action.RETRIEVE, (question,)))
        if self._evidence:
            yield Reranked((), self._evidence)


def test_evidence_comes_best_first_with_its_place() -> None:
    found = ZhijuRetriever(engine=FakeSearcher([passage(1, 0.4), passage(2, 0.9)])).invoke("保修")
    assert [document.page_content for document in found] == ["第2段。", "第1段。"]
    assert found[0].id == "a.md#2"
    assert found[0].metadata == {
        "document_id": "a.md", "title": "手册", "section": "保修", "start": 20, "end": 24, "score": 0.9, "marker": 2
    }  # fmt: skip


def test_at_most_k_and_none_for_a_greeting() -> None:
    searcher = FakeSearcher([passage(n, n / 10) for n in range(1, 6)])
    assert len(ZhijuRetriever(engine=searcher, k=2).invoke("保修")) == 2
    assert ZhijuRetriever(engine=FakeSearcher([])).invoke("你好") == []


def test_documents_are_a_strict_scope() -> None:
    searcher = FakeSearcher([])
    ZhijuRetriever(engine=searcher, document_ids=("a.md",)).invoke("保修")
    ZhijuRetriever(engine=searcher).invoke("保修")
    assert searcher.asked == [("保修", Scope(("a.md",), strict=True)), ("保修", None)]


def test_chain_reads_the_passages() -> None:
    retriever = ZhijuRetriever(engine=FakeSearcher([passage(1, 0.4)]))

    def join(documents: list[Document]) -> str:
        return "\n".join(document.page_content for document in documents)

    prompt = ChatPromptTemplate.from_template("{context}|{question}")
    chain = {"context": retriever | RunnableLambda(join), "question": RunnablePassthrough()} | prompt
    assert chain.invoke("保修{x}").to_string() == "Human: 第1段。|保修{x}"


def test_asynchronous_callers_are_served() -> None:
    found = asyncio.run(ZhijuRetriever(engine=FakeSearcher([passage(1, 0.4)])).ainvoke("保修"))
    assert [document.metadata["marker"] for document in found] == [1]


@pytest.mark.encoder
def test_example_of_the_documentation_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = pytest.importorskip("rag.build")
    config = pytest.importorskip("rag.config")
    source = tmp_path / "手册.md"
    source.write_text("# 保修\n\n整机保修两年。电池保修一年。\n\n# 充电\n\n充满需要三小时。\n", encoding="utf-8")
    monkeypatch.setenv("RAG_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setenv("RAG_SOURCES", str(source))
    build.build(config.Settings.load())
    text = (ROOT / "docs" / "langchain.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(code, "docs/langchain.md", "exec"), names)
    found = names["passages"]
    assert isinstance(found, list)
    assert "整机保修两年" in found[0].page_content
    assert found[0].metadata["document_id"].endswith("手册.md")
