"""The simulated detector: panels, bad pixels, electronics and background."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadParameter
from models.progress import drain
from models.simulation import detector
from models.simulation.beam import BeamSettings
from models.simulation.generate import simulate
from models.simulation.panels import (
    DetectorSettings,
    Panel,
    bad_pixels,
    beam_stop,
    missing,
    panel_map,
    panels_of,
)
from models.simulation.settings import SimulationSettings, checked

BASE = SimulationSettings(frames=4, height=64, width=80, gap_rows=4, beam_stop_px=0.0)


def built(**parts: object) -> SimulationSettings:
    return replace(BASE, detector=DetectorSettings(**parts))


def test_layouts():
    assert [len(panels_of(built(layout=name))) for name in ("whole", "halves", "quadrants")] == [1, 2, 4]
    assert not missing(built(layout="whole")).any()
    quadrants = missing(built(layout="quadrants", gap_columns=6))
    assert quadrants.sum() == 4 * 80 + 6 * 64 - 24
    assert quadrants[30:34].all()
    assert quadrants[:, 37:43].all()
    holed = built(layout="quadrants", hole_px=9.0)
    assert missing(holed)[31 - 7, 39]
    assert panel_map(holed)[0, 0] == 0
    assert panel_map(holed)[63, 79] == 3


@given(rows=st.integers(3, 40), columns=st.integers(3, 90), gap_rows=st.integers(0, 9), gap_columns=st.integers(0, 9))
def test_modules_tile_the_frame_symmetrically(rows: int, columns: int, gap_rows: int, gap_columns: int):
    settings = replace(
        built(layout="modules", module_rows=rows, module_columns=columns, gap_columns=gap_columns), gap_rows=gap_rows
    )
    numbers = panel_map(settings)
    sizes = np.bincount(numbers[numbers >= 0])
    assert sizes.max() <= rows * columns
    assert (sizes > 0).all()
    # Symmetric about the middle, up to the half pixel that an odd rest leaves over.
    for lines in ((numbers >= 0).any(axis=1), (numbers >= 0).any(axis=0)):
        mirrored = lines[::-1]
        assert (lines == mirrored).all() or (lines[1:] == mirrored[:-1]).all()


def test_panels_one_by_one():
    settings = built(panels=(Panel(0, 0, 20, 30), Panel(40, 50, 24, 30)))
    assert (~missing(settings)).sum() == 20 * 30 + 24 * 30
    assert checked(settings) is settings
    with pytest.raises(BadParameter, match="does not lie in the frame"):
        checked(built(panels=(Panel(50, 0, 20, 30),)))


@pytest.mark.parametrize(
    ("side", "pixel"), [("bottom", (60, 40)), ("top", (3, 40)), ("left", (32, 3)), ("right", (32, 76))]
)
def test_the_beam_stop_s_arm(side: str, pixel: tuple[int, int]):
    settings = replace(built(arm_px=4.0, arm_side=side), beam_stop_px=5.0)
    behind = beam_stop(settings)
    assert behind[pixel]
    assert not behind[63 - pixel[0], 79 - pixel[1]]
    assert not detector.usable(settings)[pixel]


def test_bad_pixels_are_as_many_as_asked_and_stay_where_they_are():
    settings = replace(
        built(dead_share=0.05, hot_share=0.02, noisy_share=0.03, layout="whole"), height=300, width=300
    )
    bad = bad_pixels(settings)
    assert bad is not None
    shares = [picture.mean() for picture in (bad.dead, bad.hot, bad.noisy)]
    np.testing.assert_allclose(shares, [0.05, 0.02, 0.03], atol=0.003)
    assert not (bad.dead & bad.hot | bad.hot & bad.noisy | bad.dead & bad.noisy).any()
    again = bad_pixels(replace(settings, frames=7))
    np.testing.assert_array_equal(bad.dead, again.dead)
    assert bad_pixels(BASE) is None


def test_bad_pixels_read_as_such():
    settings = built(dead_share=0.1, hot_share=0.1, noisy_share=0.1, full_well_photons=50, noisy_photons=8.0)
    bad = bad_pixels(settings)
    rng = np.random.default_rng(1)
    frames = np.stack([detector.read_out(rng, np.full(BASE.shape, 4.0), settings, bad) for _ in range(50)])
    assert not (missing(settings) & (bad.dead | bad.hot | bad.noisy)).any()
    assert (frames[:, bad.dead] == 0).all()
    assert (frames[:, bad.hot] == 50).all()
    good = ~(bad.dead | bad.hot | bad.noisy)
    assert frames[:, good].mean() == pytest.approx(4, rel=0.01)
    # A noisy pixel's false signal is a half-normal one of mean 8 √(2/π).
    assert frames[:, bad.noisy].mean() == pytest.approx(4 + 8 * np.sqrt(2 / np.pi), rel=0.05)


def test_full_well():
    settings = built(full_well_photons=100)
    frame = detector.read_out(np.random.default_rng(0), np.full(BASE.shape, 1000.0), settings)
    assert frame.dtype == np.uint16
    assert (frame == 100).all()


def test_integrating_electronics():
    settings = built(layout="quadrants", readout="adu", adu_per_photon=20.0, read_noise_adu=3.0, common_mode_adu=10.0)
    rng = np.random.default_rng(2)
    dark = np.stack([detector.read_out(rng, np.zeros(BASE.shape), settings) for _ in range(200)])
    assert dark.dtype == np.float32
    assert (dark[:, missing(settings)] == 0).all()
    numbers = panel_map(settings)
    offsets = np.stack([dark[:, numbers == i].mean(axis=1) for i in range(4)])
    assert offsets.std() == pytest.approx(10, rel=0.1)
    assert abs(np.corrcoef(offsets[0], offsets[1])[0, 1]) < 0.25
    noise = dark[:, numbers == 2] - offsets[2][:, None]
    assert noise.std() == pytest.approx(3, rel=0.02)
    lit = np.stack([detector.read_out(rng, np.full(BASE.shape, 5.0), settings) for _ in range(200)])
    signal = lit[:, numbers >= 0]
    assert signal.mean() == pytest.approx(100, abs=4)
    # Poisson photons times gain, read noise and common mode add up in squares.
    assert signal.var() == pytest.approx(20**2 * 5 + 3**2 + 10**2, rel=0.05)


def test_noise_that_a_counting_detector_does_not_have_is_refused():
    with pytest.raises(BadParameter, match="read_noise_adu"):
        checked(built(read_noise_adu=1.0))
    with pytest.raises(BadParameter, match="dead, hot or noisy"):
        checked(built(dead_share=0.5, hot_share=0.45))


def test_guinier_background_falls_off_with_its_radius_of_gyration():
    beam = BeamSettings(background_form="guinier", guinier_rg_nm=4.0)
    settings = replace(BASE, beam=beam, beam_stop_px=3.0)
    spread = detector.background(np.random.default_rng(0), 2, settings)
    np.testing.assert_array_equal(spread[0], spread[1])
    seen = detector.usable(settings)
    assert spread[0][seen].sum() == pytest.approx(1, rel=1e-5)
    y, x = np.indices(BASE.shape)
    q2 = ((y - 31.5) ** 2 + (x - 39.5) ** 2) * (2 * np.pi / settings.wavelength_nm * 0.3e-3 / 0.5) ** 2
    slope, _ = np.polyfit(q2[seen], np.log(spread[0][seen]), 1)
    assert slope == pytest.approx(-(4.0**2) / 3, rel=1e-3)


def test_a_run_of_an_integrating_detector():
    settings = replace(
        BASE, detector=DetectorSettings(readout="adu", adu_per_photon=10.0, read_noise_adu=1.0), photons_low=2000.0
    )
    blocks = []
    truth = drain(simulate(settings), blocks.append)
    counts = np.concatenate([block.counts for block in blocks])
    assert counts.dtype == np.float32
    error = 6 * np.sqrt(truth.photons) + 6 * np.sqrt(counts[0].size) / 10
    assert (np.abs(counts.sum(axis=(1, 2)) / 10 - truth.photons) < error).all()
