"""Every setting, in one frozen object, read once from the environment by a composition root.

A setting ``name`` is the environment variable ``RAG_NAME``; the command line overrides it. Unknown ``RAG_``
variables are errors, so that a misspelt one is found at once. ``OPENAI_API_KEY`` and ``OPENAI_BASE_URL`` are
read where the OpenAI client would read them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails

from rag.errors import ConfigError

_PREFIX = "RAG_"
_FOREIGN = {"OPENAI_API_KEY": "llm_api_key", "OPENAI_BASE_URL": "llm_base_url"}

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


def _default_cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "zhiju"


class Settings(BaseModel):
    """All settings. The field's description is what the README's table says of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    # Where things are
    sources: tuple[Path, ...] = Field((Path("seeds"),), description="Files and folders to index, separated by `:` (`;` on Windows).")
    index_dir: Path = Field(Path("var/index"), description="Folder of the index.")
    cache_dir: Path = Field(default_factory=_default_cache, description="Folder of assembled models.")
    database_url: str = Field("sqlite:///var/zhiju.sqlite", description="Conversations and feedback: `sqlite:///PATH` or `postgresql://…`.")

    # Ingest
    chunk_size: Annotated[int, Field(ge=50, le=4000)] = Field(320, description="Longest chunk, in characters (a CJK character counts 1, other text 0.4).")
    max_file_bytes: Positive = Field(100_000_000, description="A larger file is reported and left out.")

    # Retrieval
    embedding_model: str = Field("builtin", description="`builtin` (multilingual-e5-small, assembled from packages) or any sentence-transformers name or path.")
    embedding_device: str = Field("auto", description="`auto`, `cpu`, `cuda`, `mps`.")
    embedding_batch: Positive | None = Field(None, description="Passages a batch when indexing; unset: what suits the device.")
    query_prefix: str | None = Field(None, description="Text before a query; unset: what the model is known to want.")
    passage_prefix: str | None = Field(None, description="Text before a passage; unset: what the model is known to want.")
    reranker: str = Field("maxsim", description="`maxsim`, `none`, or a CrossEncoder name or path.")
    joint_reader: bool = Field(True, description="With `builtin`: read the best passages together with the question for the answer; `false`: search and the rules alone.")
    user_dictionary: Path | None = Field(None, description="Words that the word splitter must keep, one a line.")
    candidates: Positive = Field(50, description="Hits that each retriever gives and fusion keeps.")
    reranked: Positive = Field(30, description="How many of them the reranker reads, the best first.")
    evidence_limit: Positive = Field(8, description="Passages that an answer may rest on.")
    evidence_floor: Share = Field(0.05, description="Passages below this probability are not quoted; where fewer than four lie above it, those above 0.4 of it are judged too.")

    # Answering
    max_rounds: Positive = Field(3, description="Most rounds of search for one question.")
    show_unsupported: bool = Field(True, description="Show sentences without support, marked; `false` withholds them.")
    judge: str = Field("rules", description="Who judges whether a passage bears out a sentence: `rules`, `llm` (the language model), or an NLI CrossEncoder by name or path.")
    sufficiency: Literal["auto", "rules", "llm"] = Field("auto", description="Who judges whether what was found answers a question of one fact: `rules`; `llm`: the rules, and the language model that looks for the answer (its endpoint must tell log-probabilities); `auto`: `llm` with the local model where quotes are the answer, else `rules`.")
    writer: Literal["auto", "quotes", "llm"] = Field("auto", description="Who writes answers: `quotes` (the documents' own sentences), `llm` (the language model, and quotes where it fails); `auto`: `llm`, but `quotes` with the local model.")
    second_look: Share = Field(0.0, description="A sentence with a year, number or name that the model wrote with a probability below this is searched for by itself; 0: off.")
    self_consistency: Annotated[int, Field(ge=0, le=20)] = Field(0, description="How often the model is asked without the documents, to tell where what it knows contradicts the answer; 0: off.")
    language: Literal["auto", "zh", "en"] = Field("auto", description="Language of the bot's own sentences; `auto`: that of the question.")

    # Language model
    llm: Literal["auto", "none", "openai", "local"] = Field("auto", description="`auto`: `openai` when a key or base URL is set, else `none`; `local`: an installed GGUF model.")
    llm_model: str = Field("gpt-4o-mini", description="Model name asked of the endpoint, or the local model's name.")
    llm_base_url: str | None = Field(None, description="Any OpenAI-compatible endpoint (also `OPENAI_BASE_URL`).")
    llm_api_key: SecretStr | None = Field(None, description="Its key (also `OPENAI_API_KEY`).")
    llm_temperature: Annotated[float, Field(ge=0, le=2)] = Field(0.0, description="Sampling temperature.")
    llm_max_tokens: Positive = Field(800, description="Longest answer, in tokens.")
    llm_connect_timeout: Seconds = Field(5.0, description="Seconds until a connection must stand.")
    llm_first_token_timeout: Seconds = Field(20.0, description="Seconds until the first piece must have come.")
    llm_token_timeout: Seconds = Field(15.0, description="Longest silence between two pieces, in seconds.")
    llm_total_timeout: Seconds = Field(90.0, description="Longest time for one reply, in seconds.")
    llm_retries: Annotated[int, Field(ge=0, le=10)] = Field(2, description="Retries before the first piece.")
    llm_planner: bool = Field(True, description="Let the language model plan too; `false`: rules plan, the model writes.")

    # Web
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(7860, description="Port to listen on.")
    base_path: str = Field("", description="Public path, such as `/wiki-bot`; a proxy must not strip it.")
    embed_origins: tuple[str, ...] = Field((), description="Origins that may frame the chat, separated by spaces.")
    trusted_proxies: tuple[str, ...] = Field((), description="Proxy addresses whose `X-Forwarded-For` is believed, separated by spaces.")
    link_hosts: tuple[str, ...] = Field((), description="Hosts that links in answers may lead to, separated by spaces.")
    api_keys: tuple[SecretStr, ...] = Field((), description="Keys for the JSON API, separated by spaces; none: open.")
    admin_token: SecretStr | None = Field(None, description="Token of the administrator's page; unset: there is none.")
    embed_secret: SecretStr | None = Field(None, description="Key that signs end users' tokens (HS256, 32 bytes or more); unset: anonymous.")
    max_question: Positive = Field(1000, description="Longest question, in characters.")
    max_body: Positive = Field(65_536, description="Largest request body, in bytes.")
    questions_per_minute: Positive = Field(20, description="Questions a minute and client address.")
    questions_per_day: Positive = Field(2000, description="Questions a day and user or client address.")
    concurrency: Positive = Field(8, description="Answers in the making at once.")
    queue_size: Positive = Field(32, description="Questions that may wait.")
    requests_per_minute: Positive = Field(1200, description="Requests of any kind a minute and client address; assets are not counted.")
    site_questions_per_day: Positive = Field(20_000, description="Questions a day from one embedding site that signed tokens name.")
    require_identity: bool = Field(False, description="Answer only users with a signed token (needs `RAG_EMBED_SECRET`).")
    identity_minutes: Positive = Field(480, description="Minutes that a signed user stays known after the token was seen.")
    history_exchanges: Positive = Field(6, description="Earlier questions with their answers that a follow-up may refer to.")
    anonymous_days: Positive = Field(30, description="Days that conversations of unsigned visitors are kept.")
    ready_timeout: Seconds = Field(30.0, description="Longest that a question waits for the index to open, in seconds.")
    upload_dir: Path = Field(Path("var/uploads"), description="Folder of the documents that an administrator uploads; indexed like a source.")

    @field_validator("sources", mode="before")
    @classmethod
    def _split_paths(cls, value: Any) -> Any:
        return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value

    @field_validator("embed_origins", "trusted_proxies", "link_hosts", "api_keys", mode="before")
    @classmethod
    def _split_words(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("base_path")
    @classmethod
    def _check_base_path(cls, value: str) -> str:
        if value and (not value.startswith("/") or value.endswith("/")):
            raise ValueError("must begin with / and not end with it, such as /wiki-bot")
        return value

    @property
    def uses_model(self) -> bool:
        """Whether a language model is configured."""
        match self.llm:
            case "none":
                return False
            case "auto":
                return self.llm_api_key is not None or self.llm_base_url is not None
            case _:
                return True

    @property
    def reads(self) -> bool:
        """Whether the language model, where there is one, says if what was found answers the question."""
        return self.sufficiency == "llm" or (self.sufficiency == "auto" and self.llm == "local" and not self.writes)

    @property
    def writes(self) -> bool:
        """Whether the language model, where there is one, writes answers."""
        return self.writer == "llm" or (self.writer == "auto" and self.llm != "local")

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Settings from environment variables; ``overrides`` that are not None win.

        Raises:
            ConfigError: a variable is unknown or malformed; the message names each of them.
        """
        values: dict[str, Any] = {}
        for variable, text in (os.environ if environment is None else environment).items():
            if variable in _FOREIGN and text:
                values.setdefault(_FOREIGN[variable], text)
            elif variable.startswith(_PREFIX):
                values[_known(variable)] = text
        values |= {name: value for name, value in overrides.items() if value is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            faults = "; ".join(_describe(fault) for fault in error.errors())
            raise ConfigError(f"{faults}. The settings table in the README lists what is allowed.") from error


def _known(variable: str) -> str:
    name = variable.removeprefix(_PREFIX).lower()
    if name in Settings.model_fields:
        return name
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    hint = f" Did you mean {_PREFIX}{near[0].upper()}?" if near else ""
    raise ConfigError(f"{variable} is not a setting.{hint} The settings table in the README lists them all.")


def _describe(fault: ErrorDetails) -> str:
    name = str(fault["loc"][0]) if fault["loc"] else "settings"
    return f"{_PREFIX}{name.upper()}: {fault['msg']}"
