"""Small stand-ins that several test modules share: deterministic, without models, files or network."""

from tests.fakes.clock import Clock
from tests.fakes.embedder import HashEmbedder
from tests.fakes.engine import FakeEngine
from tests.fakes.library import FakeCatalogue, make_chunks, make_document, passages, whole_chunk
from tests.fakes.models import ScriptedFinder, ScriptedJudge, ScriptedModel, ScriptedScorer
from tests.fakes.steps import finish

__all__ = [
    "Clock",
    "FakeCatalogue",
    "FakeEngine",
    "HashEmbedder",
    "ScriptedFinder",
    "ScriptedJudge",
    "ScriptedModel",
    "ScriptedScorer",
    "finish",
    "make_chunks",
    "make_document",
    "passages",
    "whole_chunk",
]
