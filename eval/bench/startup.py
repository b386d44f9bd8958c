"""How long until the page is up: Zhiju's second start beside a bare Gradio hello-world, in one run.

    python -m eval.bench.startup [--repeat 5]

Both are started as processes of this Python, one at a time and in turn; the time runs from the start of the
process to the first answer 200 on ``/``. Prints the medians and their ratio, and exits with 1 above 1.5. The
index must be there already (``python -m rag index``).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from eval.bench.processes import QUIET, answers, free_port

ALLOWED = 1.5
HELLO = """
import os, gradio
gradio.Interface(lambda name: f"Hello {name}", "text", "text").launch(
    server_name="127.0.0.1", server_port=int(os.environ["PORT"]), quiet=True)
"""


def seconds_to_page(command: Sequence[str], port: int) -> float:
    """Start ``command``, wait for its page, end it; the seconds that the wait took."""
    environment = os.environ | QUIET | {"PORT": str(port)}
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(f"http://127.0.0.1:{port}/"):
            if process.poll() is not None:
                raise SystemExit(f"{command[1]} ended with {process.returncode} before its page was up")
            time.sleep(0.01)
        return time.perf_counter() - begun
    finally:
        process.terminate()
        process.wait(30)


def main() -> int:
    """Measure and print; 1 when the ratio is above what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    hello, ours = [], []
    for _ in range(repeat):
        port = free_port()
        hello.append(seconds_to_page([sys.executable, "-c", HELLO], port))
        port = free_port()
        ours.append(seconds_to_page([sys.executable, "app.py", "--port", str(port)], port))
    bare, page = statistics.median(hello), statistics.median(ours)
    print(f"bare Gradio {bare:.2f} s   Zhiju {page:.2f} s   ratio {page / bare:.2f} (allowed {ALLOWED})   n={repeat}")
    return int(page / bare > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
