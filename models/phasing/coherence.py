"""Partial coherence by a Gaussian Schell model; imported only inside functions.

With a source whose degree of coherence is Gaussian in the distance of two points, the measured intensity is the
coherent one convolved with a Gaussian: I = |F|² ⊗ G (Whitehead et al., Phys. Rev. Lett. 103, 243902, 2009; in phase
retrieval Clark et al., Nat. Commun. 3, 993, 2012). Its width σ in pixels of the pattern is the one number to know;
the coherence length, as standard deviation of the degree of coherence in object space, is n/(2πσ) object pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch  # noqa: TID253

Tensor = torch.Tensor

LEAST_WIDTH_PX = 0.1
"""Narrower is full coherence: the convolution would change nothing that could be measured."""
WIDEST_PX = 5.0
_GOLDEN = (math.sqrt(5) - 1) / 2


class Coherence:
    """Convolution of intensities with a Gaussian of one width, periodic.

    Args:
        shape: of the whole pattern. real: intensities come as half transforms of a real object.
        width_px: standard deviation, the same along each axis.
    """

    def __init__(self, shape: tuple[int, ...], real: bool, width_px: float, like: Tensor) -> None:
        self.width_px = width_px
        self._real = real
        self._axes = (*range(1, len(shape)), 0)  # the last named is the one that is halved
        self._sides = (*shape[1:], shape[0])
        factor = torch.ones((1,) * len(shape), dtype=torch.float64)
        for axis, n in enumerate(shape):
            lag = torch.fft.fftfreq(n, dtype=torch.float64)
            if axis == 0 and not real:
                lag = torch.fft.rfftfreq(n, dtype=torch.float64)
            along = torch.exp(-2 * (math.pi * width_px * lag) ** 2)
            factor = factor * along.reshape([-1 if a == axis else 1 for a in range(len(shape))])
        self._factor = factor.to(like)
        whole = [torch.exp(-2 * (math.pi * width_px * torch.fft.fftfreq(n, dtype=torch.float64)) ** 2) for n in shape]
        self._middle = math.prod(float(along.mean()) for along in whole)

    def of(self, intensity: Tensor) -> Tensor:
        """intensity ⊗ G of an intensity, which is nowhere less than what stays in its own pixel.

        Between bright pixels rounding of the transform would leave less, even less than nothing.
        """
        return torch.maximum(self.blur(intensity), intensity * self._middle)

    def blur(self, intensity: Tensor) -> Tensor:
        """intensity ⊗ G, a new array; total unchanged."""
        if not self._real:
            lags = torch.fft.rfftn(intensity, dim=self._axes)
            found: Tensor = torch.fft.irfftn(lags.mul_(self._factor), s=self._sides, dim=self._axes)
            return found.contiguous()
        # |F|² of a real object is even, so its transform, the autocorrelation, is real and even, too.
        lags = torch.fft.irfftn(torch.complex(intensity, torch.zeros_like(intensity)), s=self._sides, dim=self._axes)
        found = torch.fft.rfftn(lags.mul_(self._factor), dim=self._axes)
        return found.real.contiguous()


def best_width(cost: Callable[[float], float], widest_px: float = WIDEST_PX, tolerance_px: float = 0.02) -> float:
    """The width with the smallest cost, by golden section between 0 and `widest_px`; 0 where nothing is gained.

    Args:
        cost: a negative log-likelihood (natural units) of a width in pixels. A width is believed where it gains more
            than 2, which is what one free number gains by chance in one case of twenty (half of χ² = 3.84).
    """
    low, high = 0.0, widest_px
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = cost(left), cost(right)
    while high - low > tolerance_px:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = cost(right)
    found, at_found = (left, at_left) if at_left <= at_right else (right, at_right)
    if found < LEAST_WIDTH_PX or at_found > cost(0.0) - 2.0:
        return 0.0
    return found
