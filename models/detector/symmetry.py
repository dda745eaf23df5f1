"""Where the direct beam is, from the pattern's own symmetry.

Friedel's law makes the intensities of a weak scatterer at small angles symmetric about the beam, I(q) = I(−q), so the
frame (better: the mean of many) agrees best with its rotation by 180° about the beam.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.runs.types import BoolImage


@dataclass(frozen=True, slots=True)
class CentreEstimate:
    """The centre of symmetry of a frame.

    Attributes:
        centre_px: (y, x), pixel centres at whole numbers.
        correlation: of the pixels with their mirror images there, −1 … 1; 1 is perfect symmetry. Low values mean
            that the estimate is not to be trusted.
        pixels: usable pixels whose mirror image is usable too, and on the detector.
    """

    centre_px: tuple[float, float]
    correlation: float
    pixels: int


def estimate_centre(
    frame: npt.NDArray[Any],
    valid: BoolImage,
    guess: tuple[float, float] | None = None,
    search_px: float = 20.0,
    least_overlap: float = 0.2,
) -> CentreEstimate:
    """The centre about which `frame` is most symmetric under rotation by 180°.

    With the mask m and f = √(frame) where valid, Pearson's correlation between f(x) and f(s − x) over the pixels
    where both are valid is, for every s = 2 × centre at once,

        (f⊛f − S²/N) / (Q − S²/N),   N = m⊛m,  S = f⊛m,  Q = f²⊛m   (⊛ convolution, by FFT),

    the masked normalised correlation of Padfield (IEEE Trans. Image Process. 21 (2012) 2706) in the special case of
    an image with itself. The maximum is refined by a parabola; the square root keeps the brightest pixels from
    deciding alone.

    Args:
        frame: (H, W) values; negative ones count as 0.
        valid: (H, W), True = use.
        guess: (y, x) to search around; None for the middle of the frame.
        search_px: farthest the centre may be from `guess` along y and x.
        least_overlap: a centre needs this share of the valid pixels to have a valid mirror image.

    Raises:
        BadParameter: for shapes that differ, or where no centre in the range leaves enough pixels to compare.
    """
    if frame.shape != valid.shape or frame.ndim != 2:
        raise BadParameter(f"frame {frame.shape} and mask {valid.shape} must be images of one shape")
    height, width = frame.shape
    size = (2 * height, 2 * width)
    m = (valid & np.isfinite(frame)).astype(np.float64)
    f = np.sqrt(np.clip(np.where(m > 0, frame, 0), 0, None)).astype(np.float64)
    # The mean is taken off before, which leaves the correlation as it is and the sums below with all their digits.
    f = (f - f.sum() / max(m.sum(), 1.0)) * m
    m_hat, f_hat, square_hat = (np.fft.rfft2(image, size) for image in (m, f, f * f))
    n = np.rint(np.fft.irfft2(m_hat * m_hat, size))
    s = np.fft.irfft2(f_hat * m_hat, size)
    both = np.fft.irfft2(f_hat * f_hat, size)
    q = np.fft.irfft2(square_hat * m_hat, size)

    gy, gx = ((height - 1) / 2, (width - 1) / 2) if guess is None else guess
    near_y = np.abs(np.arange(size[0]) / 2 - gy) <= search_px
    near_x = np.abs(np.arange(size[1]) / 2 - gx) <= search_px
    allowed = near_y[:, None] & near_x[None, :] & (n >= max(16.0, least_overlap * float(m.sum())))
    pairs = np.maximum(n, 1)
    variance = q - s * s / pairs
    allowed &= variance > 1e-9 * max(float((f * f).sum()), 1e-30)
    if not allowed.any():
        raise BadParameter(
            "the centre cannot be estimated",
            cause="no centre in the search range has enough usable pixels on both sides, or the frame is flat",
            hint="search farther, give another guess, or use a frame with more signal",
        )
    score = np.where(allowed, (both - s * s / pairs) / np.where(allowed, variance, 1), -np.inf)
    y, x = np.unravel_index(int(score.argmax()), score.shape)
    centre = ((y + _peak_offset(score[:, x], int(y))) / 2, (x + _peak_offset(score[y], int(x))) / 2)
    return CentreEstimate((float(centre[0]), float(centre[1])), float(np.clip(score[y, x], -1, 1)), int(n[y, x]))


def _peak_offset(line: npt.NDArray[np.float64], at: int) -> float:
    """Where between −½ and ½ the parabola through the peak and its two neighbours has its top."""
    if not 0 < at < len(line) - 1:
        return 0.0
    before, top, after = line[at - 1 : at + 2]
    if not (np.isfinite(before) and np.isfinite(after)):
        return 0.0
    curvature = before - 2 * top + after
    return float(np.clip((before - after) / (2 * curvature), -0.5, 0.5)) if curvature < 0 else 0.0
