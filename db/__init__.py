"""Everything on disk: SQL rows, FAISS vectors, fusion halves, generations, the embedding cache."""
