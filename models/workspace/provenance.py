"""What every file made by Friedel says of its origin."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def program_version() -> str:
    """Friedel's version, "" where it runs uninstalled."""
    try:
        return importlib.metadata.version("friedel")
    except importlib.metadata.PackageNotFoundError:
        return ""


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def origin(**more: str | int | float) -> dict[str, str | int | float]:
    """Attributes for a result file: program, versions, time, and what the caller adds."""
    import h5py
    import numpy as np

    return {
        "program": "friedel",
        "version": program_version(),
        "versions": f"Python {platform.python_version()}, numpy {np.__version__}, h5py {h5py.__version__}",
        "created": now(),
        **more,
    }


def as_json(values: Mapping[str, Any]) -> str:
    """Settings as JSON; what JSON does not know becomes numbers, lists or text."""
    return json.dumps(values, default=_plain)


def from_json(text: Any) -> dict[str, Any]:
    """Settings back from JSON; empty where it is none."""
    try:
        values = json.loads(text)
    except (TypeError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
