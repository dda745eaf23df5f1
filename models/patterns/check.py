"""Whether a pattern can be phased at all, and what makes its phasing doubtful."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.errors import BadPattern
from models.patterns.raw import by, count
from models.patterns.types import Pattern

LEAST_SIDE_PX = 8
"""An array with fewer pixels along an axis has no room for an object and the empty space around it."""
LEAST_MEASURED_PX = 32
LEAST_PHOTONS = 50.0
LITTLE_LIGHT_PHOTONS = 2000.0
MUCH_MASKED = 0.5
FINE_SHARE = 0.6
"""Share, of what it would be if speckles were one pixel wide, of the finest contrast in a pattern (periods below 16/7
pixels) from which the pattern is called undersampled. An object half as wide as the array leaves 0.1 to 0.6, one of
0.8 of its width 0.7 to 1, one of 0.45 at most 0.2."""
UNDERSAMPLED = "Undersampled"
"""How a sentence begins that says so: no result of such a pattern is more than a preview."""
_ALL_IN_ONE = 0.9999
_SMALLEST_TOP, _LARGEST_SUM = 1e-20, 1e30
"""Within these, squares of amplitudes and their products stay numbers in single precision."""
_BRIGHT_PHOTONS = 4.0
_BRIGHT_SHARE = 0.03
_INNERMOST_RING = 8
_LEAST_BRIGHT = 500
_LEAST_CONTRAST = 0.3
_ENOUGH_PX = {2: 1024, 3: 128}


def check_pattern(pattern: Pattern) -> tuple[str, ...]:
    """Refuse a pattern that cannot be phased; sentences on what is doubtful about one that can, the gravest first.

    Raises:
        BadPattern: fewer than two axes or too few pixels, nothing or next to nothing measured, no light or no
            contrast, values that are not finite, below 0, or beyond single precision.
    """
    intensity, measured = pattern.intensity, pattern.measured
    name = pattern.source or "the pattern"
    if intensity.ndim not in (2, 3):
        raise BadPattern(f"{name} has {intensity.ndim} axes", hint="give an image (2-D) or a volume (3-D)")
    if measured.shape != intensity.shape:
        raise BadPattern(
            f"{name} has {by(intensity.shape)} pixels and its mask {by(measured.shape)}", hint="give them one shape"
        )
    if min(intensity.shape) < LEAST_SIDE_PX:
        hint = "a pattern for phasing has tens of pixels or more along each side"
        if intensity.ndim == 3:
            hint += "; choose one frame (--frame I) if this is a stack of frames"
        raise BadPattern(
            f"{name} is too small to be phased",
            cause=f"it has {by(intensity.shape)} pixels, and {LEAST_SIDE_PX} along each side are the least",
            hint=hint,
        )
    known = int(np.count_nonzero(measured))
    if not known:
        raise BadPattern(
            f"nothing of {name} is measured",
            cause=_masked_because(pattern) or "every pixel is masked",
            hint="check the mask (True means measured) and the values",
        )
    if known < LEAST_MEASURED_PX:
        raise BadPattern(
            f"next to nothing of {name} is measured",
            cause=f"only {count(known)} of {by(intensity.shape)} are not masked",
            hint="check the mask (True means measured) and the values",
        )
    values = intensity[measured]
    odd = int(values.size - np.count_nonzero(np.isfinite(values)))
    if odd:
        raise BadPattern(
            f"{name} holds {count(odd)} that are not a number", hint="mask them: they count as not measured"
        )
    if float(values.min()) < 0:
        raise BadPattern(
            f"{name} holds {count(int((values < 0).sum()))} below 0", hint="set them to 0 or mask them first"
        )
    light = float(values.sum(dtype=np.float64))
    if light <= 0:
        raise BadPattern(
            f"{name} holds no light",
            cause="every measured pixel is 0",
            hint="choose another frame, or check the mask",
        )
    photons = pattern.unit == "photons"
    if photons and light < LEAST_PHOTONS:
        raise BadPattern(
            f"{name} is too dark to be phased",
            cause=f"it has {light:.3g} photons on its measured pixels",
            hint="choose a brighter frame, or check the value of one photon",
        )
    top = float(values.max())
    if not _SMALLEST_TOP <= top <= light <= _LARGEST_SUM:
        what, other = ("large", "divide") if light > _LARGEST_SUM else ("small", "multiply")
        raise BadPattern(
            f"the values of {name} are too {what} for single precision",
            cause=f"the largest is {top:.3g} and their sum {light:.3g}",
            hint=f"{other} them by a constant",
        )
    if float(values.min()) == top:
        raise BadPattern(
            f"{name} is the same everywhere",
            cause=f"every measured pixel is {top:.5g}: there is no diffraction in it",
            hint="choose another frame",
        )
    if top > _ALL_IN_ONE * light:
        raise BadPattern(
            f"all light of {name} is in one pixel",
            cause="there is no diffraction around it",
            hint="choose another frame; mask the pixel if it is a defect",
        )
    return _doubts(pattern, known, values, light)


def _doubts(pattern: Pattern, known: int, values: npt.NDArray[np.float32], light: float) -> tuple[str, ...]:
    said = list(undersampled(pattern))
    if known < MUCH_MASKED * pattern.measured.size:
        said.append(f"only {100 * known / pattern.measured.size:.2g} % of the pixels are measured")
    if pattern.unit == "photons" and light < LITTLE_LIGHT_PHOTONS:
        said.append(f"little light: {light:.0f} photons; expect to see the outline at best")
    top = float(values.max())
    flat = int(np.count_nonzero(values >= 0.999 * top))
    if flat > max(20, 1e-3 * known) and light > 2 * known:
        said.append(
            f"{count(flat)} within 0.1 % of the largest value ({top:.5g}): perhaps saturated; "
            "give the saturation level to leave them out"
        )
    return tuple(said)


def undersampled(pattern: Pattern) -> tuple[str, ...]:
    """A sentence where the pattern is undersampled, as far as its speckles tell; it begins with `UNDERSAMPLED`."""
    narrow = _fine_axes(pattern)
    if not narrow:
        return ()
    along = " and ".join(f"axis {axis}" for axis in narrow)
    return (
        f"{UNDERSAMPLED} along {along}: the finest contrast is as strong as the rest, so the object is wider than "
        "half of the array and phasing has no unique solution; bin less or measure from farther away.",
    )


def _masked_because(pattern: Pattern) -> str:
    """What the preparation said first of what it masked."""
    return next((step.words for step in pattern.steps if step.name == "mask"), "")


def _fine_axes(pattern: Pattern) -> list[int]:
    """The axes along which the speckles are narrower than two pixels, as far as the pattern's bright part tells.

    The spectrum of the intensity is the object's autocorrelation, twice as wide as the object; an object wider than
    half of the array reaches the array's edge with it. The contrast I/⟨I⟩ − 1, with ⟨I⟩ the ring's mean and 0 where
    nothing is known, is taken instead of I, so that neither the bright middle nor the beam stop's edge shows there.
    In photons the shot noise, white and of known size, is taken off. In other units only the brightest rings are
    looked at.
    """
    # The middle of a large pattern has the same speckles; the rest would only take time.
    enough = _ENOUGH_PX[pattern.intensity.ndim]
    middle = tuple(slice(max(0, n // 2 - enough // 2), n // 2 + (enough + 1) // 2) for n in pattern.shape)
    intensity, measured = pattern.intensity[middle], pattern.measured[middle]
    photons = pattern.unit == "photons"
    grids = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in intensity.shape)]
    ring = np.rint(np.sqrt(np.asarray(sum(np.square(grid) for grid in grids), np.float32))).astype(np.int32)
    pixels = np.bincount(ring[measured], minlength=int(ring.max()) + 1)
    mean = np.bincount(ring[measured], intensity[measured], minlength=len(pixels)) / np.maximum(pixels, 1)
    least = _BRIGHT_PHOTONS if photons else _BRIGHT_SHARE * float(mean[_INNERMOST_RING:].max(initial=0))
    # The innermost rings have too few pixels for a mean of their own.
    mean[:_INNERMOST_RING] = 0
    local = mean[ring].astype(np.float32)
    bright = measured & (local > least)
    number = int(bright.sum())
    if number < _LEAST_BRIGHT:
        return []
    contrast = np.where(bright, intensity / np.where(bright, local, 1) - 1, 0)
    noise = float((1 / local[bright]).sum(dtype=np.float64)) / intensity.size if photons else 0.0
    spectrum = np.square(np.abs(np.fft.fftn(contrast))) / intensity.size
    signal = float(spectrum.mean()) - noise
    if signal * intensity.size < _LEAST_CONTRAST * number:
        return []
    fine = []
    for axis, n in enumerate(intensity.shape):
        edge = np.abs(np.fft.fftfreq(n)) >= 7 / 16
        share = (float(np.compress(edge, spectrum, axis).mean()) - noise) / signal
        if share > FINE_SHARE:
            fine.append(axis)
    return fine
