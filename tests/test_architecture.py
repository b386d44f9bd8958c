"""The house rules that a machine can see: rooms, third parties, file sizes, forbidden things."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("rag.ingest", "rag.retrieval", "rag.answering")
MAX_LINES = 300

# Who may import whom inside the project: a module may import its own layer's foundation and everything below.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"rag.types", "rag.errors", "rag.config", "rag.progress", "rag.text", "rag.sentences", "rag.numerals", "rag.sounds", "rag.cantonese", "rag.departure", "rag"}),
    frozenset({"rag.events", "rag.interfaces", "rag.serialise"}),
    frozenset({"rag.prompts", "rag.llm", "rag.packages", "rag.models", "rag.local_model", "rag.breaker"}),
    frozenset(ROOMS),
    frozenset({"rag.engine", "rag.build", "rag.gathering", "rag.assemble", "rag.langchain"}),
    frozenset({"rag.web", "eval"}),
    frozenset({"app", "rag.__main__"}),
)

# A third party may be imported by these modules (and what lies below them) only.
CONFINED = {
    "langchain": ("rag.ingest", "rag.langchain"),
    "langchain_core": ("rag.ingest", "rag.langchain"),
    "langchain_text_splitters": ("rag.ingest",),
    "faiss": ("rag.retrieval",),
    "rank_bm25": ("rag.retrieval",),
    "bm25s": ("rag.retrieval",),
    "pypinyin": ("rag.sounds",),
    "sentence_transformers": ("rag.retrieval", "eval.nli"),
    "transformers": ("rag.retrieval",),
    "torch": ("rag.retrieval", "eval.train_reader"),
    "openai": ("rag.llm",),
    "xllamacpp": ("rag.local_model",),
    "gradio": ("rag.web", "app"),
    "fastapi": ("rag.web", "app"),
    "starlette": ("rag.web", "app"),
    "uvicorn": ("rag.web", "app"),
    "sqlalchemy": ("rag.web",),
}


def _files() -> Iterator[Path]:
    for top in ("rag", "eval", "tests"):
        yield from sorted((ROOT / top).rglob("*.py"))
    yield ROOT / "app.py"


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, inside functions too; ``from a import b`` counts as ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                found |= {f"{module}.{alias.name}" for alias in names}
    return frozenset(found)


def _layer(module: str) -> int | None:
    for name in _ancestry(module):
        for number, layer in enumerate(LAYERS):
            if name in layer and (name != "rag" or module == "rag"):
                return number
    return None


def _ancestry(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


PRODUCT = {_module(path): path for path in _files() if "tests" not in path.relative_to(ROOT).parts}


def test_every_module_has_a_place_in_the_layers() -> None:
    assert [module for module in PRODUCT if _layer(module) is None] == []


def test_imports_run_one_way() -> None:
    upwards = [
        f"{module} imports {name} from above"
        for module, path in PRODUCT.items()
        for name in _imports(path)
        if name.split(".")[0] in {"rag", "eval", "app"} and not _at_or_below(name, module)
    ]
    assert upwards == []


def _at_or_below(name: str, module: str) -> bool:
    theirs, own = _layer(name), _layer(module)
    return theirs is not None and own is not None and theirs <= own


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_never_import_one_another(room: str) -> None:
    others = tuple(name for name in ROOMS if name != room)
    inside = {module: path for module, path in PRODUCT.items() if _within(module, (room,))}
    assert inside
    assert [f"{module} imports {name}" for module, path in inside.items() for name in _imports(path) if _within(name, others)] == []


def test_third_parties_stay_in_their_rooms() -> None:
    strays = [
        f"{module} imports {name}; only {allowed} may"
        for module, path in PRODUCT.items()
        for name in _imports(path)
        if (allowed := CONFINED.get(name.split(".")[0])) and not _within(module, allowed)
    ]
    assert strays == []


def test_files_stay_short() -> None:
    lines = {_module(path): path.read_text(encoding="utf-8").count("\n") for path in _files()}
    assert {module: number for module, number in lines.items() if number > MAX_LINES} == {}


def test_no_pickle() -> None:
    forbidden = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
    assert [module for module, path in PRODUCT.items() if {name.split(".")[0] for name in _imports(path)} & forbidden] == []


def test_every_module_says_what_it_does() -> None:
    assert [module for module, path in PRODUCT.items() if not ast.get_docstring(_tree(path))] == []


def test_no_print_in_the_library() -> None:
    printing = [
        module
        for module, path in PRODUCT.items()
        if module.startswith("rag") and module != "rag.__main__"
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.py"
    hidden.write_text("def f():\n    from rag.retrieval import store\n    import faiss\n", encoding="utf-8")
    assert _imports(hidden) == {"rag.retrieval.store", "faiss"}
    assert _layer("rag.retrieval.store") == 3
    assert _layer("rag.unheard_of") is None
