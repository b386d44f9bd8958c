"""Benchmarks of single parts: speed and size, apart from the quality that ``python -m eval run`` measures."""
