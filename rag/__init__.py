"""Zhiju (知据): question answering over your own documents, every sentence with its grounds."""

__version__ = "0.1.0"
