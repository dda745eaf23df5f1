"""Networks trained for the comparison: the published recipe and ours, at equal frames and at equal time."""

from __future__ import annotations


def trained() -> None: ...
