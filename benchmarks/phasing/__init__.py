"""Phase retrieval measured: what an iteration costs, how often a recipe succeeds."""
