"""From bytes to text when nobody says in which encoding: UTF-8, UTF-16, GBK/GB18030, Big5, and a few more.

A byte order mark or valid UTF-8 decides at once. Otherwise every candidate that decodes a sample without fault
is scored by how common its characters are in Chinese (also Japanese, Korean and Western European) writing: the wrong
codec yields rare characters. It does not know files; ``IngestError`` says why bytes are no text.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from rag.errors import IngestError

_SAMPLE = 40_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"SQLite format 3\0", "a database"),
)
_CANDIDATES = ("gb18030", "big5hkscs", "utf-16-le", "utf-16-be", "cp932", "euc_kr", "cp1252")
_FLOOR = 0.25
"""Lowest mean score a byte that passes for text; real text lies above 0.6, noise below 0.1."""
_MOST_FAULTS = 0.002
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")

# The commonest characters of running Chinese text, Simplified and Traditional forms.
_COMMONEST = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日"
    "于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明"
    "其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化"
    "由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系"
    "計這個國來說們為時過學對裡後麼還發當無開見經頭動兩長樣現將與進實點聲話兒問機給幾業間門東電氣關內產場師書員華報馬張難數車應"
)
_COMMONEST_HANGUL = frozenset("이다의에는을가고하한로지도서자기사은시를어라나대리인그것수있들")
_PUNCTUATION = frozenset("，。、；：？！“”‘’（）《》「」『』…—【】·\u3000％％～")


@cache
def _level_one(codec: str, first: int, last: int) -> frozenset[str]:
    """The characters in everyday use, as the standard itself lists them first."""
    pairs = (bytes((lead, trail)) for lead in range(first, last + 1) for trail in range(0x40, 0xFF))
    return frozenset("".join(pair.decode(codec, "ignore") for pair in pairs))


@cache
def _score(character: str) -> float:
    """How likely a character stands in real text: 3 very common, 1 common, below 0 unlikely."""
    code = ord(character)
    if code < 0x80:
        return -20.0 if _CONTROL.match(character) else 1.0
    if character in _COMMONEST or character in _COMMONEST_HANGUL:
        return 4.0
    if character in _PUNCTUATION:
        return 3.0
    if "\u4e00" <= character <= "\u9fff":
        everyday = character in _level_one("gb2312", 0xB0, 0xD7) or character in _level_one("big5", 0xA4, 0xC6)
        known = everyday or character in _level_one("gb2312", 0xD8, 0xF7)
        return 2.0 if everyday else -1.0 if known else -4.0
    if "\u3041" <= character <= "\u30fc":
        return 2.0
    if "\uac00" <= character <= "\ud7a3":
        return 1.0 if character in _level_one("euc_kr", 0xB0, 0xC8) else -5.0
    if "\uff01" <= character <= "\uff5e" or "\u2010" <= character <= "\u2312" or "\u2460" <= character <= "\u25ff":
        return 1.0
    if "\u00a0" <= character <= "\u06ff" or "\u1e00" <= character <= "\u1fff":
        return 0.0
    return -5.0


_ACCENTED_IN_WORD = re.compile(r"(?<=[A-Za-z])[À-ÿ](?![À-ÿ])|(?<![À-ÿ])[À-ÿ](?=[a-z])|[’“”«»–—€°]")


def decode(data: bytes) -> str:
    """The text of ``data``, byte order mark removed.

    Raises:
        IngestError: it is no text, or in an encoding that cannot be told.
    """
    if not data:
        raise IngestError("the file is empty")
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], codec)
    for magic, name in _MAGIC:
        if data.startswith(magic):
            raise IngestError(f"this is {name}, not text: give the file its right extension, or convert it to text")
    text = _as_utf8(data)
    return text if text is not None else _guess(data)


def _as_utf8(data: bytes) -> str | None:
    """Valid UTF-8, also when the last character is cut off; None when it is something else."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data, final=False)
    except UnicodeDecodeError:
        return None
    share = 20 if text.isascii() else 5  # ASCII with many NULs is UTF-16
    return None if len(_CONTROL.findall(text)) * share > len(text) else text


def _lenient(data: bytes, codec: str) -> str:
    """``data`` in a codec that is known; a few faults become U+FFFD, many are an error."""
    text = data.decode(codec, "replace")
    faults = text.count("\ufffd")
    if faults > 1 and faults > len(text) * _MOST_FAULTS:
        raise IngestError(f"{faults} places are no valid {codec}: save the file as UTF-8")
    return text[:-1] if text.endswith("\ufffd") else text


def _guess(data: bytes) -> str:
    scores = sorted(((_rate(data[:_SAMPLE], codec), codec) for codec in _CANDIDATES), reverse=True)
    for score, codec in scores:
        if score < _FLOOR:
            break
        try:
            return _lenient(data, codec)
        except IngestError:
            continue
    return _mostly_utf8(data) or _other(data)


def _rate(sample: bytes, codec: str) -> float:
    """Mean score a byte of ``sample`` read as ``codec``; minus infinity when it is no such text."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample, final=False)
    except UnicodeDecodeError:
        return float("-inf")
    total = sum(map(_score, text))
    if codec == "cp1252":
        words = len(_ACCENTED_IN_WORD.findall(text))
        total += 2.0 * words - 3.0 * (sum(character > "\x7f" for character in text) - words)
    return total / len(sample)


def _mostly_utf8(data: bytes) -> str | None:
    text = data.decode("utf-8", "replace")
    faults = text.count("\ufffd")
    wide = sum(character > "\x7f" for character in text[:_SAMPLE])
    return text if faults <= len(text) * _MOST_FAULTS and wide > faults and not _CONTROL.search(text) else None


def _other(data: bytes) -> str:
    """What charset-normalizer is sure of: the encodings of other scripts."""
    from charset_normalizer import from_bytes  # slow to import

    best = None if _CONTROL.search(data[:_SAMPLE].decode("latin-1")[:0x400]) else from_bytes(data[:_SAMPLE]).best()
    if best is None or best.chaos > 0.1 or best.coherence < 0.3:
        raise IngestError("this is a binary file or its encoding cannot be told: save it as UTF-8 text")
    return _lenient(data, best.encoding)
