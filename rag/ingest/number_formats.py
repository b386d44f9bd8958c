"""Shows a spreadsheet's value as its cell shows it: 0.12 under ``0.0%`` is 12.0%, 45292 under a date's format a date.

Knows the parts of ECMA-376's number formats that change what is read: percent, decimals, thousands, literal text
and dates. Colours, conditions, padding and fractions are left aside.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_BRACKETS = re.compile(r"\[(?:\$([^\]\-]*)(?:-[^\]]*)?|[^\]]*)\]")
_PADDING = re.compile(r"[_*].")
_LITERAL = re.compile(r'"([^"]*)"|[\\!](.)')
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]+)?,*(?:[eE][+-]0+)?")
_FRACTION = re.compile(r"[#0?]\s*/\s*[#0?\d]")
_CJK_DATE = re.compile(r"[年月日]")
_SIGNIFICANT = 15


def shown(value: object, form: str) -> str:
    """``value`` as text, by the cell's number format; empty for nothing and for the errors of formulas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (datetime, date, time, timedelta)):
        return _moment(value, form)
    if isinstance(value, (int, float)):
        return _number(value, form)
    return str(value)


def _number(value: int | float, form: str) -> str:
    """By the section for positive numbers, with a minus: red or brackets alone do not survive in text."""
    section = _first_section(form)
    bare = _LITERAL.sub(lambda found: "\0" * len(found[0]), section)
    digits = _DIGITS.search(bare)
    if digits is None or _DIGITS.search(bare, digits.end()) or _FRACTION.search(bare) or "E" in digits[0].upper():
        return _plain(value)
    pattern = digits[0].rstrip(",")
    fraction = pattern.partition(".")[2]
    try:
        exact = Decimal(repr(value)) * (100 if "%" in bare else 1) / 1000 ** (len(digits[0]) - len(pattern))
        exact = exact.quantize(Decimal(1).scaleb(-len(fraction)), rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return _plain(value)
    whole, _, decimals = f"{abs(exact):{',' if ',' in pattern else ''}f}".partition(".")
    least = len(fraction.rstrip("#?"))
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    whole = whole.zfill(pattern.partition(".")[0].replace(",", "").count("0"))
    sign = "-" if exact < 0 else ""
    return sign + _words(section[: digits.start()]) + whole + ("." + decimals if decimals else "") + _words(section[digits.end() :])


def _first_section(form: str) -> str:
    """The section of a format for positive numbers, without colours, conditions and padding."""
    kept = _BRACKETS.sub(lambda found: f'"{found[1]}"' if found[1] else "", form)
    kept = _PADDING.sub("", kept)
    masked = _LITERAL.sub(lambda found: "\0" * len(found[0]), kept)
    return kept[: masked.find(";")] if ";" in masked else kept


def _words(part: str) -> str:
    """What a format puts beside the digits."""
    return _LITERAL.sub(lambda found: found[1] if found[1] is not None else found[2], part).strip()


def _plain(value: int | float) -> str:
    """A number as a general cell shows it, without the noise of binary fractions."""
    if isinstance(value, int):
        return str(value)
    text = f"{Decimal(f'{value:.{_SIGNIFICANT}g}'):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(value: datetime | date | time | timedelta, form: str) -> str:
    """A date or time: with 年月日 where the format has them, else as ISO 8601 says; parts the format lacks are left out."""
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        hours, rest = divmod(abs(seconds), 3600)
        return f"{'-' if seconds < 0 else ''}{hours}:{rest // 60:02}" + (f":{rest % 60:02}" if rest % 60 else "")
    wanted = _LITERAL.sub(lambda found: found[1] or found[2] or "", _BRACKETS.sub("", form)).lower()
    clock = _clock(value, "s" in wanted) if not isinstance(value, date) or isinstance(value, datetime) else ""
    if isinstance(value, time):
        return clock
    timed = isinstance(value, datetime) and ("h" in wanted or (value.hour, value.minute, value.second) != (0, 0, 0))
    if "y" not in wanted and "d" not in wanted and "h" in wanted:
        return clock
    return _day(value, wanted) + (f" {clock}" if timed else "")


def _clock(value: datetime | time, seconds: bool) -> str:
    return f"{value.hour}:{value.minute:02}" + (f":{value.second:02}" if seconds and value.second else "")


def _day(value: date, wanted: str) -> str:
    """The date's year, month and day, as far as the format names them."""
    year, day = "y" in wanted, "d" in wanted
    if "y" not in wanted and "m" not in wanted and not day:
        year = day = True
    if _CJK_DATE.search(wanted):
        return (f"{value.year}年" if year else "") + f"{value.month}月" + (f"{value.day}日" if day else "")
    parts = [f"{value.year}"] if year else []
    return "-".join([*parts, f"{value.month:02}", *([f"{value.day:02}"] if day else [])])
