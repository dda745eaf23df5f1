"""From patterns and objects to what is painted. Runs in the service and the workers: no Qt."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from app.phasing.records import AmplitudePicture
from models.display import Levels, Scaling, max_pool, to_unit
from models.display.picture import FIRST_VALUE, LAST_VALUE, MASKED, MASKED_HATCH
from models.patterns import Pattern
from models.phasing.types import Preview

LARGEST_SIDE_PX = 1024
"""pictures of amplitudes are pooled down to this"""
OBJECT_SIDE_PX = 512
"""crops of objects are decimated down to this"""
_VOLUME_SIDE_PX = 128
_NUMPY_PIXELS = 2**21
"""up to so many numpy transforms them sooner than torch is loaded, for which a result would be waited for"""
_MARGIN = 0.15


def measured_picture(pattern: Pattern) -> AmplitudePicture:
    """The measured amplitudes on a logarithmic scale, what was not measured hatched; the middle plane of a volume."""
    intensity, measured = middle_plane(pattern.intensity), middle_plane(pattern.measured)
    amplitude = np.sqrt(intensity)
    high = float(amplitude[measured].max(initial=0.0))
    levels = Levels(0.0, high if high > 0 else 1.0)
    pool = max(1, math.ceil(max(amplitude.shape) / LARGEST_SIDE_PX))
    indices = _indices(amplitude, levels)
    indices[~measured] = MASKED
    indices = max_pool(indices, pool)
    y, x = np.indices(indices.shape, sparse=True)
    hatched = (indices == MASKED) & ((((x + y) >> 1) & 1) == 1)
    indices[hatched] = MASKED_HATCH
    return AmplitudePicture(indices, pool, levels)


def calculated_picture(amplitude: npt.NDArray[np.floating], like: AmplitudePicture) -> AmplitudePicture:
    """Calculated amplitudes, centred, on the scale of the measured ones."""
    indices = max_pool(_indices(middle_plane(amplitude), like.levels), like.pool)
    return AmplitudePicture(indices, like.pool, like.levels)


def amplitude_of(values: npt.NDArray[np.complexfloating]) -> npt.NDArray[np.float32]:
    """|F| of a centred object, centred, orthonormal scale."""
    centred = np.fft.ifftshift(values)
    if values.size <= _NUMPY_PIXELS:
        spectrum = np.abs(np.fft.fftn(centred, norm="ortho"))
    else:
        import torch

        with torch.no_grad():
            spectrum = torch.fft.fftn(torch.from_numpy(centred), norm="ortho").abs().numpy()
    found: npt.NDArray[np.float32] = np.fft.fftshift(spectrum).astype(np.float32, copy=False)
    return found


def whole_object(preview: Preview, shape: tuple[int, ...]) -> npt.NDArray[np.complex64] | None:
    """The preview put back into its array, zero around it; None where it is decimated."""
    reach = [corner + size for corner, size in zip(preview.corner, preview.object.shape, strict=True)]
    if preview.step != 1 or any(far > size for far, size in zip(reach, shape, strict=True)):
        return None
    whole = np.zeros(shape, np.complex64)
    place = tuple(slice(c, c + n) for c, n in zip(preview.corner, preview.object.shape, strict=True))
    whole[place] = preview.object
    return whole


def cropped(values: npt.NDArray[np.complexfloating], support: npt.NDArray[np.bool_]) -> Preview:
    """The part of an object around its support, decimated where it is too large to be shown."""
    slices, corner, most = [], [], OBJECT_SIDE_PX if values.ndim == 2 else _VOLUME_SIDE_PX
    for axis, size in enumerate(values.shape):
        others = tuple(a for a in range(values.ndim) if a != axis)
        inside = np.flatnonzero(support.any(axis=others))
        first, last = (int(inside[0]), int(inside[-1])) if inside.size else (0, size - 1)
        margin = max(4, math.ceil(_MARGIN * (last - first + 1)))
        first, last = max(0, first - margin), min(size, last + 1 + margin)
        slices.append(slice(first, last))
        corner.append(first)
    crop = tuple(slices)
    step = max(1, math.ceil(max(part.stop - part.start for part in slices) / most))
    thin = (slice(None, None, step),) * values.ndim
    shown = np.ascontiguousarray(values[crop][thin].astype(np.complex64, copy=False))
    return Preview(shown, np.ascontiguousarray(support[crop][thin]), tuple(corner), step)


def middle_plane(array: npt.NDArray) -> npt.NDArray:  # type: ignore[type-arg]
    """A picture itself; of a volume the plane through its middle."""
    return array if array.ndim == 2 else array[array.shape[0] // 2]


def _indices(amplitude: npt.NDArray[np.floating], levels: Levels) -> npt.NDArray[np.uint8]:
    """FIRST_VALUE … LAST_VALUE on a logarithmic scale."""
    values = np.nan_to_num(amplitude.astype(np.float32, copy=False), nan=levels.low)
    places = to_unit(np.clip(values, np.float32(levels.low), np.float32(levels.high)), levels, Scaling.LOG)
    spread = np.asarray(places, np.float32) * (LAST_VALUE - FIRST_VALUE) + FIRST_VALUE + 0.5
    return np.clip(spread, FIRST_VALUE, LAST_VALUE + 0.5).astype(np.uint8)
