"""The object that is likeliest given Poisson counts, by conjugate gradients; imported only inside functions.

The cost is the negative log-likelihood Σ m − n·ln m of the counts n, with the model m = |F|² ⊗ G + b², over
constrained pixels only (Thibault and Guizar-Sicairos, New J. Phys. 14, 063004, 2012). Directions are
Polak and Ribière's. Along a line m is a quadratic polynomial of the step, so that the line search takes no transform:
an iteration costs one pair, and one transform more where values are constrained.
"""

from __future__ import annotations

import torch  # noqa: TID253

from models.phasing.coherence import Coherence
from models.phasing.constraints import Values
from models.phasing.fourier import Fourier
from models.phasing.kernels import Kernels
from models.phasing.measured import Measured

Tensor = torch.Tensor

_LINE_STEPS = 8
_HALVINGS = 6
_ZERO = 1e-6


class Likelihood:
    """Descends from an object inside its support; nothing outside it ever.

    Args:
        coherence: what blurs intensities, or None.
        background: b², photons, of the transform's shape, or None.
    """

    def __init__(
        self,
        fourier: Fourier,
        kernels: Kernels,
        measured: Measured,
        support: Tensor,
        values: Values,
        coherence: Coherence | None = None,
        background: Tensor | None = None,
    ) -> None:
        self._fourier, self._kernels, self._measured = fourier, kernels, measured
        self._support, self._values = support, values
        self._coherence, self._background = coherence, background
        self._weight = (measured.weight * measured.multiplicity).contiguous()
        self._counts = (measured.counts * measured.multiplicity).contiguous()
        # Far below what any pixel counts, so that only pixels whose model is zero by chance are held up by it.
        self._floor = 1e-6 * float(self._counts.sum() / self._weight.sum().clamp(min=1))
        self._gradient: Tensor | None = None
        self._direction: Tensor | None = None

    def intensity(self, wave: Tensor) -> Tensor:
        """The model m of a transform, photons."""
        found = wave.real**2 + wave.imag**2
        if self._coherence is not None:
            found = self._coherence.of(found)
        return found if self._background is None else found + self._background

    def cost(self, intensity: Tensor) -> float:
        """Σ m − n·ln m."""
        m = intensity.clamp(min=self._floor)
        return float((self._weight * m - self._counts * m.log()).sum(dtype=torch.float64))

    def change(self, before: Tensor, after: Tensor) -> float:
        """The cost's difference between two models, without the digits that a difference of sums would lose."""
        m0, m1 = before.clamp(min=self._floor), after.clamp(min=self._floor)
        rise = m1 - m0
        return float((self._weight * rise - self._counts * (rise / m0).log1p()).sum(dtype=torch.float64))

    def gradient(self, wave: Tensor) -> Tensor:
        """∂cost/∂x* inside the support (so that dcost = 2·Re Σ gradient*·dx), in object space."""
        residual = self._measured.weight - self._measured.counts / self.intensity(wave).clamp(min=self._floor)
        if self._coherence is not None:
            residual = self._coherence.blur(residual)
        return self._fourier.inverse(wave * residual) * self._support

    def step(self, x: Tensor) -> None:
        """One iteration, x in place."""
        if self._gradient is None:
            self._project(x)
        wave = self._fourier.forward(x)
        gradient = self.gradient(wave)
        if self._values.floor:
            # Pixels at zero that would go below stay; what a transform and back makes of zero is zero, too.
            gradient = torch.where((x <= _ZERO * x.max()) & (gradient > 0), torch.zeros_like(gradient), gradient)
        direction = self._next_direction(gradient)
        along = self._fourier.forward(direction)
        m0 = self.intensity(wave)
        m1 = 2 * (wave.real * along.real + wave.imag * along.imag)
        m2 = along.real**2 + along.imag**2
        if self._coherence is not None:
            m1, m2 = self._coherence.blur(m1), self._coherence.of(m2)
        length = self._line_minimum(m0, m1, m2)
        if self._values.free:
            x.add_(direction, alpha=length)
            return
        for _ in range(_HALVINGS):
            trial = x + length * direction
            self._project(trial)
            if self.change(m0, self.intensity(self._fourier.forward(trial))) <= 0:
                x.copy_(trial)
                return
            length /= 2
        self._direction = None  # nothing gained along here: steepest descent next

    def _project(self, x: Tensor) -> None:
        self._kernels.project(x, self._support, self._values)

    def _next_direction(self, gradient: Tensor) -> Tensor:
        last, direction = self._gradient, self._direction
        self._gradient = gradient
        if last is None or direction is None:
            self._direction = -gradient
            return self._direction
        turn = max(0.0, _dot(gradient, gradient - last) / max(_dot(last, last), 1e-300))
        direction = turn * direction - gradient
        if _dot(direction, gradient) >= 0:
            direction = -gradient
        self._direction = direction
        return direction

    def _line_minimum(self, m0: Tensor, m1: Tensor, m2: Tensor) -> float:
        """The step at which the cost along the line is stationary: Newton's method kept within what is known."""
        slope, bend = self._kernels.line_slopes(m0, m1, m2, self._weight, self._counts, 0.0, self._floor)
        if not slope < 0 or not bend > 0:
            return 0.0
        low, high, at = 0.0, float("inf"), -slope / bend
        first = -slope
        for _ in range(_LINE_STEPS):
            slope, bend = self._kernels.line_slopes(m0, m1, m2, self._weight, self._counts, at, self._floor)
            if abs(slope) < 1e-3 * first:
                break
            if slope < 0:
                low = at
            else:
                high = at
            newton = at - slope / bend if bend > 0 else 2 * at
            if low < newton < min(high, 10 * max(at, low)):
                at = newton
            else:
                at = (low + high) / 2 if high < float("inf") else 3 * at
        return at if slope <= 0 else low if low > 0 else at


def _dot(a: Tensor, b: Tensor) -> float:
    if a.is_complex():
        a, b = torch.view_as_real(a), torch.view_as_real(b)
    return float((a * b).sum(dtype=torch.float64))
