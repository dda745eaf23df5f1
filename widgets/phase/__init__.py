"""The views of phase retrieval: object, amplitudes, error curves, starts, trust, and what steers them."""
