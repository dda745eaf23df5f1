"""Files with one group per frame, opened lazily: SACLA's DataConvert and Cheetah, SIMEX and pysingfel.

Only the names of the groups are read at opening, and one of the groups. Which of them lack their picture (the shutter
was closed), or lead to a file that is gone, shows when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import FrameUnreadable
from models.runs.hdf5.file import explain_read
from models.runs.hdf5.picture import AS_STORED
from models.runs.hdf5.tree import LinkNotFollowed, Tree, follow_link
from models.runs.hdf5.unsafe import why_unsafe
from models.runs.hdf5.values import READ_ERRORS, read_all
from models.runs.identity import middle_rows
from models.runs.layout import FrameLayout
from models.runs.stack import is_image_dtype
from models.runs.types import FlagImage
from models.runs.watch import FileGuard

if TYPE_CHECKING:
    import h5py

PLACE = "%"
"""Stands for the frame's group in the name of a stack, as in CrystFEL: "/data/%/data"."""

_LISTED_SHARE = 0.5
_MOST_LISTED = 5_000_000


@dataclass(frozen=True)
class GroupStack:
    """Pictures of the same name in many groups.

    Attributes:
        group: the group that holds the frames' groups, "" for the root.
        members: names of the frames' groups, in the order of their numbers.
        inner: path of the picture in each of them, "" where they are the pictures themselves.
        sample: path of one of the pictures.
        shape, dtype: of that picture.
    """

    group: str
    members: tuple[str, ...]
    inner: str
    sample: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def pattern(self) -> str:
        """The stack's name: the picture's path with `PLACE` for the frame's group."""
        return f"{self.group}/{PLACE}" + (f"/{self.inner}" if self.inner else "")

    def homes(self, sample: str) -> list[str]:
        """The groups in which to look for what belongs to the frames, the nearest first."""
        member = f"{self.group}/{sample}"
        return [*([member] if self.inner else []), self.group, f"{self.group}/detector_info", "/metadata"]


def grouped_frames(tree: Tree) -> list[GroupStack]:
    """All stacks of pictures in groups per frame."""
    found = []
    for series in tree.series:
        if series.sample is None:
            continue
        member = f"{series.group}/{series.sample}"
        for leaf in tree.datasets():
            if leaf.path == member or leaf.path.startswith(f"{member}/"):
                inner = leaf.path[len(member) + 1 :]
                if len(leaf.shape) in (2, 3) and leaf.dtype.kind in "biufc":
                    found.append(GroupStack(series.group, series.members, inner, leaf.path, leaf.shape, leaf.dtype))
    return found


@dataclass(frozen=True)
class FrameOrder:
    """In which order the groups are frames.

    Attributes:
        members: names of the groups of all frames; some may not be in the file.
        events: the identifier of each frame.
        stored: length of the file's own list of frames, 0 where it has none.
        rows: place of each frame in that list; None where the list is the frames'.
        notes: sentences for the user.
    """

    members: tuple[str, ...]
    events: tuple[str, ...]
    stored: int
    rows: npt.NDArray[np.intp] | None
    notes: tuple[str, ...]


def order_frames(file: h5py.File, tree: Tree, stack: GroupStack) -> FrameOrder:
    """The order of SACLA's list of tags where the file has one for these groups, else that of the numbers in names.

    Frames of the list that have no group keep their places, unless most have none: then only hits were written.
    """
    by_tag = {_tag(name): name for name in stack.members}
    plain = FrameOrder(stack.members, tuple(by_tag), 0, None, ())
    tags = _tag_list(file, tree, stack.group)
    if tags is None:
        return plain
    listed = [str(tag) for tag in tags]
    present = [tag in by_tag for tag in listed]
    if sum(present) < len(by_tag) or len(set(listed)) != len(listed):
        return plain  # a list of something else, or one that does not name all groups
    absent = len(listed) - sum(present)
    stem = stack.members[0].rstrip("0123456789")
    if absent <= _LISTED_SHARE * len(listed):
        notes = (f"{absent} of the {len(listed)} listed frames have no group: they cannot be read",) if absent else ()
        return FrameOrder(
            tuple(by_tag.get(tag, f"{stem}{tag}") for tag in listed), tuple(listed), len(listed), None, notes
        )
    rows = np.flatnonzero(present)
    kept = [listed[row] for row in rows]
    notes = (f"{absent} of the {len(listed)} listed frames have no group and are left out",)
    return FrameOrder(tuple(by_tag[tag] for tag in kept), tuple(kept), len(listed), rows, notes)


class GroupFrames:
    """Frames that each lie in a group of their own (a `FrameSource`).

    Args:
        file: the open file; closed with the source.
        stack: what the groups hold.
        members: the group of each frame.
        layout: how a picture lies in its dataset.
    """

    def __init__(self, file: h5py.File, stack: GroupStack, members: Sequence[str], layout: FrameLayout) -> None:
        self._file = file
        self._stack = stack
        self._members = members
        self._layout = layout
        self._folder = Path(file.filename).resolve().parent
        self._name = Path(file.filename).name
        self._guard = FileGuard(Path(file.filename))
        self._parent: h5py.Group = file[stack.group or "/"]

    def read(self, index: int) -> npt.NDArray[Any]:
        """(H, W) pixels of a frame. Raises FrameUnreadable."""
        try:
            self._guard.check()
            dataset = self._dataset(index)
            block = np.asarray(dataset[self._layout.selection(0)])
        except LinkNotFollowed as link:
            raise self._unreadable(index, str(link)) from link
        except (*READ_ERRORS, MemoryError) as error:
            raise self._unreadable(index, explain_read(error)) from error
        return AS_STORED.values(self._layout.assemble(block))

    def flags(self, index: int) -> FlagImage | None:
        """None: such files have no mask of their own for each frame."""
        return None

    def sample(self, index: int) -> bytes:
        """Some bytes of a frame, for the run's identity; those of an unreadable frame are empty."""
        where = list(self._layout.selection(0))
        where[self._layout.y] = middle_rows(self._layout.shape[self._layout.y], self._layout.shape[self._layout.x])
        if self._layout.modules is not None:
            where[self._layout.modules] = slice(0, 1)
        try:
            return np.ascontiguousarray(self._dataset(index)[tuple(where)]).tobytes()
        except (FrameUnreadable, LinkNotFollowed, *READ_ERRORS, MemoryError):
            return b""

    def close(self) -> None:
        self._file.close()

    def _dataset(self, index: int) -> h5py.Dataset:
        """The picture of a frame, each link on the way looked at. Raises FrameUnreadable and what h5py raises."""
        import h5py

        found: Any = self._parent
        for name in self._steps(index):
            if not isinstance(found, h5py.Group) or name not in found:
                raise self._unreadable(
                    index,
                    f"the file has no {self._stack.group}/{self._members[index]}"
                    + (f"/{self._stack.inner}" if self._stack.inner else "")
                    + "; the shutter may have been closed, or the frame was not saved",
                )
            found = follow_link(found, name, self._folder)
        if not isinstance(found, h5py.Dataset):
            raise self._unreadable(index, f"{self._members[index]} is no picture")
        if not is_image_dtype(found.dtype):
            raise self._unreadable(index, f"its picture is of type {found.dtype}, not of numbers")
        if why := why_unsafe(found):
            raise self._unreadable(index, why)
        if found.shape != self._layout.shape:
            shape = "×".join(map(str, found.shape or ()))
            raise self._unreadable(
                index, f"its picture has shape {shape}, the others {'×'.join(map(str, self._layout.shape))}"
            )
        return found

    def _steps(self, index: int) -> Iterator[str]:
        yield self._members[index]
        yield from (step for step in self._stack.inner.split("/") if step)

    def _unreadable(self, index: int, cause: str) -> FrameUnreadable:
        return FrameUnreadable(
            f"frame {index} of {self._name} cannot be read",
            cause=cause,
            hint="The other frames may be fine",
            index=index,
        )


def _tag(name: str) -> str:
    """The identifier of a frame: SACLA's tags are known by their number, other groups by their name."""
    return name[4:] if name.startswith("tag_") else name


def _tag_list(file: h5py.File, tree: Tree, group: str) -> npt.NDArray[Any] | None:
    """The list of tags of the run that the group belongs to."""
    run = "/".join(group.split("/")[:2])
    for leaf in tree.datasets():
        if leaf.name == "tag_number_list" and len(leaf.shape) == 1 and leaf.path.startswith(f"{run}/"):
            if leaf.shape[0] > _MOST_LISTED:
                return None
            try:
                return read_all(file[leaf.path])
            except READ_ERRORS:
                return None
    return None
