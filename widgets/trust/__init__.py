"""How far verdicts can be trusted, and which frames to keep: views on plain numbers."""
