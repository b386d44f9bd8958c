"""Where sentences, list items, table rows and headings begin and end: foundation for cutting, citing and quoting."""

from rag.sentences.lines import (
    heading,
    is_heading,
    is_list_item,
    is_table_row,
    is_table_separator,
    item_marker,
)
from rag.sentences.splitting import Unit, UnitKind, sentence_spans, units

__all__ = [
    "Unit",
    "UnitKind",
    "heading",
    "is_heading",
    "is_list_item",
    "is_table_row",
    "is_table_separator",
    "item_marker",
    "sentence_spans",
    "units",
]
