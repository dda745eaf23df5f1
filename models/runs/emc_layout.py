"""Frames from lists of photons: which shape the pixels of an EMC file make, by a detector file or by their number."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import AmbiguousRun, CannotOpen, DatasetCandidate
from models.runs.emc_detector import (
    MOST_PIXELS,
    Detector,
    DetectorFault,
    detector_files,
    grid_of,
    positions_px,
    read_detector,
)
from models.runs.masks import Convention, MaskOverride, MaskReading, read_mask
from models.runs.types import FlagImage, PixelFlag

DETECTOR, SHAPE = "detector:", "shape:"
"""How the dataset of a run of photons begins: what puts its pixels into a frame."""

KNOWN_SHAPES = {
    66_820: ((260, 257), "the LCLS pnCCD binned 4×4"),
    2_297_600: ((1480, 1552), "the CSPAD as Cheetah stores it"),
    2_162_688: ((5632, 384), "the ePix10k2M as psana stores it"),
    4_194_304: ((4096, 1024), "the Jungfrau 4M as Cheetah stores it"),
}
_MASK_SUFFIX = ".byt"
_MOST_OFFERED = 8
_LONGEST_SIDE_RATIO = 64.0


@dataclass(frozen=True)
class PhotonLayout:
    """How the pixels of an EMC file make a frame.

    Attributes:
        shape: (H, W).
        pixels: how many the file counts.
        dataset: text that gives the same layout again ("detector:det.h5", "shape:260x257").
        places: (pixels,) where each goes in the flattened frame; None where they are the frame, row by row.
        mask: (H, W) uint8 as Dragonfly writes it (0 good, 1 not for orientation, 2 bad), None where there is none.
        mask_name: the file that it is from.
        gaps: (H, W), True where the frame has no pixel; None where there is no such place.
        centre_px: (y, x) of the beam, None where unknown.
        notes: what was assumed, in sentences.
    """

    shape: tuple[int, int]
    pixels: int
    dataset: str
    places: npt.NDArray[np.intp] | None = None
    mask: npt.NDArray[np.uint8] | None = None
    mask_name: str = ""
    gaps: npt.NDArray[np.bool_] | None = None
    centre_px: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """8 hex digits that tell apart where pixels are put."""
        places = b"" if self.places is None else self.places.astype("<i8").tobytes()
        return f"{zlib.crc32(places, zlib.crc32(str(self.shape).encode())):08x}"

    def flags(self, override: MaskOverride) -> tuple[FlagImage | None, tuple[MaskReading, ...]]:
        """(H, W) `PixelFlag` bits of every frame, None where all pixels are good; and how the mask was read."""
        flags: FlagImage | None = None
        readings: tuple[MaskReading, ...] = ()
        if self.mask is not None:
            flags, reading = read_mask(self.mask, self.mask_name, Convention.DRAGONFLY_BITS, override)
            readings = (reading,)
        if self.gaps is not None:
            flags = np.zeros(self.shape, np.uint8) if flags is None else flags
            flags[self.gaps] = PixelFlag.MISSING
        return flags, readings

    def sparse(self, *photons: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32] | int]) -> npt.NDArray[np.int32]:
        """(H, W) int32 from pairs of pixel numbers and how many photons they hold. Raises IndexError."""
        frame = np.zeros(self.shape[0] * self.shape[1], np.int32)
        for pixels, counts in photons:
            if pixels.size and not 0 <= int(pixels.min()) <= int(pixels.max()) < self.pixels:
                worst = int(pixels.max()) if int(pixels.max()) >= self.pixels else int(pixels.min())
                raise IndexError(f"it names pixel {worst} of a detector with {self.pixels}")
            np.add.at(frame, pixels if self.places is None else self.places[pixels], counts)
        return frame.reshape(self.shape)

    def dense(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(H, W) from a value for each pixel."""
        if self.places is None:
            return values.reshape(self.shape)
        frame = np.zeros(self.shape[0] * self.shape[1], values.dtype)
        np.add.at(frame, self.places, values)
        return frame.reshape(self.shape)


def photon_layout(path: Path, frames: int, pixels: int, dataset: str | None) -> PhotonLayout:
    """The layout for a file of `frames` frames with `pixels` pixels.

    Args:
        path: the file; a detector file is looked for beside it.
        frames, pixels: as the file says.
        dataset: "detector:FILE" or "shape:HxW" where the user has chosen.

    Raises:
        CannotOpen: the number of pixels makes no frame, or what was chosen does not fit it.
        AmbiguousRun: several detector files or shapes would fit.
    """
    if not 0 < pixels <= MOST_PIXELS:
        raise CannotOpen(
            f"{path} cannot be opened",
            cause=f"its header claims {pixels} pixels for each frame",
            hint="The header is damaged: copy the file again from its origin",
        )
    if dataset is not None and dataset.startswith(DETECTOR):
        return _chosen_detector(path, pixels, dataset.removeprefix(DETECTOR))
    if dataset is not None:
        return _with_mask_beside(path, _chosen_shape(path, pixels, dataset))
    notes: list[str] = []
    fitting: list[PhotonLayout] = []
    for file in detector_files(path.parent, pixels):
        try:
            fitting.append(_by_detector(file.name, read_detector(file)))
        except (DetectorFault, OSError) as error:
            notes.append(f"The detector file {file.name} is not used: {error}")
    if len(fitting) > 1 and not all(_same(fitting[0], other) for other in fitting[1:]):
        raise AmbiguousRun(
            f"{path} has {len(fitting)} detector files beside it that fit",
            cause="they put its pixels to different places or mask different ones",
            hint="Choose the one that it was made with",
            candidates=[_candidate(layout, frames, "a detector file beside it") for layout in fitting],
        )
    layout = fitting[0] if fitting else _with_mask_beside(path, _by_number(path, frames, pixels, notes))
    return replace(layout, notes=(*notes, *layout.notes))


def _chosen_detector(path: Path, pixels: int, name: str) -> PhotonLayout:
    file = path.parent / Path(name).expanduser()
    what = f"{path} cannot be opened with the detector file {name}"
    try:
        detector = read_detector(file)
        if detector.mask.size != pixels:
            raise CannotOpen(
                what,
                cause=f"that has {detector.mask.size} pixels, and the frames have {pixels}",
                hint="Choose the detector file that the frames were made with",
            )
        return _by_detector(name, detector)
    except OSError as error:
        raise CannotOpen(what, cause=error.strerror or str(error), hint="Check its name and place") from error
    except DetectorFault as error:
        raise CannotOpen(what, cause=str(error), hint="Choose another detector file") from error


def _by_detector(name: str, detector: Detector) -> PhotonLayout:
    positions, notes = positions_px(detector)
    grid = grid_of(positions)
    count = grid.shape[0] * grid.shape[1]
    gaps = np.ones(count, np.bool_)
    gaps[grid.places] = False
    mask = np.zeros(count, np.uint8)
    np.bitwise_or.at(mask, grid.places, detector.mask)
    far = "" if detector.distance_px is None else f", {detector.distance_px:.6g} pixels from the sample"
    told = [f"Pixels lie where the detector file {name} puts them{far}", *notes]
    if unoriented := int(np.count_nonzero(detector.mask == 1)):
        told.append(
            f"{unoriented} pixels are marked in {name} as not to be used for orientation: "
            "their photons are good and are used"
        )
    if grid.shared:
        told.append(f"{grid.shared} pixels share their place with another: their photons are added")
    return PhotonLayout(
        shape=grid.shape,
        pixels=detector.mask.size,
        dataset=DETECTOR + name,
        places=None if np.array_equal(grid.places, np.arange(count)) else grid.places,
        mask=mask.reshape(grid.shape),
        mask_name=name,
        gaps=gaps.reshape(grid.shape) if gaps.any() else None,
        centre_px=grid.centre_px,
        notes=tuple(told),
    )


def _chosen_shape(path: Path, pixels: int, dataset: str) -> PhotonLayout:
    found = re.fullmatch(rf"{SHAPE}([0-9]{{1,6}})[x×]([0-9]{{1,6}})", dataset)
    if not found:
        raise CannotOpen(
            f"{path} cannot be opened as {dataset!r}",
            cause="its frames are lists of photons, not a dataset",
            hint="Name the detector file (detector:det.h5) or the shape (shape:260x257), or neither",
        )
    shape = int(found[1]), int(found[2])
    if shape[0] * shape[1] != pixels:
        raise CannotOpen(
            f"{path} cannot be opened with frames of {shape[0]}×{shape[1]}",
            cause=f"its frames have {pixels} pixels, not {shape[0] * shape[1]}",
            hint="Choose another shape, or put the detector file (det*.h5 or det*.dat) beside it",
        )
    return _plain(shape, pixels)


def _by_number(path: Path, frames: int, pixels: int, faults: Sequence[str]) -> PhotonLayout:
    """The shape that the number of pixels suggests, said to be a guess; `faults` are of detector files beside."""
    side = math.isqrt(pixels)
    if pixels in KNOWN_SHAPES:
        shape, whose = KNOWN_SHAPES[pixels]
        why = f"that of {whose}"
    elif side * side == pixels:
        shape, why = (side, side), "a square"
    else:
        offered = [_plain(shape, pixels) for shape in _rectangles(pixels)]
        cause = f"its frames are lists of {pixels} pixels without a shape, and no detector file is beside it"
        if faults:
            cause = f"its frames are lists of {pixels} pixels without a shape. {faults[0]}"
        hint = f"Put the detector file (det*.h5 or det*.dat, with {pixels} pixels) beside it"
        if not offered:
            raise CannotOpen(f"{path} cannot be opened", cause=cause, hint=hint)
        raise AmbiguousRun(
            f"{path} does not say which shape its frames have",
            cause=cause,
            hint=f"{hint}, or choose one of the shapes (--dataset {SHAPE}HEIGHTxWIDTH)",
            candidates=[_candidate(layout, frames, "as many pixels") for layout in offered],
        )
    return _plain(
        shape,
        pixels,
        f"No detector file (det*.h5 or det*.dat) with {pixels} pixels is beside the file: frames are taken to be "
        f"{shape[0]}×{shape[1]}, {why}",
    )


def _with_mask_beside(path: Path, layout: PhotonLayout) -> PhotonLayout:
    """The layout with Dragonfly's mask file, one byte per pixel, where exactly one of that length is beside."""
    try:
        fitting = [
            entry
            for entry in path.parent.glob(f"*{_MASK_SUFFIX}")
            if entry.is_file() and entry.stat().st_size == layout.pixels
        ]
        if len(fitting) != 1:
            return layout
        mask = np.frombuffer(fitting[0].read_bytes(), np.uint8)
    except OSError:
        return layout
    if mask.size != layout.pixels or mask.max() > 2:
        return layout
    note = f"The mask {fitting[0].name} is used: {np.count_nonzero(mask == 2)} pixels are bad (2)"
    if unoriented := int(np.count_nonzero(mask == 1)):
        note += f"; {unoriented} are not for orientation (1), but good"
    return replace(layout, mask=mask.reshape(layout.shape), mask_name=fitting[0].name, notes=(*layout.notes, note))


def _rectangles(pixels: int) -> list[tuple[int, int]]:
    """Shapes with this many pixels, the nearest to a square first, each lying and standing."""
    found: list[tuple[int, int]] = []
    for short in range(math.isqrt(pixels), 0, -1):
        long = pixels // short
        if long > _LONGEST_SIDE_RATIO * short or len(found) >= _MOST_OFFERED:
            break
        if short * long == pixels:
            found += [(long, short), (short, long)]
    return found


def _plain(shape: tuple[int, int], pixels: int, *notes: str) -> PhotonLayout:
    return PhotonLayout(shape=shape, pixels=pixels, dataset=f"{SHAPE}{shape[0]}x{shape[1]}", notes=notes)


def _same(one: PhotonLayout, other: PhotonLayout) -> bool:
    return one.shape == other.shape and _equal(one.places, other.places) and _equal(one.mask, other.mask)


def _equal(one: npt.NDArray[Any] | None, other: npt.NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _candidate(layout: PhotonLayout, frames: int, why: str) -> DatasetCandidate:
    shape = layout.shape
    return DatasetCandidate(layout.dataset, (frames, *shape), "photons", -abs(math.log(shape[0] / shape[1])), why)
