"""Does a server grow while it answers? Questions in a loop, in conversations, against a running server.

    python -m eval.bench.soak --pid PID [--address http://127.0.0.1:7860/] [--minutes 30 | --questions N]
                              [--readers 10] [--every 50] [--json]

Each of ``--readers`` chat pages is one conversation: it asks one question after the other, every tenth time begins
anew, and every seventh question is left in the middle, as by a reader who closes the tab. ``--pid`` is the server's
process on this machine (start it with ``RAG_QUESTIONS_PER_MINUTE`` high enough). Memory is compared from after the
first fifth of the questions, when everything that is loaded once has been. Exits with 1 when memory grew by more
than ``--allowed`` percent since, an answer failed, or descriptors or threads were not given back.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from eval.bench.listening import Page
from eval.bench.processes import Usage, usage

QUESTIONS = (
    "AlphaQubit 是什么？",
    "它的错误率比其他方法低多少？",
    "对比 Emu3 和 AlphaQubit",
    "报告里说 Agent 由哪几个部分组成？",
    "公司食堂星期三中午的菜单是什么？",
    "谢谢",
)
NEW_AFTER = 10
LEFT_EVERY = 7
SETTLED_AFTER = 0.2
REST = 5.0
"""Seconds after the last answer, so that what ends by itself has ended."""
SPARE_DESCRIPTORS = 8
SPARE_THREADS = 8
_RUN = secrets.token_hex(4)
"""In the names of this run's sessions: the server may still hold those of another."""


@dataclass(slots=True)
class Tally:
    """What happened so far. ``looks`` are (questions asked, what the process held)."""

    asked: int = 0
    left: int = 0
    failed: int = 0
    looks: list[tuple[int, Usage]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole soak. ``growth`` is a share of the memory held once everything was loaded."""

    asked: int
    left: int
    failed: int
    seconds: float
    start: Usage
    settled: Usage
    end: Usage
    growth: float

    def faults(self, allowed: float) -> list[str]:
        """What is wrong, in words; nothing when the server holds."""
        found = []
        if self.failed:
            found.append(f"{self.failed} of {self.asked} answers failed")
        if self.growth > allowed:
            found.append(f"memory grew by {self.growth:.1%}, allowed {allowed:.1%}")
        for name, spare in (("descriptors", SPARE_DESCRIPTORS), ("threads", SPARE_THREADS)):
            before, after = getattr(self.settled, name), getattr(self.end, name)
            if after > before + spare:
                found.append(f"{name} rose from {before} to {after}")
        return found


def outcome(tally: Tally, seconds: float) -> Outcome:
    """Compare the looks: the first, the one after the first fifth of the questions, the last."""
    start, end = tally.looks[0][1], tally.looks[-1][1]
    due = SETTLED_AFTER * tally.asked
    settled = next(held for asked, held in tally.looks if asked >= due)
    growth = end.resident / settled.resident - 1
    return Outcome(tally.asked, tally.left, tally.failed, seconds, start, settled, end, growth)


async def soak(options: argparse.Namespace) -> Outcome:
    """Ask until the number or the time is reached."""
    begun = time.monotonic()
    tally = Tally(looks=[(0, usage(options.pid))])
    numbers = itertools.count(1)
    until = begun + 60 * options.minutes if options.questions is None else float("inf")

    async def read(reader: int) -> None:
        page = Page(options.address, f"{_RUN}-{reader}")
        while time.monotonic() < until and (options.questions is None or tally.asked < options.questions):
            page = await _ask(page, next(numbers), tally)
            if tally.asked % options.every == 0:
                tally.looks.append((tally.asked, usage(options.pid)))

    await asyncio.gather(*map(read, range(options.readers)))
    await asyncio.sleep(REST)
    tally.looks.append((tally.asked, usage(options.pid)))
    return outcome(tally, time.monotonic() - begun)


async def _ask(page: Page, number: int, tally: Tally) -> Page:
    """Ask the next question; the page to go on with: another one after the tab was closed."""
    tally.asked += 1
    question = QUESTIONS[number % len(QUESTIONS)]
    if number % NEW_AFTER == 0:
        page.conversation = ""
    try:
        if number % LEFT_EVERY == 0:
            tally.left += 1
            await page.leave(question)
            return Page(page.address, f"{_RUN}-left-{number}")
        if not await page.ask(question):
            tally.failed += 1
    except (OSError, asyncio.IncompleteReadError, ValueError):
        tally.failed += 1
        await asyncio.sleep(0.5)
    return page


def told(result: Outcome, allowed: float) -> str:
    """The outcome as lines of text."""
    looks = (("start", result.start), ("settled", result.settled), ("end", result.end))
    lines = [f"{result.asked} questions in {result.seconds:.0f} s, {result.left} left in the middle, {result.failed} failed"]
    lines += [
        f"{name:8} {held.resident / 1e6:7.1f} MB  {held.descriptors:3} descriptors  {held.threads:3} threads"
        for name, held in looks
    ]
    faults = result.faults(allowed)
    lines.append("; ".join(faults) if faults else f"memory grew by {result.growth:.1%} (allowed {allowed:.1%}): holds")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak and print; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="http://127.0.0.1:7860/")
    parser.add_argument("--pid", type=int, required=True, help="process id of the server")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--questions", type=int, help="stop after so many questions instead")
    parser.add_argument("--readers", type=int, default=10)
    parser.add_argument("--every", type=int, default=50, help="look at the process after so many questions")
    parser.add_argument("--allowed", type=float, default=10.0, help="percent that memory may grow")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    result = asyncio.run(soak(options))
    faults = result.faults(options.allowed / 100)
    print(json.dumps(asdict(result) | {"faults": faults}, indent=1) if options.json else told(result, options.allowed / 100))
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
