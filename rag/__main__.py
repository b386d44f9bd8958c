"""The command line: index, ask, verify, remove, model.

A fold over the engine's events, like the page; it words them for a terminal, or writes them as JSON lines.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.build import build, remove, verify
from rag.config import Settings
from rag.errors import ConfigError, ModelError, PromptError, RagError
from rag.events import Answered, Event, Token
from rag.ingest.sources import Failure
from rag.ingest.structure import section_path
from rag.models import DEFAULT_LOCAL, MODELS, install, installed
from rag.progress import Bar, Steps
from rag.serialise import event_to_dict, turns_from_list
from rag.text import language
from rag.types import Answer, Citation, Outcome, Turn

if TYPE_CHECKING:
    from rag.interfaces import Catalogue

OK, SOME_FAILED, USAGE, INDEX, MODEL, ABSTAINED, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

_EPILOG = """\
exit codes:
  0    done
  1    index: done, but some sources could not be read (each is named with its reason)
  2    wrong usage, or a setting is wrong
  3    the index is missing, damaged or cannot be written; index: not a single source could be read
  4    a model is not there or failed
  5    ask: the documents do not answer the question
  130  interrupted

Settings are environment variables, RAG_NAME; the README lists them.
"""
_WORDS = {
    "zh": {"sources": "出处", "options": "可选", "nearest": "最接近的文档", "missing": "文档中没有"},
    "en": {"sources": "Sources", "options": "Options", "nearest": "Nearest documents", "missing": "Not in the documents"},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (ConfigError, PromptError) as error:
        return _fail(error, USAGE)
    except ModelError as error:
        return _fail(error, MODEL)
    except RagError as error:
        return _fail(error, INDEX)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m rag", description="Zhiju: answers from your documents, with their grounds.", epilog=_EPILOG, formatter_class=formatter)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--index", type=Path, metavar="DIR", help="folder of the index (default: RAG_INDEX_DIR, else var/index)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        child = commands.add_parser(name, parents=[shared], help=text, description=text, epilog=_EPILOG, formatter_class=formatter)
        child.set_defaults(command=command)
        return child

    index = add("index", _index, "Make the index mirror files and folders: new and changed ones are taken in, vanished ones dropped.")
    index.add_argument("paths", type=Path, nargs="*", metavar="PATH", help="file or folder (default: RAG_SOURCES, else those of the last time, else seeds)")
    ask = add("ask", _ask, "Ask a question; the answer streams, then its sources.")
    ask.add_argument("question")
    ask.add_argument("--json", action="store_true", help="one event a line as JSON, instead of text")
    ask.add_argument("--history", type=Path, metavar="FILE", help='earlier turns: a JSON list of {"role": "user" or "assistant", "text"}')
    add("verify", _verify, "Check every hash, count and chunk of the index.")
    removing = add("remove", _remove, "Take a document out of the index for good; `index` takes it in again.")
    removing.add_argument("document", metavar="DOC", help="the document's id, as shown beside a source")
    model = add("model", _model, "List the local language models, or install one: then RAG_LLM=local answers with it.")
    model.add_argument("action", choices=("list", "install"))
    model.add_argument("name", nargs="?", metavar="NAME", help=f"which (default {DEFAULT_LOCAL})")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    return Settings.load(index_dir=options.index)


def _index(options: argparse.Namespace) -> int:
    settings = Settings.load(index_dir=options.index, sources=tuple(options.paths) or None)
    with Bar("Indexing") as bar:
        report = build(settings, progress=bar.update, on_failure=_report, restore=True)
    if not report.documents:
        _say("Nothing could be indexed; the index is as it was.")
        return INDEX
    _write(
        f"Indexed {report.documents} documents, {report.chunks} passages "
        f"({report.embedded} embedded, {report.reused} unchanged) in {report.seconds:.1f} s; generation {report.generation}."
    )
    return SOME_FAILED if report.failures else OK


def _report(failure: Failure) -> None:
    _say(f"{'left out' if failure.skipped else 'NOT READ'}: {failure.source}: {failure.reason}")


def _ask(options: argparse.Namespace) -> int:
    from rag.assemble import open_engine  # slow to import

    question = options.question.strip()
    if not question:
        raise ConfigError("The question is empty.")
    settings = _settings(options)
    history = _history(options.history)
    engine = open_engine(settings).engine
    events = engine.answer(question, history)
    answer = _print_json(events) if options.json else _print_text(events, engine.catalogue, question)
    return ABSTAINED if answer is not None and answer.outcome is Outcome.ABSTAINED else OK


def _history(path: Path | None) -> tuple[Turn, ...]:
    if path is None:
        return ()
    try:
        return turns_from_list(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is no history: {error}") from error


def _print_json(events: Iterable[Event]) -> Answer | None:
    answer = None
    for event in events:
        _write(json.dumps(event_to_dict(event), ensure_ascii=False))
        if isinstance(event, Answered):
            answer = event.answer
    return answer


def _print_text(events: Iterable[Event], catalogue: Catalogue, question: str) -> Answer | None:
    answer = None
    for event in events:
        if isinstance(event, Token):
            sys.stdout.write(event.text)
            sys.stdout.flush()
        elif isinstance(event, Answered):
            answer = event.answer
    if answer is not None:
        _write("")
        _print_sources(answer, catalogue, _WORDS[language(question)])
    return answer


def _print_sources(answer: Answer, catalogue: Catalogue, words: dict[str, str]) -> None:
    for label, values in (("missing", answer.missing), ("options", answer.options), ("nearest", answer.nearest)):
        if values:
            _write(f"\n{words[label]}:")
            for value in values:
                _write(f"  - {value}")
    if answer.citations:
        _write(f"\n{words['sources']}:")
    for citation in dict.fromkeys(sorted(answer.citations, key=lambda one: (one.marker, one.start))):
        _write(f"  [{citation.marker}] {_place(citation, catalogue)}")
        _write(f"      “{' '.join(citation.quote.split())}”")


def _place(citation: Citation, catalogue: Catalogue) -> str:
    """Title, id and section of what is cited."""
    try:
        document = catalogue.document(citation.document_id)
    except KeyError:
        return citation.document_id
    section = section_path(document.text, citation.start)
    title = f"{document.title} ({document.id})" if document.title else document.id
    return f"{title} · {section}" if section else title


def _verify(options: argparse.Namespace) -> int:
    settings = _settings(options)
    found = verify(settings)
    for fault in found.faults:
        _say(f"FAULT: {fault}")
    if found.faults:
        _say(f"The index in {settings.index_dir} is not sound: {len(found.faults)} faults. `python -m rag index` builds it anew.")
        return INDEX
    _write(
        f"The index in {settings.index_dir} is sound: generation {found.generation}, {found.documents} documents, "
        f"{found.chunks} passages, {found.files} files, {found.bytes} bytes; every hash and every passage agrees."
    )
    for name in found.removed:
        _write(f"Removed, and in no part of the index: {name}")
    return OK


def _remove(options: argparse.Namespace) -> int:
    remove(_settings(options), options.document)
    _write(f"{options.document} is removed: it can neither be found nor cited, and stays out until it is indexed again.")
    return OK


def _model(options: argparse.Namespace) -> int:
    settings = _settings(options)
    if options.action == "list":
        for model in MODELS.values():
            state = "installed" if installed(model.name, settings.cache_dir) else "not installed"
            _write(f"{model.name}  {model.bytes / 1e6:.0f} MB  {model.licence}  {state}")
        return OK
    name = options.name or DEFAULT_LOCAL
    if name in MODELS:
        _say(f"{name}: {MODELS[name].repository}, licence {MODELS[name].licence}, {MODELS[name].bytes / 1e6:.0f} MB")
    with Steps() as steps:
        path = install(name, settings.cache_dir, steps.update)
    _write(f"{name} is installed: {path}\nUse it: RAG_LLM=local RAG_LLM_MODEL={name} python app.py")
    return OK


def _write(line: str) -> None:
    print(line, flush=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _fail(error: Exception, code: int) -> int:
    _say(f"{type(error).__name__}: {error}")
    return code


if __name__ == "__main__":
    sys.exit(main())
