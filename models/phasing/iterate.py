"""One object on its way through the algorithms: the arrays of a start and what can be done to them.

Everything is in FFT order. Imported only inside functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from models.errors import BadParameter
from models.patterns import Pattern
from models.phasing.algorithms import ERROR_REDUCTION, Update
from models.phasing.background import Background
from models.phasing.coherence import LEAST_WIDTH_PX, Coherence, best_width
from models.phasing.constraints import Values
from models.phasing.fourier import Fourier
from models.phasing.kernels import kernels_for
from models.phasing.measured import Measured
from models.phasing.poisson import Likelihood

BoolArray = npt.NDArray[np.bool_]
Tensor = torch.Tensor

_COMPLEX = {"complex64": torch.complex64, "complex128": torch.complex128}
_REAL = {"complex64": torch.float32, "complex128": torch.float64}


@dataclass(frozen=True, slots=True)
class Look:
    """How good the object is: see `PhasingState`."""

    r_factor: float
    free_log_likelihood: float


class Iterate:
    """An iterate x, the object it stands for, its support, and the model of the measurement.

    The object is P_S P_M x for the projection algorithms (the iterate with the measured moduli, then its part that
    meets the constraints) and x itself for the likelihood's descent.

    Args:
        pattern, held_out: centred. values: of the object. support: bool, FFT order. dtype: complex64 or complex128.
    """

    def __init__(
        self,
        pattern: Pattern,
        held_out: BoolArray | None,
        values: Values,
        support: BoolArray,
        *,
        dtype: str,
        device: str,
    ) -> None:
        if dtype not in _COMPLEX:
            raise BadParameter(f"precision is {dtype!r}", cause=f"it is one of {', '.join(_COMPLEX)}")
        self._pattern, self._held_out = pattern, held_out
        self._dtype, self.device = dtype, device
        self._kernels = kernels_for(device)
        self._measured_of: dict[bool, Measured] = {}
        self.coherence: Coherence | None = None
        self.background: Background | None = None
        self._likelihood: Likelihood | None = None
        self._enter(values)
        self.x = torch.zeros(self.shape, dtype=self._kind, device=device)
        self.object = torch.zeros_like(self.x)
        self._p: Tensor | None = None
        self.set_support(support)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._pattern.shape

    @property
    def _kind(self) -> torch.dtype:
        return _REAL[self._dtype] if self.values.real else _COMPLEX[self._dtype]

    # What holds

    def set_object(self, found: npt.NDArray[Any]) -> None:
        """Begin from an object (FFT order)."""
        if self.values.real and np.iscomplexobj(found):
            found = found.real
        self.x = torch.tensor(np.ascontiguousarray(found), device=self.device).to(self._kind)
        self.object = self.x.clone()
        self._p = self._likelihood = None

    def set_support(self, support: BoolArray) -> None:
        """The support from now on (FFT order)."""
        if not support.any():
            raise BadParameter("the support is empty", hint="draw it, or lower the threshold that made it")
        self.support = torch.tensor(np.ascontiguousarray(support), device=self.device)
        self._likelihood = None

    def set_values(self, values: Values) -> None:
        """Which values the object may have from now on; between real and complex the iterate is converted."""
        if values == self.values:
            return
        width, background, was_real = self.coherence_px, self.background is not None, self.values.real
        self._enter(values)
        if values.real == was_real:
            return
        self.x = (self.x.real.contiguous() if values.real else self.x).to(self._kind)
        self.object = (self.object.real.contiguous() if values.real else self.object).to(self._kind)
        self._p = None
        self.coherence = self.background = None
        self.set_model(width, background)

    def set_model(self, coherence_px: float, background: bool) -> None:
        """Width of the coherence's kernel in pixels of the pattern, and whether there is a background."""
        if coherence_px < LEAST_WIDTH_PX:
            coherence_px = 0.0
        if coherence_px != self.coherence_px:
            self.coherence = self._coherence(coherence_px) if coherence_px else None
            self._likelihood = None
        if background != (self.background is not None):
            self.background = Background(self.measured, self.shape, self.values.real) if background else None
            self._likelihood = None

    @property
    def coherence_px(self) -> float:
        return self.coherence.width_px if self.coherence is not None else 0.0

    def _enter(self, values: Values) -> None:
        self.values = values
        real = values.real
        if real not in self._measured_of:
            self._measured_of[real] = Measured(
                self._pattern, self._held_out, real=real, dtype=_REAL[self._dtype], device=self.device
            )
        self.measured = self._measured_of[real]
        self._fourier = Fourier(self.shape, real)
        self._likelihood = None

    def _coherence(self, width_px: float) -> Coherence:
        return Coherence(self.shape, self.values.real, width_px, self.measured.amplitude)

    # What can be done

    def step(self, update: Update, margin: float, look: bool) -> Look | None:
        """One iteration of a projection algorithm; with `look` the object is brought up to date and judged.

        Args:
            margin: half width of the interval that amplitudes may lie in, √photons.
        """
        self._p = None  # given back before the next is made, so that fewer arrays take turns in the cache
        p = self._to_moduli(self.x, margin, improve=True)
        found = self._judge_projected(p) if look else None
        if update.second is None:
            self._kernels.apply_update(self.x, p, self.support, self.values, update)
        else:
            other = self.x.clone()
            reflect = Update(1.0, 0.0, 1.0 + update.second, -update.second, 0.0)
            self._kernels.apply_update(other, self.x, self.support, self.values, reflect)
            other = self._to_moduli(other, margin, improve=False)
            self._kernels.apply_update(self.x, p, self.support, self.values, update)
            self.x.add_(other, alpha=-update.weight)
        self._p = p
        self._likelihood = None
        return found

    def descend(self, look: bool) -> Look | None:
        """One iteration of the likelihood's descent."""
        if self._likelihood is None:
            self._likelihood = Likelihood(
                self._fourier,
                self._kernels,
                self.measured,
                self.support,
                self.values,
                self.coherence,
                self.background.intensity if self.background is not None else None,
            )
        self._likelihood.step(self.x)
        self._p = None
        if not look:
            return None
        self.object.copy_(self.x)
        return self._judge()

    def refresh(self, margin: float, projected: bool) -> Look:
        """Bring the object up to date and judge it without an iteration; `projected`: x is a projection's iterate."""
        if projected:
            return self._judge_projected(self._to_moduli(self.x, margin, improve=False))
        self.object.copy_(self.x)
        return self._judge()

    def modulus(self, margin: float) -> npt.NDArray[np.float32]:
        """|P_M x|, float32, FFT order: what a support update looks at. It is not cut off at the support."""
        if self._p is None:
            self._p = self._to_moduli(self.x, margin, improve=False)
        found: npt.NDArray[np.float32] = self._p.abs().to(torch.float32).cpu().numpy()
        return found

    def roll(self, shift: tuple[int, ...]) -> None:
        """Move object and support by whole pixels."""
        axes = tuple(range(len(shift)))
        self.x, self.object = torch.roll(self.x, shift, axes), torch.roll(self.object, shift, axes)
        self.support = torch.roll(self.support, shift, axes)
        self._p = self._likelihood = None

    def find_coherence(self) -> float:
        """The kernel's width that makes the counts likeliest given the object as it is; pixels, 0 for none."""
        wave = self._fourier.forward(self.object)
        bare = wave.real**2 + wave.imag**2
        weight = self.measured.weight * self.measured.multiplicity
        counts = self.measured.counts * self.measured.multiplicity
        floor = 1e-6 * float(counts.sum() / weight.sum().clamp(min=1))

        def cost(width_px: float) -> float:
            m = self._coherence(width_px).of(bare) if width_px > 0 else bare
            if self.background is not None:
                m = m + self.background.intensity
            m = m.clamp(min=floor)
            return float((weight * m - counts * m.log()).sum(dtype=torch.float64))

        return best_width(cost)

    # Parts

    def _to_moduli(self, x: Tensor, margin: float, improve: bool) -> Tensor:
        """P_M x, a new array."""
        wave = self._fourier.forward(x)
        amplitude = self.measured.amplitude
        if self.coherence is None and self.background is None:
            self._kernels.modulus(wave, amplitude, margin)
        else:
            calculated = self._calculated(wave)
            self._kernels.modulus_given(wave, calculated, amplitude, margin)
            if improve and self.background is not None:
                self.background.improve(calculated)
        return self._fourier.inverse(wave)

    def _calculated(self, wave: Tensor) -> Tensor:
        intensity = wave.real**2 + wave.imag**2
        if self.coherence is not None:
            intensity = self.coherence.of(intensity)
        return intensity if self.background is None else intensity + self.background.intensity

    def _judge_projected(self, p: Tensor) -> Look:
        self._kernels.apply_update(self.object, p, self.support, self.values, ERROR_REDUCTION)
        return self._judge()

    def _judge(self) -> Look:
        wave = self._fourier.forward(self.object)
        if self.coherence is None and self.background is None:
            free = self.measured.free_log_likelihood(wave)
        else:
            intensity = self._calculated(wave)
            free = self.measured.free_log_likelihood(intensity)
            wave = torch.complex(intensity.sqrt(), torch.zeros_like(intensity))
        misfit = sum(self._kernels.misfit(wave, amplitude) for amplitude in self.measured.of_misfit)
        return Look(self.measured.r_factor(misfit), free)
