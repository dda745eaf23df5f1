"""Which array library computes, and where: numpy, or torch on the processor or a graphics card, by the same code."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter

NUMPY = "numpy"


def array_library(device: str = NUMPY) -> tuple[Any, Any]:
    """(array library, device of it) for "numpy", or torch's name of a device: "cpu", "cuda", "cuda:1".

    Raises:
        BadParameter: where torch has no such device here.
    """
    if device == NUMPY:
        return np, None
    import array_api_compat.torch as xp
    import torch

    try:
        place = torch.device(device)
        torch.zeros(1, device=place)
    except (RuntimeError, AssertionError) as error:
        raise BadParameter(
            f"device {device!r}", cause=str(error).splitlines()[0], hint="use numpy, cpu, or a card that torch sees"
        ) from error
    return xp, place


def like(values: npt.NDArray[Any], pattern: Any, xp: Any) -> Any:
    """`values` in the array library and on the device of `pattern`."""
    return values if xp is np else xp.asarray(values, device=pattern.device)


def cast(values: Any, dtype: str, xp: Any) -> Any:
    """`values` as the dtype of that name, not copied where they have it already."""
    if xp is np:
        return values.astype(dtype, copy=False)
    return xp.astype(values, getattr(xp, dtype), copy=False)


def to_numpy(values: Any) -> npt.NDArray[Any]:
    """`values` as a numpy array in this process's memory."""
    if isinstance(values, np.ndarray):
        return values
    return np.asarray(values.cpu().numpy())
