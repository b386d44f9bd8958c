"""Settings: from the environment, checked, frozen, and all of them in the README."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from rag.config import Settings
from rag.errors import ConfigError

README = Path(__file__).resolve().parent.parent / "README.md"


def test_defaults_need_no_environment() -> None:
    settings = Settings.load({})
    assert settings.sources == (Path("seeds"),)
    assert settings.port == 7860
    assert settings.embed_origins == ()
    assert not settings.uses_model


def test_values_come_from_the_environment_and_the_command_line_wins() -> None:
    settings = Settings.load({"RAG_PORT": "8000", "RAG_HOST": "0.0.0.0", "PATH": "/bin"}, port=9000, host=None)
    assert (settings.host, settings.port) == ("0.0.0.0", 9000)


def test_lists_are_split() -> None:
    settings = Settings.load({"RAG_SOURCES": os.pathsep.join(["a", "b/c"]), "RAG_EMBED_ORIGINS": "https://wiki.example  https://b.example:8443"})
    assert settings.sources == (Path("a"), Path("b/c"))
    assert settings.embed_origins == ("https://wiki.example", "https://b.example:8443")


def test_an_unknown_setting_is_named_with_the_nearest_known_one() -> None:
    with pytest.raises(ConfigError, match=r"RAG_EMBED_ORIGIN is not a setting. Did you mean RAG_EMBED_ORIGINS\?"):
        Settings.load({"RAG_EMBED_ORIGIN": "https://wiki.example"})


def test_all_malformed_settings_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.load({"RAG_PORT": "http", "RAG_EVIDENCE_FLOOR": "1.5", "RAG_BASE_PATH": "wiki/"})
    for name in ("RAG_PORT", "RAG_EVIDENCE_FLOOR", "RAG_BASE_PATH"):
        assert name in str(caught.value)


def test_a_key_is_taken_where_the_openai_client_takes_it_and_stays_hidden() -> None:
    settings = Settings.load({"OPENAI_API_KEY": "sk-secret", "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"})
    assert settings.uses_model
    assert settings.llm_api_key is not None
    assert settings.llm_api_key.get_secret_value() == "sk-secret"
    assert "sk-secret" not in repr(settings)


def test_our_own_variable_wins_over_the_clients() -> None:
    settings = Settings.load({"OPENAI_BASE_URL": "http://a/v1", "RAG_LLM_BASE_URL": "http://b/v1"})
    assert settings.llm_base_url == "http://b/v1"


def test_no_model_is_used_when_told_so_even_with_a_key() -> None:
    assert not Settings.load({"OPENAI_API_KEY": "sk-secret", "RAG_LLM": "none"}).uses_model


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Settings.load({}).port = 1


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_and_stands_in_the_readme(name: str) -> None:
    assert Settings.model_fields[name].description
    assert re.search(rf"^\| `RAG_{name.upper()}` \|", README.read_text(encoding="utf-8"), re.MULTILINE)
