"""Templates: strict about names, blind to what values contain."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import PromptError
from rag.prompts import PROMPTS, Prompts, Template, load


def test_placeholders_are_filled() -> None:
    assert Template("t", "问：{{question}} {{ form }}").render(question="谁？", form="list") == "问：谁？ list"


def test_missing_variable_is_named_with_its_template() -> None:
    with pytest.raises(PromptError, match=r"Template t needs form"):
        Template("t", "{{question}} {{form}}").render(question="x")


def test_unknown_variable_is_named_with_its_template() -> None:
    with pytest.raises(PromptError, match=r"Template t does not know colour"):
        Template("t", "{{question}}").render(question="x", colour="red")


@pytest.mark.parametrize("value", ["{{7*7}}", "{{question}}", "{context}", "%s %(a)s", "${x}", "{% raw %}", r"\1 \g<0>", "{{"])
def test_values_stay_literal(value: str) -> None:
    assert Template("t", "a {{question}} b").render(question=value) == f"a {value} b"


@given(st.text(), st.text())
def test_no_value_is_ever_read_again(first: str, second: str) -> None:
    assert Template("t", "{{a}}|{{b}}|{{a}}").render(a=first, b=second) == f"{first}|{second}|{first}"


def test_unknown_template_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match=r"Template nothing cannot be read from .*nothing\.md"):
        Prompts(tmp_path).load("nothing")


def test_template_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="no template name"):
        Prompts(tmp_path).load("../secret")


def test_another_folder_may_hold_the_templates(tmp_path: Path) -> None:
    (tmp_path / "hello.md").write_text("Hello {{name}}\n", encoding="utf-8")
    assert Prompts(tmp_path).load("hello").render(name="知据") == "Hello 知据"


@pytest.mark.parametrize("name", sorted(path.stem for path in PROMPTS.glob("*.md")))
def test_every_template_of_the_product_loads_and_renders(name: str) -> None:
    template = load(name)
    filled = template.render(**{variable: f"<{variable}>" for variable in template.variables})
    assert all(f"<{variable}>" in filled for variable in template.variables)
