"""Zhiju's web server: settings → index → engine → page. What ``make run`` ends in.

    python app.py [--host H] [--port P] [--index DIR] [--source PATH …]

Indexes the sources first if they changed since, then listens; the engine's libraries are imported once the page is
up. Exit codes: 0 stopped by the user, 2 a setting is wrong, 3 the index cannot be built or used.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from rag.build import build, is_current, remove
from rag.config import Settings
from rag.errors import ConfigError, RagError, StoreError
from rag.ingest import Failure
from rag.ingest.removals import forget
from rag.progress import Bar
from rag.retrieval.generations import current
from rag.web.backend import Answerer, Backend
from rag.web.library import Failure as LeftOut
from rag.web.library import Progress, Report
from rag.web.request_id import Named
from rag.web.server import create_app, serve


class SavedIndex:
    """The administrator's way to the index on disk (``rag.web.library.Library``)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rebuild(self, progress: Progress) -> Report:
        """Index all sources and uploads anew."""
        report = build(self._settings, progress=lambda done, total: progress("embed", done, total))
        failures = tuple(LeftOut(failure.source, failure.reason) for failure in report.failures)
        return Report(report.documents, report.chunks, report.embedded, failures)

    def remove(self, document_id: str) -> None:
        """Take a document out of the saved index."""
        remove(self._settings, document_id)

    def restore(self, document_id: str) -> None:
        """Let a removed document in again when the index is built next."""
        forget(self._settings.index_dir, {document_id})


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted; the exit code."""
    _log_to_stderr()
    options = _parser().parse_args(arguments)
    sources = tuple(options.source) if options.source else None
    try:
        settings = Settings.load(host=options.host, port=options.port, index_dir=options.index, sources=sources)
        _ensure_index(settings)
        _serve(settings)
    except ConfigError as error:
        return _fail(error, 2)
    except RagError as error:
        return _fail(error, 3)
    return 0


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s%(request)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(Named())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Serve Zhiju's chat page and API.",
        epilog="Exit codes: 0 stopped by the user, 2 a setting is wrong, 3 the index cannot be built or used.",
    )
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on (default 7860)")
    parser.add_argument("--index", type=Path, metavar="DIR", help="folder of the index (default var/index)")
    parser.add_argument("--source", type=Path, metavar="PATH", nargs="+", help="what to index (default seeds)")
    return parser


def _ensure_index(settings: Settings) -> None:
    """Index the sources where they changed since."""
    if is_current(settings):
        return
    with Bar("Indexing") as bar:
        report = build(settings, progress=bar.update, on_failure=_report)
    if not report.documents:
        places = ", ".join(map(str, settings.sources))
        raise StoreError(f"No document could be read in {places}. Name other sources with --source.")
    _say(f"Indexed {report.documents} documents: {report.chunks} passages, {report.embedded} of them new")


def _report(failure: Failure) -> None:
    _say(f"left out: {failure.source}: {failure.reason}")


def _serve(settings: Settings) -> None:
    def open_now() -> Answerer:
        from rag.assemble import open_engine  # after the page is up: it is slow to import

        opened = open_engine(settings)
        opened.warm()
        return opened.engine

    backend = Backend(open_now, lambda: current(settings.index_dir))
    app = create_app(settings, backend, SavedIndex(settings))
    serve(settings, app, lambda address: _say(f"Zhiju is at {address}"))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _fail(error: RagError, code: int) -> int:
    _say(f"error: {error}")
    return code


if __name__ == "__main__":
    sys.exit(main())
