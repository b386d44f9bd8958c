"""Files become chunks: loaders and chunking. Knows nothing of indexes or answers."""
