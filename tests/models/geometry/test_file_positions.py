"""Positions in the run's own file: CXI's vectors and maps of every pixel."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import BadGeometry
from models.geometry.positioned import lay_out
from models.geometry.settings import FROM_FILE
from tests.models.geometry.files import slab_run, write_run

HOME = "entry_1__data_1__"
PITCH = 1e-4
SLOW, FAST = (0.0, -PITCH, 0.0), (PITCH, 0.0, 0.0)


def laid_out(run):
    placed = lay_out(FROM_FILE, run)
    frame = run.load(0)
    return placed, *placed.assembly.apply(frame.raw, frame.flags)


@pytest.mark.parametrize("transposed", [False, True])
def test_one_corner_and_two_vectors(tmp_path, transposed):
    basis = np.array([SLOW, FAST])
    corner = np.array([-2 * PITCH, 5 * PITCH, 0.4])
    run = slab_run(
        tmp_path, **{HOME + "corner_position": corner, HOME + "basis_vectors": basis.T if transposed else basis}
    )
    placed, raw, flags = laid_out(run)
    assert np.array_equal(raw, np.arange(1, 49).reshape(8, 6))
    assert not flags.any()
    # the beam is 2 pixels right of and 5 below the corner, whose pixel has its middle half a pixel inside
    assert placed.geometry.centre_px == pytest.approx((4.5, 1.5))
    assert placed.geometry.pixel_size_m == pytest.approx((PITCH, PITCH))
    assert placed.geometry.distance_m == pytest.approx(0.4)


def test_cxis_own_default_vectors_are_seen_along_the_beam_and_come_out_mirrored(tmp_path):
    basis = np.array([SLOW, (-PITCH, 0.0, 0.0)])
    run = slab_run(tmp_path, **{HOME + "corner_position": np.zeros(3), HOME + "basis_vectors": basis})
    _, raw, _ = laid_out(run)
    assert np.array_equal(raw, np.arange(1, 49).reshape(8, 6)[:, ::-1])


@pytest.mark.parametrize("repeated", [False, True])
def test_each_module_has_its_own(tmp_path, repeated):
    frames = np.arange(2 * 4 * 6 * 5, dtype=np.int32).reshape(2, 4, 6, 5)
    corners = np.array([[(20 * m) * PITCH, -10 * m * PITCH, 0.0] for m in range(4)])
    basis = np.repeat([[SLOW, FAST]], 4, axis=0)
    if repeated:
        corners, basis = np.stack([corners, corners + 1]), np.stack([basis, basis])
    run = write_run(
        tmp_path / "run.cxi", frames, **{HOME + "corner_positions": corners, HOME + "basis_vectors": basis}
    )
    placed, raw, _ = laid_out(run)
    for module in range(4):
        corner = raw[10 * module : 10 * module + 6, 20 * module : 20 * module + 5]
        assert np.array_equal(corner, frames[0, module])
    assert placed.panels == 4
    assert repeated == any("every frame" in note for note in placed.notes)


def test_a_map_of_every_pixel(tmp_path):
    frames = np.arange(2 * 4 * 6 * 5, dtype=np.int32).reshape(2, 4, 6, 5)
    module, ss, fs = np.meshgrid(np.arange(4), np.arange(6), np.arange(5), indexing="ij")
    xyz = np.stack([-fs + 0.25, ss + 10 * module + 0.25, np.zeros_like(fs)]) * PITCH
    run = write_run(tmp_path / "run.cxi", frames, **{HOME + "xyz_map": xyz.astype(np.float32)})
    placed, raw, flags = laid_out(run)
    for m in range(4):
        low = 35 - 10 * m
        assert np.array_equal(raw[low - 5 : low + 1], frames[0, m, ::-1, ::-1])
    assert placed.geometry.pixel_size_m == pytest.approx((PITCH, PITCH), rel=1e-5)
    assert placed.geometry.centre_px == pytest.approx((35.25, 3.75), abs=1e-3)
    assert placed.assembly.found.outlines[0].min(axis=0) == pytest.approx((29.5, -0.5), abs=1e-3)
    assert np.count_nonzero(flags == 0) == 120


def test_pixels_without_a_number_have_no_place(tmp_path):
    y, x = np.mgrid[:8, :6].astype(np.float64) * PITCH
    x[2] = np.nan
    run = slab_run(tmp_path, **{HOME + "xyz_map": np.stack([x, y, 0 * y])})
    _, raw, flags = laid_out(run)
    assert np.count_nonzero(flags == 0) == 42
    assert not np.isin(np.arange(13, 19), raw).any()


@pytest.mark.parametrize(
    "datasets",
    [
        {"xyz_map": np.zeros((3, 8, 6))},
        {"xyz_map": np.zeros((3, 8, 7))},
        {"xyz_map": np.zeros((8, 6, 3))},
        {"xyz_map": np.zeros((3, 8, 6), np.int32)},
        {"xyz_map": np.full((3, 8, 6), np.nan)},
        {"xyz_map": np.full((3, 8, 6), np.inf)},
        {"xyz_map": np.arange(144.0).reshape(3, 8, 6) * 1e300},
        {"corner_position": np.zeros(3), "basis_vectors": np.zeros((2, 3))},
        {"corner_position": np.zeros(3), "basis_vectors": np.ones((2, 3))},
        {"corner_position": np.full(3, np.inf), "basis_vectors": np.array([SLOW, FAST])},
        {"corner_position": np.zeros(3), "basis_vectors": np.array([SLOW, (np.inf, 0, 0)])},
        {"corner_position": np.zeros(3), "basis_vectors": np.array([SLOW, (1e300, 1e300, 0)])},
        {"corner_position": np.zeros((5, 3)), "basis_vectors": np.array([SLOW, FAST])},
        {"corner_position": np.zeros(3), "basis_vectors": np.array(b"vectors")},
        {"corner_position": np.zeros(3)},
        {"basis_vectors": np.array([SLOW, FAST])},
        {},
    ],
    ids=lambda datasets: " ".join(f"{name}{np.shape(value)}" for name, value in datasets.items()) or "nothing",
)
def test_what_gives_no_positions_is_refused(tmp_path, datasets):
    run = slab_run(tmp_path, **{HOME + name: value for name, value in datasets.items()})
    with pytest.raises(BadGeometry) as caught:
        lay_out(FROM_FILE, run)
    assert caught.value.hint
