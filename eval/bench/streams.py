"""Do many answers at once keep pace with their model? Zhiju beside itself without pacing, in one run.

    python -m eval.bench.streams --index DIR [--streams 40] [--pages 40] [--rate 50] [--seconds 30] [--json]

A language model that writes at an even pace (``eval.bench.paced_model``) stands behind the real server, everything a
process of its own. ``--pages`` of the readers are chat pages, the others read ``POST /api/ask``. The same is then done
with the server that shows every token at once instead of ten pictures a second. The lag of a token runs from when
the model wrote it to when a reader had it; pace is how long a reader's stream took by how long it took the model. Exits
with 1 when an answer is not whole, or the paced server falls behind: pace above 1.05 or a lag (95%) above a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from eval.bench.listening import Heard, Page, over_api
from eval.bench.paced_model import CODED_EVERY
from eval.bench.processes import free_port, running, usage

PACE_ALLOWED = 1.05
LAG_ALLOWED = 1.0
QUESTION = "AlphaQubit 是什么？它和其他解码器相比如何？"
UNPACED = """
import sys
import app
from rag.web.page_stream import Pacer
Pacer.interval = 0.0  # every token at once
sys.exit(app.main(sys.argv[1:]))
"""
SERVERS = {"paced": ["app.py"], "unpaced": ["-c", UNPACED]}


@dataclass(frozen=True, slots=True)
class Figures:
    """How the readers of one kind fared. Times in seconds; ``pace`` is the slowest reader's, 1.0 the model's own."""

    readers: int
    whole: int
    pace: float
    lag_p50: float
    lag_p95: float
    lag_most: float
    bytes_each: int


@dataclass(frozen=True, slots=True)
class Run:
    """One server under the whole load."""

    cpu: float
    seconds: float
    api: Figures | None
    page: Figures | None

    @property
    def keeps_pace(self) -> bool:
        """Whether every answer came whole and in time."""
        return all(
            kind.whole == kind.readers and kind.pace <= PACE_ALLOWED and kind.lag_p95 <= LAG_ALLOWED
            for kind in (self.api, self.page)
            if kind
        )


def figures(readers: Sequence[Heard], sent: Mapping[str, float], codes_each: int) -> Figures | None:
    """Fold what readers of one kind heard; ``codes_each`` is how many codes an answer has. None without readers.

    What looks like a code and was never sent (a page's random names may) does not count.
    """
    if not readers:
        return None
    readers = [replace(heard, codes={c: at for c, at in heard.codes.items() if c in sent}) for heard in readers]
    lags = sorted(moment - sent[code] for heard in readers for code, moment in heard.codes.items())
    return Figures(
        readers=len(readers),
        whole=sum(len(heard.codes) == codes_each for heard in readers),
        pace=max((_pace(heard.codes, sent) for heard in readers), default=0.0),
        lag_p50=_percentile(lags, 0.5),
        lag_p95=_percentile(lags, 0.95),
        lag_most=_percentile(lags, 1.0),
        bytes_each=round(statistics.mean(heard.received for heard in readers)),
    )


def _pace(codes: Mapping[str, float], sent: Mapping[str, float]) -> float:
    """From the first token's writing to the last one's coming, by how long the writing took."""
    if len(codes) < 2:
        return float("inf")
    begun = min(sent[code] for code in codes)
    return (max(codes.values()) - begun) / (max(sent[code] for code in codes) - begun)


def _percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of sorted values; NaN of none."""
    return values[max(0, round(share * len(values)) - 1)] if values else float("nan")


def measure(server: str, options: argparse.Namespace) -> Run:
    """Put one of ``SERVERS`` under the load."""
    model, ours = free_port(), free_port()
    tokens = int(options.seconds * options.rate)
    writes = ["-m", "eval.bench.paced_model", "--port", str(model), "--rate", str(options.rate), "--tokens", str(tokens)]
    sent_at, address = f"http://127.0.0.1:{model}/sent", f"http://127.0.0.1:{ours}/"
    with tempfile.TemporaryDirectory() as folder, running([sys.executable, *writes], sent_at, {}):
        environment = _environment(model, options.streams, Path(folder), options.index)
        command = [sys.executable, *SERVERS[server], "--port", str(ours)]
        with running(command, f"{address}readyz", environment) as process:
            asyncio.run(over_api(address, QUESTION, enough=1))  # what is loaded on first use is loaded
            before, begun = usage(process.pid).cpu, time.monotonic()
            api, pages = asyncio.run(_listen(address, options))
            cpu, seconds = usage(process.pid).cpu - before, time.monotonic() - begun
        with urllib.request.urlopen(sent_at, timeout=60) as reply:
            sent = json.load(reply)
    codes = -(-tokens // CODED_EVERY)
    return Run(cpu, seconds, figures(api, sent, codes), figures(pages, sent, codes))


async def _listen(address: str, options: argparse.Namespace) -> tuple[list[Heard], list[Heard]]:
    """Readers that begin one after the other, over a quarter of an answer's time."""

    async def late(number: int) -> Heard:
        await asyncio.sleep(number / options.streams * options.seconds / 4)
        if number < options.pages:
            return await Page(address, f"bench{number}").hear(QUESTION)
        return await over_api(address, QUESTION)

    heard = await asyncio.gather(*map(late, range(options.streams)))
    return heard[options.pages :], heard[: options.pages]


def _environment(model: int, streams: int, folder: Path, index: Path) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model}/v1",
        "OPENAI_API_KEY": "none",
        "RAG_LLM_PLANNER": "false",
        "RAG_LLM_MAX_TOKENS": "100000",
        "RAG_LLM_TOTAL_TIMEOUT": "3600",
        "RAG_INDEX_DIR": str(index.resolve()),
        "RAG_DATABASE_URL": f"sqlite:///{folder / 'chat.sqlite'}",
        "RAG_CONCURRENCY": str(streams),
        "RAG_QUESTIONS_PER_MINUTE": "100000",
        "RAG_QUESTIONS_PER_DAY": "1000000",
        "RAG_REQUESTS_PER_MINUTE": "1000000",
    }


def table(runs: Mapping[str, Run]) -> str:
    """The runs as lines of text."""
    lines = ["server   reader  n   whole  pace   lag p50   p95      most     kB each"]
    for name, run in runs.items():
        for kind, found in (("api", run.api), ("page", run.page)):
            if found:
                lags = "  ".join(f"{1000 * lag:6.0f}ms" for lag in (found.lag_p50, found.lag_p95, found.lag_most))
                whole = f"{found.readers:<3} {found.whole:<6}"
                lines.append(f"{name:8} {kind:7} {whole} {found.pace:.2f} {lags}  {found.bytes_each / 1000:.0f}")
    lines += [f"{name}: {run.cpu:.1f} CPU s in {run.seconds:.1f} s" for name, run in runs.items()]
    if len(runs) == 2:
        paced, unpaced = runs.values()
        lines.append(f"ratio paced / unpaced: CPU {paced.cpu / unpaced.cpu:.2f}, time {paced.seconds / unpaced.seconds:.2f}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when the paced server does not keep pace."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--index", type=Path, default=Path("var/index"), help="an index that stands (default var/index)")
    parser.add_argument("--streams", type=int, default=40)
    parser.add_argument("--pages", type=int, help="how many of them are chat pages (default all)")
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second that the model writes")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long an answer is written")
    parser.add_argument("--only", choices=list(SERVERS), help="one server alone")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    options.pages = options.streams if options.pages is None else min(options.pages, options.streams)
    runs = {name: measure(name, options) for name in ([options.only] if options.only else SERVERS)}
    print(json.dumps({name: asdict(run) for name, run in runs.items()}, indent=1) if options.json else table(runs))
    return int("paced" in runs and not runs["paced"].keeps_pace)


if __name__ == "__main__":
    sys.exit(main())
