"""A small reader of HTML for tests: elements by simple selectors, their text and attributes."""

from __future__ import annotations

from bs4 import BeautifulSoup, Tag


class Html:
    """An element or a document."""

    def __init__(self, node: Tag) -> None:
        self._node = node

    def all(self, selector: str) -> list[Html]:
        return [Html(node) for node in self._node.select(selector)]

    def first(self, selector: str) -> Html:
        found = self.all(selector)
        assert found, f"no {selector} in {self._node}"
        return found[0]

    def ids(self, identifier: str) -> int:
        return len(self._node.find_all(id=identifier))

    def __getitem__(self, name: str) -> str:
        value = self._node[name]
        return value if isinstance(value, str) else " ".join(value)

    @property
    def text(self) -> str:
        for line_break in self._node.find_all("br"):
            line_break.replace_with("\n")
        return self._node.get_text()

    @property
    def tags(self) -> set[str]:
        return {node.name for node in self._node.find_all(True)}

    @property
    def attributes(self) -> set[str]:
        return {name for node in self._node.find_all(True) for name in node.attrs}


def parse(html: str) -> Html:
    """The document in ``html``."""
    return Html(BeautifulSoup(html, "html.parser"))
