"""Keeps the C allocator from holding memory for every thread that ever worked.

glibc gives each thread an arena of its own, up to eight a core, and returns little of what they held: a server whose
questions wander over threads settles at half as much again as it uses. Two arenas cost no time that could be measured
(``eval/LOG.md``).
"""

from __future__ import annotations

import ctypes
import os
import sys

_M_ARENA_MAX = -8
"""From glibc's ``malloc.h``."""
ARENAS = 2


def limit_arenas() -> bool:
    """Limit the arenas made from now on; whether that was done. ``MALLOC_ARENA_MAX`` is left its say."""
    if not sys.platform.startswith("linux") or "MALLOC_ARENA_MAX" in os.environ:
        return False
    limit = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return limit is not None and bool(limit(_M_ARENA_MAX, ARENAS))
