"""Which dataset of an HDF5 file holds the frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import AmbiguousRun, CannotOpen, DatasetCandidate
from models.runs.hdf5 import cxi, matlab, nxdata, smalldata
from models.runs.hdf5.groups import GroupStack, grouped_frames
from models.runs.hdf5.parts import PART, refuse_lone_master
from models.runs.hdf5.tree import LinkNotFollowed, follow_link
from models.runs.hdf5.values import READ_ERRORS
from models.runs.ranking import choose, rank, rate

if TYPE_CHECKING:
    import h5py

    from models.runs.hdf5.producer import Producer
    from models.runs.hdf5.tree import Leaf, Tree


_MOST_ALIASES = 20


class Chooser:
    """The search for the frames in one file.

    Args:
        path: the file.
        file: it, open.
        tree: its datasets.
        producer: what is known of the program that wrote it.

    Attributes:
        notes: sentences for the user on what else there is.
    """

    def __init__(self, path: Path, file: h5py.File, tree: Tree, producer: Producer) -> None:
        self._path = path
        self._file = file
        self._tree = tree
        self._producer = producer
        self._stacks = {stack.pattern: stack for stack in grouped_frames(tree)}
        self.notes: list[str] = []

    def frames(self, dataset: str | None) -> list[str] | GroupStack:
        """Paths of the frames' datasets: one, or several where a detector split the frames; or a stack of groups.

        Args:
            dataset: what the user asked for; None to find it.

        Raises:
            CannotOpen: there is none.
            AmbiguousRun: several might be it, or the file lacks the one asked for.
        """
        if dataset is not None:
            return self._named(dataset)
        spimage = self._producer.spimage
        if spimage is not None:
            return [spimage.path]
        if cxi.is_cxi(self._tree):
            chosen, notes = cxi.find_frames(self._tree, str(self._path))
            self.notes += notes
            return [chosen]
        shown = nxdata.find_frames(self._file, self._tree)
        if shown is not None and not PART.match(shown.rsplit("/", 1)[-1]):
            return [shown]
        candidates, groups = self._candidates()
        if not any(PART.match(candidate.path.rsplit("/", 1)[-1]) for candidate in candidates):
            refuse_lone_master(str(self._path), self._tree)
        if not candidates and self._producer.clock is not None:
            raise CannotOpen(
                f"{self._path} holds no frames",
                cause="it is an LCLS smalldata file with numbers for each event and no pictures",
                hint="Choose a file with saved pictures, or have psana save the detector's frames",
            )
        best = choose(self._path, candidates)
        if best.path in self._stacks:
            stack = self._stacks[best.path]
            others = [other for other in self._stacks if other != best.path]
            if others:
                self.notes.append(f"{best.path} is shown; the file also holds {', '.join(others)}")
            return stack
        return groups.get(best.path, [best.path])

    def _candidates(self) -> tuple[list[DatasetCandidate], dict[str, list[str]]]:
        """All datasets that might be frames; parts of a split stack count as one, and so do groups per frame."""
        found: dict[str, DatasetCandidate] = {}
        groups: dict[tuple[str, tuple[int, ...], str], list[str]] = {}
        samples = {stack.sample for stack in self._stacks.values()}
        for leaf in self._tree.datasets():
            if leaf.path in samples or not self._may_be_frames(leaf):
                continue
            is_part = PART.match(leaf.name) is not None and len(leaf.shape) == 3
            names = [leaf.path] if is_part else leaf.aliases[:_MOST_ALIASES]
            named = [rate(name, leaf.shape, leaf.dtype) for name in names]
            candidate = max((one for one in named if one is not None), key=lambda one: one.score, default=None)
            if candidate is None:
                continue
            if is_part:
                home = leaf.path.rsplit("/", 1)[0]
                members = groups.setdefault((home, leaf.shape[1:], leaf.dtype.str), [])
                members.append(leaf.path)
                if len(members) > 1:
                    continue
            found[candidate.path] = candidate
        for stack in self._best_stacks():
            shape = (len(stack.members), *stack.shape)
            candidate = rate(stack.pattern, shape, stack.dtype)
            if candidate is not None:
                found[stack.pattern] = candidate
        return list(found.values()), {paths[0]: sorted(paths) for paths in groups.values()}

    def _best_stacks(self) -> list[GroupStack]:
        """Of the pictures in every frame's group, the one that is most likely the frame."""
        best: dict[str, tuple[float, GroupStack]] = {}
        for stack in self._stacks.values():
            candidate = rate(stack.pattern, stack.shape, stack.dtype)
            if candidate is None:
                continue
            score = candidate.score + (0.5 if stack.pattern.rsplit("/", 1)[-1] in ("data", "detector_data") else 0)
            if stack.group not in best or score > best[stack.group][0]:
                best[stack.group] = score, stack
        return [stack for _, stack in best.values()]

    def _may_be_frames(self, leaf: Leaf) -> bool:
        clock = self._producer.clock
        if clock is not None and (smalldata.is_row_per_event(leaf, clock) or smalldata.is_of_varying_length(leaf)):
            return False
        return not self._producer.is_matlab or matlab.holds_numbers(self._file, leaf)

    def _named(self, dataset: str) -> list[str] | GroupStack:
        """What the user asked for, if the file has it."""
        import h5py

        wanted = "/" + dataset.strip("/")
        if wanted in self._stacks:
            return self._stacks[wanted]
        if "\0" not in wanted:
            if wanted in self._tree.leaves:
                return self._with_parts(wanted)
            try:
                if isinstance(self._follow(wanted), h5py.Dataset):
                    return [wanted]
            except LinkNotFollowed as link:
                raise CannotOpen(
                    f"{self._path}: {wanted} is not opened",
                    cause=f"it lies in another file: {link}",
                    hint="If you trust that file, open it itself, or copy it into this file's folder",
                ) from link
            except READ_ERRORS:
                pass
        candidates = rank(self._candidates()[0])
        what = f"{self._path} has no dataset {wanted!r}"
        if not candidates:
            raise CannotOpen(what, cause="it holds no other frames either", hint="Choose another file")
        raise AmbiguousRun(what, hint="Choose one of those it has", candidates=candidates)

    def _follow(self, path: str) -> object:
        """The object at a path that the walk did not come to, each link on the way looked at."""
        import h5py

        found: object = self._file
        folder = Path(self._file.filename).resolve().parent
        for step in path.strip("/").split("/"):
            if not isinstance(found, h5py.Group):
                return None
            found = follow_link(found, step, folder)
        return found

    def _with_parts(self, path: str) -> list[str]:
        """The dataset, with the parts that follow it where it is the first of a split stack."""
        if not PART.match(path.rsplit("/", 1)[-1]):
            return [path]
        return self._candidates()[1].get(path, [path])
