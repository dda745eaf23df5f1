"""Networks others have published, built from their descriptions and trained on Friedel's data, to compare with."""
