"""Maps and verdicts of a run: HDF5 files that can always be made again, written aside and renamed."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.types import UNKNOWN, Verdicts
from models.errors import CannotOpen
from models.files.disk import replace_text
from models.files.h5 import h5_text, new_h5, stored_h5
from models.workspace.journal import plain
from models.workspace.provenance import as_json, from_json, origin

log = logging.getLogger(__name__)

UNKNOWN_NAME = "unknown"
"""What tables say where no class fits."""


@dataclass(frozen=True)
class Layout:
    """A map of all frames.

    Attributes:
        name: "PCA", "UMAP" …
        positions: (N, 2) float32, NaN where a frame has no place.
        settings: what it was made with.
        run_digest, model_digest: of the run, and of the weights whose vectors it shows.
    """

    name: str
    positions: npt.NDArray[np.float32]
    settings: Mapping[str, Any] = field(default_factory=dict)
    run_digest: str = ""
    model_digest: str = ""


def save_layout(folder: Path, layout: Layout) -> Path:
    """Keep a map in the workspace, in the place of an earlier one of the same name. Raises NotSaved."""
    path = folder / f"map-{plain(layout.name, 'map')}-{layout.run_digest}.h5"
    with new_h5(path, f"The map was not saved to {path}") as file:
        file.create_dataset("positions", data=np.asarray(layout.positions, dtype=np.float32))
        file.attrs.update(
            origin(
                name=layout.name,
                settings=as_json(layout.settings),
                run_digest=layout.run_digest,
                model_digest=layout.model_digest,
            )
        )
    return path


def load_layouts(folder: Path, run_digest: str, n_frames: int) -> tuple[Layout, ...]:
    """The maps of a run in the workspace, by name; damaged ones are logged and left out."""
    found = []
    for path in sorted(folder.glob(f"map-*-{run_digest}.h5")):
        try:
            with stored_h5(path, "The map") as file:
                layout = Layout(
                    name=str(file.attrs["name"]),
                    positions=np.asarray(file["positions"][()], dtype=np.float32),
                    settings=from_json(file.attrs["settings"]),
                    run_digest=str(file.attrs["run_digest"]),
                    model_digest=str(file.attrs["model_digest"]),
                )
        except CannotOpen as error:
            log.warning("%s", error.sentence())
            continue
        if layout.positions.shape == (n_frames, 2) and layout.run_digest == run_digest:
            found.append(layout)
    return tuple(found)


def verdicts_path(folder: Path, run_digest: str) -> Path:
    """Where the workspace keeps the verdicts of a run."""
    return folder / f"verdicts-{run_digest}.h5"


def save_verdicts(
    path: Path, verdicts: Verdicts, *, run_digest: str = "", events: Sequence[str] | None = None
) -> None:
    """Write verdicts as HDF5.

    Datasets: `probabilities` (N, K) and `unknown` (N,) float32; `label` (N,) int16, −1 unknown; `confidence` (N,)
    float32; `missing` (N,) uint8; `classes` (K,) text; `index` (N,) int64; `event` (N,) text where the run has them.

    Raises:
        NotSaved: it cannot be written.
    """
    import h5py

    text = h5py.string_dtype()
    with new_h5(path, f"The verdicts were not saved to {path}") as file:
        file.create_dataset("probabilities", data=np.asarray(verdicts.probabilities, dtype=np.float32))
        file.create_dataset("unknown", data=np.asarray(verdicts.unknown, dtype=np.float32))
        file.create_dataset("label", data=np.asarray(verdicts.label, dtype=np.int16))
        file.create_dataset("confidence", data=np.asarray(verdicts.confidence, dtype=np.float32))
        file.create_dataset("missing", data=np.asarray(verdicts.missing, dtype=np.uint8))
        file.create_dataset("index", data=np.arange(len(verdicts), dtype=np.int64))
        file.create_dataset("classes", data=h5_text(verdicts.classes), dtype=text)
        if events is not None:
            file.create_dataset("event", data=h5_text(events), dtype=text)
        file.attrs.update(origin(run_digest=run_digest, provenance=as_json(verdicts.provenance)))


def load_verdicts(path: Path) -> Verdicts:
    """Verdicts from their file. Raises CannotOpen."""
    with stored_h5(path, "The verdicts in", hint="Choose a file of verdicts, or sort the run again") as file:
        classes = tuple(str(name) for name in file["classes"].asstr()[()])
        found = Verdicts(
            classes=classes,
            probabilities=np.asarray(file["probabilities"][()], dtype=np.float32),
            unknown=np.asarray(file["unknown"][()], dtype=np.float32),
            label=np.asarray(file["label"][()], dtype=np.int16),
            confidence=np.asarray(file["confidence"][()], dtype=np.float32),
            missing=np.asarray(file["missing"][()], dtype=np.bool_),
            provenance=from_json(file.attrs.get("provenance")),
        )
        n = len(found.label)
        lengths = {len(found.unknown), len(found.confidence), len(found.missing)}
        if found.probabilities.shape != (n, len(classes)) or lengths != {n}:
            raise ValueError("its arrays do not fit each other")
        if n and not UNKNOWN <= found.label.min() <= found.label.max() < len(classes):
            raise ValueError("a label is none of its classes")
    return found


def verdict_name(verdicts: Verdicts, frame: int) -> str:
    """Class name of a frame's verdict, "unknown" where no class fits, "" where it has no vector."""
    if verdicts.missing[frame]:
        return ""
    code = int(verdicts.label[frame])
    return verdicts.classes[code] if code >= 0 else UNKNOWN_NAME


def write_verdicts_csv(path: Path, verdicts: Verdicts, events: Sequence[str] | None = None) -> None:
    """Write `index,event,label,confidence,p_<class>…`, one line for each frame; numbers are empty where missing.

    Raises:
        NotSaved: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["index", "event", "label", "confidence", *(f"p_{name}" for name in verdicts.classes)])
    for frame, row in enumerate(verdicts.probabilities.tolist()):
        event = "" if events is None else events[frame]
        name = verdict_name(verdicts, frame)
        numbers = [verdicts.confidence[frame], *row]
        writer.writerow([frame, event, name, *(f"{p:.5f}" if name else "" for p in numbers)])
    replace_text(path, text.getvalue(), f"The verdicts were not saved to {path}")
