"""HDF5 files as runs: choose the frames, then gather everything the file says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import CannotOpen
from models.runs.hdf5 import cxi, nxdata, smalldata
from models.runs.hdf5.choose import Chooser
from models.runs.hdf5.chunks import ChunkCost, written_frames
from models.runs.hdf5.columns import find_columns
from models.runs.hdf5.events import FoundEvents, find_events
from models.runs.hdf5.file import open_hdf5, open_with_cache, require_filters
from models.runs.hdf5.geometry import read_geometry
from models.runs.hdf5.groups import GroupFrames, GroupStack, order_frames
from models.runs.hdf5.live import Hdf5Following, level, live_layout, padded
from models.runs.hdf5.masks import FoundMasks, find_masks
from models.runs.hdf5.parts import PART, announced_frames, lost_note, lost_parts, sizes_of_lost
from models.runs.hdf5.picture import AS_STORED, Picture, number_type
from models.runs.hdf5.producer import Producer
from models.runs.hdf5.signal import pixel_unit, saturation_level
from models.runs.hdf5.source import Hdf5Source, Part
from models.runs.hdf5.tree import Leaf, Tree, walk
from models.runs.hdf5.unsafe import why_unsafe
from models.runs.hdf5.values import READ_ERRORS, attribute, text
from models.runs.hdf5.virtual import VirtualSources
from models.runs.identity import IDS_HASHED, make_identity
from models.runs.layout import FrameLayout, NotFrames, read_layout
from models.runs.live import NoFramesYet
from models.runs.masks import AS_READ, MaskOverride
from models.runs.stack import RunFacts, StackRun, is_image_dtype
from models.runs.types import DENOISED_BY, Geometry
from models.runs.watch import is_locked_for_writing

if TYPE_CHECKING:
    import h5py

_SHOWN = 3


def open_hdf5_run(path: Path, dataset: str | None = None, mask: MaskOverride = AS_READ) -> StackRun:
    """Open an HDF5 file (CXI, NeXus or any other) as a run.

    Args:
        path: the file.
        dataset: path of the frames inside the file; None to find them.
        mask: how the user wants the file's masks read, where otherwise than Friedel reads them.

    Raises:
        CannotOpen: no frames, or they cannot be read.
        AmbiguousRun: several datasets might be the frames, or `dataset` is not in the file.
    """
    file, notes = open_hdf5(path)
    try:
        opening = _Opening(path, file, list(notes), mask)
        try:
            return opening.run(dataset)
        except CannotOpen as error:
            raise _with_refused(error, opening.tree) from error
    except READ_ERRORS as error:
        file.close()
        raise CannotOpen(
            f"{path} cannot be opened",
            cause=f"its structure is damaged ({error})",
            hint="Copy the file again from its origin",
        ) from error
    except BaseException:
        file.close()
        raise


def _with_refused(error: CannotOpen, tree: Tree) -> CannotOpen:
    """The error that a file has no frames, with what was not looked at."""
    if type(error) is not CannotOpen or not tree.refused:
        return error
    return CannotOpen(error.what, cause=f"{error.cause}; not read: {tree.refused[0]}", hint=error.hint)


@dataclass
class _Part:
    """One dataset of frames; several follow each other in files that a detector splits."""

    path: str
    dataset: h5py.Dataset
    layout: FrameLayout


class _Opening:
    """The steps of opening one file, and what they found odd."""

    def __init__(self, path: Path, file: h5py.File, notes: list[str], override: MaskOverride) -> None:
        self.override = override
        self.path = path
        self.file = file
        self.notes = notes
        self.incomplete = ""
        self.tree: Tree = walk(file)
        self.producer = Producer.of(path, file, self.tree)

    def run(self, dataset: str | None) -> StackRun:
        chooser = Chooser(self.path, self.file, self.tree, self.producer)
        chosen = chooser.frames(dataset)
        self.notes += chooser.notes
        return self._run_of_groups(chosen) if isinstance(chosen, GroupStack) else self._run_of_datasets(chosen)

    def _run_of_datasets(self, paths: Sequence[str]) -> StackRun:
        leaf = self._leaf(paths[0])
        homes = self.tree.homes(leaf)
        self._note_links()
        parts = [self._part(path, first=path is paths[0]) for path in paths]
        first = parts[0]
        placed = self._placed(parts)
        stored = sum(part.layout.n_frames for part in placed)
        live = bool(self.file.swmr_mode) and len(placed) == 1 and live_layout(first.dataset, first.layout)
        beside = level(self.tree, self.file, stored) if live else []
        events = self._count_frames(parts, homes, stored)
        frames = events.written
        picture = self._picture(first, homes, leaf)
        masks = self._masks(first, homes, picture)
        geometry = self._geometry(homes, first, picture)
        unit, saturation = pixel_unit(first.dataset, first.path), saturation_level(self.file, self.tree, homes)
        source = self._source(placed, first, masks, picture)
        if self.producer.clock is not None and (note := smalldata.order_note(self.file, self.producer.clock)):
            self.notes.append(note)
        picture_axes = {f"{home}/{name}" for home in homes for name in nxdata.axis_names(self.file, leaf)[-2:]}
        columns = find_columns(
            self.file,
            self.tree,
            stored=stored,
            frames=frames,
            skip=picture_axes,
            si_units=cxi.is_cxi(self.tree),
            clock=self.producer.clock,
        )
        following = None
        if live:
            columns = padded(columns, frames)
            following = Hdf5Following(
                self.file,
                source,
                self.tree,
                homes,
                beside,
                skip=picture_axes,
                si_units=cxi.is_cxi(self.tree),
            )
        shape, dtype = picture.shape or first.layout.frame_shape, leaf.dtype
        facts = RunFacts(
            path=self.path,
            dataset=first.path,
            frames=frames,
            shape=shape,
            dtype=dtype,
            identity=make_identity(frames, (first.path, shape, dtype.str), events=events.first, sample=source.sample),
            unit=unit,
            static_flags=masks.static,
            geometry=geometry,
            columns=columns,
            events=events.events,
            warnings=tuple(dict.fromkeys(self.notes)),
            saturation_level=saturation,
            layout=None if picture.moves else first.layout,
            mask_reading=masks.readings,
            following=following,
            incomplete=self.incomplete,
        )
        return StackRun(facts, source)

    def _run_of_groups(self, stack: GroupStack) -> StackRun:
        """A run of frames that each lie in a group of their own."""
        leaf = self._leaf(stack.sample)
        part = self._part(stack.sample, first=True)
        if part.layout.n_frames != 1:
            raise CannotOpen(
                f"{self.path}: {stack.pattern} is not opened",
                cause=f"each group holds {part.layout.n_frames} pictures, and one was expected",
                hint=f"Choose {stack.sample} to see those of one group",
            )
        order = order_frames(self.file, self.tree, stack)
        self.notes += order.notes
        homes = stack.homes(stack.sample[len(stack.group) + 1 :].split("/")[0])
        masks = self._masks(part, homes, AS_STORED)
        geometry = self._geometry(homes, part, AS_STORED)
        if leaf.dtype.kind == "c":
            self.notes.append(f"{stack.pattern} holds complex numbers: the squared modulus is shown")
        source = GroupFrames(self.file, stack, order.members, part.layout)
        frames, shape = len(order.members), part.layout.frame_shape
        facts = RunFacts(
            path=self.path,
            dataset=stack.pattern,
            frames=frames,
            shape=shape,
            dtype=leaf.dtype,
            identity=make_identity(
                frames,
                (stack.pattern, shape, leaf.dtype.str),
                events=order.events[:IDS_HASHED],
                sample=source.sample,
            ),
            unit=pixel_unit(part.dataset, stack.pattern),
            static_flags=masks.static,
            geometry=geometry,
            columns=find_columns(self.file, self.tree, stored=order.stored, frames=frames, rows=order.rows),
            events=order.events,
            warnings=tuple(dict.fromkeys(self.notes)),
            saturation_level=saturation_level(self.file, self.tree, homes),
            layout=part.layout,
            mask_reading=masks.readings,
        )
        return StackRun(facts, source)

    def _count_frames(self, parts: Sequence[_Part], homes: Sequence[str], stored: int) -> FoundEvents:
        """The event identifiers, and with them how many of the stored frames were ever written."""
        first = parts[0]
        frames = self._count(first) if stored == first.layout.n_frames else stored
        events = find_events(self.file, self.tree, homes, stored=stored, frames=frames)
        if events.written < stored and not self.file.swmr_mode:
            empty = stored - events.written
            self.notes.append(f"{empty} empty frames at the end were never written: they are left out")
        if events.written == 0:
            kind = NoFramesYet if self.file.swmr_mode or is_locked_for_writing(self.path) else CannotOpen
            raise kind(
                f"{self.path}: {first.path} has no frames yet",
                cause=f"its shape is {'×'.join(map(str, first.layout.shape))}",
                hint="If the measurement is running, open it again when frames have arrived",
            )
        return events

    def _placed(self, parts: Sequence[_Part]) -> list[Part]:
        """The parts of a split stack in their places, with those whose files are not there."""
        first = parts[0]
        home, name = first.path.rsplit("/", 1)
        lost = lost_parts(self.tree, home) if PART.match(name) else []
        if not lost:
            return [Part(part.layout, part.dataset) for part in parts]
        present = {part.path: part for part in parts}
        gone = {part.path: part for part in lost}
        paths = sorted({**present, **gone})
        known = [present[path].layout.n_frames if path in present else None for path in paths]
        sizes = sizes_of_lost(known, announced_frames(self.file, self.tree))
        placed = []
        for path, size in zip(paths, sizes, strict=True):
            if path in present:
                placed.append(Part(present[path].layout, present[path].dataset))
            elif size:
                shape = (size, *first.layout.shape[1:])
                placed.append(Part(replace(first.layout, shape=shape), None, gone[path].cause))
        total = sum(size for path, size in zip(paths, sizes, strict=True) if path in gone)
        self.notes.append(lost_note(lost, total))
        return placed

    def _source(self, placed: list[Part], first: _Part, masks: FoundMasks, picture: Picture) -> Hdf5Source:
        """Where frames are read from, with a cache that suits the chunks."""
        virtual = None
        if first.dataset.is_virtual:
            virtual = VirtualSources(first.dataset, self.path)
            self.notes += virtual.notes
            self.incomplete = virtual.missing_note
        cost = ChunkCost.of(first.dataset, first.layout)
        if note := cost.note(first.path):
            self.notes.append(note)
        if len(placed) == 1:
            placed.clear()
            del first.dataset  # the cache's size is settled when nothing else has the dataset open
            first.dataset = open_with_cache(self.file, first.path, cost.cache_bytes)
            placed.append(Part(first.layout, first.dataset))
        spimage = self.producer.spimage
        return Hdf5Source(
            self.file,
            placed,
            per_frame=masks.per_frame,
            virtual=virtual or None,
            picture=picture,
            imaginary=self.file[spimage.imaginary] if spimage is not None and spimage.imaginary else None,
        )

    def _picture(self, part: _Part, homes: Sequence[str], leaf: Leaf) -> Picture:
        """What the frames' pixels need, and what is said about it."""
        spimage = self.producer.spimage
        picture = self.producer.picture(self.file, self.tree, homes, leaf)
        if spimage is not None:
            self.notes += spimage.notes
        elif picture.shifted:
            self.notes.append(
                f"{part.path} has the zero frequency at its corner (is_fft_shifted): its quadrants are exchanged"
            )
        if method := text(attribute(part.dataset, DENOISED_BY)):
            self.notes.append(f"{part.path} holds rates denoised by Friedel ({method}), not measured counts")
        if leaf.dtype.kind == "c":
            self.notes.append(f"{part.path} holds complex numbers: the squared modulus is shown")
        if self.producer.is_matlab:
            self.notes.append(
                f"{part.path} was written by MATLAB: rows and columns are as in MATLAB, frames follow its last axis"
            )
        return picture

    def _masks(self, part: _Part, homes: Sequence[str], picture: Picture) -> FoundMasks:
        masks = find_masks(
            self.file,
            self.tree,
            homes,
            part.layout,
            default=self.producer.mask_convention(
                self.tree, part.path, part.layout, is_virtual=bool(part.dataset.is_virtual)
            ),
            certain=self.producer.spimage is not None,
            override=self.override,
            picture=picture,
        )
        self.notes += masks.notes
        return masks

    def _geometry(self, homes: Sequence[str], part: _Part, picture: Picture) -> Geometry:
        spimage = self.producer.spimage
        if spimage is not None:
            return Geometry(centre_px=spimage.centre_px)
        geometry, assumed = read_geometry(self.file, self.tree, homes)
        self.notes += assumed
        if picture.shifted:
            height, width = part.layout.frame_shape
            geometry = replace(geometry, centre_px=(float(height // 2), float(width // 2)))
        return geometry

    def _leaf(self, path: str) -> Leaf:
        leaf = self.tree.leaves.get(path)
        if leaf is None:  # behind a link that the walk did not follow, named by the user
            dataset = self.file[path]
            leaf = Leaf(path=path, shape=tuple(dataset.shape or ()), dtype=number_type(dataset.dtype), aliases=[path])
            self.tree.leaves[path] = leaf
        return leaf

    def _part(self, path: str, *, first: bool) -> _Part:
        dataset = self.file[path]
        if not is_image_dtype(number_type(dataset.dtype)) or dataset.shape is None:
            raise CannotOpen(
                f"{self.path}: {path} cannot be shown",
                cause=f"its type is {dataset.dtype}, not a number",
                hint="Choose a dataset of numbers",
            )
        self._refuse_unsafe(dataset)
        try:
            layout, notes = read_layout(dataset.shape, self.producer.axes(dataset), where=path)
        except NotFrames as error:
            raise CannotOpen(f"{self.path}: {error.what}", cause=error.cause, hint=error.hint) from error
        if first:
            self.notes += notes
        if layout.n_frames:
            require_filters(self.path, dataset)
        return _Part(path, dataset, layout)

    def _refuse_unsafe(self, dataset: h5py.Dataset) -> None:
        if why := why_unsafe(dataset, other_files=True):
            raise CannotOpen(
                f"{self.path}: {dataset.name} is not opened",
                cause=why,
                hint="Repair the file, or copy what it needs beside it if you trust it",
            )

    def _count(self, part: _Part) -> int:
        """Frames in a dataset, without a tail that was never written."""
        frames = part.layout.n_frames
        if len(part.layout.scan) != 1:
            return frames
        claimed = attribute(part.dataset, "numEvents")
        if claimed is not None:
            try:
                frames = min(frames, max(0, int(claimed if not hasattr(claimed, "ravel") else claimed.ravel()[0])))
            except (TypeError, ValueError, IndexError):
                self.notes.append(f"{part.path}: its numEvents attribute is not a number and is ignored")
        return min(frames, written_frames(part.dataset, part.layout))

    def _note_links(self) -> None:
        for links, words in (
            (self.tree.broken, "lead nowhere"),
            (self.tree.outside, "point outside this file's folder and are not followed"),
        ):
            if links:
                more = ", …" if len(links) > _SHOWN else ""
                self.notes.append(f"{len(links)} links {words}: {', '.join(links[:_SHOWN])}{more}")
        if refused := self.tree.refused:
            more = ", …" if len(refused) > _SHOWN else ""
            self.notes.append(f"Not read: {', '.join(refused[:_SHOWN])}{more}")
        if not self.tree.complete:
            self.notes.append("The file holds very many objects: only the first ones were looked through")
