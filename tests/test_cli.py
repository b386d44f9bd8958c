"""The command line: what it prints, its JSON lines, its exit codes; and the whole path with the real encoder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from rag.__main__ import ABSTAINED, INDEX, MODEL, OK, SOME_FAILED, USAGE, main
from rag.errors import ModelTimeout
from rag.events import Answered, Event, Planned, SentenceChecked, Token
from rag.types import Action, Answer, Citation, Document, Outcome, Plan, Sentence, Turn, Verdict
from tests.fakes import FakeCatalogue, FakeEngine, HashEmbedder

ROOT = Path(__file__).parents[1]
DOCUMENT = Document("guide.md", "手册", "# 安装\n\n运行一行命令。\n第二行。", "guide.md", "")
CITATION = Citation(1, "guide.md#a", "guide.md", "运行一行命令。\n第二行。", 6, 18, Verdict.SUPPORTED)
SENTENCE = Sentence("运行一行命令。", 0, 10, (CITATION,), Verdict.SUPPORTED)
ANSWER = Answer("运行一行命令。[1]", (SENTENCE,), (CITATION, CITATION), Outcome.ANSWERED)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("RAG_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rag.build.SentenceTransformerEmbedder.from_settings", lambda settings: HashEmbedder())


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "甲.md").write_text("# 甲\n\n甲的内容。", encoding="utf-8")
    (folder / "乙.md").write_text("# 乙\n\n乙的内容。", encoding="utf-8")
    return folder


def scripted(monkeypatch: pytest.MonkeyPatch, *events: Event | Exception) -> FakeEngine:
    engine = FakeEngine(lambda question: events, catalogue=FakeCatalogue([DOCUMENT]))
    monkeypatch.setattr("rag.assemble.open_engine", lambda settings: SimpleNamespace(engine=engine))
    return engine


def test_index_verify_remove_and_index_again(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(docs), "--index", "i"]) == OK
    assert "Indexed 2 documents, 2 passages (2 embedded, 0 unchanged)" in capsys.readouterr().out
    assert main(["remove", "甲.md", "--index", "i"]) == OK
    assert main(["verify", "--index", "i"]) == OK
    out = capsys.readouterr().out
    assert "is sound: generation 2, 1 documents, 1 passages" in out
    assert "in no part of the index: 甲.md" in out
    assert main(["index", "--index", "i"]) == OK
    assert "Indexed 2 documents, 2 passages (1 embedded, 1 unchanged)" in capsys.readouterr().out


def test_sources_that_cannot_be_read_are_named(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docs / "坏.pdf").write_bytes(b"x")
    (docs / ".hidden").write_text("x")
    assert main(["index", str(docs), "--index", "i"]) == SOME_FAILED
    err = capsys.readouterr().err
    assert f"NOT READ: {docs / '坏.pdf'}: it is no PDF" in err
    assert f"left out: {docs / '.hidden'}: hidden" in err


def test_nothing_to_index_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(tmp_path / "nowhere"), "--index", "i"]) == INDEX
    assert "no such file" in capsys.readouterr().err
    assert not (tmp_path / "i").exists()


def test_a_damaged_index_fails_verification(docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["index", str(docs), "--index", "i"])
    victim = next(path for path in (tmp_path / "i").rglob("*.npy") if path.is_file())
    victim.write_bytes(b"x" + victim.read_bytes())
    assert main(["verify", "--index", "i"]) == INDEX
    assert victim.name in capsys.readouterr().err


@pytest.mark.parametrize("command", [["verify"], ["remove", "x"], ["ask", "谁？"]])
def test_without_an_index_the_error_says_how_to_build_one(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rag.assemble.SentenceTransformerEmbedder.from_settings", lambda settings: HashEmbedder())
    assert main([*command, "--index", "none"]) == INDEX
    assert "python -m rag index" in capsys.readouterr().err


def test_answer_streams_and_each_source_is_shown_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(monkeypatch, Token("运行一行"), Token("命令。[1]"), SentenceChecked(SENTENCE), Answered(ANSWER))
    assert main(["ask", "怎么安装？"]) == OK
    assert capsys.readouterr().out == (
        "运行一行命令。[1]\n\n出处:\n  [1] 手册 (guide.md) · 安装\n      “运行一行命令。 第二行。”\n"
    )


def test_json_writes_one_event_a_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    scripted(monkeypatch, Planned(Plan(Action.RETRIEVE)), Token("运行"), SentenceChecked(SENTENCE), Answered(ANSWER))
    assert main(["ask", "怎么安装？", "--json"]) == OK
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["planned", "token", "sentence_checked", "answered"]
    assert lines[-1]["citations"][0] == {
        "marker": 1, "chunk_id": "guide.md#a", "document_id": "guide.md", "quote": "运行一行命令。\n第二行。",
        "start": 6, "end": 18, "verdict": "supported",
    }  # fmt: skip


def test_abstaining_has_an_exit_code_and_names_the_nearest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = Answer("The documents do not say.", (), (), Outcome.ABSTAINED, nearest=("guide.md",))
    scripted(monkeypatch, Token(answer.text), Answered(answer))
    assert main(["ask", "Who is the king?"]) == ABSTAINED
    assert capsys.readouterr().out == "The documents do not say.\n\nNearest documents:\n  - guide.md\n"


def test_history_is_handed_to_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = scripted(monkeypatch, Answered(ANSWER))
    file = tmp_path / "history.json"
    file.write_text('[{"role": "user", "text": "知据是什么？"}]', encoding="utf-8")
    assert main(["ask", " 它怎么装？ ", "--history", str(file)]) == OK
    assert engine.asked == [("它怎么装？", (Turn("user", "知据是什么？"),), None)]


@pytest.mark.parametrize("content", ["{", '[{"role": "system", "text": "x"}]', None])
def test_a_broken_history_is_a_usage_error(
    content: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(monkeypatch)
    if content is not None:
        (tmp_path / "h.json").write_text(content)
    assert main(["ask", "谁？", "--history", "h.json"]) == USAGE
    assert "h.json is no history" in capsys.readouterr().err


def test_wrong_settings_and_empty_questions_are_usage_errors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "  "]) == USAGE
    monkeypatch.setenv("RAG_CHUNKSIZE", "9")
    assert main(["verify"]) == USAGE
    assert "RAG_CHUNK_SIZE" in capsys.readouterr().err


def test_a_failing_model_has_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(monkeypatch, Token("开头"), ModelTimeout("no answer in 20 s"))
    assert main(["ask", "谁？"]) == MODEL
    assert capsys.readouterr().err == "ModelTimeout: no answer in 20 s\n"


def test_help_documents_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ([], ["ask"], ["index"]):
        with pytest.raises(SystemExit) as stop:
            main([*command, "--help"])
        assert stop.value.code == 0
        out = capsys.readouterr().out
        assert all(f"\n  {code} " in out for code in (OK, SOME_FAILED, USAGE, INDEX, MODEL, ABSTAINED))


@pytest.mark.encoder
def test_the_whole_path_with_the_real_encoder(docs: Path, tmp_path: Path) -> None:
    (docs / "图谱.txt").write_text("知识图谱\n\n该公司构建了规模为5500亿的知识图谱。\n", encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rag", *arguments, "--index", str(tmp_path / "i")]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)

    assert run("index", str(docs)).returncode == OK
    assert "(0 embedded, 3 unchanged)" in run("index", str(docs)).stdout
    asked = run("ask", "知识图谱的规模有多大？", "--json")
    answered = json.loads(asked.stdout.splitlines()[-1])
    assert asked.returncode == OK and answered["event"] == "answered"
    assert "5500亿" in answered["text"]
    text = (docs / "图谱.txt").read_text(encoding="utf-8")
    assert all(text[one["start"] : one["end"]] == one["quote"] for one in answered["citations"])
    assert {one["document_id"] for one in answered["citations"]} == {"图谱.txt"}
    assert run("remove", "图谱.txt").returncode == OK
    gone = run("ask", "知识图谱的规模有多大？", "--json").stdout
    assert "5500亿" not in gone.replace("知识图谱的规模有多大", "") and '"document_id": "图谱.txt"' not in gone


def test_local_models_are_listed_with_size_licence_and_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_CACHE_DIR", str(tmp_path))
    assert main(["model", "list"]) == 0
    assert "qwen2.5-coder-1.5b  1117 MB  Apache-2.0  not installed" in capsys.readouterr().out


def test_an_unknown_local_model_is_a_usage_error_that_names_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAG_CACHE_DIR", str(tmp_path))
    assert main(["model", "install", "gpt-9"]) == 2
    assert "qwen2.5-coder-0.5b" in capsys.readouterr().err
