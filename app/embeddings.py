"""The embeddings a run can be sorted by: the bundled network's, and those adapted to it. Qt-free.

Adapted weights lie in the run's workspace; none ever takes another's place, and the user says which is used.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from models.embedding.weights import BUNDLED, digest

log = logging.getLogger(__name__)

FOLDER = "weights"
"""in the workspace"""


@dataclass(frozen=True)
class EmbeddingChoice:
    """One embedding.

    Attributes:
        key: how it is remembered: "" for the bundled network's, else the name of the adapted weight file.
        title: for people.
        weights: what `EmbedSettings.weights` takes.
        digest: of the weights.
        about: what its description says; empty for the bundled network's.
    """

    key: str
    title: str
    weights: str
    digest: str
    about: dict[str, Any]


def available(folder: Path) -> tuple[EmbeddingChoice, ...]:
    """The bundled embedding, then those adapted to the run whose workspace is `folder`, oldest first.

    Raises:
        BadWeights: the bundled weights are not there.
    """
    found = [EmbeddingChoice("", "As Friedel came", BUNDLED[0], digest(BUNDLED[0]), {})]
    made = [(path.stat().st_mtime, path) for path in (folder / FOLDER).glob("*.safetensors")]
    for when, path in sorted(made):
        about = _about(path.with_suffix(".json"))
        if about:
            day = datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M")
            found.append(
                EmbeddingChoice(path.name, f"Adapted {day}", str(path), str(about["digest"]), about["adapted"])
            )
    return tuple(found)


def choice_of(folder: Path, key: str) -> EmbeddingChoice | None:
    """The embedding with that key, None where there is none any more."""
    return next((choice for choice in available(folder) if choice.key == key), None)


def _about(path: Path) -> dict[str, Any]:
    """The description of adapted weights; empty where there is none that can be used."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        log.warning("%s is left out: %s", path, error)
        return {}
    usable = isinstance(about, dict) and isinstance(about.get("adapted"), dict) and bool(about.get("digest"))
    return about if usable else {}
