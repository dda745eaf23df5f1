"""Masks from files of other programs: what they hold, what their numbers may mean, and which pixels that masks out.

Polarities: CXI 1.6, European XFEL and NeXus bits (see `models.runs.mask_bits`); psana, Hawk and FXIhub write 1 for
good; Dragonfly's detector files and `.byt` have 0 good, 1 good but not used for orientation, 2 bad.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import CannotOpen
from models.masking.pixels import BadMask
from models.runs.mask_bits import Convention
from models.runs.masks import MASK_NAMES, MaskFault, decide, to_flags
from models.runs.types import BoolImage

SUFFIXES = (".npy", ".h5", ".hdf5", ".cxi", ".nxs", ".tif", ".tiff", ".byt")
NOTE_SUFFIX = ".json"
"""beside an exported NPY file: what it is"""
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_MOST_DATASETS = 2000


class Meaning(Enum):
    """What the numbers of a mask file mean."""

    GOOD_IS_ONE = "1 (True) is good, 0 bad"
    BAD_IS_ONE = "0 (False) is good, anything else bad"
    CXI_BITS = "CXI bits, 0 is good"
    NEXUS_BITS = "NeXus bits, 0 is good"
    EUXFEL_BITS = "European XFEL bits, 0 is good"
    DRAGONFLY = "Dragonfly: 2 is bad, 0 and 1 good"


@dataclass(frozen=True)
class ForeignMask:
    """A mask as a file has it.

    Attributes:
        path: the file. dataset: inside it, "" where the file is the array.
        values: (H, W), whole numbers or bool, as stored.
        meaning: what they were taken to mean.
        assumed: a sentence on how that was decided; "" where the file says so itself.
    """

    path: Path
    dataset: str
    values: npt.NDArray[Any]
    meaning: Meaning
    assumed: str

    @property
    def name(self) -> str:
        """For the list of steps."""
        return f"{self.path.name} {self.dataset}".strip()

    def covered(self, meaning: Meaning | None = None) -> BoolImage:
        """(H, W), True on the pixels that are masked out, if the numbers mean what `meaning` says."""
        meaning = meaning or self.meaning
        if meaning is Meaning.DRAGONFLY:
            bad: BoolImage = self.values.astype(np.int64) >= 2
            return bad
        masked: BoolImage = to_flags(self.values, Convention[meaning.name]) != 0
        return masked


def mask_datasets(path: Path, frame: tuple[int, int]) -> list[str]:
    """Datasets of an HDF5 file that could be a mask of (H, W) frames, the likeliest first; [""] for other files.

    Raises:
        CannotOpen: it cannot be read.
    """
    if not _is_hdf5(path):
        return [""]
    from models.files.h5 import READ_ERRORS

    found: list[tuple[bool, int, int, str]] = []
    try:
        import h5py

        with h5py.File(path, "r", locking=False) as file:

            def look(name: str, item: Any) -> bool | None:
                if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf" and _shows(item.shape, frame):
                    last = name.rsplit("/", 1)[-1].lower()
                    rank = MASK_NAMES.index(last) if last in MASK_NAMES else len(MASK_NAMES)
                    if rank == len(MASK_NAMES) and "mask" in last:
                        rank -= 1
                    found.append((len(item.shape) != 2, rank, len(found), name))
                return True if len(found) >= _MOST_DATASETS else None

            file.visititems(look)
            masks = [name for _, rank, _, name in sorted(found) if rank < len(MASK_NAMES)]
            others = [name for stack, rank, _, name in sorted(found) if rank == len(MASK_NAMES) and not stack]
    except READ_ERRORS as error:
        raise CannotOpen(f"The mask {path} cannot be read", cause=str(error)) from error
    return masks + others


def read_mask_file(path: Path, frame: tuple[int, int], dataset: str | None = None) -> ForeignMask:
    """A mask for frames of (H, W) pixels.

    Args:
        path: NPY, HDF5 (CXI, NeXus, CrystFEL's), TIFF, or `.byt`: one byte for each pixel.
        frame: the shape it has to have.
        dataset: which one of an HDF5 file; None for the likeliest. Of a stack the first frame's mask is taken.

    Raises:
        CannotOpen: it cannot be read.
        BadMask: it holds no mask, or one of another shape; both shapes are named.
    """
    dataset = dataset or ""
    known: Meaning | None = None
    assumed = ""
    if _is_hdf5(path):
        if not dataset:
            choices = mask_datasets(path, frame)
            if not choices:
                raise BadMask(f"{path.name} has no mask for these frames", cause=f"no dataset of it has {_of(frame)}")
            dataset = choices[0]
        values, known, assumed = _from_hdf5(path, dataset)
    elif path.suffix.lower() == ".byt":
        values, known = _from_bytes(path, frame), Meaning.DRAGONFLY
        assumed = "1 means “not used for orientation” in Dragonfly's masks: such pixels are used here"
    elif path.suffix.lower() in (".tif", ".tiff"):
        values, known = _from_tiff(path)
    else:
        values, known = _from_npy(path)
    while values.ndim > 2 and 1 in (values.shape[0], values.shape[-1]):
        values = values[0] if values.shape[0] == 1 else values[..., 0]
    if values.shape != frame:
        raise BadMask(
            f"The mask {path.name} does not fit", cause=f"it has {_of(values.shape)}, the frames {_of(frame)}"
        )
    try:
        convention, guess = decide(values, dataset.rsplit("/", 1)[-1] or path.stem)
        to_flags(values, convention)
    except MaskFault as fault:
        raise BadMask(f"{path.name} holds no mask", cause=str(fault)) from fault
    if known is None:
        known = Meaning[convention.name]
        assumed = assumed or guess or _guessed(values, known)
    return ForeignMask(path, dataset, values, known, assumed)


def _guessed(values: npt.NDArray[Any], meaning: Meaning) -> str:
    if not np.any(values):
        return "all of it is 0: taken as good"
    return f"taken as: {meaning.value}"


def _is_hdf5(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(8) == _HDF5_MAGIC
    except OSError as error:
        raise CannotOpen(f"The mask {path} cannot be read", cause=error.strerror or str(error)) from error


def _shows(shape: tuple[int, ...], frame: tuple[int, int]) -> bool:
    return shape == frame or (len(shape) == 3 and shape[1:] == frame and shape[0] > 0)


def _from_hdf5(path: Path, dataset: str) -> tuple[npt.NDArray[Any], Meaning | None, str]:
    import h5py

    from models.files.h5 import READ_ERRORS

    try:
        with h5py.File(path, "r", locking=False) as file:
            item = file[dataset]
            per_frame = item.ndim == 3 and item.shape[0] > 1
            values = item[0] if item.ndim == 3 else item[()]
            said = item.attrs.get("meaning", "")
    except READ_ERRORS as error:
        raise CannotOpen(f"The mask {dataset} of {path} cannot be read", cause=str(error)) from error
    note = "each frame has a mask of its own in that file: the first was taken" if per_frame else ""
    return np.asarray(values), _said(said), note


def _from_bytes(path: Path, frame: tuple[int, int]) -> npt.NDArray[np.uint8]:
    try:
        size, wanted = path.stat().st_size, frame[0] * frame[1]
        if size != wanted:
            raise BadMask(
                f"The mask {path.name} does not fit",
                cause=f"it has {size} bytes, one for each pixel, and the frames have {_of(frame)} ({wanted})",
            )
        return np.fromfile(path, np.uint8).reshape(frame)
    except OSError as error:
        raise CannotOpen(f"The mask {path} cannot be read", cause=error.strerror or str(error)) from error


def _from_tiff(path: Path) -> tuple[npt.NDArray[Any], Meaning | None]:
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages.first
            values, said = page.asarray(), page.description
    except (OSError, ValueError, IndexError, KeyError, RuntimeError, tifffile.TiffFileError) as error:
        raise CannotOpen(f"The mask {path} cannot be read", cause=str(error)) from error
    try:
        note = json.loads(said)
    except ValueError:
        return values, None
    return values, _said(note.get("meaning", "") if isinstance(note, dict) else "")


def _from_npy(path: Path) -> tuple[npt.NDArray[Any], Meaning | None]:
    try:
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise CannotOpen(f"The mask {path} cannot be read", cause=str(error)) from error
    if not isinstance(values, np.ndarray):
        raise CannotOpen(f"The mask {path} cannot be read", cause="it is an archive of several arrays")
    note = path.with_name(path.name + NOTE_SUFFIX)
    try:
        said = json.loads(note.read_bytes())
    except (OSError, ValueError):
        return values, None
    return values, _said(said.get("meaning", "") if isinstance(said, dict) else "")


def _said(word: object) -> Meaning | None:
    """The meaning that Friedel wrote with a mask it exported."""
    text = word.decode("utf-8", "replace") if isinstance(word, bytes) else word
    return Meaning[text] if isinstance(text, str) and text in Meaning.__members__ else None


def _of(shape: tuple[int, ...]) -> str:
    return "×".join(str(side) for side in shape) + " pixels"
