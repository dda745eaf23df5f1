"""HDF5 files as runs: choose the frames, then gather everything the file says about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import AmbiguousRun, CannotOpen, DatasetCandidate
from models.runs.hdf5 import cxi, nxdata
from models.runs.hdf5.chunks import ChunkCost, written_frames
from models.runs.hdf5.columns import find_columns
from models.runs.hdf5.events import FoundEvents, find_events
from models.runs.hdf5.file import open_hdf5, open_with_cache, require_filters
from models.runs.hdf5.geometry import read_geometry
from models.runs.hdf5.live import Hdf5Following, level, live_layout, padded
from models.runs.hdf5.masks import FoundMasks, find_masks
from models.runs.hdf5.source import Hdf5Source
from models.runs.hdf5.tree import Leaf, Tree, walk
from models.runs.hdf5.unsafe import why_unsafe
from models.runs.hdf5.values import READ_ERRORS, attribute, number, text, unit_of
from models.runs.hdf5.virtual import VirtualSources
from models.runs.identity import make_identity
from models.runs.layout import FrameLayout, NotFrames, parse_axes, read_layout
from models.runs.live import NoFramesYet
from models.runs.masks import AS_READ, Convention, MaskOverride
from models.runs.ranking import choose, rank, rate
from models.runs.stack import RunFacts, StackRun, is_image_dtype
from models.runs.types import DENOISED_BY
from models.runs.watch import is_locked_for_writing

if TYPE_CHECKING:
    import h5py

_PART = re.compile(r"^data_\d{6}$")
_UNITS = {
    "photon": "photons",
    "photons": "photons",
    "adu": "ADU",
    "adus": "ADU",
    "counts": "counts",
    "count": "counts",
}
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
        self.tree: Tree = walk(file)

    def run(self, dataset: str | None) -> StackRun:
        paths = self._choose(dataset)
        leaf = self._leaf(paths[0])
        homes = self.tree.homes(leaf)
        self._note_links()
        parts = [self._part(path, first=path is paths[0]) for path in paths]
        first = parts[0]
        stored = sum(part.layout.n_frames for part in parts)
        live = bool(self.file.swmr_mode) and len(parts) == 1 and live_layout(first.dataset, first.layout)
        beside = level(self.tree, self.file, stored) if live else []
        events = self._count_frames(parts, homes, stored)
        frames = events.written
        dtype = first.dataset.dtype
        if dtype.kind == "c":
            self.notes.append(f"{first.path} holds complex numbers: the squared modulus is shown")
        euxfel = "/INSTRUMENT/" in first.path or (first.layout.modules is not None and first.dataset.is_virtual)
        masks = find_masks(
            self.file,
            self.tree,
            homes,
            first.layout,
            default=Convention.EUXFEL_BITS if euxfel else Convention.CXI_BITS,
            override=self.override,
        )
        self.notes += masks.notes
        geometry, assumed = read_geometry(self.file, self.tree, homes)
        self.notes += assumed
        unit, saturation = self._unit(first), self._saturation(homes)
        source = self._source(parts, masks)
        picture_axes = {f"{home}/{name}" for home in homes for name in nxdata.axis_names(self.file, leaf)[-2:]}
        columns = find_columns(
            self.file, self.tree, stored=stored, frames=frames, skip=picture_axes, si_units=cxi.is_cxi(self.tree)
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
        shape = first.layout.frame_shape
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
            layout=first.layout,
            mask_reading=masks.readings,
            following=following,
        )
        return StackRun(facts, source)

    def _count_frames(self, parts: Sequence[_Part], homes: Sequence[str], stored: int) -> FoundEvents:
        """The event identifiers, and with them how many of the stored frames were ever written."""
        first = parts[0]
        frames = self._count(first) if len(parts) == 1 else stored
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

    def _source(self, parts: Sequence[_Part], masks: FoundMasks) -> Hdf5Source:
        """Where frames are read from, with a cache that suits the chunks."""
        first = parts[0]
        virtual = None
        if first.dataset.is_virtual:
            virtual = VirtualSources(first.dataset, self.path)
            self.notes += virtual.notes
        cost = ChunkCost.of(first.dataset, first.layout)
        if note := cost.note(first.path):
            self.notes.append(note)
        if len(parts) == 1:
            del first.dataset  # the cache's size is settled when nothing else has the dataset open
            first.dataset = open_with_cache(self.file, first.path, cost.block_bytes)
        return Hdf5Source(
            self.file,
            [(part.dataset, part.layout) for part in parts],
            per_frame=masks.per_frame,
            virtual=virtual or None,
        )

    def _choose(self, dataset: str | None) -> list[str]:
        """Path of the frames' dataset; several where a detector split the frames over datasets."""
        if dataset is not None:
            return [self._named(dataset)]
        if cxi.is_cxi(self.tree):
            chosen, notes = cxi.find_frames(self.tree, str(self.path))
            self.notes += notes
            return [chosen]
        shown = nxdata.find_frames(self.file, self.tree)
        if shown is not None and not _PART.match(shown.rsplit("/", 1)[-1]):
            return [shown]
        candidates, groups = self._candidates()
        best = choose(self.path, candidates)
        return groups.get(best.path, [best.path])

    def _candidates(self) -> tuple[list[DatasetCandidate], dict[str, list[str]]]:
        """All datasets that might be frames; the parts of a split detector file count as one."""
        found: dict[str, DatasetCandidate] = {}
        groups: dict[tuple[str, tuple[int, ...], str], list[str]] = {}
        for leaf in self.tree.datasets():
            candidate = rate(leaf.path, leaf.shape, leaf.dtype)
            if candidate is None:
                continue
            home = leaf.path.rsplit("/", 1)[0]
            if _PART.match(leaf.name) and len(leaf.shape) == 3:
                members = groups.setdefault((home, leaf.shape[1:], leaf.dtype.str), [])
                members.append(leaf.path)
                if len(members) > 1:
                    continue
            found[leaf.path] = candidate
        return list(found.values()), {paths[0]: sorted(paths) for paths in groups.values()}

    def _named(self, dataset: str) -> str:
        """The path the user asked for, if the file has it."""
        import h5py

        wanted = "/" + dataset.strip("/")
        if "\0" not in wanted:
            if wanted in self.tree.leaves:
                return wanted
            try:
                if isinstance(self.file.get(wanted), h5py.Dataset):
                    return wanted
            except READ_ERRORS:
                pass
        candidates = rank(self._candidates()[0])
        what = f"{self.path} has no dataset {wanted!r}"
        if not candidates:
            raise CannotOpen(what, cause="it holds no other frames either", hint="Choose another file")
        raise AmbiguousRun(what, hint="Choose one of those it has", candidates=candidates)

    def _leaf(self, path: str) -> Leaf:
        leaf = self.tree.leaves.get(path)
        if leaf is None:  # behind a link that the walk did not follow, named by the user
            dataset = self.file[path]
            leaf = Leaf(path=path, shape=tuple(dataset.shape or ()), dtype=dataset.dtype, aliases=[path])
            self.tree.leaves[path] = leaf
        return leaf

    def _part(self, path: str, *, first: bool) -> _Part:
        dataset = self.file[path]
        if not is_image_dtype(dataset.dtype) or dataset.shape is None:
            raise CannotOpen(
                f"{self.path}: {path} cannot be shown",
                cause=f"its type is {dataset.dtype}, not a number",
                hint="Choose a dataset of numbers",
            )
        self._refuse_unsafe(dataset)
        try:
            layout, notes = read_layout(dataset.shape, parse_axes(attribute(dataset, "axes")), where=path)
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

    def _unit(self, part: _Part) -> str:
        unit = unit_of(part.dataset)
        if method := text(attribute(part.dataset, DENOISED_BY)):
            self.notes.append(f"{part.path} holds rates denoised by Friedel ({method}), not measured counts")
        if not unit and "photoncount" in part.path.lower():
            return "photons"
        return _UNITS.get(unit.lower(), unit)

    def _saturation(self, homes: list[str]) -> float | None:
        found = self.tree.near(homes, lambda leaf: leaf.name == "saturation_value" and leaf.shape in ((), (1,)))
        return number(self.file[found[0].path]) if found else None

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
