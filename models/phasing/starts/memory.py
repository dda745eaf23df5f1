"""How many starts are in memory at once, and how many finished ones are kept."""

from __future__ import annotations

import math

from models.runs.memory import memory_bytes

BYTES_PER_PIXEL = 120
"""A running start, measured: iterate, projection, object, amplitudes, weights, what a Fourier transform needs."""
KEPT_BYTES_PER_PIXEL = 9
"""A finished start: complex64 object and support."""
BYTES_PER_PROCESS = 500 * 2**20
_RUNNING_SHARE = 0.4
_KEPT_SHARE = 0.15


def running_at_once(shape: tuple[int, ...], processes: int, device: str = "cpu") -> int:
    """Starts that fit into memory at once; at least 1."""
    each = BYTES_PER_PIXEL * math.prod(shape)
    if device != "cpu":
        return max(1, int(_RUNNING_SHARE * _free_on(device) / each))
    room = _RUNNING_SHARE * memory_bytes() - processes * BYTES_PER_PROCESS
    return max(1, int(room / each))


def kept_at_most(shape: tuple[int, ...]) -> int:
    """Finished starts whose objects fit into memory; at least 4."""
    return max(4, int(_KEPT_SHARE * memory_bytes() / (KEPT_BYTES_PER_PIXEL * math.prod(shape))))


def _free_on(device: str) -> int:
    import torch

    if not device.startswith("cuda") or not torch.cuda.is_available():
        return memory_bytes()
    free: int = torch.cuda.mem_get_info(torch.device(device))[0]
    return free
