"""Making a frame smaller without losing single photons."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", bound=np.generic)


def max_pool(image: npt.NDArray[Number], factor: float) -> npt.NDArray[Number]:
    """The largest value of every `factor` × `factor` block.

    With a factor that is not whole, blocks differ by a pixel in size; every pixel is in exactly one block, so that
    none is lost and none is seen twice.

    Args:
        image: (H, W), any ordered dtype; not changed. NaN wins over numbers, so give finite values.
        factor: at least 1; 1 gives the image itself back.

    Returns:
        (ceil(H / factor), ceil(W / factor)), C-contiguous; blocks at the far edges may be partial.
    """
    if factor <= 1:
        return image
    narrow = _max_of_rows(image, factor)
    return np.ascontiguousarray(_max_of_rows(np.ascontiguousarray(narrow.T), factor).T)


def _max_of_rows(image: npt.NDArray[Number], factor: float) -> npt.NDArray[Number]:
    first = (np.arange(math.ceil(image.shape[0] / factor)) * factor).astype(np.intp)
    last = np.append(first[1:], image.shape[0]) - 1
    pooled = image[first]
    # whole rows at a time: numpy's own reduceat is ten times slower
    for offset in range(1, int((last - first).max()) + 1):
        np.maximum(pooled, image[np.minimum(first + offset, last)], out=pooled)
    return pooled


@np.errstate(over="ignore", invalid="ignore")
def sum_pool(image: npt.NDArray[Any], valid: npt.NDArray[np.bool_], factor: int) -> npt.NDArray[np.float32]:
    """The mean of the valid pixels of every block, times the block's area: a sum that holes do not darken.

    Args:
        image: (H, W), numbers; whatever is not valid is ignored, NaN included.
        valid: (H, W), True = use.
        factor: at least 1.

    Returns:
        (ceil(H / factor), ceil(W / factor)) float32, 0 where no pixel of the block is valid; what exceeds float32 is
        not finite.
    """
    height, width = image.shape
    rows, columns = -(-height // factor), -(-width // factor)
    values = np.zeros((rows * factor, columns * factor), np.float32)
    np.copyto(values[:height, :width], image, where=valid, casting="unsafe")
    used = np.zeros(values.shape, np.float32)
    used[:height, :width] = valid
    shape = (rows, factor, columns, factor)
    total: npt.NDArray[np.float32] = values.reshape(shape).sum(axis=3).sum(axis=1)
    count = used.reshape(shape).sum(axis=3).sum(axis=1)
    total *= np.float32(factor * factor) / np.maximum(count, np.float32(1))
    return total
