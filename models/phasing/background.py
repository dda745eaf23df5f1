"""An incoherent background that depends on |q| only, found as one more mode; imported only inside functions.

The idea is 3D-Phasing's (A. Morgan): the modulus projection scales the transform and the background's amplitude b
together to the measured amplitude, I = |F|² + b², and what the background then is gets averaged over rings. At a
solution nothing changes; away from it b² moves by the ring's mean of measured over calculated intensity, which is the
expectation-maximisation step of a Poisson mixture.
"""

from __future__ import annotations

import torch  # noqa: TID253

from models.phasing.measured import Measured

Tensor = torch.Tensor

_FIRST_SHARE = 0.1
"""Of each ring's mean intensity, to begin with. The steps multiply, so that it must not be 0."""
_INNERMOST = 3


class Background:
    """b² per ring of whole pixels of |q|, photons per pixel.

    Args:
        shape: of the whole pattern. real: transforms are halves.
    """

    def __init__(self, measured: Measured, shape: tuple[int, ...], real: bool) -> None:
        amplitude = measured.amplitude
        radius2 = torch.zeros((1,) * len(shape), dtype=torch.float64)
        for axis, n in enumerate(shape):
            at = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64)
            if axis == 0 and real:
                at = torch.fft.rfftfreq(n, 1 / n, dtype=torch.float64)
            radius2 = radius2 + (at**2).reshape([-1 if a == axis else 1 for a in range(len(shape))])
        # The innermost rings have too few pixels to tell a background from the object: they are one.
        self._ring = radius2.sqrt().round().clamp(min=_INNERMOST).to(torch.int64).reshape(-1).to(amplitude.device)
        self._rings = int(self._ring.max()) + 1
        self._fitted = (amplitude >= 0).to(amplitude.dtype)
        self._measured2 = amplitude.clamp(min=0) ** 2
        self._pixels = self._sums(self._fitted).clamp(min=1)
        self.rings = _FIRST_SHARE * self._sums(self._measured2) / self._pixels

    @property
    def intensity(self) -> Tensor:
        """b² in every pixel of the transform; 0 in rings without a constrained pixel."""
        return self.rings[self._ring].reshape(self._fitted.shape)

    def improve(self, calculated: Tensor) -> None:
        """One step.

        Args:
            calculated: intensity of object and background together, photons.
        """
        ratio = self._measured2 / calculated.clamp(min=1e-12)
        self.rings = self.rings * self._sums(ratio * self._fitted) / self._pixels

    def _sums(self, values: Tensor) -> Tensor:
        found = torch.zeros(self._rings, dtype=values.dtype, device=values.device)
        return found.index_add_(0, self._ring, values.reshape(-1))
