"""Prompt templates: Markdown files with ``{{name}}`` placeholders, filled strictly and once.

A value is put in as it is and never read again, so braces, percent signs and template text in a document stay
what they are. Knows nothing of models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from rag.errors import PromptError

PROMPTS = Path(__file__).resolve().parent.parent / "prompts"
"""Where the templates that come with the product are."""

_PLACEHOLDER = re.compile(r"\{\{\s*([a-z_][a-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Template:
    """One template; ``name`` is that of its file, without ``.md``."""

    name: str
    text: str

    @property
    def variables(self) -> frozenset[str]:
        """The names of its placeholders."""
        return frozenset(_PLACEHOLDER.findall(self.text))

    def render(self, **values: str) -> str:
        """The text with every placeholder replaced by its value.

        Raises:
            PromptError: a variable is missing, or one is given that the template does not have.
        """
        missing, unknown = self.variables - values.keys(), values.keys() - self.variables
        if missing or unknown:
            faults = [f"needs {', '.join(sorted(missing))}"] * bool(missing)
            faults += [f"does not know {', '.join(sorted(unknown))}"] * bool(unknown)
            raise PromptError(f"Template {self.name} {' and '.join(faults)}. Check prompts/{self.name}.md.")
        return _PLACEHOLDER.sub(lambda match: values[match[1]], self.text)


class Prompts:
    """The templates of one folder, each read from disk when it is asked for."""

    def __init__(self, folder: Path = PROMPTS) -> None:
        self._folder = folder

    def load(self, name: str) -> Template:
        """The template ``name``.

        Raises:
            PromptError: there is no such template, or it cannot be read.
        """
        path = self._folder / f"{name}.md"
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            raise PromptError(f"{name!r} is no template name: lower-case letters, digits, - and _ only.")
        try:
            return Template(name, path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise PromptError(f"Template {name} cannot be read from {path}: {error}.") from error


def load(name: str) -> Template:
    """The template ``name`` of those that come with the product. Raises PromptError."""
    return Prompts().load(name)
