"""What an HDF5 file holds: a bounded walk that survives loops, broken links and huge files."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.runs.hdf5.picture import number_type
from models.runs.hdf5.series import Series, find_series, is_frame_name
from models.runs.hdf5.unsafe import why_unsafe

if TYPE_CHECKING:
    import h5py

_MOST_NODES = 20_000
_MOST_SECONDS = 2.0
_MOST_CHILDREN = 5_000
_MOST_TRIED = 8

_DETECTOR = re.compile(r"/detector[^/]*$", re.IGNORECASE)
_ENTRY = re.compile(r"^/entry_\d+(?=/|$)")

Identity = tuple[int, int]


@dataclass
class Leaf:
    """One dataset of the file.

    Attributes:
        path: the shortest path to it.
        shape: its shape, () for a scalar; null dataspaces are left out.
        dtype: its numpy type; complex for a pair of real and imaginary part.
        aliases: all paths that lead to it, `path` first.
    """

    path: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    aliases: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass
class Tree:
    """The datasets of a file and the groups they are in.

    Attributes:
        leaves: by path (every alias leads to the same leaf).
        group_aliases: for each group path, all paths of the same group.
        broken: links that lead nowhere, as "path -> target".
        outside: links to files outside the opened file's folder, which are not followed.
        refused: datasets that must not be read, as "path (why)".
        lost: of the links to other files that were not followed, path and target.
        series: groups whose members are one frame each; only one of these members is in the tree.
        complete: False where the budget ended the walk.
    """

    leaves: dict[str, Leaf] = field(default_factory=dict)
    group_aliases: dict[str, list[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    complete: bool = True

    def datasets(self) -> Iterator[Leaf]:
        """Every dataset once, shallowest first."""
        for path, leaf in self.leaves.items():
            if path == leaf.path:
                yield leaf

    def homes(self, leaf: Leaf) -> list[str]:
        """Paths of all groups that hold the dataset, under all their names."""
        found: dict[str, None] = {}
        for alias in leaf.aliases:
            parent = alias.rsplit("/", 1)[0]
            for path in self.group_aliases.get(parent, [parent]):
                found[path] = None
        return list(found)

    def near(self, homes: Sequence[str], wanted: Callable[[Leaf], bool]) -> list[Leaf]:
        """The datasets that `wanted` accepts, nearest to the groups `homes` first.

        What belongs to another detector or another entry than the homes is left out.
        """
        own_detector = any(_DETECTOR.search(home) for home in homes)
        own_entries = {found[0] for home in homes if (found := _ENTRY.match(home))}
        ranked: list[tuple[bool, int, int, Leaf]] = []
        for place, leaf in enumerate(self.datasets()):
            if not wanted(leaf):
                continue
            parents = self.homes(leaf)
            at_home = any(parent in homes for parent in parents)
            if not at_home:
                if own_detector and any(_DETECTOR.search(parent) for parent in parents):
                    continue
                entries = {found[0] for parent in parents if (found := _ENTRY.match(parent))}
                if own_entries and entries and not entries & own_entries:
                    continue
            shared = max((_shared_parts(parent, home) for parent in parents for home in homes), default=0)
            ranked.append((not at_home, -shared, place, leaf))
        return [leaf for *_, leaf in sorted(ranked, key=lambda item: item[:3])]

    def get(self, group: str, name: str) -> Leaf | None:
        """The dataset `name` directly inside `group`, whichever of the group's names was walked."""
        for path in self.group_aliases.get(group, [group]):
            leaf = self.leaves.get(f"{path}/{name}")
            if leaf is not None:
                return leaf
        return None


def _shared_parts(one: str, other: str) -> int:
    """How many leading parts two paths share."""
    shared = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        shared += 1
    return shared


def walk(file: h5py.File, *, nodes: int = _MOST_NODES, seconds: float = _MOST_SECONDS) -> Tree:
    """Look at the file breadth-first, each object once, until the budget is spent.

    Soft links are followed (CXI needs that; HDF5's own visitors do not). External links are followed only within the
    folder of the opened file.
    """
    import h5py

    tree = Tree()
    folder = Path(file.filename).resolve().parent
    seen_groups: dict[Identity, list[str]] = {_identity(file["/"]): [""]}
    seen_leaves: dict[Identity, Leaf] = {}
    tree.group_aliases[""] = seen_groups[_identity(file["/"])]
    queue: deque[tuple[str, h5py.Group]] = deque([("", file["/"])])
    stop = time.monotonic() + seconds
    visited = 0
    while queue:
        path, group = queue.popleft()
        for name in _names(path, group, folder, tree):
            visited += 1
            if visited > nodes or time.monotonic() > stop:
                tree.complete = False
                return tree
            full = f"{path}/{name}"
            found = _follow(group, name, full, folder, tree)
            if found is None:
                continue
            identity = _identity(found)
            if isinstance(found, h5py.Group):
                aliases = seen_groups.setdefault(identity, [])
                aliases.append(full)
                tree.group_aliases[full] = aliases
                if len(aliases) == 1:
                    queue.append((full, found))
            elif isinstance(found, h5py.Dataset):
                _note_leaf(tree, seen_leaves, identity, full, found)
    return tree


def _names(path: str, group: h5py.Group, folder: Path, tree: Tree) -> list[str]:
    """The names to look at in a group; of a series of frames, one member that has a picture."""
    try:
        names = list(group)
    except (OSError, RuntimeError):
        tree.broken.append(f"{group.name} (damaged)")
        return []
    others, members = find_series(names)
    if members:
        sample = next((name for name in members[:_MOST_TRIED] if _has_picture(group, name, folder)), None)
        if sample is None and not is_frame_name(members[0]):
            return names[:_MOST_CHILDREN]
        names = others
        tree.series.append(Series(path, tuple(members), sample))
        names.append(members[0] if sample is None else sample)
    if len(names) > _MOST_CHILDREN:
        tree.complete = False
        names = names[:_MOST_CHILDREN]
    return names


def _has_picture(group: h5py.Group, name: str, folder: Path) -> bool:
    """Whether a member of a series is a picture, or has one directly inside."""
    import h5py

    try:
        found = follow_link(group, name, folder)
        if isinstance(found, h5py.Dataset):
            return len(found.shape or ()) >= 2
        if not isinstance(found, h5py.Group):
            return False
        inside = [found.get(inner) for inner in list(found)[:_MOST_TRIED] if _is_hard(found, inner)]
        return any(isinstance(item, h5py.Dataset) and len(item.shape or ()) >= 2 for item in inside)
    except (LinkNotFollowed, OSError, RuntimeError, KeyError, ValueError, TypeError):
        return False


def _is_hard(group: h5py.Group, name: str) -> bool:
    import h5py

    return not isinstance(group.get(name, getlink=True), h5py.ExternalLink)


class LinkNotFollowed(Exception):
    """A link to another file that is not followed.

    Attributes:
        target: the other file as the link names it.
        outside: it lies outside the opened file's folder; otherwise it is missing.
    """

    def __init__(self, target: str, *, outside: bool) -> None:
        super().__init__(
            f"{target} lies outside the file's folder and is not followed" if outside else f"{target} is missing"
        )
        self.target = target
        self.outside = outside


def follow_link(group: h5py.Group, name: str, folder: Path) -> Any:
    """The object behind a link; None where h5py finds none.

    Args:
        group: where the link is.
        name: its name.
        folder: the opened file's folder, resolved.

    Raises:
        LinkNotFollowed: it leads to a file that is missing, or lies outside the folder.
        OSError, RuntimeError, KeyError, ValueError: the file is damaged.
    """
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        target = (folder / link.filename).resolve()
        if not target.is_relative_to(folder):
            raise LinkNotFollowed(link.filename, outside=True)
        if not target.exists():
            raise LinkNotFollowed(link.filename, outside=False)
    found = group.get(name)
    if found is not None and isinstance(link, h5py.SoftLink):
        # A soft link may lead through an external one further down.
        owner = Path(found.file.filename).resolve()
        if not owner.is_relative_to(folder):
            raise LinkNotFollowed(str(owner), outside=True)
    return found


def _follow(group: h5py.Group, name: str, full: str, folder: Path, tree: Tree) -> Any:
    """The object behind a link, or None where it leads nowhere or outside."""
    try:
        found = follow_link(group, name, folder)
    except LinkNotFollowed as link:
        tree.lost[full] = link.target
        if link.outside:
            tree.outside.append(f"{full} -> {link.target}")
        else:
            tree.broken.append(f"{full} -> {link.target} (missing)")
        return None
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        tree.broken.append(f"{full} ({error})")
        return None
    if found is None:
        tree.broken.append(full)
    return found


def _note_leaf(tree: Tree, seen: dict[Identity, Leaf], identity: Identity, full: str, dataset: h5py.Dataset) -> None:
    leaf = seen.get(identity)
    if leaf is None:
        try:
            shape, dtype = dataset.shape, dataset.dtype
        except (TypeError, ValueError, OSError, RuntimeError):  # a type numpy has no word for
            return
        if shape is None:
            return
        if why := why_unsafe(dataset):
            tree.refused.append(f"{full} ({why})")
            return
        leaf = seen[identity] = Leaf(path=full, shape=tuple(shape), dtype=number_type(dtype))
    leaf.aliases.append(full)
    tree.leaves[full] = leaf


def _identity(found: Any) -> Identity:
    import h5py

    info = h5py.h5o.get_info(found.id)
    return int(info.fileno), int(info.addr)
