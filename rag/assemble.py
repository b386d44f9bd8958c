"""Puts an engine together from settings: which parts stand behind the interfaces is decided here and nowhere else.

For the composition roots only (``app.py``, the two command lines). Opening imports no model library, unless
an entailment model is to judge (it is loaded then); ``warm`` loads the encoder before the first question needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module

from rag.answering.checker import RuleChecker, judge
from rag.answering.conflicts import ConflictFinder
from rag.answering.extractive import ExtractiveGenerator
from rag.answering.judged import JudgedChecker
from rag.answering.looks import looks
from rag.answering.model_generator import ModelGenerator
from rag.answering.model_judge import ModelJudge
from rag.answering.model_planner import ModelPlanner
from rag.answering.model_voice import ModelVoice
from rag.answering.own_knowledge import SAMPLING, OwnKnowledge
from rag.answering.planner import RulePlanner
from rag.answering.reader import NullReader
from rag.answering.voice import ReplyGenerator, RuleVoice
from rag.answering.word_judge import WordJudge
from rag.answering.writer import CheckedWriter
from rag.config import Settings
from rag.engine import Engine, Limits, Search
from rag.errors import ConfigError, ModelUnavailable
from rag.interfaces import (
    AnswerFinder,
    Checker,
    Embedder,
    Generator,
    LanguageModel,
    Planner,
    Reranker,
    SpanScorer,
    Voice,
)
from rag.llm import CircuitBreaker, OpenAIModel, Timeouts
from rag.local_model import LocalModel
from rag.models import DEFAULT_LOCAL, MODELS, installed
from rag.retrieval.analysis import Analyzer
from rag.retrieval.catalogue import Index
from rag.retrieval.cross_encoder import CrossEncoderReranker
from rag.retrieval.crosslingual import SentenceMatcher, UniversalSentenceMatcher
from rag.retrieval.embedding import BUILTIN, SentenceTransformerEmbedder
from rag.retrieval.fusion import QueryAwareFusion
from rag.retrieval.joint_reader import WIDTH, JointReader
from rag.retrieval.nli import NliJudge
from rag.retrieval.reranking import MaxSimReranker, NoReranker
from rag.retrieval.spans import MaxSimSpanScorer
from rag.retrieval.store import open_index
from rag.types import Verdict

SLOW_READER = 340
"""How many characters of evidence a model on two cores is shown: it reads some 40 tokens a second, and the first word of
an answer should come within twelve seconds (``eval/LOG.md``)."""
PATIENCE = 10.0
"""Seconds that a question waits until the local model, which answers one request at a time, may read for it."""

JUDGE_PAUSE = 60.0
"""Seconds for which a language model that failed as judge is asked no more: an answer waits for it once, not at every sentence."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An engine with the index and the encoder that it stands on."""

    engine: Engine
    index: Index
    embedder: Embedder
    preparations: Sequence[Callable[[], object]] = ()

    def warm(self) -> None:
        """Make ready what the language model needs, load the encoder, and run every part of a search once."""
        for prepare in self.preparations:
            prepare()
        for _ in self.engine.retrieve("知据 Zhiju"):
            pass


def open_engine(
    settings: Settings, *, embedder: Embedder | None = None, model: LanguageModel | None = None
) -> Opened:
    """Open the saved index and build the engine over it.

    ``embedder`` and ``model`` stand in for those that the settings name (evaluation wraps the one in a cache and
    counts what the other is asked).

    Raises:
        StoreError: the index is missing, was built with other settings, or is damaged.
        ModelUnavailable: the embedding model, or a language model or judge that is asked for, is not there.
        ConfigError: settings contradict each other, or the judge is to be a language model and there is none.
    """
    embedder = embedder or SentenceTransformerEmbedder.from_settings(settings)
    index = open_index(settings.index_dir, embedder_name=embedder.name, analyzer=Analyzer(settings.user_dictionary))
    across = UniversalSentenceMatcher() if settings.embedding_model == BUILTIN else None
    scorer = MaxSimSpanScorer(embedder, index, across)
    finder = _finder(settings, index, embedder)
    model = model or language_model(settings)
    patience = PATIENCE if settings.llm == "local" else None
    reader = NullReader(model, scorer, budget=SLOW_READER, patience=patience) if model and settings.reads else None
    rules = RulePlanner(index, index.sparse, max_rounds=settings.max_rounds, scorer=scorer, reader=reader, finder=finder)
    engine = Engine(
        catalogue=index,
        search=_search(settings, index, embedder, across, finder),
        planner=_planner(settings, rules, model),
        writer=_writer(settings, index, scorer, model),
        voice=_voice(settings, index, model),
        limits=Limits(settings.candidates, settings.reranked, settings.evidence_limit, settings.evidence_floor),
    )
    return Opened(engine, index, embedder, _preparations(settings, model, reader))


def language_model(settings: Settings) -> LanguageModel | None:
    """The language model that the settings ask for, behind a circuit breaker; None where none is.

    Raises:
        ConfigError: an endpoint is asked for, but neither key nor base URL is set.
        ModelUnavailable: the local model is not installed.
    """
    if not settings.uses_model:
        return None
    if settings.llm == "local":
        return CircuitBreaker(_local_model(settings))
    if settings.llm == "openai" and not (settings.llm_api_key or settings.llm_base_url):
        raise ConfigError("RAG_LLM=openai needs OPENAI_API_KEY, or OPENAI_BASE_URL for another endpoint.")
    key = settings.llm_api_key
    timeouts = Timeouts(
        connect=settings.llm_connect_timeout,
        first_token=settings.llm_first_token_timeout,
        between_tokens=settings.llm_token_timeout,
        total=settings.llm_total_timeout,
    )
    return CircuitBreaker(
        OpenAIModel(
            settings.llm_model,
            api_key=key.get_secret_value() if key else None,
            base_url=settings.llm_base_url,
            temperature=settings.llm_temperature,
            max_tokens=settings.llm_max_tokens,
            timeouts=timeouts,
            retries=settings.llm_retries,
            logprobs=settings.second_look > 0 or settings.reads,
        )
    )


def _local_model(settings: Settings) -> LanguageModel:
    name = settings.llm_model if settings.llm_model in MODELS else DEFAULT_LOCAL
    path = installed(name, settings.cache_dir)
    if path is None:
        raise ModelUnavailable(f"The local model {name} is not installed. Run `python -m rag model install {name}`.")
    return LocalModel(
        path,
        name=name,
        temperature=settings.llm_temperature,
        logprobs=settings.second_look > 0 or settings.judge == "llm" or settings.reads,
    )


def _preparations(settings: Settings, model: LanguageModel | None, reader: NullReader | None) -> tuple[Callable[[], object], ...]:
    if model is None:
        return ()
    if settings.llm != "local":
        return (partial(import_module, "openai"),)
    tongue = "en" if settings.language == "en" else "zh"
    writer = _small_generator(model) if settings.writes else None
    return tuple(partial(part.rehearse, tongue) for part in (reader, writer) if part)


def _finder(settings: Settings, index: Index, embedder: Embedder) -> AnswerFinder | None:
    """The joint reader, which knows the vectors of the built-in encoder and no others."""
    fits = settings.embedding_model == BUILTIN and embedder.dimension == WIDTH
    return JointReader(embedder, index) if fits and settings.joint_reader else None


def _search(
    settings: Settings, index: Index, embedder: Embedder, across: SentenceMatcher | None, finder: AnswerFinder | None
) -> Search:
    dense = index.dense(embedder)
    reranker = _reranker(settings, index, embedder, across, finder)
    return Search(index.sparse, dense, QueryAwareFusion(index.sparse, dense), reranker, index.following)


def _reranker(
    settings: Settings, index: Index, embedder: Embedder, across: SentenceMatcher | None, finder: AnswerFinder | None
) -> Reranker:
    match settings.reranker:
        case "maxsim":
            return MaxSimReranker(embedder, index, across, looks, finder)
        case "none":
            return NoReranker()
        case name:
            return CrossEncoderReranker(name, device=settings.embedding_device)


def _planner(settings: Settings, rules: RulePlanner, model: LanguageModel | None) -> Planner:
    # A small local model plans worse than the rules, and makes follow-ups stand-alone no better.
    if model is None or settings.llm == "local":
        return rules
    return ModelPlanner(rules, model, rewrite_only=not settings.llm_planner)


def _writer(
    settings: Settings, index: Index, scorer: SpanScorer, model: LanguageModel | None
) -> CheckedWriter:
    def dated(document_id: str) -> str:
        return index.document(document_id).modified

    quotes = ExtractiveGenerator(scorer)
    if model is None or not settings.writes:
        written: Generator = quotes
    elif settings.llm == "local":
        written = _small_generator(model, scorer)
    else:
        written = ModelGenerator(model, scorer)
    return CheckedWriter(
        written,
        _checker(settings, RuleChecker(scorer), model),
        fallback=None if written is quotes else quotes,
        conflicts=ConflictFinder(dated),
        show_unsupported=settings.show_unsupported,
        small=written is not quotes and settings.llm == "local",
        second_look=settings.second_look,
        knowledge=_knowledge(settings, model),
    )


def _small_generator(model: LanguageModel, scorer: SpanScorer | None = None) -> ModelGenerator:
    """For a model that reads slowly and says too often that nothing is there: whether it is, has been judged before."""
    return ModelGenerator(model, scorer, budget=SLOW_READER, recalls=False, rules="answer_small")


def _checker(settings: Settings, rules: RuleChecker, model: LanguageModel | None) -> Checker:
    match settings.judge:
        case "rules":
            return rules
        case "llm":
            if model is None:
                raise ConfigError(
                    "RAG_JUDGE=llm needs a language model: set OPENAI_API_KEY or OPENAI_BASE_URL, or RAG_LLM=local; "
                    "or set RAG_JUDGE to rules or to an NLI CrossEncoder."
                )
            asked = CircuitBreaker(model, failures=1, pause=JUDGE_PAUSE)
            return JudgedChecker(rules, WordJudge(asked) if settings.llm == "local" else ModelJudge(asked))
        case name:
            nli = NliJudge(name, device=settings.embedding_device)
            nli.load()
            return JudgedChecker(rules, nli)


def open_judge(settings: Settings, model: LanguageModel | None = None) -> Callable[[str, str], Verdict]:
    """What gives the verdict on one claim and one text, by the settings: the rules, or rules and a judge.

    Raises as ``open_engine`` does.
    """
    if settings.judge == "rules":
        return judge
    checker = _checker(settings, RuleChecker(), model or language_model(settings))
    assert isinstance(checker, JudgedChecker)
    return checker.verdict_on


def _knowledge(settings: Settings, model: LanguageModel | None) -> OwnKnowledge | None:
    if model is None or not settings.self_consistency:
        return None
    return OwnKnowledge(model, settings.self_consistency, temperature=settings.llm_temperature or SAMPLING)


def _voice(settings: Settings, index: Index, model: LanguageModel | None) -> Voice:
    rules = RuleVoice(ReplyGenerator(index, settings.language))
    return rules if model is None else ModelVoice(model, rules)
