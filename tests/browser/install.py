"""Find a Chromium for the browser tests, or install one with what this system offers.

Standard library only. Looks at ``CHROMIUM``, then on the path, then (as root on Debian and its kin) installs the
distribution's packages with a CJK font, and last asks Playwright for its own build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-noto-cjk")


def find() -> str | None:
    """The path of a Chromium, or None."""
    named = os.environ.get("CHROMIUM")
    return named if named else next((path for name in NAMES if (path := shutil.which(name))), None)


def _run(*command: str) -> bool:
    print("  " + " ".join(command))
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0


def _has_cjk_font() -> bool:
    listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False) if shutil.which("fc-list") else None
    return listed is not None and bool(listed.stdout.strip())


def main() -> int:
    """Install what is missing; 0 when there is a browser at the end."""
    if find() and (_has_cjk_font() or not shutil.which("apt-get") or os.geteuid() != 0):
        return 0
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium and a CJK font with apt-get")
        if _run("apt-get", "update", "-qq") and _run("apt-get", "install", "-y", "-qq", *PACKAGES):
            return 0
    if find():
        return 0
    print("Installing Chromium with Playwright")
    return 0 if _run(sys.executable, "-m", "playwright", "install", "chromium") else 1


if __name__ == "__main__":
    sys.exit(main())
