"""The former place of ``rag.sentences.lines``."""

from rag.sentences.lines import is_cjk, is_table_separator, item_marker

__all__ = ["is_cjk", "is_table_separator", "item_marker"]
