"""What the engine knows of a pattern, in FFT order, for whole and half transforms; imported only inside functions.

The transform of a real object says the same at q and −q. Then one half of it is kept, and what was measured at both
is one number with two measurements: the amplitude is the root of their mean, which is where the likelihood of two
Poisson counts has its maximum. A pixel held out takes its mate with it, for the mate would tell.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from models.errors import BadParameter, BadPattern
from models.patterns import Pattern
from models.phasing.quality.figures import deviance

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Tensor = torch.Tensor


class Measured:
    """Amplitudes and counts of the constrained pixels, and those held out to judge by.

    Attributes:
        amplitude: √photons; −1 where nothing constrains the transform.
        counts, weight: summed photons and number of measurements of each pixel over two, for mates; 0 where nothing
            constrains. Without mates simply photons and 1. multiplicity: how many pixels of the whole each stands for
            (1 or 2; a number without mates).
        fitted: number of constrained pixels of the whole pattern. held: number of those held out.
    """

    def __init__(
        self, pattern: Pattern, held_out: BoolArray | None, *, real: bool, dtype: torch.dtype, device: str
    ) -> None:
        check(pattern, held_out)
        intensity = np.fft.ifftshift(np.where(pattern.measured, pattern.intensity, 0).astype(np.float64))
        measured = np.fft.ifftshift(pattern.measured)
        held = np.zeros_like(measured) if held_out is None else np.fft.ifftshift(held_out) & measured
        fit = measured & ~held
        self.photons_counted = pattern.unit == "photons"
        self.fitted = int(fit.sum())
        self.held = int(held.sum())
        self.power = float(intensity[fit].sum())
        self._amplitudes_sum = float(np.sqrt(intensity[fit]).sum())
        self._shape = intensity.shape
        self._real = real
        half = slice(0, intensity.shape[0] // 2 + 1)
        of_misfit = [np.where(fit, np.sqrt(intensity), -1.0)]
        if real:
            counts, weight = (intensity * fit + _mates(intensity * fit)) / 2, (fit + _mates(fit).astype(float)) / 2
            told = held | _mates(held)
            counts[told] = weight[told] = 0
            counts, weight = counts[half], weight[half]
            once = np.zeros(self._shape, bool)
            once[half] = True
            twice = once & ~_mates(once)  # rows whose mates are not in the half themselves
            of_misfit = [of_misfit[0][half], np.where(twice, _mates(of_misfit[0]), -1.0)[half]]
            multiplicity = np.where(twice[half], 2.0, 1.0)
        else:
            counts, weight, multiplicity = intensity * fit, fit.astype(float), np.ones((1,) * intensity.ndim)
        amplitude = np.where(weight > 0, np.sqrt(counts / np.where(weight > 0, weight, 1.0)), -1.0)

        def there(values: npt.NDArray[Any]) -> Tensor:
            return torch.tensor(np.ascontiguousarray(values), device=device).to(dtype)

        self.amplitude = there(amplitude)
        self.counts, self.weight, self.multiplicity = there(counts), there(weight), there(multiplicity)
        self.of_misfit = [there(a) for a in of_misfit]
        self._held_counts = intensity[held]
        self._held_index = torch.tensor(self._places(held), device=device)

    @classmethod
    def of(
        cls, pattern: Pattern, held_out: BoolArray | None, *, real: bool, dtype: torch.dtype, device: str
    ) -> Measured:
        """The same for all starts on arrays that cannot be written to, made once for as long as these are in use."""
        parts = [pattern.intensity, pattern.measured, *([] if held_out is None else [held_out])]
        if any(part.flags.writeable for part in parts):
            return cls(pattern, held_out, real=real, dtype=dtype, device=device)
        key = (*(id(part) for part in parts), pattern.unit, real, dtype, device)
        if key not in _shared:
            _shared[key] = cls(pattern, held_out, real=real, dtype=dtype, device=device)
            for part in parts:
                weakref.finalize(part, _shared.pop, key, None)
        return _shared[key]

    def _places(self, held: BoolArray) -> npt.NDArray[np.int64]:
        """Flat index into the (half) transform of every held-out pixel."""
        index = list(np.nonzero(held))
        wave_shape = list(self._shape)
        if self._real:
            wave_shape[0] = self._shape[0] // 2 + 1
            beyond = index[0] >= wave_shape[0]
            index = [np.where(beyond, -i % n, i) for i, n in zip(index, self._shape, strict=True)]
        return np.ravel_multi_index(tuple(index), tuple(wave_shape)).astype(np.int64)

    def r_factor(self, misfit: float) -> float:
        """Σ||F| − √I| / Σ√I from its numerator."""
        return misfit / self._amplitudes_sum if self._amplitudes_sum > 0 else float("nan")

    def free_log_likelihood(self, intensity: Tensor) -> float:
        """As `models.phasing.quality.figures.free_log_likelihood`, from calculated intensities of the transform."""
        if not self.held:
            return float("nan")
        calculated = self.at_held(intensity)
        if self.photons_counted:
            return float(deviance(self._held_counts, calculated).mean())
        total = self._held_counts.sum()
        apart = np.square(np.sqrt(np.maximum(calculated, 0)) - np.sqrt(self._held_counts)).sum()
        return float(apart / total) if total > 0 else float("nan")

    def at_held(self, values: Tensor) -> FloatArray:
        """Values of a (half) transform at the held-out pixels; |·|² of complex ones."""
        found = values.reshape(-1)[self._held_index].cpu().numpy()
        if np.iscomplexobj(found):
            found = np.square(found.real, dtype=np.float64) + np.square(found.imag, dtype=np.float64)
        return found.astype(np.float64)


_shared: dict[tuple[object, ...], Measured] = {}


def check(pattern: Pattern, held_out: BoolArray | None) -> None:
    """Refuse what no solver can start from.

    Raises:
        BadPattern: nothing measured, no light, values that are not finite or below 0, too few axes or pixels.
        BadParameter: held-out pixels of another shape, or no pixel left to fit.
    """
    name = pattern.source or "the pattern"
    intensity, measured = pattern.intensity, pattern.measured
    if intensity.ndim not in (2, 3) or min(intensity.shape, default=0) < 2:
        raise BadPattern(
            f"{name} cannot be phased", cause=f"its shape is {intensity.shape}", hint="give an image or a volume"
        )
    if measured.shape != intensity.shape:
        raise BadPattern(f"{name} has the shape {intensity.shape} and its mask {measured.shape}")
    if not measured.any():
        raise BadPattern(f"{name} has no measured pixel", hint="check the mask: True means measured")
    seen = intensity[measured]
    if not np.isfinite(seen).all():
        raise BadPattern(f"{name} has values that are not finite in measured pixels", hint="mask them")
    if (seen < 0).any():
        raise BadPattern(
            f"{name} has intensities below 0 in measured pixels", hint="subtract less background, or mask them"
        )
    if held_out is not None and held_out.shape != intensity.shape:
        raise BadParameter(
            "held-out pixels do not fit the pattern", cause=f"their shape is {held_out.shape}, its {intensity.shape}"
        )
    if held_out is not None and not (measured & ~held_out).any():
        raise BadParameter("all measured pixels are held out", hint="hold out a few per cent")
    if not (intensity[measured if held_out is None else measured & ~held_out] > 0).any():
        raise BadPattern(f"{name} has no light in its measured pixels", hint="check the mask and the background")


def _mates(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """At q what was at −q, in FFT order."""
    axes = tuple(range(values.ndim))
    return np.roll(np.flip(values, axes), 1, axes)
