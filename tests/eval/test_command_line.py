"""The command line from end to end over the floor, which needs no model: files, reports and exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from eval.__main__ import main
from eval.corpora import Corpora
from eval.folder import RunFolder
from eval.reading import read_cases
from rag.config import Settings
from tests.eval.fakes import write_set
from tests.fakes import HashEmbedder

EVERY_FILE = {
    "manifest.json", "traces.jsonl", "passages.jsonl", "items.jsonl", "metrics.json", "report.md", "report.html", "run.trec", "qrels.trec",
}  # fmt: skip


@pytest.fixture
def bridges(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_set(tmp_path, 12)
    return tmp_path


def run(folder: Path, *more: str, out: str = "out") -> int:
    return main(["run", "--system", "floor", "--cases", str(folder / "queries.jsonl"), "--out", str(folder / out), *more])


def test_a_run_writes_every_file_and_names_its_metrics(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bridges) == 0
    shown = capsys.readouterr()
    assert "retrieval.reranked.hit@1" in shown.out
    assert "running: 100%" in shown.err
    assert {path.name for path in (bridges / "out").iterdir()} == EVERY_FILE
    metrics = json.loads((bridges / "out/metrics.json").read_text(encoding="utf-8"))
    assert set(metrics["retrieval.reranked.hit@1"]) == {"value", "n", "low", "high"}
    assert {"answer.em", "latency_ms.total.p95", "abstention.false_refusal", "answer.f1"} <= metrics.keys()


def test_json_on_standard_output_is_the_metrics_file(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bridges, "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads((bridges / "out/metrics.json").read_text(encoding="utf-8"))


def test_scoring_again_gives_the_same_figures(bridges: Path) -> None:
    run(bridges)
    before = (bridges / "out/metrics.json").read_bytes()
    (bridges / "out/metrics.json").unlink()
    assert main(["score", str(bridges / "out")]) == 0
    assert (bridges / "out/metrics.json").read_bytes() == before


def test_a_manifest_holds_no_secret_and_no_absolute_path(bridges: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hidden")
    monkeypatch.setenv("RAG_API_KEYS", "key-hidden")
    monkeypatch.setenv("RAG_DATABASE_URL", "postgresql://user:word-hidden@host/db")
    monkeypatch.setenv("RAG_LLM", "none")
    assert run(bridges) == 0
    text = (bridges / "out/manifest.json").read_text(encoding="utf-8")
    assert "hidden" not in text
    manifest = json.loads(text)
    assert manifest["sets"][0]["path"] == "queries.jsonl"
    assert (manifest["settings"]["chunk_size"], manifest["settings"]["judge"]) == (320, "rules")


def test_a_finished_folder_is_not_overwritten_unasked(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(bridges)
    assert run(bridges) == 2
    assert "holds a run already" in capsys.readouterr().err
    assert run(bridges, "--overwrite", "--limit", "3") == 0


def test_a_run_is_not_resumed_with_other_options(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(bridges)
    assert run(bridges, "--resume", "--retrieval-only") == 2
    assert "other options (retrieval_only)" in capsys.readouterr().err


def test_broken_rows_of_all_files_are_reported_together(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bridges / "a.jsonl").write_text('{"answers": 1}\nx\n', encoding="utf-8")
    (bridges / "b.csv").write_text("问题\n好\n,\n", encoding="utf-8")
    (bridges / "c.jsonl").write_text("[]\n", encoding="utf-8")
    assert main(["run", "--system", "floor", "--cases", *(str(bridges / name) for name in ("a.jsonl", "b.csv", "c.jsonl"))]) == 2
    message = capsys.readouterr().err
    assert "a.jsonl: 3 broken" in message
    assert "c.jsonl: 1 broken" in message


def test_runs_of_other_cases_are_not_comparable(bridges: Path) -> None:
    run(bridges)
    run(bridges, "--limit", "5", out="few")
    assert main(["compare", str(bridges / "out"), str(bridges / "few")]) == 11
    assert main(["compare", str(bridges / "out"), str(bridges / "out"), "--by", "type"]) == 0


def test_too_many_errors_end_with_three(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(bridges, "--timeout", "0") == 3
    assert "12 of 12 cases failed (timeout)" in capsys.readouterr().err
    metrics = json.loads((bridges / "out/metrics.json").read_text(encoding="utf-8"))
    assert metrics["answer.recall"] == {"value": 0.0, "n": 12, "low": 0.0, "high": pytest.approx(0.2425, abs=1e-3)}
    assert run(bridges, "--retry-errors") == 0


def test_reports_come_in_four_forms(bridges: Path) -> None:
    run(bridges)
    for form in ("md", "html", "json", "junit"):
        assert main(["report", str(bridges / "out"), "--format", form, "--baseline", str(bridges / "out")]) == 0
    suite = ElementTree.parse(bridges / "out/report.xml").getroot()
    assert suite.get("tests") == "12"
    assert len(json.loads((bridges / "out/report.json").read_text(encoding="utf-8"))["items"]) == 12
    assert "# Evaluation of" in (bridges / "out/report.md").read_text(encoding="utf-8")


def test_the_html_report_is_one_small_file_that_escapes_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = "</script><script>alert('x')</script>"
    (tmp_path / "corpus.jsonl").write_text(json.dumps({"id": "d", "title": evil, "text": f"大桥 {evil} 长100米。"}) + "\n", encoding="utf-8")
    rows = [{"id": f"{n}", "question": f"大桥{evil}多长？", "answers": ["99米"], "gold": ["d"], "type": evil if n else "b"} for n in range(3)]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run(tmp_path) == 0
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert len(page.encode()) < 3_000_000
    assert "src=" not in page.split("<script>")[0]
    assert 'href="http' not in page


def test_data_check_tells_doubtful_labels_by_line(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"question": "第1号桥有多长？", "answers": ["107米"], "gold": ["d1"]},
        {"question": "第1号桥有多长?", "answers": ["3米"], "gold": ["d1"]},
        {"question": "谁？", "gold": ["无此文"], "evidence": [{"doc": "d1", "quote": "没有这句"}]},
    ]
    path = bridges / "doubtful.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert main(["data", "check", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "line 2: warning: the same question as on line 1" in shown
    assert "line 2: warning: the answer '3米' does not occur" in shown
    assert "line 3: warning: no such document: '无此文'" in shown
    assert "line 3: warning: quote is not found word for word: '没有这句'" in shown


def test_drafts_quote_their_documents_and_can_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAG_LLM", "none")
    (tmp_path / "docs").mkdir()
    text = "# 大桥概况\n\n斜拉桥是一种由索塔和斜拉索支承主梁的桥梁。该桥由甲公司建造。青石大桥全长503米。\n"
    (tmp_path / "docs/桥.md").write_text(text, encoding="utf-8")
    assert main(["make-set", "docs", "--out", "drafts.jsonl"]) == 0
    drafts = read_cases(tmp_path / "drafts.jsonl").cases
    assert {(draft.question, draft.answers) for draft in drafts} == {
        ("“大桥概况”这一部分讲了什么？", ()),
        ("什么是斜拉桥？", ("一种由索塔和斜拉索支承主梁的桥梁",)),
        ("青石大桥全长多少？", ("503米",)),
    }
    assert main(["make-set", "docs", "--out", "drafts.jsonl"]) == 2


def test_a_suite_runs_each_set_into_its_own_folder_and_is_tabled(bridges: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bridges / "data" / "brücken"
    data.mkdir(parents=True)
    write_set(data, 5)
    arguments = ["suite", str(bridges / "data"), "--cases", str(data), "--system", "floor", "--out", str(bridges / "many")]
    assert main(arguments) == 0
    assert main(arguments) == 0
    assert "there already" in capsys.readouterr().err
    assert main(["table", str(bridges / "many"), "--floors", str(bridges / "many")]) == 0
    assert "| brücken | 5 | 100 (100) |" in capsys.readouterr().out
    assert main(["keep", str(bridges / "many"), str(bridges / "kept")]) == 0
    whole, kept = (RunFolder(bridges / name / "brücken") for name in ("many", "kept"))
    assert sorted(path.name for path in kept.path.iterdir()) == ["items.jsonl", "manifest.json", "metrics.json"]
    assert kept.read_metrics() == whole.read_metrics()
    assert [(item.key, item.values) for item in kept.read_items()] == [(item.key, item.values) for item in whole.read_items()]
    assert not any(item.question or item.answer for item in kept.read_items())


def test_a_second_run_of_a_set_embeds_no_passage_again(bridges: Path) -> None:
    embedders: list[HashEmbedder] = []

    def make(_: Settings) -> HashEmbedder:
        embedders.append(HashEmbedder())
        return embedders[-1]

    cases = read_cases(bridges / "queries.jsonl")
    for _ in range(2):
        with Corpora(Settings.load({}, llm="none"), cache=bridges / "cache", embedder=make) as corpora:
            place = corpora.open(cases, None, drop_false=False)
            assert place.documents == 12
    assert len(embedders[0].embedded) >= 12
    assert embedders[1].embedded == []
