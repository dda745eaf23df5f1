"""CXI tags: labels inside a CXI file, as Owl keeps them.

A dataset `tags` beside the frames, int8 (tags, frames), 1 where a frame has the tag, with the attributes `headings`
(names), `colors` (red, green, blue) and `axes` = "tag:experiment_identifier". Friedel writes them into the copies it
exports and never into a data file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadLabels, BadParameter
from models.files.h5 import READ_ERRORS, h5_text
from models.workspace.classes import UNSURE, LabelClass, check_name
from models.workspace.record import UNSURE_CODE, Codes
from models.workspace.tables import LabelTable

if TYPE_CHECKING:
    import h5py

NAME = "tags"
AXES = "tag:experiment_identifier"
_UNSURE_COLOUR = (128, 128, 128)
_MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class Tags:
    """Tags of a file.

    Attributes:
        headings: name of each.
        colours: "#rrggbb" of each.
        members: (tags, frames) bool.
    """

    headings: tuple[str, ...]
    colours: tuple[str, ...]
    members: npt.NDArray[np.bool_]

    def as_table(self, n_frames: int) -> LabelTable:
        """As labels of a run; frames with several tags are left out, because a frame has one class.

        Raises:
            BadLabels: the run has another number of frames, or a tag's name cannot be a class.
        """
        if self.members.shape[1] != n_frames:
            raise BadLabels(
                f"The tags are for {self.members.shape[1]} frames and the run has {n_frames}",
                hint="Check that the tags belong to this run",
            )
        names = []
        for heading in self.headings:
            try:
                names.append(UNSURE if heading.casefold() == UNSURE else check_name(heading))
            except BadParameter as error:
                raise BadLabels("A tag cannot be a class", cause=error.sentence()) from error
        n_tags = self.members.sum(axis=0)
        frames = np.flatnonzero(n_tags == 1)
        which = self.members[:, frames].argmax(axis=0) if len(frames) else np.empty(0, dtype=np.int64)
        warnings: list[str] = []
        if n_several := int(np.count_nonzero(n_tags > 1)):
            warnings.append(f"{n_several} frames have several tags and were left out.")
        return LabelTable(frames, tuple(names[i] for i in which.tolist()), 0, tuple(warnings))


def write_tags(group: h5py.Group, codes: Codes, classes: Sequence[LabelClass]) -> h5py.Dataset:
    """Write the labels of frames as tags into a group of an open file.

    Args:
        group: the detector or image group that holds the frames.
        codes: (n,) code of each frame's class, −1 unlabelled, −2 unsure.
        classes: what the codes mean. "unsure" becomes one more tag where a frame has it.
    """
    import h5py

    wanted = list(range(len(classes)))
    headings = [c.name for c in classes]
    colours = [tuple(bytes.fromhex(c.colour[1:])) for c in classes]
    if (codes == UNSURE_CODE).any():
        wanted.append(UNSURE_CODE)
        headings.append(UNSURE)
        colours.append(_UNSURE_COLOUR)
    members = (codes[None, :] == np.array(wanted, dtype=codes.dtype)[:, None]).astype(np.int8)
    tags = group.create_dataset(NAME, data=members)
    tags.attrs.create("headings", h5_text(headings), dtype=h5py.string_dtype())
    tags.attrs["colors"] = np.array(colours, dtype=np.int64).reshape(len(headings), 3)
    tags.attrs["axes"] = AXES
    return tags


def read_tags(path: Path) -> Tags:
    """The tags of a CXI file: the first `tags` dataset beside frames in its entries.

    Raises:
        BadLabels: there are none, or they cannot be read.
    """
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            found = _find(file)
            if found is None:
                raise BadLabels(f"{path} has no tags", hint="Tags are looked for beside the frames, under entry_1")
            if found.ndim != 2 or found.size > _MAX_BYTES or found.dtype.kind not in "iub":
                raise BadLabels(
                    f"{path}: {found.name} holds no tags", cause="tags are numbers for each tag and frame"
                )
            members = np.asarray(found[()] != 0)
            n_tags = len(members)
            headings = [_text(h) for h in np.atleast_1d(found.attrs.get("headings", []))][:n_tags]
            headings += [f"tag {i + 1}" for i in range(len(headings), n_tags)]
            colours = _colours(found.attrs.get("colors"), n_tags)
    except READ_ERRORS as error:
        raise BadLabels(f"The tags of {path} cannot be read", cause=str(error)) from error
    doubled = [h for h, n in Counter(headings).items() if n > 1]
    if doubled:
        raise BadLabels(f"{path} has two tags called {doubled[0]!r}")
    return Tags(tuple(headings), colours, members)


def _find(file: h5py.File) -> h5py.Dataset | None:
    import h5py

    for entry in sorted(name for name in file if name.startswith("entry_")):
        group = file.get(entry)
        if not isinstance(group, h5py.Group):
            continue
        places = [group[name] for name in sorted(group) if name.startswith(("image_", "data_")) and name in group]
        for name in sorted(n for n in group if n.startswith("instrument_")):
            instrument = group[name]
            if isinstance(instrument, h5py.Group):
                places += [instrument[n] for n in sorted(instrument) if n.startswith("detector_") and n in instrument]
        for place in places:
            if isinstance(place, h5py.Group) and isinstance(place.get(NAME), h5py.Dataset):
                return place[NAME]
    return None


def _colours(values: Any, n_tags: int) -> tuple[str, ...]:
    """Colours as text; "" for tags that have none."""
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return ("",) * n_tags
    if table.ndim != 2 or table.shape[0] < n_tags or table.shape[1] < 3 or not np.isfinite(table).all():
        return ("",) * n_tags
    rows = np.clip(table[:n_tags, :3], 0, 255).astype(int).tolist()
    return tuple(f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in rows)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
