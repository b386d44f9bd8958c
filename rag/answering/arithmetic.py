"""Sums whose numbers all stand in the message: recognised, and worked out without any model.

Knows the four operations, powers, square roots, percentages, Chinese discounts (八五折) and the sum from one
number to another, in Chinese, English and symbols. Nothing is ever passed to ``eval``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10_000, "亿": 100_000_000}
_NUMERAL = "零〇一二两三四五六七八九十百千万亿"

_WRAPPER = re.compile(
    r"请|麻烦|能不能|可以|帮我|帮忙|给我|计算|算一下|算算|算|一下|看看|请问|(?:一共|总共)?(?:等于|得|是)?(?:多少|几)(?:钱)?|等于|结果|答案|的?值|"
    r"\b(?:what(?:'s| is| are| does)?|how much is|calculate|compute|work out|equals?|the|result|please|can you|could you|tell me|answer|solve|evaluate|result of|is)\b|[=?？。！!，,]+$|块钱|块|元|个"
)
_OPERATORS = (
    (r"(\d+(?:\.\d+)?)\s*(?:%|百分之|percent)\s*(?:of|的)\s*", r"(\1/100)*"),
    (r"百分之(\d+(?:\.\d+)?)", r"(\1/100)"),
    (r"(\d+(?:\.\d+)?)\s*(?:%|percent)", r"(\1/100)"),
    (r"(\d+(?:\.\d+)?)的?(?:平方根|开平方|算术平方根)", r"sqrt(\1)"),
    (r"(?:根号|√|square root of|sqrt of|sqrt)\s*\(?(\d+(?:\.\d+)?)\)?", r"sqrt(\1)"),
    (r"的平方|平方|squared", "^2"),
    (r"的立方|立方|cubed", "^3"),
    (r"的(\d+)次(?:方|幂)|to (?:the )?\s*power of (\d+)", r"^\1\2"),
    (r"打?([1-9])([1-9])折", r"*0.\1\2"),
    (r"打?([1-9])折", r"*0.\1"),
    (r"除以|÷|divided by|over", "/"),
    (r"乘以|乘上|乘|×|times|multiplied by|x(?=\s*\d)", "*"),
    (r"减去|减|−|minus", "-"),
    (r"加上|加|plus|和(?=\d)", "+"),
    (r"\*\*", "^"),
)
_SERIES = re.compile(r"从?\s*(\d+)\s*(?:一直)?(?:加到|累加到|\+到|\+\s*\.\.\.\s*\+)\s*(\d+)")
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)|(sqrt)|([-+*/^()]))")
_LONGEST = 80


def is_sum(text: str) -> bool:
    """Whether ``text`` (folded) asks for nothing but a sum."""
    return work_out(text) is not None


def work_out(text: str) -> tuple[str, str] | None:
    """The expression in symbols and its value, both for reading; ``None`` when ``text`` is no such sum."""
    if len(text) > _LONGEST or not re.search(rf"[\d{_NUMERAL}]", text):
        return None
    plain = _numerals(_WRAPPER.sub(" ", text))
    series = _SERIES.fullmatch(plain.strip())
    if series:
        low, high = int(series[1]), int(series[2])
        return f"{low} + … + {high}", str((low + high) * (high - low + 1) // 2)
    for pattern, symbols in _OPERATORS:
        plain = re.sub(pattern, symbols, plain)
    expression = plain.replace(",", "").strip()
    if not re.search(r"[-+*/^]|sqrt", expression):
        return None
    try:
        value = _Parser(expression).value()
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return _readable(expression), _written(value)


def _numerals(text: str) -> str:
    return re.sub(rf"[{_NUMERAL}]+", lambda found: _digits_of(found[0]), text)


def _digits_of(numeral: str) -> str:
    if len(numeral) > 1 and all(sign in _DIGITS for sign in numeral):
        return "".join(str(_DIGITS[sign]) for sign in numeral)
    total = section = digit = 0
    for sign in numeral:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        elif sign in _UNITS:
            section += (digit or 1) * _UNITS[sign]
            digit = 0
        else:
            total = (total + section + digit) * _LARGE[sign]
            section = digit = 0
    return str(total + section + digit)


def _readable(expression: str) -> str:
    shown = re.sub(r"\s*([-+*/])\s*", r" \1 ", expression).replace("*", "×").replace("/", "÷")
    return re.sub(r"\s+", " ", shown.replace("sqrt", "√").replace("( ", "(").replace(" )", ")")).strip()


def _written(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


class _Parser:
    """Recursive descent over ``+ - * / ^ sqrt ( )``. Raises ValueError on anything else."""

    def __init__(self, expression: str) -> None:
        self._tokens = list(_tokens(expression))
        self._next = 0

    def value(self) -> float:
        value = self._sum()
        if self._next != len(self._tokens):
            raise ValueError(self._tokens[self._next])
        return value

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._next += 1
        return token

    def _sum(self) -> float:
        value = self._product()
        while self._peek() in ("+", "-"):
            value = value + self._product() if self._take() == "+" else value - self._product()
        return value

    def _product(self) -> float:
        value = self._power()
        while self._peek() in ("*", "/"):
            value = value * self._power() if self._take() == "*" else value / self._power()
        return value

    def _power(self) -> float:
        base = self._atom()
        if self._peek() != "^":
            return base
        self._take()
        exponent = self._power()
        if abs(exponent) > 64:
            raise ValueError("exponent")
        return float(base**exponent)

    def _atom(self) -> float:
        token = self._take()
        match token:
            case "-":
                return -self._atom()
            case "sqrt":
                return math.sqrt(self._atom())
            case "(":
                value = self._sum()
                if self._take() != ")":
                    raise ValueError("bracket")
                return value
            case _:
                return float(token)


def _tokens(expression: str) -> Iterator[str]:
    position = 0
    while position < len(expression):
        found = _TOKEN.match(expression, position)
        if found is None:
            raise ValueError(expression[position:])
        yield found[1] or found[2] or found[3]
        position = found.end()
