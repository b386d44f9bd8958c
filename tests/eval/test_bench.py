"""The pure parts of the benchmarks: figures from what was heard, the verdict of a soak, and a paced model's pace."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from eval.bench.listening import Heard, answered, over_api, submit_handler
from eval.bench.paced_model import CODE, PacedModel, code, token
from eval.bench.processes import Usage, usage
from eval.bench.soak import Outcome, Tally, outcome
from eval.bench.streams import Figures, Run, figures, table

SENT = {code(0, 0): 10.0, code(0, 5): 10.1, code(0, 10): 10.2}
HELD = Usage(cpu=1.0, resident=1_000_000, descriptors=20, threads=10)


def heard(*moments: float) -> Heard:
    return Heard(dict(zip(SENT, moments, strict=False)), received=1000)


def test_codes_differ_and_none_hides_in_another() -> None:
    codes = {code(stream, number) for stream in range(40) for number in range(0, 3000, 5)}
    assert len(codes) == 40 * 600
    assert all(CODE.fullmatch(one.encode()) for one in codes)


def test_tokens_spell_the_text_and_carry_their_code_in_turn() -> None:
    tokens = [token(3, number) for number in range(6)]
    assert tokens == ["量" + code(3, 0), "子计", "算", "机比", "传", "统计" + code(3, 5)]
    assert len("".join(token(0, number) for number in range(1, 5))) == 6


def test_a_code_cut_in_two_is_heard_when_it_is_whole_and_once() -> None:
    found = Heard()
    whole = f"子{code(1, 5)}比".encode()
    found.take(whole[:6], 1.0)
    assert found.codes == {}
    found.take(whole[6:], 2.0)
    found.take(whole, 3.0)
    assert found.codes == {code(1, 5): 2.0}
    assert found.received == 2 * len(whole)


def test_figures_tell_pace_and_lag() -> None:
    result = figures([heard(10.0, 10.1, 10.3), heard(10.0, 10.1)], SENT, codes_each=3)
    assert result is not None
    assert (result.readers, result.whole, result.bytes_each) == (2, 1, 1000)
    assert result.pace == pytest.approx(1.5)
    assert [result.lag_p50, result.lag_most] == pytest.approx([0.0, 0.1])
    assert figures([], SENT, 3) is None
    silent = figures([Heard()], SENT, 3)
    assert silent is not None and silent.pace == float("inf")


@pytest.mark.parametrize(
    ("change", "keeps"), [({}, True), ({"whole": 3}, False), ({"pace": 1.06}, False), ({"lag_p95": 1.01}, False)]
)
def test_a_server_keeps_pace_when_every_answer_is_whole_and_in_time(change: dict[str, float], keeps: bool) -> None:
    good = Figures(4, 4, 1.01, 0.05, 0.2, 0.9, 1000)
    run = Run(5.0, 10.0, None, replace(good, **change))  # type: ignore[arg-type]
    assert run.keeps_pace is keeps
    assert "CPU 0.50" in table({"paced": run, "unpaced": replace(run, cpu=10.0)})


def test_memory_is_compared_from_when_everything_was_loaded() -> None:
    looks = [(0, HELD), (20, replace(HELD, resident=2_000_000)), (60, HELD), (100, replace(HELD, resident=2_100_000))]
    result = outcome(Tally(asked=100, left=14, failed=0, looks=looks), seconds=60.0)
    assert (result.start, result.settled.resident) == (HELD, 2_000_000)
    assert result.growth == pytest.approx(0.05)
    assert result.faults(0.1) == []
    assert result.faults(0.04) == ["memory grew by 5.0%, allowed 4.0%"]


def test_failures_and_what_is_not_given_back_are_faults() -> None:
    end = replace(HELD, descriptors=60, threads=11)
    result = Outcome(100, 0, 2, 60.0, HELD, HELD, end, 0.0)
    assert result.faults(0.1) == ["2 of 100 answers failed", "descriptors rose from 20 to 60"]


def test_a_page_s_last_event_tells_whether_there_was_an_answer() -> None:
    skipped = {"__type__": "update"}

    def completed(*data: object, success: bool = True) -> dict[str, object]:
        return {"success": success, "output": {"data": list(data)}}

    assert answered(completed([{"content": "整机"}], skipped, "id1", skipped)) == "id1"
    assert answered(completed([{"content": "<div class='zj-failure'>"}], skipped, "id1", skipped)) is None
    assert answered(completed([{"content": "旧"}], "给回的问题", "id1", "")) is None
    assert answered(completed(success=False)) is None


def test_the_question_field_is_found_among_a_page_s_handlers() -> None:
    config = {
        "components": [{"id": 4, "props": {"elem_id": "zj-open"}}, {"id": 7, "props": {"elem_id": "zj-composer"}}],
        "dependencies": [{"id": 0, "targets": [[4, "click"]]}, {"id": 2, "targets": [[7, "submit"]]}],
    }
    assert submit_handler(config) == 2
    with pytest.raises(SystemExit):
        submit_handler(config, "zj-nothing")


def test_this_process_holds_something() -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("/proc is Linux's")
    held = usage(os.getpid())
    assert held.resident > 1_000_000
    assert held.descriptors >= 3 and held.threads >= 1


def test_the_paced_model_remembers_when_it_wrote_what() -> None:
    async def run() -> tuple[Heard, PacedModel]:
        model = PacedModel(rate=500, tokens=11)
        async with await asyncio.start_server(model.serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await over_api(f"http://127.0.0.1:{port}/", "什么？"), model

    begun = time.monotonic()
    listened, model = asyncio.run(run())
    assert list(listened.codes) == list(model.sent) == [code(0, 0), code(0, 5), code(0, 10)]
    assert all(begun <= model.sent[one] <= moment for one, moment in listened.codes.items())
    assert model.sent[code(0, 10)] - begun >= 0.018
