"""Which frames are learned from, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from models.denoising.adapt.sample import FEWEST, sample_run
from models.denoising.adapt.settings import DenoiseAdaptSettings
from models.denoising.counting import CountingSettings
from models.denoising.friedel import mate
from models.denoising.limits import Limits
from models.errors import BadParameter, NotEnoughExamples
from models.progress import drain
from tests.models.denoising.adapt.runs import CountedRun, counted, middle, striped

SETTINGS = DenoiseAdaptSettings(weights="-")


def test_frames_without_photons_are_left_out_and_counted() -> None:
    counts = counted(striped(), 30)
    counts[::3] = 0
    counts[0, 4, 4] = 9
    found = drain(sample_run(CountedRun(counts, centre_px=(15.5, 15.5)), SETTINGS))
    assert (len(found), found.skipped) == (20, 10)
    assert not set(found.indices) & set(range(0, 30, 3))
    assert any("10 frames with fewer than 10 photons" in note for note in found.notes)
    for row, index in enumerate(found.indices):
        np.testing.assert_array_equal(found.counts[row], counts[index])


def test_few_frames_are_said_to_be_few_and_fewer_refused() -> None:
    counts = counted(striped(), FEWEST)
    found = drain(sample_run(CountedRun(counts, centre_px=(15.5, 15.5)), SETTINGS))
    assert any(f"only {FEWEST} frames" in note for note in found.notes)
    with pytest.raises(NotEnoughExamples) as refused:
        drain(sample_run(CountedRun(counts[1:], centre_px=(15.5, 15.5)), SETTINGS))
    assert "at least 8 are needed" in refused.value.sentence()


def test_only_chosen_frames_are_read() -> None:
    run = CountedRun(counted(striped(), 40), centre_px=(15.5, 15.5))
    found = drain(sample_run(run, SETTINGS, range(5, 25)))
    assert sorted(found.indices) == list(range(5, 25))
    with pytest.raises(BadParameter) as refused:
        drain(sample_run(run, SETTINGS, [3, 40]))
    assert "the run has 40" in refused.value.sentence()


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (CountedRun(counted(striped(), 20) * 0.7, centre_px=(15.5, 15.5)), "no whole photons"),
        (CountedRun(counted(striped(), 20), unit="photons (denoised)"), "denoised already"),
    ],
)
def test_what_cannot_be_split_is_refused(run: CountedRun, words: str) -> None:
    with pytest.raises(BadParameter) as refused:
        drain(sample_run(run, SETTINGS))
    assert words in refused.value.sentence()


def test_a_mask_of_another_shape_is_refused() -> None:
    run = CountedRun(counted(striped(), 20))
    with pytest.raises(BadParameter, match="mask"):
        drain(sample_run(run, SETTINGS, mask=np.ones((3, 3), np.bool_)))


@pytest.mark.parametrize("centre", [(15.5, 15.5), (14.0, 16.5)])
@pytest.mark.parametrize("most", [256, 24])
def test_mates_lie_opposite_in_the_window(centre: tuple[float, float], most: int) -> None:
    mask = np.ones((32, 40), np.bool_)
    mask[10:12] = False
    run = CountedRun(counted(striped((32, 40)), 20), mask, centre)
    object.__setattr__(settings := DenoiseAdaptSettings(weights="-", friedel="on"), "window_px", most)
    found = drain(sample_run(run, settings))
    assert max(found.radius.shape) <= max(most, 41)
    np.testing.assert_allclose(found.radius, found.radius[::-1, ::-1])
    # The middle of the window shows the same photons as the frame about the beam.
    h, w = found.radius.shape
    top, left = round(centre[0] - (h - 1) / 2), round(centre[1] - (w - 1) / 2)
    row, index = 0, int(found.indices[0])
    opposite = mate(run.counts[index] * mask, centre)
    ys, xs = slice(max(0, top), min(32, top + h)), slice(max(0, left), min(40, left + w))
    inner = slice(ys.start - top, ys.stop - top), slice(xs.start - left, xs.stop - left)
    np.testing.assert_array_equal(found.counts[row][::-1, ::-1][inner], opposite[ys, xs])


def test_mates_are_not_summed_where_they_differ_or_the_beam_is_not_known() -> None:
    lopsided = striped()
    lopsided[:16] *= 3
    found = drain(sample_run(CountedRun(counted(lopsided, 20), centre_px=middle((32, 32))), SETTINGS))
    assert not found.folded.any()
    assert drain(sample_run(CountedRun(counted(striped(), 20), centre_px=middle((32, 32))), SETTINGS)).folded.all()
    slope = CountedRun(counted(np.tile(np.linspace(0, 2, 32), (32, 1)), 20))
    found = drain(sample_run(slope, SETTINGS))
    assert not found.folded.any()
    assert any("beam is not known" in note for note in found.notes)


def test_pixels_are_summed_where_speckles_are_wider_than_the_network_knows() -> None:
    y, x = np.mgrid[:63, :64]
    rate = np.exp(-((y - 31) ** 2 + (x - 31.5) ** 2) / 300)
    mask = np.ones(rate.shape, np.bool_)
    mask[20] = False
    run = CountedRun(counted(2000 * rate / rate.sum(), 12), mask, (31.0, 31.5))
    limits = Limits((50.0, 1e6), (2.0, 6.0), 0.15, 20.0)
    found = drain(sample_run(run, SETTINGS, limits=limits))
    assert found.summed in (4, 8)
    assert any("pixels were summed" in note for note in found.notes)
    assert found.counts.shape[1:] == (-(-63 // found.summed), 64 // found.summed)
    np.testing.assert_allclose(found.photons, (run.counts * mask).sum((1, 2))[found.indices])
    assert found.exposure.sum() * found.summed**2 == pytest.approx(12 * mask.sum())
    assert set(np.unique(found.exposure)) >= {1.0, 1 - 1 / found.summed}
    # The beam lies between the middle sums, within half a pixel.
    assert found.radius.min() * found.summed == pytest.approx(found.summed / 2**0.5, abs=0.6)


def test_detector_units_become_photons() -> None:
    counts = counted(striped(), 12)
    run = CountedRun(30 * counts + 4, centre_px=(15.5, 15.5), unit="ADU")
    found = drain(sample_run(run, SETTINGS, counting=CountingSettings(adu_per_photon=30.0)))
    np.testing.assert_array_equal(found.counts, counts[found.indices])
    photons = CountedRun(counts, centre_px=(15.5, 15.5))
    with pytest.raises(BadParameter, match="photons already"):
        drain(sample_run(photons, SETTINGS, counting=CountingSettings(adu_per_photon=30.0)))
