"""Template classifiers of Liu et al. (Opt. Express 27, 3884, 2019): Eigen-Image and LogLikelihood.

The templates are the examples themselves, also turned in the plane: by ring and sector a turn is a roll, and frames
folded to half a turn need no more than their sectors. Missing cells are dropped from every comparison.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.classifying.estimators.base import FewLabels
from models.classifying.features.pictures import RINGS, SECTORS, split_polar
from models.classifying.types import Array, FloatArray, IntArray
from models.parameters import parameter

_BLOCK = 512


@dataclass(frozen=True)
class EigenImageSettings:
    """Nearest template in the space of a template library's principal components."""

    components: int = parameter(24, "Principal components of the templates", low=1, high=1000)
    turned: bool = parameter(True, "Use the examples turned in the plane, too")


@dataclass(frozen=True)
class LogLikelihoodSettings:
    """The template under which the photons of a frame are likeliest."""

    turned: bool = parameter(True, "Use the examples turned in the plane, too")
    blur: float = parameter(
        1.0, "Sectors over which the photons of an example are smoothed", unit="sectors", low=0.0, high=12.0
    )


class EigenImage(FewLabels):
    """Root intensities of the templates, their principal components, and the nearest template in these."""

    def __init__(self, settings: EigenImageSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> Array:
        return self._map(rows)

    def _map(self, rows: FloatArray) -> Array:
        """(n, R, A) root intensities of mean square 1; missing cells take their ring's mean."""
        return _roots(*split_polar(rows))

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        known = np.flatnonzero(codes >= 0)
        library = turns(inside[known], self.settings.turned).reshape(-1, RINGS * SECTORS)
        self._owner = np.repeat(codes[known], len(library) // len(known))
        self._middle = library.mean(0)
        _, _, axes = np.linalg.svd(library - self._middle, full_matrices=False)
        self._axes = axes[: self.settings.components].T
        self._places = (library - self._middle) @ self._axes

    def _scores(self, inside: Array) -> Array:
        places = (inside.reshape(len(inside), -1) - self._middle) @ self._axes
        scores = np.empty((len(places), int(self._owner.max()) + 1))
        for k in range(scores.shape[1]):
            mine = self._places[self._owner == k]
            fit = 2 * places @ mine.T - (mine**2).sum(1)
            scores[:, k] = fit.max(1)
        return scores


class LogLikelihood(FewLabels):
    """Poisson log-likelihood of a frame's photons under every template, scaled to the frame's own photons.

    With k_c photons in cell c, its valid area a_c and template W: L = Σ_c k_c ln(φ a_c W_c) − φ Σ_c a_c W_c, where φ
    = Σ k / Σ a W is the fluence that suits the template best. Terms without W are left out.
    """

    def __init__(self, settings: LogLikelihoodSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> FloatArray:
        return rows

    def _map(self, rows: FloatArray) -> FloatArray:
        return rows

    def _learn(self, inside: FloatArray, codes: IntArray, n_classes: int) -> None:
        known = np.flatnonzero(codes >= 0)
        rates = template_rates(*split_polar(inside[known]), self.settings.blur)
        library = turns(rates, self.settings.turned).reshape(-1, RINGS * SECTORS)
        self._owner = np.repeat(codes[known], len(library) // len(known))
        self._rates = library.T
        self._logs = np.log(self._rates)

    def _scores(self, inside: FloatArray) -> Array:
        scores = np.empty((len(inside), int(self._owner.max()) + 1))
        for start in range(0, len(inside), _BLOCK):
            block = slice(start, min(start + _BLOCK, len(inside)))
            counts, area = split_polar(inside[block])
            fit = template_likelihoods(counts, area, self._rates, self._logs)
            # In units of what counting alone makes of it, so that bright frames are not certain by brightness.
            fit /= np.sqrt(np.maximum(counts.sum((1, 2)), 1.0))[:, None]
            for k in range(scores.shape[1]):
                scores[block, k] = fit[:, self._owner == k].max(1)
        return scores


def template_likelihoods(counts: Array, area: Array, rates: Array, logs: Array) -> Array:
    """(n, T) log-likelihoods, up to a term of the frame's own.

    Args:
        counts, area: (n, R, A) photons and valid area; cells of area 0 are dropped.
        rates, logs: (R·A, T) templates > 0, photons per pixel in any unit, and their logarithms.
    """
    k = np.where(area > 0, counts, 0.0).reshape(len(counts), -1)
    expected = area.reshape(len(area), -1) @ rates
    total = k.sum(1, keepdims=True)
    return np.asarray(k @ logs - total * np.log(np.maximum(expected, 1e-300)), np.float64)


def template_rates(counts: Array, area: Array, blur: float) -> Array:
    """(n, R, A) photons per pixel of examples, smoothed along the angle; nowhere 0.

    A few photons do not say that a cell is dark: every cell starts with its ring's mean on an area that would hold
    one photon on average.
    """
    if blur > 0:
        apart = np.minimum(np.arange(SECTORS), SECTORS - np.arange(SECTORS))
        kernel = np.exp(-0.5 * (apart / blur) ** 2)
        spread = np.stack([np.roll(kernel / kernel.sum(), i) for i in range(SECTORS)])
        counts, area = counts @ spread, area @ spread
    rings = _ring_means(counts, area)
    level = np.maximum(rings.mean(axis=1, keepdims=True), 1e-9)
    rings = np.maximum(rings, 1e-3 * level)[:, :, None]
    trusted = 1.0 / rings
    return np.asarray((counts + rings * trusted) / (area + trusted), np.float64)


def turns(pictures: Array, turned: bool) -> Array:
    """(n, A or 1, R, A) pictures by ring and sector in every in-plane orientation."""
    steps = range(pictures.shape[2]) if turned else range(1)
    return np.stack([np.roll(pictures, step, axis=2) for step in steps], axis=1)


def _roots(counts: Array, area: Array) -> Array:
    rings = np.broadcast_to(_ring_means(counts, area)[:, :, None], counts.shape)
    values = np.sqrt(np.divide(counts, area, out=rings.copy(), where=area > 0))
    # Cells farther out are larger: they count by their area, as pixels would.
    weight = np.sqrt(np.arange(1, RINGS + 1) - 0.5)[:, None]
    values *= weight
    norm = np.sqrt((values**2).mean((1, 2), keepdims=True))
    return np.asarray(values / np.where(norm > 0, norm, 1.0), np.float64)


def _ring_means(counts: Array, area: Array) -> Array:
    """(n, R) photons per pixel; rings without area take the frame's mean."""
    total = counts.sum((1, 2)) / np.maximum(area.sum((1, 2)), 1e-9)
    means: Array = np.repeat(total[:, None], counts.shape[1], axis=1)
    there = area.sum(2)
    np.divide(counts.sum(2), there, out=means, where=there > 0)
    return means
