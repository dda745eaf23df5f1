"""The offset that pixels read out together share in one frame: it comes off before photons are counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.calibration.settings import ASIC, COLUMN, FRAME, ROW, CalibrationSettings
from models.calibration.zero_peak import FEWEST, zero_peaks
from models.errors import BadParameter
from models.runs.types import BoolImage, FloatImage

_ENOUGH_PIXELS = 1 << 15
"""of a group: their peak is known to a hundredth of the noise"""


@dataclass(frozen=True)
class CommonModeResult:
    """What was taken off one frame.

    Attributes:
        values: (H, W) float32 without the offsets.
        offsets: (G,) float32, 0 where none was taken off.
        without: groups that stay as they are: no pixel without a photon was found, or the offset was not believed.
        groups: groups with enough usable pixels to look for the offset.
    """

    values: FloatImage
    offsets: npt.NDArray[np.float32]
    without: int
    groups: int


@dataclass(frozen=True)
class CommonMode:
    """Common mode of frames (H, W) cut into blocks of one ASIC each, from the frame's first pixel on.

    Attributes:
        kind: "row", "column", "asic" or "frame".
        block: (height, width) of an ASIC, px. The frame's last blocks may be cut.
        limit: values above it have no say; None for no limit beside the noise.
        largest: larger offsets are not taken off; None for any.
    """

    kind: str
    block: tuple[int, int]
    limit: float | None = None
    largest: float | None = None

    def take_off(self, values: FloatImage, usable: BoolImage) -> CommonModeResult:
        """Take the offsets off.

        The offset of a group is the position of its zero peak (`zero_peak`); a group without one keeps its values.

        Args:
            values: (H, W) float32, the pedestal taken off.
            usable: (H, W), True for pixels that may have a say; those must be finite.
        """
        heard = usable if self.limit is None else usable & (values <= self.limit)
        rows, columns = self._counts(values.shape)
        kept = np.full((rows * self.block[0], columns * self.block[1]), np.inf, np.float32)
        np.copyto(kept[: values.shape[0], : values.shape[1]], values, where=heard)
        groups = self._groups(kept)
        if groups.shape[1] > 2 * _ENOUGH_PIXELS:  # an odd step, so that no column is left out
            groups = np.ascontiguousarray(groups[:, :: groups.shape[1] // _ENOUGH_PIXELS | 1])
        peaks = zero_peaks(groups)
        taken = peaks.found
        if self.largest is not None:
            taken = taken & (np.abs(np.where(taken, peaks.position, 0)) <= self.largest)
        offsets = np.where(taken, peaks.position, 0).astype(np.float32)
        with np.errstate(invalid="ignore"):
            corrected = self._without(values, offsets)
        return CommonModeResult(corrected, offsets, peaks.tried - int(np.count_nonzero(taken)), peaks.tried)

    def _counts(self, shape: tuple[int, ...]) -> tuple[int, int]:
        return -(-shape[0] // self.block[0]), -(-shape[1] // self.block[1])

    def _groups(self, whole: FloatImage) -> npt.NDArray[np.float32]:
        """(G, n): the pixels of one group a row, of a frame of whole blocks; its memory is used where that can be."""
        rows, columns = self._counts(whole.shape)
        height, width = self.block
        blocks = whole.reshape(rows, height, columns, width)
        if self.kind == ROW:
            return blocks.reshape(-1, width)
        if self.kind == COLUMN:
            return np.ascontiguousarray(blocks.transpose(0, 2, 3, 1)).reshape(-1, height)
        return np.ascontiguousarray(blocks.transpose(0, 2, 1, 3)).reshape(rows * columns, -1)

    def _without(self, values: FloatImage, offsets: npt.NDArray[np.float32]) -> FloatImage:
        """(H, W) values less the offset of each pixel's group."""
        rows, columns = self._counts(values.shape)
        height, width = self.block
        by_block = {
            ROW: (rows, height, columns, 1),
            COLUMN: (rows, 1, columns, width),
        }.get(self.kind, (rows, 1, columns, 1))
        each = offsets.reshape(by_block)
        if values.shape == (rows * height, columns * width):
            found: FloatImage = (values.reshape(rows, height, columns, width) - each).reshape(values.shape)
            return found
        picture = np.broadcast_to(each, (rows, height, columns, width)).reshape(rows * height, columns * width)
        return values - picture[: values.shape[0], : values.shape[1]]


def make_common_mode(
    settings: CalibrationSettings, shape: tuple[int, int], module: tuple[int, int] | None = None
) -> CommonMode:
    """The common mode that settings ask for, on frames of `shape` (H, W).

    Args:
        module: (height, width) of one module, where frames are modules laid out on a grid; it is the ASIC's size
            where the settings give none.

    Raises:
        BadParameter: the ASIC does not fit; both sizes are named.
    """
    whole = module or shape
    if settings.common_mode == FRAME:
        block = shape
    else:
        block = (settings.asic_height_px or whole[0], settings.asic_width_px or whole[1])
    described = f"an ASIC of {block[0]}×{block[1]} pixels"
    if block[0] > whole[0] or block[1] > whole[1]:
        raise BadParameter(
            f"{described} does not fit",
            cause=f"{'a module' if module else 'the frame'} has {whole[0]}×{whole[1]} pixels",
            hint="Give the ASIC's height and width in the pixels of the frame",
        )
    if module and settings.common_mode != FRAME and (whole[0] % block[0] or whole[1] % block[1]):
        raise BadParameter(
            f"{described} does not fit",
            cause=f"a module of {whole[0]}×{whole[1]} pixels is no whole number of them",
            hint="Give the ASIC's height and width in the pixels of a module",
        )
    sizes = {ROW: block[1], COLUMN: block[0], ASIC: block[0] * block[1], FRAME: shape[0] * shape[1]}
    if sizes[settings.common_mode] < FEWEST:
        raise BadParameter(
            f"{sizes[settings.common_mode]} pixels are too few to share one offset",
            cause=f"at least {FEWEST} are needed to see where their zero lies",
            hint="Choose another common mode, or a larger ASIC",
        )
    return CommonMode(settings.common_mode, block, settings.common_mode_limit, settings.common_mode_largest)
