"""NeXus: which dataset the file itself names as the one to plot (NXdata rules of the NeXus manual)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.runs.hdf5.tree import Leaf, Tree
from models.runs.hdf5.values import READ_ERRORS, attribute, text
from models.runs.layout import parse_axes
from models.runs.ranking import rate

if TYPE_CHECKING:
    import h5py

_DEEPEST = 8
_MOST_GROUPS = 500


def find_frames(file: h5py.File, tree: Tree) -> str | None:
    """The dataset at the end of the chain of `default` attributes; without one, the only NXdata group's signal.

    None where the file does not say, or what it names is not a picture.
    """
    group: h5py.Group = file["/"]
    for _ in range(_DEEPEST):
        name = text(attribute(group, "default"))
        if not name:
            break
        try:
            below = group[name]
        except READ_ERRORS:
            return None
        if not hasattr(below, "keys"):
            return None
        group = below
    if group.name not in (None, "/"):
        signal = _signal(group, tree)
        if signal is not None:
            return signal
    signals = {found.path: None for path in nxdata_groups(file, tree) if (found := _signal_leaf(file[path], tree))}
    return next(iter(signals)) if len(signals) == 1 else None


def nxdata_groups(file: h5py.File, tree: Tree) -> list[str]:
    """Paths of the file's NXdata groups."""
    found = []
    for path, aliases in list(tree.group_aliases.items())[:_MOST_GROUPS]:
        if path and path == aliases[0] and text(attribute(file[path], "NX_class")) == "NXdata":
            found.append(path)
    return found


def axis_names(file: h5py.File, leaf: Leaf) -> tuple[str, ...]:
    """Names of the datasets that are axes of `leaf`, in the order of its dimensions; empty where not told."""
    for alias in leaf.aliases:
        parent = file[alias.rsplit("/", 1)[0] or "/"]
        signal = text(attribute(parent, "signal"))
        if signal == alias.rsplit("/", 1)[-1]:
            return parse_axes(attribute(parent, "axes"))
    return parse_axes(attribute(file[leaf.path], "axes"))


def _signal(group: h5py.Group, tree: Tree) -> str | None:
    leaf = _signal_leaf(group, tree)
    return None if leaf is None else leaf.path


def _signal_leaf(group: h5py.Group, tree: Tree) -> Leaf | None:
    """The dataset that an NXdata group shows: named by the group, marked itself, or the only picture called data."""
    home = group.name or ""
    named = text(attribute(group, "signal"))
    leaf = tree.get(home, named) if named else None
    if leaf is None:
        inside = [tree.get(home, name) for name in group]
        pictures = [leaf for leaf in inside if leaf is not None and _is_picture(leaf)]
        marked = [leaf for leaf in pictures if _marked(group, leaf)]
        called = [leaf for leaf in pictures if leaf.name == "data"]
        leaf = next(iter(marked or called), None)
    return leaf if leaf is not None and _is_picture(leaf) else None


def _marked(group: h5py.Group, leaf: Leaf) -> bool:
    value = attribute(group.file[leaf.path], "signal")
    return text(value) == "1" or str(value) == "1"


def _is_picture(leaf: Leaf) -> bool:
    return rate(leaf.path, leaf.shape, leaf.dtype) is not None
