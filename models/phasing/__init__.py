"""Phase retrieval: from a pattern to the object, to be watched, steered and trusted."""
