"""A query becomes evidence: analysis, embedding, dense and sparse search, fusion, reranking, the store."""
