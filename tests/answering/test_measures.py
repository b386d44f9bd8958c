"""Figures in the measure that is asked for."""

from __future__ import annotations

import pytest

from rag.answering.measures import lacks_contact, lacks_measure


@pytest.mark.parametrize(
    ("question", "holds", "lacks"),
    [
        ("LX200現在什麼價？", "LX200目录价940元。", "LX200已上市。"),
        ("会员一个月多少钱？", "会员每月25元。", "会员可以保存三个角色。"),
        ("會員一個月多少錢？", "會員每月二十五元。", "會員可以保存三個角色。"),
        ("住一晚多少钱？", "住宿标准（元/人/晚）：| 骨干级 | 550 |", "住宿标准见附表：| 骨干级 | 见附表 |"),
        ("延保要多少钱？", "费用为单价的6%。", "延保须在购买时办理。"),
        ("How much does it cost?", "It is sold for $20.", "It is sold online."),
        ("密码多久换一次？", "密码每季度更换。", "密码须包含字母。"),
        ("How long is the river?", "It is 55 km long.", "It is a long river."),
        ("准确率提升了多少？", "由81.6%提升至88%。", "准确率有明显提升。"),
        ("他今年几岁？", "他今年三十岁。", "他今年毕业。"),
        ("它的参数量是多少？", "发布了7B和13B两个版本。", "模型在9月开源。"),
        ("它的参数量是多少？", "参数超过150万亿个。", "模型已经开源。"),
        ("训练要多久？", "训练24小时。", "训练使用8张显卡。"),
        ("审批要几天？", "审核一般2个工作日。", "审核在小程序里进行。"),
        ("没走医保能报几成？", "按65%给付。", "按约定比例给付。"),
        ("How long does it take?", "It takes three days.", "It takes patience."),
    ],
)
def test_a_measure_is_held_or_lacking(question: str, holds: str, lacks: str) -> None:
    assert lacks_measure(question, [lacks])
    assert not lacks_measure(question, [lacks, holds])


@pytest.mark.parametrize("question", ["它是谁设计的？", "有多少个座位？", "出差费用怎么报销？", "费用由谁承担？", "Who made it?"])
def test_a_question_that_asks_for_no_such_measure_lacks_none(question: str) -> None:
    assert not lacks_measure(question, ["没有数字。"])


@pytest.mark.parametrize(
    ("question", "passage", "lacks"),
    [
        ("王小明的手机号多少？", "项目经理：王小明。", True),
        ("王小明的手机号多少？", "项目经理：王小明，电话8655-1201。", False),
        ("王小明的分机号是多少？", "总监王小明负责审批。" + "各部门按规定办理。" * 12 + "安全热线6110。", True),
        ("客服热线电话多少？", "请拨打400-820-8820。", False),
        ("Dora Kinnaird phone number", "At signature this is Dora Kinnaird.", True),
        ("What is the extension of the service desk?", "The service desk is on extension 8800.", False),
        ("人们为什么打电话问天气？", "因为不方便。", False),
        ("手机厂商有哪些？", "没有写。", False),
    ],
)
def test_whoever_asks_how_to_reach_somebody_wants_a_number_beside_the_name(question: str, passage: str, lacks: bool) -> None:
    assert lacks_contact(question, [passage]) is lacks
