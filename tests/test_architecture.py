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
    frozenset({"rag.types", "rag.errors", "rag.config", "rag.progress", "rag.text", "rag.sentences", "rag.numerals", "rag.departure", "rag"}),
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
    "sentence_transformers": ("rag.retrieval", "eval.nli"),
    "transformers": ("rag.retrieval",),
    "torch": ("rag.retrieval",),
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


def _imports(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too; ``from a import b`` counts as ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(module), names=names, level=0):
                found |= {f"{module}.{alias.name}" for alias in names}
    return found


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


PRODUCT = [path for path in _files() if "tests" not in path.relative_to(ROOT).parts]


@pytest.mark.parametrize("path", PRODUCT, ids=_module)
def test_every_module_has_a_place_in_the_layers(path: Path) -> None:
    assert _layer(_module(path)) is not None, f"{_module(path)} stands in no layer: add it to LAYERS"


@pytest.mark.parametrize("path", PRODUCT, ids=_module)
def test_imports_run_one_way(path: Path) -> None:
    module = _module(path)
    own = _layer(module)
    for name in _imports(path):
        if name.split(".")[0] in {"rag", "eval", "app"}:
            theirs = _layer(name)
            assert theirs is not None and own is not None and theirs <= own, f"{module} imports {name} from above"


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_never_import_one_another(room: str) -> None:
    others = tuple(name for name in ROOMS if name != room)
    for path in (ROOT / room.replace(".", "/")).rglob("*.py"):
        for name in _imports(path):
            assert not _within(name, others), f"{_module(path)} imports {name}"


@pytest.mark.parametrize("path", PRODUCT, ids=_module)
def test_third_parties_stay_in_their_rooms(path: Path) -> None:
    module = _module(path)
    for name in _imports(path):
        allowed = CONFINED.get(name.split(".")[0])
        assert allowed is None or _within(module, allowed), f"{module} imports {name}; only {allowed} may"


@pytest.mark.parametrize("path", list(_files()), ids=_module)
def test_files_stay_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{path.relative_to(ROOT)} has {lines} lines"


@pytest.mark.parametrize("path", PRODUCT, ids=_module)
def test_no_pickle(path: Path) -> None:
    forbidden = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
    assert not {name.split(".")[0] for name in _imports(path)} & forbidden


@pytest.mark.parametrize("path", PRODUCT, ids=_module)
def test_every_module_says_what_it_does(path: Path) -> None:
    assert ast.get_docstring(_tree(path)), f"{_module(path)} has no docstring"


def test_no_print_in_the_library() -> None:
    for path in PRODUCT:
        if _module(path).startswith("rag") and _module(path) != "rag.__main__":
            calls = [n for n in ast.walk(_tree(path)) if isinstance(n, ast.Call) and ast.unparse(n.func) == "print"]
            assert not calls, f"{_module(path)} prints"


def test_a_forbidden_import_would_be_seen(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.py"
    hidden.write_text("def f():\n    from rag.retrieval import store\n    import faiss\n", encoding="utf-8")
    assert _imports(hidden) == {"rag.retrieval.store", "faiss"}
    assert _layer("rag.retrieval.store") == 3
    assert _layer("rag.unheard_of") is None
