"""What is taken out of a text before anything else sees it: characters that nobody sees.

Invisible characters hide instructions and break searches; newlines become ``\\n``. Nothing else is changed, and
all offsets count into the cleaned text.
"""

from __future__ import annotations

import re

_NEWLINES = re.compile("\r\n?|[\v\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\0\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """``text`` without NUL, zero-width, bidi, tag and soft-hyphen characters, its newlines as ``\\n``.

    Half a surrogate pair, which no encoding can hold, becomes U+FFFD.
    """
    return _LONE_SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _NEWLINES.sub("\n", text)))
