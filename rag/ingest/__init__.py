"""Files become chunks: loading, structure, chunking. LangChain stays in this room."""

from rag.ingest.sources import Failure

__all__ = ["Failure"]
