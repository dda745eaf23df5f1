"""The benchmark of denoised input: what its words mean, and what its table counts."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.phasing.denoised import agrees_to, settings_of, table
from benchmarks.phasing.objects import simulated
from models.phasing.presets import DEFAULT
from models.phasing.quality.transform import to_fourier, to_object


def test_an_input_is_written_as_kind_bound_and_denoiser():
    assert settings_of("raw") == DEFAULT.settings
    found = settings_of("bounded:2 tv weight=0.7")
    assert (found.input, found.bound_sigma, found.denoiser) == ("bounded", 2.0, "tv weight=0.7")
    assert settings_of("denoised network").bound_sigma == DEFAULT.settings.bound_sigma


def row(words, number, error, starts=()):
    figures = {"average": error, "prtf": 100.0, "truth": 60.0, "seconds": 9.0}
    which = {"input": words, "object": number, "photons": 1e5, "stop": 3}
    return which | figures | {"error": error, "starts": [error, *starts]}


def test_the_table_compares_with_raw_input_on_the_same_objects_only():
    rows = [row("raw", 0, 0.2), row("raw", 1, 0.4, starts=(0.25,)), row("raw", 2, 0.1)]
    rows += [row("bounded tv", 0, 0.15), row("bounded tv", 1, 0.2), row("bounded tv", 3, 0.9)]
    lines = table(rows).splitlines()
    raw, bounded = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:])
    assert raw[:9] == ["10^5", "3", "raw", "3", "2 of 3", "0.2000", "0.400", "0.2000", "–"]
    assert raw[9] == "2 of 3"  # of the second object another start is good
    assert bounded[3:9] == ["3", "2 of 3", "0.2000", "0.900", "0.2000", "2 of 2"]


@pytest.mark.parametrize("radius", [12, 40])
def test_an_object_with_noise_for_its_fine_detail_agrees_up_to_there(radius):
    truth = simulated(0, 128).values
    at = np.hypot(*np.meshgrid(np.arange(128) - 64, np.arange(128) - 64))
    spectrum = to_fourier(truth.astype(np.complex128))
    turned = np.exp(2j * np.pi * np.random.default_rng(0).uniform(size=at.shape))
    found = to_object(np.where(at <= radius, spectrum, spectrum * turned)).astype(np.complex64)
    assert agrees_to(truth, truth) == 64
    assert agrees_to(truth, 2j * np.roll(found, (3, -5), (0, 1))) == pytest.approx(radius, abs=2)
