"""The window's dialogs, each of which asks one thing."""
