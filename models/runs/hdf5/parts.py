"""Stacks that a detector splits over datasets: the `data_000001`, `data_000002` … of an Eiger and its master file.

Each lies in a file of its own, to which the master file links. Where somebody copied the master file alone, or not
all of its data files, the frames of the others keep their places in the run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.errors import CannotOpen
from models.runs.hdf5.tree import Tree
from models.runs.hdf5.values import number

if TYPE_CHECKING:
    import h5py

PART = re.compile(r"^data_\d{6}$")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class LostPart:
    """A dataset of frames whose file is not there, or is not followed.

    Attributes:
        path: its path in the master file.
        target: the file it should be in.
        outside: that file lies outside the opened file's folder.
    """

    path: str
    target: str
    outside: bool

    @property
    def cause(self) -> str:
        """Why its frames cannot be read."""
        if self.outside:
            return f"it lies in {self.target}, outside the file's folder, which is not followed"
        return f"it lies in {self.target}, which is missing"


def lost_parts(tree: Tree, home: str | None = None) -> list[LostPart]:
    """The parts whose files are not there, in their order.

    Args:
        tree: the file's links.
        home: the group that holds the other parts; None for any group.
    """
    outside = {text.split(" -> ")[0] for text in tree.outside}
    found = []
    for path, target in tree.lost.items():
        parent, name = path.rsplit("/", 1)
        if PART.match(name) and home in (None, parent):
            found.append(LostPart(path, target, path in outside))
    return sorted(found, key=lambda part: part.path)


def refuse_lone_master(file_name: str, tree: Tree) -> None:
    """Raises CannotOpen where all data files of a master file are lost."""
    lost = lost_parts(tree)
    if not lost:
        return
    targets = list(dict.fromkeys(part.target for part in lost))
    shown = ", ".join(targets[:_SHOWN]) + (", …" if len(targets) > _SHOWN else "")
    outside = [part for part in lost if part.outside]
    many = f"{len(targets)} files that are" if len(targets) > 1 else "a file that is"
    if outside:
        raise CannotOpen(
            f"{file_name} is a master file whose frames are not opened",
            cause=f"they lie in {many} outside its folder and not followed: {shown}",
            hint="If you trust those files, open them themselves, or copy them into this file's folder",
        )
    raise CannotOpen(
        f"{file_name} is a master file without its frames",
        cause=f"they lie in {many} missing: {shown}",
        hint="Copy the data files into the same folder",
    )


def announced_frames(file: h5py.File, tree: Tree) -> int | None:
    """How many frames the detector was to take (`nimages` × `ntrigger`), None where the file does not say."""
    counts = []
    for name in ("nimages", "ntrigger"):
        leaf = next((leaf for leaf in tree.datasets() if leaf.name == name and leaf.shape in ((), (1,))), None)
        value = None if leaf is None else number(file[leaf.path])
        if value is None:
            return None
        counts.append(int(value))
    return counts[0] * counts[1]


def sizes_of_lost(known: Sequence[int | None], announced: int | None) -> list[int]:
    """How many frames every part has, given those that are known.

    A detector fills all files but the last to the same number. A lost last file gets what remains of the announced
    frames, and none where nothing was announced.

    Args:
        known: frames of each part, None for lost ones.
        announced: frames in all.
    """
    full = max((size for size in known if size is not None), default=0)
    sizes = [full if size is None else size for size in known]
    if known and known[-1] is None:
        rest = 0 if announced is None else announced - sum(sizes[:-1])
        sizes[-1] = min(max(rest, 0), full)
    return sizes


def lost_note(lost: Sequence[LostPart], frames: int) -> str:
    """A sentence on the frames that cannot be read."""
    outside = any(part.outside for part in lost)
    shown = ", ".join(part.target for part in lost[:_SHOWN]) + (", …" if len(lost) > _SHOWN else "")
    why = "missing or outside the file's folder" if outside else "missing"
    many = f"{len(lost)} data files are" if len(lost) > 1 else "A data file is"
    if not frames:
        return f"{many} {why}: {shown}. How many frames are in there is not known: they are left out"
    return f"{many} {why}: {shown}. Their {frames} frames cannot be read; the others can"
