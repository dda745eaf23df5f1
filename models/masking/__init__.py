"""Masks beyond the file's own: what the user draws, imports and finds, as steps that can be made again on any frame."""
