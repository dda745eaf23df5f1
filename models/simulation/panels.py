"""The detector as it is built: panels, gaps, beam stop, bad pixels, electronics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.parameters import parameter

if TYPE_CHECKING:
    from models.simulation.settings import SimulationSettings

BoolImage = npt.NDArray[np.bool_]

COUNTS = "counts"
ADU = "adu"
MOST_COUNTS = 65_535
"""what a frame of 16-bit counts can hold"""

_STREAM_OF_BAD_PIXELS = 13


@dataclass(frozen=True)
class Panel:
    """A rectangle of pixels read out together: first row and column, and how many of each."""

    row: int
    column: int
    rows: int
    columns: int


@dataclass(frozen=True)
class DetectorSettings:
    """Panels and electronics. By default two halves that count photons without fault.

    Attributes:
        panels: the panels one by one, in place of `layout`; pixels in none of them are missing.
    """

    layout: str = parameter(
        "halves",
        "halves (gap-rows between an upper and a lower one), whole, quadrants (gap-rows and gap-columns between "
        "them), modules (tiles with those gaps, centred)",
        choices=("halves", "whole", "quadrants", "modules"),
    )
    gap_columns: int = parameter(4, "columns missing between quadrants or modules", unit="px", low=0)
    module_rows: int = parameter(32, "rows of a module", unit="px", low=1)
    module_columns: int = parameter(64, "columns of a module", unit="px", low=1)
    hole_px: float = parameter(0.0, "radius of the hole that the panels leave for the beam", unit="px", low=0.0)
    arm_px: float = parameter(0.0, "width of the arm that holds the beam stop; 0 for none", unit="px", low=0.0)
    arm_side: str = parameter(
        "bottom", "where the beam stop's arm comes from", choices=("bottom", "top", "left", "right")
    )
    dead_share: float = parameter(0.0, "share of pixels that see nothing", low=0.0, high=0.5)
    hot_share: float = parameter(0.0, "share of pixels that always read the full well", low=0.0, high=0.5)
    noisy_share: float = parameter(0.0, "share of pixels with false signal", low=0.0, high=0.5)
    noisy_photons: float = parameter(
        3.0, "standard deviation of a noisy pixel's false signal", unit="photons", low=0.0, high=1e4
    )
    bad_pixels_in_mask: bool = parameter(True, "the file's mask names dead, hot and noisy pixels")
    readout: str = parameter(
        COUNTS,
        "what a frame holds: counts (photon counting, 16-bit) or adu (charge integrating, 32-bit real)",
        choices=(COUNTS, ADU),
    )
    adu_per_photon: float = parameter(1.0, "gain of an integrating detector", unit="ADU", low=1e-6, high=1e6)
    read_noise_adu: float = parameter(
        0.0, "standard deviation of the electronic noise (readout adu)", unit="ADU", low=0.0, high=1e6
    )
    common_mode_adu: float = parameter(
        0.0,
        "standard deviation of the offset that a whole panel has in a frame (readout adu)",
        unit="ADU",
        low=0.0,
        high=1e6,
    )
    full_well_photons: int = parameter(
        MOST_COUNTS, "photons at which a pixel saturates", unit="photons", low=1, high=MOST_COUNTS
    )
    panels: tuple[Panel, ...] = ()


def panels_of(settings: SimulationSettings) -> tuple[Panel, ...]:
    """The panels within the frame, from the upper left, row by row."""
    height, width = settings.shape
    detector = settings.detector
    if detector.panels:
        return detector.panels
    columns = [(0, width)]
    rows = [(0, height)]
    if detector.layout in ("halves", "quadrants"):
        rows = _two(height, settings.gap_rows)
    if detector.layout == "quadrants":
        columns = _two(width, detector.gap_columns)
    if detector.layout == "modules":
        rows = _tiles(height, detector.module_rows, settings.gap_rows)
        columns = _tiles(width, detector.module_columns, detector.gap_columns)
    return tuple(Panel(top, left, n, m) for top, n in rows for left, m in columns)


def panel_map(settings: SimulationSettings) -> npt.NDArray[np.int16]:
    """(H, W) int16 number of the panel of every pixel, in the order of `panels_of`; −1 where there is no panel."""
    numbers = np.full(settings.shape, -1, dtype=np.int16)
    for i, panel in enumerate(panels_of(settings)):
        numbers[panel.row : panel.row + panel.rows, panel.column : panel.column + panel.columns] = i
    if settings.detector.hole_px > 0:
        numbers[_disc(settings, settings.detector.hole_px)] = -1
    return numbers


def missing(settings: SimulationSettings) -> BoolImage:
    """(H, W), True where there is no detector: between and beside the panels, and in the hole."""
    return np.asarray(panel_map(settings) < 0)


def beam_stop(settings: SimulationSettings) -> BoolImage:
    """(H, W), True behind the beam stop and its arm."""
    behind = _disc(settings, settings.beam_stop_px)
    half = settings.detector.arm_px / 2
    if half > 0:
        cy, cx = settings.centre_px
        y, x = np.ogrid[: settings.height, : settings.width]
        side = settings.detector.arm_side
        if side in ("bottom", "top"):
            behind |= (np.abs(x - cx) < half) & ((y >= cy) if side == "bottom" else (y <= cy))
        else:
            behind |= (np.abs(y - cy) < half) & ((x >= cx) if side == "right" else (x <= cx))
    return behind


@dataclass(frozen=True, eq=False)
class BadPixels:
    """(H, W) bool each, disjoint: pixels that see nothing, read the full well, or have false signal."""

    dead: BoolImage
    hot: BoolImage
    noisy: BoolImage


def bad_pixels(settings: SimulationSettings) -> BadPixels | None:
    """The bad pixels of the run's detector, a function of the seed; None where it has none."""
    detector = settings.detector
    shares = np.array([detector.dead_share, detector.hot_share, detector.noisy_share])
    if not shares.any():
        return None
    drawn = np.random.default_rng([settings.seed, 0, _STREAM_OF_BAD_PIXELS]).random(settings.shape)
    drawn[missing(settings)] = 1.0
    dead, hot, noisy = np.cumsum(shares)
    return BadPixels(drawn < dead, (drawn >= dead) & (drawn < hot), (drawn >= hot) & (drawn < noisy))


def check_detector(settings: SimulationSettings) -> None:
    """Raises BadParameter for electronics that contradict each other and panels outside the frame."""
    detector = settings.detector
    if detector.readout == COUNTS:
        for name in ("read_noise_adu", "common_mode_adu"):
            if getattr(detector, name) > 0:
                raise BadParameter(
                    f"{name} is {getattr(detector, name):g} ADU",
                    cause="a photon-counting detector has no such noise",
                    hint="choose readout adu",
                )
    if detector.dead_share + detector.hot_share + detector.noisy_share > 0.9:
        raise BadParameter("nearly every pixel is dead, hot or noisy", hint="make the shares smaller")
    for panel in detector.panels:
        inside = (
            0 <= panel.row <= settings.height - panel.rows and 0 <= panel.column <= settings.width - panel.columns
        )
        if min(panel.rows, panel.columns) < 1 or not inside:
            raise BadParameter(
                f"{panel} does not lie in the frame", cause=f"the frame has {settings.height}×{settings.width} pixels"
            )


def _disc(settings: SimulationSettings, radius: float) -> BoolImage:
    cy, cx = settings.centre_px
    y, x = np.ogrid[: settings.height, : settings.width]
    return np.asarray((y - cy) ** 2 + (x - cx) ** 2 < radius**2)


def _two(length: int, gap: int) -> list[tuple[int, int]]:
    """(first, number) of the pixels before and after a gap in the middle."""
    first = max(0, (length - gap) // 2)
    return [(0, first), (first + gap, max(0, length - first - gap))]


def _tiles(length: int, size: int, gap: int) -> list[tuple[int, int]]:
    """(first, number) of tiles with gaps between them, symmetric about the middle and cut off at the ends."""
    pitch = size + gap
    n = -(-(length + gap) // pitch)
    start = -((n * pitch - gap - length) // 2)
    tiles = [(max(0, start + i * pitch), min(length, start + i * pitch + size)) for i in range(n)]
    return [(first, end - first) for first, end in tiles if end > first]
