"""The masks that belong to a dataset of frames."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.errors import FrameUnreadable
from models.runs.hdf5.picture import AS_STORED, Picture
from models.runs.hdf5.tree import Leaf, Tree
from models.runs.hdf5.unsafe import why_unsafe
from models.runs.hdf5.values import READ_ERRORS
from models.runs.layout import FrameLayout
from models.runs.masks import (
    AS_READ,
    MASK_NAMES,
    Convention,
    MaskFault,
    MaskOverride,
    MaskReading,
    decide,
    read_mask,
    to_flags,
)
from models.runs.stack import is_image_dtype
from models.runs.types import FlagImage, PixelFlag

if TYPE_CHECKING:
    import h5py


_IMAGE = re.compile(r"/image_\d+$")


@dataclass(frozen=True)
class FrameMask:
    """A mask with one picture per frame, read with each frame."""

    dataset: h5py.Dataset
    layout: FrameLayout
    convention: Convention
    override: MaskOverride = AS_READ
    picture: Picture = AS_STORED

    def flags(self, index: int) -> FlagImage:
        """(H, W) `PixelFlag` bits of frame `index`. Raises FrameUnreadable."""
        try:
            block = self.layout.assemble(np.asarray(self.dataset[self.layout.selection(index)]))
            flags: FlagImage = to_flags(self.picture.place(block), self.convention, self.override)
        except (*READ_ERRORS, MaskFault) as error:
            raise FrameUnreadable(
                f"the mask of frame {index} cannot be read", cause=str(error), index=index
            ) from error
        return flags


@dataclass(frozen=True)
class FoundMasks:
    """Attributes:
    static: (H, W) flags for all frames, None where there is no such mask.
    per_frame: the mask that each frame has, None where there is none.
    paths: the datasets used.
    notes: what was assumed or rejected.
    readings: how each of them was read.
    """

    static: FlagImage | None
    per_frame: FrameMask | None
    paths: tuple[str, ...]
    notes: tuple[str, ...]
    readings: tuple[MaskReading, ...] = ()


def find_masks(
    file: h5py.File,
    tree: Tree,
    homes: Sequence[str],
    layout: FrameLayout,
    *,
    default: Convention = Convention.CXI_BITS,
    certain: bool = False,
    override: MaskOverride = AS_READ,
    picture: Picture = AS_STORED,
) -> FoundMasks:
    """The masks beside the frames: one for all frames, one per frame, or both.

    Args:
        file: the open file.
        tree: its datasets.
        homes: the groups that hold the frames.
        layout: how the frames lie in their dataset.
        default: what the numbers mean where neither name nor values say so.
        certain: `default` is the file format's rule and not to be doubted.
        override: what the user wants otherwise.
        picture: where the pixels of frames, and so of their masks, belong.
    """
    static: FlagImage | None = None
    per_frame: FrameMask | None = None
    paths: list[str] = []
    notes: list[str] = []
    readings: list[MaskReading] = []
    for leaf in _candidates(tree, homes):
        fitting = layout.sibling(leaf.shape)
        if fitting is None:
            notes.append(
                f"{leaf.path} has shape {'×'.join(map(str, leaf.shape))} and the frames {layout.frame_shape[0]}×"
                f"{layout.frame_shape[1]}: this mask is not used"
            )
            continue
        if (per_frame if fitting.scan else static) is not None:
            continue
        try:
            dataset = file[leaf.path]
            if not is_image_dtype(dataset.dtype):
                raise MaskFault(f"its type {dataset.dtype} is not a number")
            if why := why_unsafe(dataset, other_files=True):
                raise MaskFault(why)
            block = picture.place(fitting.assemble(np.asarray(dataset[fitting.selection(0)])))
            if certain and default is Convention.GOOD_IS_ONE and not block.any():
                notes.append(f"{leaf.path} is 0 everywhere, which would mask all pixels: it is not used as a mask")
                continue
            convention, note = (default, "") if certain else decide(block, leaf.name, default)
            flags, reading = read_mask(
                block, leaf.path, convention, override, guessed=bool(note), per_frame=bool(fitting.scan)
            )
        except MaskFault as fault:
            notes.append(f"{leaf.path} is not used as a mask: {fault}")
            continue
        except READ_ERRORS as error:
            notes.append(f"{leaf.path} cannot be read, so no mask is used from it ({error})")
            continue
        if note and not reading.inverted:
            notes.append(note)
        readings.append(reading)
        if fitting.scan:
            per_frame = FrameMask(dataset, fitting, convention, override.of(leaf.path), picture)
        else:
            static = flags
            if flags.all():
                notes.append(f"{leaf.path} masks all pixels (100 %): check its polarity")
        paths.append(leaf.path)
    holes = layout.holes()
    if holes is not None:
        static = np.zeros(layout.frame_shape, np.uint8) if static is None else static.copy()
        static[holes] = PixelFlag.MISSING
    return FoundMasks(static, per_frame, tuple(paths), tuple(notes), tuple(readings))


def _candidates(tree: Tree, homes: Sequence[str]) -> list[Leaf]:
    """Datasets called masks that can belong to the frames, the preferred first."""

    def wanted(leaf: Leaf) -> bool:
        if leaf.name not in MASK_NAMES or len(leaf.shape) < 2:
            return False
        parents = tree.homes(leaf)
        if any(_IMAGE.search(parent) for parent in parents) and not any(parent in homes for parent in parents):
            return False  # the support of a reconstruction
        return any(_is_near(parent, home) for parent in parents for home in homes)

    def rank(leaf: Leaf) -> tuple[bool, int]:
        return not any(parent in homes for parent in tree.homes(leaf)), MASK_NAMES.index(leaf.name)

    return sorted(tree.near(homes, wanted), key=rank)


def _is_near(parent: str, home: str) -> bool:
    """Whether a group lies in the same entry (top-level group) as the frames, or at the root."""
    return parent.split("/")[1:2] in (home.split("/")[1:2], [])
