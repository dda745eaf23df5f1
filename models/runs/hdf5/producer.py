"""Which program wrote an HDF5 file, as far as reading it right depends on that."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.runs.hdf5 import matlab, smalldata, spimage
from models.runs.hdf5.picture import AS_STORED, Picture
from models.runs.hdf5.values import READ_ERRORS, attribute, number
from models.runs.layout import parse_axes
from models.runs.masks import Convention

if TYPE_CHECKING:
    from collections.abc import Sequence

    import h5py

    from models.runs.hdf5.spimage import SpimageFile
    from models.runs.hdf5.tree import Leaf, Tree
    from models.runs.layout import FrameLayout


@dataclass(frozen=True)
class Producer:
    """Attributes:
    is_matlab: MATLAB wrote the file, with axes in the opposite order.
    spimage: what a file of libspimage says; None for other files.
    clock: the time stamps of an LCLS smalldata file; None for other files.
    """

    is_matlab: bool
    spimage: SpimageFile | None
    clock: Leaf | None

    @classmethod
    def of(cls, path: Path, file: h5py.File, tree: Tree) -> Producer:
        """Look at the marks that producers leave. Raises one of `READ_ERRORS` for damaged files."""
        image = spimage.read_spimage(file) if spimage.is_spimage(file) else None
        return cls(matlab.is_matlab(path), image, smalldata.clock_of(tree))

    def axes(self, dataset: h5py.Dataset) -> tuple[str, ...]:
        """Names of the dataset's axes, () where nobody named them."""
        named = parse_axes(attribute(dataset, "axes"))
        return matlab.axes_of(len(dataset.shape)) if self.is_matlab and not named else named

    def picture(self, file: h5py.File, tree: Tree, homes: Sequence[str], leaf: Leaf) -> Picture:
        """What the frames' pixels need."""
        if self.spimage is not None and self.spimage.path == leaf.path:
            return self.spimage.picture
        for home in homes:
            mark = tree.get(home, "is_fft_shifted")
            if mark is not None and mark.shape in ((), (1,)) and _is_set(file, mark):
                return Picture(shifted=True)
        return AS_STORED

    def mask_convention(self, tree: Tree, path: str, layout: FrameLayout, *, is_virtual: bool) -> Convention:
        """What the bits of masks beside the frames mean where the masks themselves do not tell.

        Args:
            tree: the file's datasets.
            path: that of the frames.
            layout: how the frames lie there.
            is_virtual: they are a virtual dataset. Stacks of modules in those come from European XFEL's EXtra-data.
        """
        if self.spimage is not None:
            return Convention.GOOD_IS_ONE
        cells = any(leaf.name == "cellId" for leaf in tree.datasets())
        euxfel = "/INSTRUMENT/" in path or (layout.modules is not None and (is_virtual or cells))
        return Convention.EUXFEL_BITS if euxfel else Convention.CXI_BITS


def _is_set(file: h5py.File, leaf: Leaf) -> bool:
    try:
        return bool(number(file[leaf.path]))
    except READ_ERRORS:
        return False
