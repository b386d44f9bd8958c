"""Values of cells, as their formats show them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.ingest.number_formats import shown


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.12, "0%", "12%"),
        (0.1234, "0.0%", "12.3%"),
        (0.05, '0.00"%"', "0.05%"),
        (-0.05, "0%", "-5%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (1234.5, '"¥"#,##0.00', "¥1,234.50"),
        (1234.5, "[$¥-804]#,##0", "¥1,235"),
        (-1234.5, '_ ¥* #,##0.00_ ;_ ¥* -#,##0.00_ ;_ ¥* "-"??_ ;_ @_ ', "-¥1,234.50"),
        (-3.5, "0.0;(0.0)", "-3.5"),
        (-3.5, "0.00_);[Red]\\(0.00\\)", "-3.50"),
        (12, '0"元"', "12元"),
        (12, "0元/月", "12元/月"),
        (1234567, '#,##0,"千元"', "1,235千元"),
        (123456, '0!.0,"万"', "123456"),
        (7, "000", "007"),
        (1.5, "0.##", "1.5"),
        (2.0, "0.##", "2"),
        (0.5, "# ?/?", "0.5"),
        (12345.678, "0.00E+00", "12345.678"),
        (0.1 + 0.2, "General", "0.3"),
        (13800138000.0, "General", "13800138000"),
        (5, "@", "5"),
        (True, "General", "TRUE"),
        (None, "General", ""),
        ("文字", "0.00", "文字"),
    ],
)
def test_numbers_are_shown_as_their_cells_show_them(value: object, form: str, text: str) -> None:
    assert shown(value, form) == text


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (datetime(2024, 1, 5), "yyyy-mm-dd", "2024-01-05"),
        (datetime(2024, 1, 5), "mm-dd-yy", "2024-01-05"),
        (datetime(2024, 1, 5), 'yyyy"年"m"月"d"日"', "2024年1月5日"),
        (datetime(2024, 1, 5), '[$-804]yyyy"年"m"月"', "2024年1月"),
        (date(2024, 1, 5), 'm"月"d"日"', "1月5日"),
        (datetime(2024, 1, 5), "General", "2024-01-05"),
        (datetime(2024, 1, 5, 8, 30), "yyyy/m/d h:mm", "2024-01-05 8:30"),
        (datetime(2024, 1, 5, 8, 30, 7), "yyyy/m/d h:mm:ss", "2024-01-05 8:30:07"),
        (time(8, 30), "h:mm", "8:30"),
        (timedelta(hours=30, minutes=5), "[h]:mm", "30:05"),
    ],
)
def test_dates_and_times_keep_what_their_format_names(value: object, form: str, text: str) -> None:
    assert shown(value, form) == text


@given(st.one_of(st.integers(), st.floats(allow_nan=True, allow_infinity=True)), st.text(alphabet='#0?.,%;"\\[]_*E+元¥ /!@dmyhs', max_size=24))
def test_no_format_is_too_strange(value: float, form: str) -> None:
    assert isinstance(shown(value, form), str)
