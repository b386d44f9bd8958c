"""Numbers of a question in ranges of a text."""

from __future__ import annotations

import pytest

from rag.answering.ranges import within


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("买300只多少钱？", "数量：200-999只，单价131元", True),
        ("买300只多少钱？", "数量：50~199只，单价138元", False),
        ("买1000只多少钱？", "1000只及以上", True),
        ("买1000只多少钱？", "1000只以下", True),
        ("买1000只多少钱？", "不足1000只的", False),
        ("買三百隻多少錢？", "數量：兩百至九百隻", True),
        ("8万元的采购谁批？", "2万元（含）至20万元", True),
        ("8万元的采购谁批？", "20万元（含）以上", False),
        ("2万元的采购谁批？", "1万元至2万元（不含）", False),
        ("8万元的采购谁批？", "5万元以上20万元以下的，由部门总监审批", True),
        ("签了三年的合同，试用期多长？", "一年以上不满三年的，试用期为2个月", False),
        ("签了三年的合同，试用期多长？", "三年以上的，试用期为6个月", True),
        ("工作12年年假几天？", "满10年不满20年的，10天", True),
        ("工作12年年假几天？", "满20年的，15天", False),
        ("Who approves 300 km?", "200-500 km", True),
        ("买300只多少钱？", "单价138元", False),
        ("What was the 27B version trained on?", "10B tokens-->1B tokens", False),
        ("没有超过人脑的连接数？两个数各是多少", "超过1个的神经网络", False),
        ("多少钱？", "200-999只", False),
        ("2021年的采购谁批？", "3年以上", False),
        ("买300只多少钱？", "2年以上", False),
        ("物业费一平米一个月多少？", "最长不超过3个月", False),
        ("签了一年的合同，试用期多长？", "一年以上不满三年的", True),
        ("24年的指南里，多久不让再申请？", "超过10年的", False),
        ("25年上小学，哪几天报名？", "满1年加10分，最高不超过30年", False),
        ("工作满25年年假几天？", "满20年的，15天", True),
    ],
)
def test_a_number_lies_in_a_range_of_its_unit_or_does_not(question: str, text: str, expected: bool) -> None:
    assert within(question, text) is expected
