"""Treatments in files: JSON that the window writes, or TOML that people write."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from models.errors import BadParameter, CannotOpen
from models.files.disk import replace_text
from models.treatment.types import Treatment


def write_treatment(path: Path, treatment: Treatment) -> None:
    """Write a treatment as JSON. Raises NotSaved."""
    text = json.dumps({"friedel": "treatment", **treatment.to_state()}, indent=1, ensure_ascii=False)
    replace_text(path, text + "\n", f"The treatment was not saved to {path}")


def read_treatment(path: Path) -> Treatment:
    """A treatment from JSON or, where the name ends in .toml, TOML: tables `calibration`, `geometry`, `masking`.

    Relative paths in it are relative to the file.

    Raises:
        CannotOpen: it is missing, or no JSON or TOML; the line is named.
        BadParameter: a parameter that is not known, or out of range.
    """
    what = f"{path} cannot be read as a treatment"
    try:
        text = path.read_text("utf-8")
        state: Any = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise CannotOpen(what, cause=error.strerror or str(error), hint="Check the path") from error
    except (ValueError, RecursionError) as error:
        raise CannotOpen(what, cause=str(error), hint="Correct it, or save it again from the window") from error
    if not isinstance(state, dict):
        raise CannotOpen(what, cause="it holds no tables", hint="Save it again from the window")
    state.pop("friedel", None)
    try:
        return Treatment.from_state(_placed(state, path.resolve().parent))
    except BadParameter as error:
        raise BadParameter(f"{path}: {error.what}", cause=error.cause, hint=error.hint) from error


def _placed(state: dict[str, Any], folder: Path) -> dict[str, Any]:
    """With the files it names made absolute, where they are there."""
    placed = dict(state)
    for part in ("calibration", "geometry"):
        values = state.get(part)
        if isinstance(values, dict):
            placed[part] = {
                name: str(folder / value)
                if isinstance(value, str) and value and (folder / value).is_file()
                else value
                for name, value in values.items()
            }
    return placed
