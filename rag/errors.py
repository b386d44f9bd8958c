"""Every failure that Zhiju reports on purpose.

    RagError
    ├─ ConfigError      a setting is missing or malformed
    ├─ PromptError      a template or one of its variables is missing
    ├─ IngestError      a source cannot be read
    │  └─ UnsupportedFormat
    ├─ StoreError       the saved index cannot be used
    │  ├─ IndexNotFound
    │  ├─ IndexMismatch
    │  └─ IndexCorrupt
    └─ ModelError       a model failed
       ├─ ModelTimeout
       ├─ ModelUnavailable
       └─ MalformedReply

Foreign exceptions are mapped to these where they enter (``raise ... from exc``); a message names the file, the
line or the setting and says what to do next. They are caught at the edges only: page, API, evaluator, CLI.
"""

from __future__ import annotations


class RagError(Exception):
    """The base of all of them."""


class ConfigError(RagError):
    """A setting is missing, unknown or malformed."""


class PromptError(RagError):
    """A prompt template, or a variable of one, is missing."""


class IngestError(RagError):
    """A source cannot be read."""


class UnsupportedFormat(IngestError):
    """No loader reads this kind of file."""


class StoreError(RagError):
    """The saved index cannot be used."""


class IndexNotFound(StoreError):
    """There is no index in this folder."""


class IndexMismatch(StoreError):
    """The index was built with other settings or another format than those in force."""


class IndexCorrupt(StoreError):
    """A file of the index is missing, cut short or altered."""


class ModelError(RagError):
    """A model failed."""


class ModelTimeout(ModelError):
    """A model did not answer in time."""


class ModelUnavailable(ModelError):
    """A model cannot be reached, or it refused."""


class MalformedReply(ModelError):
    """A model's reply does not have the form that was asked for."""
