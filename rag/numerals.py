"""Reads the numbers that stand in Chinese and English text: digits, Chinese numerals, words and magnitudes.

A pure grammar. ``一`` before a classifier (一个, 一种) is an article and no number; neither is a numeral inside a
word (统一, 百度, 千万别). Approximations (数百, 几十) are left out, 三百多万 counts as 三百万.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text. ``unit`` is normalised (``km`` → 公里, ``percent`` → %), empty when none follows;
    第 marks an ordinal. ``text[start:end]`` is the number with its unit."""

    value: Decimal
    unit: str
    start: int
    end: int


_DIGIT = {c: d for d, group in enumerate(("零〇○", "一壹", "二贰两", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
          for c in group}
_SMALL = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_SUFFIX = {"k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9, "b": 10**9, "T": 10**12}
_ENGLISH_MAGNITUDE = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "mn": 10**6, "billion": 10**9,
                      "bn": 10**9, "trillion": 10**12}
_ENGLISH = {word: value for value, word in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen".split())}
_ENGLISH |= {word: 10 * (place + 2) for place, word in enumerate(
    "twenty thirty forty fifty sixty seventy eighty ninety".split())}
_MONTHS = {word: place % 12 + 1 for place, word in enumerate(
    "january february march april may june july august september october november december "
    "jan feb mar apr may jun jul aug sep oct nov dec".split())}

_CLASSIFIERS = "个种位名家次项件条只本篇章节页层台辆架艘座所间部首张场届期批组队户股倍点份支枚款套类方级档块" + "步代轮" + "字词句"
_UNITS = {unit: unit for unit in (
    "% ‰ 百分点 年 月 日 号 天 周 小时 分钟 秒 毫秒 时 岁 世纪 年代 元 美元 欧元 英镑 日元 港元 卢布 韩元 人 亩 公顷 平方公里 平方米 立方米 "
    "米 公里 厘米 毫米 英里 英尺 英寸 吨 公斤 克 斤 升 毫升 度 摄氏度 瓦 千瓦 兆瓦 伏 赫兹 分 票 kb mb gb tb").split()}
_UNITS |= {classifier: classifier for classifier in _CLASSIFIERS}
_UNITS |= {
    "个百分点": "百分点", "percent": "%", "per cent": "%", "千米": "公里", "kilometers": "公里", "kilometres": "公里", "km": "公里",
    "kilometer": "公里", "kilometre": "公里", "km2": "平方公里", "千克": "公斤", "kg": "公斤", "meters": "米", "metres": "米",
    "cm": "厘米", "mm": "毫米", "m": "米", "miles": "英里", "mile": "英里", "feet": "英尺", "tons": "吨", "tonnes": "吨",
    "个月": "月", "months": "月", "month": "月", "years": "年", "year": "年", "days": "天", "day": "天", "weeks": "周", "week": "周",
    "星期": "周", "个星期": "周", "个小时": "小时", "hours": "小时", "hour": "小时", "minutes": "分钟", "minute": "分钟", "seconds": "秒",
    "second": "秒", "ms": "毫秒", "dollars": "美元", "usd": "美元", "美金": "美元", "人民币": "元", "rmb": "元", "yuan": "元", "块钱": "元",
    "euros": "欧元", "eur": "欧元", "pounds": "英镑", "people": "人", "个人": "人", "名人": "人", "times": "次", "centuries": "世纪",
    "century": "世纪", "℃": "摄氏度", "°c": "摄氏度", "周年": "年", "年度": "年", "周岁": "岁",
}
_CURRENCY = {"$": "美元", "¥": "元", "€": "欧元", "£": "英镑"}
_ARTICLE_UNITS = frozenset(_CLASSIFIERS) - {"倍", "届"}
_LONGEST_UNIT = max(map(len, _UNITS))

_CN = "[" + "".join(_DIGIT) + "".join(_SMALL) + "".join(_LARGE) + "]"
_AR = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_WORD = "|".join(sorted(_ENGLISH, key=len, reverse=True))
_PATTERN = re.compile(
    rf"(?P<percent>[百千万]分之(?:{_AR}|{_CN}+(?:点{_CN}+)?))"
    rf"|(?P<fraction>{_CN}+分之{_CN}+)"
    r"|(?P<date>(?<!\d)(?:19|20)\d\d(?P<separator>[-/.])(?:0?[1-9]|1[0-2])(?P=separator)(?:0?[1-9]|[12]\d|3[01])(?!\d))"
    r"|(?P<version>\d+(?:\.\d+){2,})"
    rf"|(?P<arabic>{_AR})"
    rf"|(?P<chinese>{_CN}+(?:点[{''.join(_DIGIT)}]+(?![十分])[万亿]*|[多余来][百千万亿]+)?)"
    rf"|(?P<word>(?<![a-z])(?:{_WORD})(?:-(?:{_WORD}))?(?![a-z]))"
    rf"|(?P<month>(?<![a-z])(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})(?![a-z]))"
)
_CN_MAGNITUDE = re.compile(r"\s?[多余来几]?((?:[十百千](?=[万亿]))?(?:万亿|[万亿])|[百千](?![分米克瓦伏卡赫]))")
_EN_MAGNITUDE = re.compile(rf"[\s-]?({'|'.join(_ENGLISH_MAGNITUDE)})(?![a-z])")
_UNIT_GAP = re.compile(r"[\s-]?")
_RANGE = re.compile(r"\s?(?:-|–|—|~|至|到|to)\s?")


def read_numbers(text: str, folded: str) -> list[Number]:
    """The numbers of ``text``; ``folded`` is its folded form, of the same length."""
    plain = _keep_sentence_commas(text, folded)
    found: list[Number] = []
    position = 0
    while match := _PATTERN.search(plain, position):
        try:
            read = list(_read(match, text, plain))
        except ValueError:  # numerals in no order that makes a number: 百十千
            read = []
        found += read
        position = max(match.end(), read[-1].end if read else 0)
    return _join_parts(_share_range_units(found, plain))


def _keep_sentence_commas(text: str, folded: str) -> str:
    """A full-width comma after an ASCII digit ends a clause: 2020，300 is two numbers, １，０００ is one."""
    if "，" not in text:
        return folded
    return "".join(
        "，" if original == "，" and text[index - 1 : index].isascii() else character
        for index, (original, character) in enumerate(zip(text, folded, strict=True))
    )


def _read(match: re.Match[str], text: str, plain: str) -> Iterator[Number]:
    start, end = match.span()
    match match.lastgroup:
        case "percent":
            yield Number(_value(match[0][3:]) * 100 / _chinese("一" + match[0][0]), "%", start, end)
        case "fraction":
            whole, part = (_value(side) for side in match[0].split("分之"))
            if whole:
                yield Number(part / whole, "", start, end)
        case "arabic":
            yield _read_arabic(match, text, plain)
        case "chinese":
            yield from _read_chinese(match, plain)
        case "word":
            yield from _read_word(match, plain)
        case "month":
            around = plain[max(0, start - 4) : start] + plain[end : end + 6]
            if re.search(r"\d", around):
                yield Number(Decimal(_MONTHS[match[0]]), "月", start, end)
        case "date":
            yield from _read_date(match)


def _read_date(match: re.Match[str]) -> Iterator[Number]:
    position = match.start()
    for part, unit in zip(re.split(r"[-/.]", match[0]), "年月日", strict=True):
        yield Number(Decimal(part), unit, position, position + len(part))
        position += len(part) + 1


def _read_arabic(match: re.Match[str], text: str, plain: str) -> Number:
    start, end = match.span()
    value = Decimal(match[0].replace(",", ""))
    suffix = text[end : end + 1]
    following = plain[end + 1 : end + 2]
    if suffix in _SUFFIX and suffix and not (following.isascii() and following.isalnum()):
        value, end = value * _SUFFIX[suffix], end + 1
    elif magnitude := _CN_MAGNITUDE.match(plain, end):
        value, end = value * _chinese("一" + magnitude[1]), magnitude.end()
    elif magnitude := _EN_MAGNITUDE.match(plain, end):
        value, end = value * _ENGLISH_MAGNITUDE[magnitude[1]], magnitude.end()
    value, start = _sign(value, start, plain)
    return _with_unit(value, start, end, plain)


def _sign(value: Decimal, start: int, plain: str) -> tuple[Decimal, int]:
    before = plain[max(0, start - 2) : start]
    if before == "零下":
        return -value, start - 2
    minus = before[-1:] in tuple("-−") and not before[:-1].isalnum()
    if minus or (before[-1:] == "负" and before != "胜负"):
        return -value, start - 1
    return value, start


def _read_chinese(match: re.Match[str], plain: str) -> Iterator[Number]:
    run, (start, end) = match[0], match.span()
    digits = re.sub("[多余来]", "", run)
    value, start = _sign(_value(digits), start, plain)
    number = _with_unit(value, start, end, plain)
    before = plain[start - 1 : start] if start else ""
    if before == "第":
        yield replace(number, unit="第", start=start - 1, end=end)
    elif before not in ("数", "几", "每") and _stands_alone(digits, number.unit):
        yield number


def _stands_alone(run: str, unit: str) -> bool:
    """Whether a run of numerals is a number, not part of a word."""
    if len(run) == 1:
        if run == "一":
            return bool(unit) and unit not in _ARTICLE_UNITS and unit not in ("分", "度")
        return bool(unit) and unit != "分" and run not in "百佰千仟万亿零〇○"
    if all(character in _DIGIT for character in run):
        return len(run) > 2 or unit == "年"
    return run != "千万" or bool(unit)


def _read_word(match: re.Match[str], plain: str) -> Iterator[Number]:
    start, end = match.span()
    value = Decimal(sum(_ENGLISH[part] for part in match[0].split("-")))
    if magnitude := _EN_MAGNITUDE.match(plain, end):
        yield _with_unit(value * _ENGLISH_MAGNITUDE[magnitude[1]], start, magnitude.end(), plain)
    elif match[0] != "one":
        yield _with_unit(value, start, end, plain)


def _with_unit(value: Decimal, start: int, end: int, plain: str) -> Number:
    if plain.startswith("成", end) and 0 < value <= 10 and plain[end + 1 : end + 2] not in tuple("为立员功果本就绩熟长都分"):
        half = _DIGIT.get(plain[end + 1 : end + 2], 0)
        return Number(value * 10 + half, "%", start, end + 1 + bool(half))
    gap = _UNIT_GAP.match(plain, end)
    place = gap.end() if gap else end
    for length in range(_LONGEST_UNIT, 0, -1):
        unit = plain[place : place + length]
        if unit in _UNITS and not (unit[-1].isascii() and plain[place + length : place + length + 1].isalpha()):
            return Number(value, _UNITS[unit], start, place + len(unit))
    if start and plain[start - 1] in _CURRENCY:
        return Number(value, _CURRENCY[plain[start - 1]], start - 1, end)
    return Number(value, "", start, end)


def _value(numeral: str) -> Decimal:
    if numeral[0].isdigit() and numeral[0].isascii():
        return Decimal(numeral.replace(",", ""))
    whole, point, rest = numeral.partition("点")
    if not point:
        return _chinese(numeral)
    digits = "".join(str(_DIGIT[c]) for c in rest if c in _DIGIT)
    scale = _chinese("一" + rest.lstrip("".join(_DIGIT))) if rest[-1] in _LARGE else Decimal(1)
    return Decimal(f"{_chinese(whole)}.{digits}") * scale


def _chinese(numeral: str) -> Decimal:
    """七百四十万 → 7400000, 二〇二四 → 2024. Raises ValueError for what is no numeral."""
    if all(character in _DIGIT for character in numeral):
        return Decimal("".join(str(_DIGIT[character]) for character in numeral))
    if numeral[0] in _LARGE and numeral != "万亿":
        raise ValueError(numeral)
    total = section = digit = 0
    last = ""
    for character in numeral:
        if character in _DIGIT:
            if last and last in _DIGIT and _DIGIT[last]:
                raise ValueError(numeral)
            digit = _DIGIT[character]
        elif character in _SMALL:
            section += (digit or 1) * _SMALL[character]
            digit = 0
        else:
            scale = _LARGE[character]
            if last in _LARGE and character == "亿":
                total, section = total * scale, 0
            elif section + digit == 0 and total:
                raise ValueError(numeral)
            else:
                total += (section + digit or 1) * scale
                section = digit = 0
        last = character
    if digit and last in _DIGIT and len(numeral) > 1 and numeral[-2] in _SMALL | _LARGE and numeral[-2] not in "十拾":
        scale = (_SMALL | _LARGE)[numeral[-2]] // 10
        return Decimal(total + section + digit * scale)
    return Decimal(total + section + digit)


def _share_range_units(found: list[Number], plain: str) -> list[Number]:
    """In 3至5年 both numbers are years."""
    for place in range(len(found) - 2, -1, -1):
        first, second = found[place], found[place + 1]
        if not first.unit and second.unit not in ("", "月", "日") and _RANGE.fullmatch(plain, first.end, second.start):
            found[place] = replace(first, unit=second.unit)
    return found


def _join_parts(found: list[Number]) -> list[Number]:
    """3亿5000万 is one number."""
    joined: list[Number] = []
    for number in found:
        last = joined[-1] if joined else None
        if last and not last.unit and last.end == number.start and last.value > number.value >= 10**4:
            joined[-1] = Number(last.value + number.value, number.unit, last.start, number.end)
        else:
            joined.append(number)
    return joined
