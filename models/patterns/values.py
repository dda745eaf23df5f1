"""What happens to the values of a pattern: background, photons, negative values."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.patterns.raw import BoolArray, FloatArray, by, count
from models.patterns.types import Step

_LEAST_IN_PEAK = 200
_LEAST_PROMINENCE = 1.5
_DEEP_VALLEY = 0.5
_LEAST_SIGMAS = 6.0
_PEAK_FROM = 3.0
_FARTHEST_PEAK = 1000.0


def take_off_radial(
    values: FloatArray, valid: BoolArray, centre: tuple[float, ...], percentile: float
) -> tuple[FloatArray, Step]:
    """Take a percentile of each ring off the ring: rings one pixel wide about the beam, of valid pixels only.

    What is the same all around at one |q| (air, solvent, dark level) is at most as large as the darkest part of the
    ring. The percentile is no unbiased estimate of it: at 10 % it takes some signal where speckles leave no gaps.
    """
    grids = np.ogrid[tuple(slice(0, n) for n in values.shape)]
    squares = sum((grid - c) ** 2 for grid, c in zip(grids, centre, strict=True))
    ring = np.rint(np.sqrt(squares)).astype(np.int64)
    inside = np.flatnonzero(valid)
    if not inside.size:
        return values, Step("background", "no measured pixel, so no background was taken off")
    order = inside[np.argsort(ring.ravel()[inside], kind="stable")]
    rings, first = np.unique(ring.ravel()[order], return_index=True)
    flat = values.ravel()
    level = np.zeros(int(rings[-1]) + 1, np.float32)
    for number, members in zip(rings, np.split(order, first[1:]), strict=True):
        level[number] = np.percentile(flat[members], percentile)
    taken = np.where(valid, level[np.minimum(ring, len(level) - 1)], 0).astype(np.float32)
    words = (
        f"{percentile:g} % percentile of each ring taken off: {level[rings].min():.4g} … {level[rings].max():.4g} "
        f"per pixel, {_share(taken, values, valid)} of the sum"
    )
    kept = {"kind": "radial", "percentile": percentile, "largest": float(level[rings].max())}
    return values - taken, Step("background", words, kept)


def take_off_given(
    values: FloatArray, valid: BoolArray, background: npt.ArrayLike
) -> tuple[FloatArray, BoolArray, Step]:
    """Take a picture off; pixels where it is not finite are not measured any more.

    Raises:
        BadParameter: it has another shape than the frame.
    """
    picture = np.asarray(background, np.float32)
    if picture.shape != values.shape:
        raise BadParameter(
            f"the background has shape {by(picture.shape)} and the frame {by(values.shape)}",
            hint="give a background of the frame's shape, in the frame's units",
        )
    finite = np.isfinite(picture)
    lost = int((valid & ~finite).sum())
    valid = valid & finite
    taken = np.where(finite, picture, 0)
    words = f"given background taken off, {_share(taken, values, valid)} of the sum"
    words += f"; {count(lost)} where it is not a number not measured" if lost else ""
    return values - taken, valid, Step("background", words, {"kind": "given"})


def _share(taken: FloatArray, values: FloatArray, valid: BoolArray) -> str:
    total = float(values[valid].sum(dtype=np.float64))
    return f"{100 * float(taken[valid].sum(dtype=np.float64)) / total:.3g} %" if total > 0 else "all"


def value_of_a_photon(values: npt.NDArray[np.floating], valid: BoolArray) -> float | None:
    """Where the single-photon peak of the histogram is, in the values' units; None where there is no clear one.

    An integrating detector's values lie about 0 (no photon) and about one photon's value, with a gap between: the
    histogram has its top at no photon, and the next peak beyond the noise is one photon. Photons only add, so what
    lies below the top tells the noise. It takes a frame where most pixels have no photon.
    """
    sample = values[valid]
    if sample.size < 10 * _LEAST_IN_PEAK:
        return None
    low, middle, high = np.percentile(sample, (0.1, 50.0, 99.9))
    if not low < middle < high:
        return None
    # The top is looked for where half of the values are, with bins as fine as the number of values allows.
    coarse, edges = np.histogram(sample, np.linspace(low, 2 * middle - low, 101))
    top = int(np.convolve(coarse, np.ones(5), mode="same").argmax())
    dark = float(edges[top] + edges[top + 1]) / 2
    below = sample[sample < dark]
    noise = float(np.sqrt(np.mean(np.square(below - dark, dtype=np.float64)))) if below.size > _LEAST_IN_PEAK else 0.0
    if noise <= 0:
        return None
    last = min(float(high) - dark, _FARTHEST_PEAK * noise)
    if last < 5 * noise:
        return None
    width = noise / 4
    if not (sample % 1).any():  # whole numbers fall into bins of whole width, or the histogram would have a comb
        width, dark = max(1.0, float(round(width))), float(round(dark)) - 0.5
    bins = np.histogram(sample - dark, np.arange(0, last, width))[0].astype(np.float64)
    window = np.hanning(9)
    smooth = np.convolve(bins, window / window.sum(), mode="same")
    least_sure = _LEAST_SIGMAS / np.sqrt(window.sum())
    for at in range(int(_PEAK_FROM * noise / width), len(smooth) - 4):
        top_here, valley = float(smooth[at]), float(smooth[:at].min())
        if top_here < smooth[max(0, at - 8) : at + 9].max() or bins[max(0, at - 8) : at + 9].sum() < _LEAST_IN_PEAK:
            continue
        sure = top_here - valley > least_sure * np.sqrt(top_here + valley)
        if sure and top_here > _LEAST_PROMINENCE * max(valley, 1.0) and valley < _DEEP_VALLEY * smooth[:8].max():
            return float((at + 0.5) * width)
    return None


def to_photons(values: FloatArray, adu_per_photon: float, how: str) -> tuple[FloatArray, Step]:
    """Divide by the value of one photon. Values stay fractional: rounding would hide the detector's noise."""
    words = f"divided by {adu_per_photon:.5g} per photon ({how}); not rounded to whole photons"
    return values / np.float32(adu_per_photon), Step("photons", words, {"adu_per_photon": adu_per_photon})


def clip_negative(values: FloatArray, valid: BoolArray, unit: str) -> tuple[FloatArray, Step | None]:
    """Set what is negative to 0, and say how much that is."""
    below = valid & (values < 0)
    pixels = int(below.sum())
    if not pixels:
        return values, None
    lost = float(-values[below].sum(dtype=np.float64))
    unit = "photons" if unit == "photons" else "in stored values"
    words = f"{count(pixels)} below 0 set to 0 ({100 * pixels / max(int(valid.sum()), 1):.3g} % of the measured; "
    words += f"{lost:.4g} {unit} in all)"
    return np.where(below, 0, values).astype(np.float32), Step("negative", words, {"pixels": pixels, "sum": -lost})
