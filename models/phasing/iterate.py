"""One object on its way through the algorithms: the arrays of a start and what can be done to them.

The iterate is kept as its transform, the wave. P_M acts on it pixel by pixel, and so does all of an algorithm's step
that is not P_S; only for P_S a box around the support is transformed to object space and back (see `fourier`). What
comes back is added to the wave in the next pass over it. Everything is in FFT order. Imported only inside functions.
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
from models.phasing.fourier import Box, Fourier
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

    Attributes:
        support: bool, FFT order. box: the part of object space with all of it.
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
        self._dtype, self._device = dtype, device
        self._kernels = kernels_for(device)
        self._measured_of: dict[bool, Measured] = {}
        self.coherence: Coherence | None = None
        self.background: Background | None = None
        self.values = values
        _check(support)
        self.support = support
        self.set_object(None)
        self.set_support(support)

    @property
    def box(self) -> Box:
        return self._fourier.box

    # What holds

    def set_object(self, found: npt.NDArray[Any] | None) -> None:
        """Begin from an object (FFT order; None is zero everywhere), with the values and the support as they are."""
        real = self.values.real
        if real not in self._measured_of:
            self._measured_of[real] = Measured.of(
                self._pattern, self._held_out, real=real, dtype=_REAL[self._dtype], device=self._device
            )
        self.measured = self._measured_of[real]
        kind = _REAL[self._dtype] if real else _COMPLEX[self._dtype]
        self._all = Fourier(Box.whole(self._pattern.shape), real, kind, self._device)
        self._fourier = Fourier(Box.around(self.support), real, kind, self._device)
        self._inside = self._fourier.cut(self.support)
        if found is None:
            shape = self.measured.amplitude.shape
            self._wave = torch.zeros(shape, dtype=_COMPLEX[self._dtype], device=self._device)
            found = np.zeros(self._pattern.shape, np.bool_)
        else:
            if real and np.iscomplexobj(found):
                found = found.real
            self._wave = self._all.forward(self._all.cut(found).to(kind))
        self._addend, self._factor = torch.zeros_like(self._wave), 0.0
        self._x: Tensor | None = None
        self._likelihood: Likelihood | None = None
        self._show(self._fourier.cut(found).to(kind))

    def set_support(self, support: BoolArray) -> None:
        """The support from now on (FFT order)."""
        _check(support)
        self._settle()
        self.support = support
        self._fourier = self._fourier.moved(Box.around(support))
        self._inside = self._fourier.cut(support)
        self._x = None

    def set_values(self, values: Values) -> None:
        """Which values the object may have from now on; between real and complex the iterate is converted."""
        if values == self.values:
            return
        self._settle()
        self._x = None
        was_real, self.values = self.values.real, values
        if values.real == was_real:
            return
        shown = self.whole_object()
        self.set_object(self._all.boxed(self._all.inverse(self._wave)))
        self._show(self._fourier.cut(shown.real if values.real else shown).to(self._object.dtype))
        width, background = self.coherence_px, self.background is not None
        self.coherence = self.background = None
        self.set_model(width, background)

    def set_model(self, coherence_px: float, background: bool) -> None:
        """Width of the coherence's kernel in pixels of the pattern, and whether there is a background."""
        if coherence_px < LEAST_WIDTH_PX:
            coherence_px = 0.0
        if coherence_px != self.coherence_px:
            self._settle()
            self.coherence = self._coherence(coherence_px) if coherence_px else None
        if background != (self.background is not None):
            self._settle()
            shape = self._pattern.shape
            self.background = Background(self.measured, shape, self.values.real) if background else None

    @property
    def coherence_px(self) -> float:
        return self.coherence.width_px if self.coherence is not None else 0.0

    def _coherence(self, width_px: float) -> Coherence:
        return Coherence(self._pattern.shape, self.values.real, width_px, self.measured.amplitude)

    # What can be done

    def step(self, update: Update, margin: float, look: bool) -> Look | None:
        """One iteration of a projection algorithm; with `look` the object is brought up to date and judged.

        Args:
            margin: half width of the interval that amplitudes may lie in, √photons.
        """
        if self._likelihood is not None:
            self._settle()
        found = self.refresh(margin, projected=True) if look and update is not ERROR_REDUCTION else None
        if update.feedback is not None and not self.values.free:
            self._feed_back(update.feedback, margin)
            return found
        other = None if update.second is None else self._other_branch(update.second, margin)
        steps = (update.point_p, update.point_x, update.keep_x, update.keep_p)
        point = self._fourier.inverse(self._advance(steps, margin))
        self._kernels.project(point, self._inside, self.values)
        if other is not None:
            self._wave.add_(other, alpha=-update.weight)
        self._addend, self._factor = self._fourier.forward(point), update.weight
        self._x = None
        if look and found is None:
            # Error reduction: its next iterate is the object, and has just been transformed.
            self._show(point)
            found = self._judge(self._addend)
        return found

    def _feed_back(self, beta: float, margin: float) -> None:
        """HIO where values are constrained: a pixel of the support may break them, so p and x are both needed."""
        if self._x is None:
            self._settle()
            self._x = self._fourier.inverse(self._wave)
        p = self._fourier.inverse(self._advance((1.0, 0.0, 1.0, -beta), margin))
        self._kernels.feedback(self._x, p, self._inside, self.values, beta)
        self._addend, self._factor = self._fourier.forward(p), 1.0

    def _other_branch(self, gamma: float, margin: float) -> Tensor:
        """The wave of P_M((1 + γ)·P_S x − γ·x)."""
        self._settle()
        x = self._fourier.inverse(self._wave)
        self._kernels.project(x, self._inside, self.values)
        wave = self._fourier.forward(x).mul_(1.0 + gamma).add_(self._wave, alpha=-gamma)
        self._to_moduli(wave, margin)
        return wave

    def descend(self, look: bool) -> Look | None:
        """One iteration of the likelihood's descent."""
        if self._likelihood is None or self._x is None:
            self._settle()
            self._x = self._fourier.inverse(self._wave)
            self._likelihood = Likelihood(
                self._fourier,
                self._kernels,
                self.measured,
                self._inside,
                self.values,
                self.coherence,
                self.background.intensity if self.background is not None else None,
            )
        self._likelihood.step(self._x)
        return self.refresh(0.0, projected=False) if look else None

    def refresh(self, margin: float, projected: bool) -> Look:
        """Bring the object up to date and judge it without an iteration; `projected`: x is a projection's iterate."""
        if not projected and self._x is not None:
            self._show(self._x.clone())
        else:
            wave = self._on_moduli(margin) if projected else self._settled()
            self._show(self._fourier.inverse(wave))
            self._kernels.project(self._object, self._inside, self.values)
        return self._judge(self._fourier.forward(self._object))

    def modulus(self, margin: float) -> npt.NDArray[np.float32]:
        """|P_M x|, float32, FFT order: what a support update looks at. It is not cut off at the support."""
        found = self._all.boxed(self._kernels.moduli(self._all.inverse(self._on_moduli(margin))))
        return np.ascontiguousarray(found, np.float32)

    def roll(self, shift: tuple[int, ...]) -> None:
        """Move object and support by whole pixels."""
        self._settle()
        for axis, (by, n) in enumerate(zip(shift, self._pattern.shape, strict=True)):
            turns = torch.fft.fftfreq(n, dtype=torch.float64)[: self._wave.shape[axis]] * -by
            phase = torch.polar(torch.ones_like(turns), 2 * torch.pi * turns).to(self._wave)
            self._wave *= phase.reshape([-1 if a == axis else 1 for a in range(len(shift))])
        axes = tuple(range(len(shift)))
        shown = np.roll(self.whole_object(), shift, axes)
        self.set_support(np.roll(self.support, shift, axes))
        self._show(self._fourier.cut(shown))

    def find_coherence(self) -> float:
        """The kernel's width that makes the counts likeliest given the object as it is; pixels, 0 for none."""
        wave = self._fourier.forward(self._shown())
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

    # What is to be seen

    def boxed_object(self) -> npt.NDArray[Any]:
        """The object in the box, of the sides of the box."""
        return self._fourier.boxed(self._shown())

    def whole_object(self) -> npt.NDArray[Any]:
        """The object, FFT order."""
        return self._object_of.whole(self._object)

    def whole_iterate(self) -> npt.NDArray[Any]:
        """x itself, FFT order."""
        self._settle()
        return self._all.boxed(self._all.inverse(self._wave))

    # Parts

    def _show(self, found: Tensor) -> None:
        """The object from now on, in the box as it is now."""
        self._object, self._object_of = found, self._fourier

    def _shown(self) -> Tensor:
        """The object in the box as it is now, which may have moved since."""
        if self._object_of is not self._fourier:
            self._show(self._fourier.cut(self.whole_object()))
        return self._object

    def _settle(self) -> None:
        """Bring the wave up to date with whatever was done in object space."""
        if self._likelihood is not None and self._x is not None:
            self._wave = self._fourier.forward(self._x)
            self._addend, self._factor = torch.zeros_like(self._wave), 0.0
            self._likelihood = self._x = None
        elif self._factor:
            self._kernels.add(self._wave, self._addend, self._factor)
            self._factor = 0.0

    def _settled(self) -> Tensor:
        """x as a wave; not to be changed."""
        self._settle()
        return self._wave

    def _on_moduli(self, margin: float) -> Tensor:
        """P_M x as a wave, a new array."""
        if self._likelihood is None and self.coherence is None and self.background is None:
            factor, self._factor = self._factor, 0.0
            return self._kernels.settle(self._wave, self._addend, factor, self.measured.amplitude, margin)
        wave = self._settled().clone()
        self._to_moduli(wave, margin)
        return wave

    def _advance(self, steps: tuple[float, float, float, float], margin: float) -> Tensor:
        """The wave takes its part of a step; what P_S is to act on is returned: see `kernels_numba.advance`."""
        amplitude = self.measured.amplitude
        if self.coherence is None and self.background is None:
            point = self._addend
            self._kernels.advance(self._wave, point, self._factor, amplitude, margin, steps)
        else:
            self._settle()
            p = self._wave.clone()
            self._to_moduli(p, margin, improve=True)
            point = steps[0] * p + steps[1] * self._wave
            self._wave.mul_(steps[2]).add_(p, alpha=steps[3])
        self._factor = 0.0
        return point

    def _to_moduli(self, wave: Tensor, margin: float, improve: bool = False) -> None:
        """P_M in place."""
        amplitude = self.measured.amplitude
        if self.coherence is None and self.background is None:
            self._kernels.modulus(wave, amplitude, margin)
            return
        calculated = self._calculated(wave)
        self._kernels.modulus_given(wave, calculated, amplitude, margin)
        if improve and self.background is not None:
            self.background.improve(calculated)

    def _calculated(self, wave: Tensor) -> Tensor:
        intensity = wave.real**2 + wave.imag**2
        if self.coherence is not None:
            intensity = self.coherence.of(intensity)
        return intensity if self.background is None else intensity + self.background.intensity

    def _judge(self, wave: Tensor) -> Look:
        """How well an object fits, from its wave."""
        if self.coherence is None and self.background is None:
            free = self.measured.free_log_likelihood(wave)
        else:
            intensity = self._calculated(wave)
            free = self.measured.free_log_likelihood(intensity)
            wave = torch.complex(intensity.sqrt(), torch.zeros_like(intensity))
        misfit = sum(self._kernels.misfit(wave, amplitude) for amplitude in self.measured.of_misfit)
        return Look(self.measured.r_factor(misfit), free)


def _check(support: BoolArray) -> None:
    if not support.any():
        raise BadParameter("the support is empty", hint="draw it, or lower the threshold that made it")
