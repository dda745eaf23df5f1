"""Inspect → Phase: preparing a pattern, running starts beside the window, keeping and showing what they found."""
