"""The OpenAI path for real: an engine over the real encoder, planning and writing through llama.cpp's server.

Slow, and left out by default: ``python -m pytest -m slow tests/test_openai_path.py`` after
``python -m rag model install qwen2.5-coder-1.5b``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.assemble import open_engine
from rag.build import build
from rag.config import Settings
from rag.engine import Engine
from rag.events import Answered, Event, SentenceChecked, Token
from rag.local_model import LocalModel
from rag.models import MODELS, installed
from rag.types import Answer, Outcome, Turn, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.encoder]

LIBRARY = """# 市图书馆新馆

市图书馆新馆于2023年9月开放，共有座位1200个。新馆每周一闭馆。
读者凭身份证可以免费办理借书证，每次最多借阅十本书，借期三十天。
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path = next((found for name in MODELS if (found := installed(name, Settings.load({}).cache_dir))), None)
    if path is None:
        pytest.skip("no local model is installed: python -m rag model install qwen2.5-coder-1.5b")
    folder = tmp_path_factory.mktemp("library")
    (folder / "library.md").write_text(LIBRARY, encoding="utf-8")
    local = LocalModel(path)
    endpoint = local.start()
    settings = Settings.load(
        {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": endpoint},
        sources=(folder,),
        index_dir=folder / "index",
        llm_model=local.name,
        llm_first_token_timeout=120,
        llm_token_timeout=60,
        llm_total_timeout=300,
    )
    build(settings)
    yield open_engine(settings).engine
    local.close()


def ask(engine: Engine, question: str, history: tuple[Turn, ...] = ()) -> tuple[list[Event], Answer]:
    events = list(engine.answer(question, history))
    assert isinstance(events[-1], Answered)
    return events, events[-1].answer


def test_an_answer_is_written_by_the_model_and_every_claim_is_checked(engine: Engine) -> None:
    events, answer = ask(engine, "新馆有多少个座位？")
    assert answer.outcome is Outcome.ANSWERED
    assert "1200" in answer.text
    assert answer.model or all(sentence.verdict is Verdict.SUPPORTED for sentence in answer.sentences)
    assert "".join(event.text for event in events if isinstance(event, Token)) == answer.text
    assert sum(isinstance(event, SentenceChecked) for event in events) == len(answer.sentences)
    text = engine.catalogue.document("library.md").text
    assert answer.citations
    assert all(text[citation.start : citation.end] == citation.quote for citation in answer.citations)


def test_a_follow_up_is_understood_from_the_conversation(engine: Engine) -> None:
    history = (Turn("user", "市图书馆新馆什么时候开放的？"), Turn("assistant", "市图书馆新馆于2023年9月开放。[1]"))
    _, answer = ask(engine, "它星期几闭馆？", history)
    assert "周一" in answer.text or "星期一" in answer.text
