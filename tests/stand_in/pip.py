"""What ``python -m pip download`` does with a folder of wheels, in a fiftieth of pip's time.

Put before pip by PYTHONPATH; tests that mean pip itself do not. It knows ``--dest``, the requirement at the end and
PIP_FIND_LINKS, and fails in pip's words.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def download(arguments: list[str]) -> int:
    """Copy the wheel of the requirement to the folder that is named; pip's exit code."""
    name, version = arguments[-1].split("==")
    wheel = Path(os.environ["PIP_FIND_LINKS"]) / f"{name}-{version}-py3-none-any.whl"
    if not wheel.is_file():
        sys.stdout.write(f"ERROR: No matching distribution found for {arguments[-1]}\n")
        return 1
    shutil.copy(wheel, arguments[arguments.index("--dest") + 1])
    return 0


if __name__ == "__main__":
    sys.exit(download(sys.argv[1:]))
