"""CXI files (F. Maia, "The Coherent X-ray Imaging Data Bank", Nature Methods 9, 854; specification 1.6): where the
frames are. Covers what Cheetah, psocake, hummingbird, OM and EXtra-data write."""

from __future__ import annotations

import re

from models.errors import CannotOpen
from models.runs.hdf5.tree import Leaf, Tree
from models.runs.ranking import rate

_ENTRY = re.compile(r"^/entry_\d+$")
_DATA = re.compile(r"^/entry_(\d+)/data_(\d+)/data$")
_DETECTOR = re.compile(r"^/entry_(\d+)/instrument_\d+/detector_(\d+)/data$")
_IMAGE = re.compile(r"^/entry_(\d+)/image_(\d+)/data$")

_COUNTS = re.compile(r"/photon_?counts?$", re.IGNORECASE)
"""Frames that were converted to photons and put beside CXI's own, as in CXIDB 58."""

Place = tuple[int, int, int]


def is_cxi(tree: Tree) -> bool:
    """Whether the file is laid out as CXI. The version number is often absent, so the entry decides."""
    return any(_ENTRY.match(path) for path in tree.group_aliases)


def find_frames(tree: Tree, file_name: str) -> tuple[str, tuple[str, ...]]:
    """The dataset that CXI puts first, and sentences on what else there is.

    The data groups of the first entry come before detectors and images, as the specification has it.

    Raises:
        CannotOpen: the entries hold no frames.
    """
    places: list[tuple[Place, str, Leaf]] = []
    for leaf in tree.datasets():
        if rate(leaf.path, leaf.shape, leaf.dtype) is None and 0 not in leaf.shape:
            continue
        named = [(place, alias) for alias in leaf.aliases if (place := _place(alias, leaf)) is not None]
        if named:
            places.append((*min(named), leaf))
    if not places:
        broken = [link for link in tree.broken if _DATA.match(link.split(" ")[0])]
        cause = "the CXI entries have no data" if not broken else f"the link to its frames leads nowhere: {broken[0]}"
        raise CannotOpen(
            f"{file_name} holds no frames", cause=cause, hint="Linked files must lie in the same folder as this one"
        )
    places.sort(key=lambda item: item[0])
    _, chosen, first = places[0]
    counted = [leaf for leaf in tree.datasets() if _COUNTS.search(leaf.path) and len(leaf.shape) > 2]
    places += [((0, 9, 0), leaf.path, leaf) for leaf in counted if all(leaf is not known for *_, known in places)]
    others = [f"{path} ({'×'.join(map(str, leaf.shape))})" for _, path, leaf in places[1:] if leaf is not first]
    notes: tuple[str, ...] = ()
    if others:
        notes = (f"{chosen} is shown; the file also holds {', '.join(others[:6])}: choose one by its dataset path",)
    return chosen, notes


def _place(path: str, leaf: Leaf) -> Place | None:
    """(entry, rank of the kind of group, number): smaller comes first."""
    if match := _DATA.match(path):
        return int(match[1]), 0, int(match[2])
    if match := _DETECTOR.match(path):
        # Without a data group, a file's assembled image comes before its separate modules.
        return int(match[1]), 3 if len(leaf.shape) > 3 else 1, int(match[2])
    if match := _IMAGE.match(path):
        return int(match[1]), 2, int(match[2])
    return None
