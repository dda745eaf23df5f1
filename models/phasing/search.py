"""The object's support, found without being told its size or shape: short trial starts at low resolution.

What fails in a pattern without its centre is the start, not the iteration: from a good support nearly every start
finds the object, from a disc of the wrong area none does. So supports are tried, where trying is cheap:

- In the middle of the pattern only. A crop keeps the object's share of the array and, with it, the ratio of knowns to
  unknowns; the object shrinks to some 28 pixels across, an iteration costs about a third, and the noisy edge of a
  weak pattern is left out. The held-out pixels are the whole pattern's, so that nothing leaks.
- From lobed supports drawn by chance at several areas. A disc is its own mirror image: object and twin both fit into
  it, and starts stagnate with half of each. The areas lie around what the autocorrelation's extent says.
- With RAAR close to β = 1. Modes of the object that lie mostly in the missing centre are hardly measured; a smaller β
  pulls them to zero before the support has found its shape.
- Judged by the free log-likelihood, which unlike the R factor does not prefer a loose support: with too many unknowns
  the measured pixels fit well and the held-out ones badly.

The best trials are parents of the next round: their supports, a little dilated, at the same and a smaller area, once
with the parent's object and once with random phases. The last round is at the whole
pattern's resolution; what it finds is what the reconstruction's starts begin from, at slightly different areas
(guided starts, Chen et al., Phys. Rev. B 76, 064113, 2007).

Patterns that are bright where the crop ends have a round more at the whole resolution, and another one where they are
bright to their own edge. In that one all begin with random phases within supports that are nearly right, and run long
with β close to 1: what is left by then are phase vortices far out in bright streaks, stripes in the object (Fienup &
Wackerman, J. Opt. Soc. Am. A 3, 1897, 1986). A start that has them keeps them, but each gets them elsewhere or not at
all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.phasing.brightness import bright_to_edge, edge_photons, from_middle
from models.phasing.brightness import middle as middle_part
from models.phasing.settings import PhasingSettings
from models.phasing.types import BoolArray, ComplexArray, Start

FloatArray = npt.NDArray[np.floating]

ACROSS_PX = 28.0
"""Size of the object at low resolution: the root (2-D) or cube root (3-D) of its pixels."""
_SMALLEST_SIDE_PX = 64
_FADED_PHOTONS = 8.0
"""A crop whose edge has more photons per pixel is tapered: cut where it is bright, the object would ring."""
_TAPER_FROM = 0.4
"""Where the taper begins, as share of the way to the edge."""
_AREAS = 5
"""Areas tried in the first round, in equal ratios over the range but its outermost sixth at both ends."""
_RANGE = (1.2, 0.8)
_PARENTS = 4
_BETA = 0.95
_FIRST = "40*(20 RAAR + SW) + 60 ER"
_NEXT = "20*(20 RAAR + SW) + 60 ER"
_WHOLE = "20*(20 RAAR + SW) + 80 ER"
_FRESH = (
    "20*(20 RAAR(beta=0.97) + SW) + 20*(20 RAAR + SW(threshold=0.15, of=rms, blur=0.5)) + 200 RAAR(beta=0.9) + 60 ER"
)
"""In supports nearly right, for patterns bright to their edge; in weak ones it would carry the noise further."""
_WHOLE_GENTLE = "10*(10 ER + SW) + 60 ER"
# In pixels of the low resolution, for an object of ACROSS_PX.
_BLUR_START_PX, _BLUR_END_PX = 3.0, 0.5
# As multiples of the area that is tried: of the first support, and where the updates begin and end.
_FIRST_SUPPORT, _FIRST_HIGH, _FIRST_LOW = 1.5, 1.8, 1.05
_NEXT_SUPPORT, _NEXT_HIGH = 1.35, 1.35
_SMALLER, _A_LITTLE_SMALLER = 0.88, 0.94
_WHOLE_AREAS = (0.98, 0.91)
_STRONG_AREAS = ((0.97, 0.86), (0.92, 0.8))
_LAST_AREAS = (0.99, 0.95, 1.02, 0.92)
_LAST_HIGH = 1.1
_FRESH_SUPPORT, _FRESH_BLUR_PX = 1.1, 1.0
_FRESH_AREAS = (1.0, 0.95)
_LAST_BRIGHT_AREAS = (0.99, 0.95)
_LOBES = (2, 3, 4, 5)
_LOBE_SIZE = 0.3


@dataclass(frozen=True, slots=True)
class Trial:
    """One start: of a round of the search, or in the end of the reconstruction itself.

    Attributes:
        seed: of the start. settings: for it. support: bool, to begin from. first: the object to begin from, None for
            random phases. whole: at the pattern's own resolution instead of the low one.
    """

    seed: int
    settings: PhasingSettings
    support: BoolArray
    first: ComplexArray | None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    object: ComplexArray
    support: BoolArray
    area: float
    score: float


class Search:
    """Rounds of trials: ask for `trials()`, run them in any order, hand the results to `take`, until there are none.

    Args:
        whole: the pattern, by which trials are judged. settings: of the reconstruction; its constraints hold for the
            trials too.
        held_out: bool, the pattern's shape.
        fitted: what trials are run on where that is not the counted pattern (`models.phasing.denoised`).

    Attributes:
        settings: may be replaced between rounds; other numbers of rounds mean nothing then.
        pattern, held_out: what the present round's trials are judged by. fitted: what those at low resolution are
            run on.
        round, rounds: the last one, two or three are at the pattern's own resolution.
    """

    def __init__(
        self, whole: Pattern, settings: PhasingSettings, held_out: BoolArray, fitted: Pattern | None = None
    ) -> None:
        self.settings = settings
        self._whole = whole, held_out
        low, high = area_range(whole, settings)
        low, high = (low * _RANGE[0], high * _RANGE[1]) if high > 2 * low else (low, high)
        self._areas = np.geomspace(low, high, _AREAS)
        area = math.sqrt(low * high)
        self.pattern, self.held_out = low_resolution(whole, held_out, area)
        self.fitted = self.pattern if fitted is None else low_resolution(fitted, held_out, area)[0]
        self._strong = self.pattern.shape != whole.shape and _bright_at_edge(whole, self.pattern.shape)
        self._across = (math.sqrt(low * high) * math.prod(self.pattern.shape)) ** (1 / len(whole.shape))
        self.round = 0
        self._clean = self._strong and bright_to_edge(whole)
        # Rounds at low resolution; one at the whole pattern's; one or two more there where that is bright.
        self._low_rounds = 1 + settings.search_rounds
        self.rounds = self._low_rounds + 1 + int(self._strong) + int(self._clean)
        self._pool: list[_Entry] = []
        self._asked: tuple[Trial, ...] = ()

    def trials(self) -> tuple[Trial, ...]:
        """Those of the next round; none when the search is over."""
        self.round += 1
        if self.round == 1:
            self._asked = self._first_round()
        elif self.round > self.rounds or not self._pool:
            self._asked = ()
        elif self.round == self._low_rounds + 1 and self.pattern.shape != self._whole[0].shape:
            self._asked = self._whole_round()
        elif self._clean and self.round == self.rounds:
            self._asked = self._fresh_round()
        else:
            self._asked = self._next_round()
        return self._asked

    def take(self, results: Sequence[Start]) -> None:
        """The results of the round's trials; failed ones may be missing."""
        for start in results:
            score = judged(self.pattern, self.held_out, start, self.settings.object)
            if math.isfinite(score):
                self._pool.append(_Entry(start.object, start.support, float(start.support.mean()), score))
        self._pool.sort(key=lambda entry: entry.score)

    def starts(self) -> tuple[Trial, ...]:
        """What the starts of the reconstruction begin from: the best of the search, at slightly different areas."""
        if not self._pool:
            return ()
        # In bright patterns the best differ in what each has got wrong: all have their turn.
        areas = _LAST_BRIGHT_AREAS if self._clean else _LAST_AREAS
        trials = []
        for number in range(self.settings.starts):
            entry = self._pool[min((number // len(areas)) % _PARENTS, len(self._pool) - 1)]
            area = entry.area * areas[number % len(areas)]
            own = replace(
                self.settings,
                first_support="given",
                area_high=min(1.0, _LAST_HIGH * entry.area),
                area_low=min(1.0, area),
            )
            trials.append(Trial(self.settings.seed + number, own, entry.support, entry.object, whole=True))
        return tuple(trials)

    def _first_round(self) -> tuple[Trial, ...]:
        trials = []
        for number in range(self.settings.search_starts):
            area = float(self._areas[number % len(self._areas)])
            seed = self._seed(number)
            support = lobed(self.pattern.shape, min(1.0, _FIRST_SUPPORT * area), np.random.default_rng(seed))
            own = self._own(_FIRST, _BLUR_START_PX, _FIRST_HIGH * area, _FIRST_LOW * area)
            trials.append(Trial(seed, own, support, None))
        return tuple(trials)

    def _next_round(self) -> tuple[Trial, ...]:
        trials: list[Trial] = []
        whole = self.pattern is self._whole[0]
        for parent in self._pool[:_PARENTS]:
            support = dilated(parent.support, min(1.0, _NEXT_SUPPORT * parent.area), self._across / ACROSS_PX)
            for factor in (1.0, _A_LITTLE_SMALLER if whole else _SMALLER):
                area = parent.area * factor
                own = self._own(_NEXT, 0.7 * _BLUR_START_PX, _NEXT_HIGH * area, area)
                trials += [
                    Trial(self._seed(len(trials) + n), own, support, first, whole)
                    for n, first in enumerate((parent.object, None))
                ]
        return tuple(trials)

    def _fresh_round(self) -> tuple[Trial, ...]:
        trials: list[Trial] = []
        for parent in self._pool[:_PARENTS]:
            grown = min(1.0, _FRESH_SUPPORT * parent.area)
            support = dilated(parent.support, grown, self._across / ACROSS_PX)
            for factor in _FRESH_AREAS:
                area = parent.area * factor
                own = self._own(_FRESH, _FRESH_BLUR_PX, grown, area)
                trials.append(Trial(self._seed(len(trials)), own, support, None, whole=True))
        return tuple(trials)

    def _whole_round(self) -> tuple[Trial, ...]:
        """Weak patterns keep what was found at low resolution, to which ER adds; strong ones begin again, since there
        the outer part of the pattern, left out before, says most."""
        shape = self._whole[0].shape
        scale = math.prod(shape) / math.prod(self.pattern.shape)
        scale = scale ** (1 / len(shape))
        self.pattern, self.held_out = self._whole
        trials: list[Trial] = []
        for number, parent in enumerate(self._pool[:_PARENTS]):
            areas = [parent.area * factor for factor in _STRONG_AREAS[number % 2]]
            if not self._strong:
                areas = [parent.area * _WHOLE_AREAS[number % 2]]
                found = at_resolution(parent.object, shape)
                close = finer_support(parent.support, shape, parent.area)
                own = self._own(_WHOLE_GENTLE, 0.5 * scale, 1.1 * parent.area, areas[0])
                trials.append(Trial(self._seed(len(trials)), own, close, found, whole=True))
            loose = finer_support(parent.support, shape, min(1.0, 1.25 * parent.area))
            for area in areas:
                own = self._own(_WHOLE, _BLUR_START_PX, 1.3 * parent.area, area)
                trials.append(Trial(self._seed(len(trials)), own, loose, None, whole=True))
        self._pool = []
        return tuple(trials)

    def _seed(self, number: int) -> int:
        return self.settings.seed + 1000 * self.round + number

    def _own(self, schedule: str, blur_px: float, high: float, low: float) -> PhasingSettings:
        return replace(
            self.settings,
            schedule=schedule,
            first_support="given",
            beta=_BETA,
            threshold_of="area",
            area_high=min(1.0, high),
            area_low=min(1.0, low),
            blur_start_px=blur_px * max(1.0, self._across / ACROSS_PX),
            blur_end_px=_BLUR_END_PX,
            fill_holes=False,
        )


def judged(pattern: Pattern, held_out: BoolArray, start: Start, kind: str) -> float:
    """How badly an object explains the pattern, whatever its support's area; smaller is better.

    The geometric mean of two unbiased figures: the deviance of what was held out, and that of what was fitted by
    generalised cross-validation, D / (1 − k/n)² with k unknown and n known numbers (Craven & Wahba, Numer. Math. 31,
    377, 1979). The first is noisy where few pixels are held out, the second where the support is wrong in ways that
    counting unknowns does not tell.
    """
    import scipy.fft

    from models.phasing.quality.figures import deviance

    axes = tuple(range(pattern.intensity.ndim))
    model = np.square(np.abs(scipy.fft.fftn(scipy.fft.ifftshift(start.object), norm="ortho", axes=axes)))
    model = scipy.fft.fftshift(model).astype(np.float64)
    measured = pattern.intensity.astype(np.float64)
    fitted = pattern.measured & ~held_out
    unknown = int(np.count_nonzero(start.support)) * (2 if kind == "complex" else 1)
    left = 1 - unknown / max(1, int(np.count_nonzero(fitted)))
    if left <= 0:
        return math.inf
    score = float(deviance(measured[fitted], model[fitted]).mean()) / left**2
    if held_out.any():
        score = math.sqrt(score * float(deviance(measured[held_out], model[held_out]).mean()))
    return score


def area_range(pattern: Pattern, settings: PhasingSettings) -> tuple[float, float]:
    """Range of the object's share of the array: what the autocorrelation says within what the settings allow."""
    from models.phasing.support import estimate_area

    low, high = estimate_area(pattern)
    least, most = sorted((settings.area_low, settings.area_high))
    if high < least or low > most:
        return least, most
    return max(low, least), min(high, most)


def low_resolution(pattern: Pattern, held_out: BoolArray, area: float) -> tuple[Pattern, BoolArray]:
    """The middle of the pattern in which an object of this share of the array is `ACROSS_PX` across."""
    import scipy.fft

    side = max(_SMALLEST_SIDE_PX, round(ACROSS_PX / area ** (1 / len(pattern.shape))))
    sides = [min(n, scipy.fft.next_fast_len(side + side % 2, real=True)) for n in pattern.shape]
    middle = middle_part(pattern.shape, sides)
    intensity: FloatArray = pattern.intensity[middle]
    if tuple(sides) != pattern.shape and _bright_at_edge(pattern, sides):
        intensity = intensity * _taper(sides)
    crop = replace(
        pattern,
        intensity=np.ascontiguousarray(intensity, dtype=np.float32),
        measured=np.ascontiguousarray(pattern.measured[middle]),
        pixel_nm=None,
    )
    return crop, np.ascontiguousarray(held_out[middle])


def _bright_at_edge(pattern: Pattern, sides: Sequence[int]) -> bool:
    """Whether the outermost tenth of the middle has many photons per pixel; in other units that is not known."""
    return pattern.unit != "photons" or edge_photons(pattern, sides) > _FADED_PHOTONS


def _taper(sides: Sequence[int]) -> FloatArray:
    """For intensities: 1 in the middle, falling to 0 at the edge like the fourth power of a cosine."""
    out = np.clip((from_middle(sides) - _TAPER_FROM) / (1 - _TAPER_FROM), 0, 1)
    taper: FloatArray = np.cos(0.5 * math.pi * out) ** 4
    return taper


def at_resolution(values: npt.NDArray[np.complexfloating], shape: Sequence[int]) -> ComplexArray:
    """An object on a finer grid of the same extent, by zeros around its transform, which keeps its values."""
    import scipy.fft

    axes = tuple(range(values.ndim))
    spectrum = scipy.fft.fftshift(scipy.fft.fftn(scipy.fft.ifftshift(values), norm="ortho", axes=axes))
    whole = np.zeros(tuple(shape), np.complex64)
    whole[middle_part(shape, values.shape)] = spectrum
    found: ComplexArray = scipy.fft.fftshift(scipy.fft.ifftn(scipy.fft.ifftshift(whole), norm="ortho", axes=axes))
    return found.astype(np.complex64, copy=False)


def finer_support(support: BoolArray, shape: Sequence[int], area: float) -> BoolArray:
    """A support on a finer grid: smoothed and cut so that it covers this share of the array."""
    smooth = np.real(at_resolution(_smoothed(support, 0.7).astype(np.complex64), shape))
    return _brightest(smooth, area)


def dilated(support: BoolArray, area: float, scale: float = 1.0) -> BoolArray:
    """The support grown, and rounded by 2 · `scale` pixels, to this share of the array."""
    return _brightest(_smoothed(support, 2.0 * max(1.0, scale)), area)


def lobed(shape: Sequence[int], area: float, rng: np.random.Generator) -> BoolArray:
    """A support by chance in the middle: a disc with a few lobes (2-D), a ball with them by longitude (3-D)."""
    axes = np.meshgrid(*[(np.arange(n) - n // 2) / n for n in shape], indexing="ij", sparse=True)
    angle = np.arctan2(axes[-2], axes[-1]) + rng.uniform(0, 2 * math.pi)
    outline: FloatArray = np.ones(angle.shape)
    for lobes in _LOBES:
        size, phase = rng.normal(0, _LOBE_SIZE / lobes**0.7), rng.uniform(0, 2 * math.pi)
        outline = outline + size * np.cos(lobes * angle + phase)
    radius = np.sqrt(sum(np.square(axis) for axis in axes))
    return _brightest(-radius / np.maximum(outline, 0.15), area)


def _smoothed(support: BoolArray, width_px: float) -> FloatArray:
    from models.phasing.support.update import blur

    return blur(support.astype(np.float32), width_px).astype(np.float64)


def _brightest(values: FloatArray, area: float) -> BoolArray:
    count = min(values.size, max(1, round(area * values.size)))
    found: BoolArray = values >= np.partition(values.ravel(), values.size - count)[values.size - count]
    return found
