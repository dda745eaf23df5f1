"""Files that producers really wrote, where they are at hand."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from models.patterns.read import read_pattern
from models.runs import open_run
from models.runs.masks import Convention

pytestmark = pytest.mark.real_data


def test_hawk_prepared_ring(shared_data):
    path = shared_data / "hawk_ring" / "ring.h5"
    pattern = read_pattern(path)
    with open_run(path) as run:
        assert run.geometry.centre_px == (49, 49)
        assert (~run.mask).sum() == 463
        assert run.mask_reading[0].convention is Convention.GOOD_IS_ONE
        frame = run.load(0)
        np.testing.assert_allclose(np.where(frame.valid, frame.data, 0), pattern.intensity, rtol=1e-6)


def test_hawk_raw_ring_has_its_centre_along_the_first_axis_first(shared_data, tmp_path):
    """The saturated middle is at column 611: only as (row, column) is the stated (690, 608) near it, in columns."""
    packed = (shared_data / "hawk_ring" / "raw_ring.h5.gz").read_bytes()
    (tmp_path / "raw_ring.h5").write_bytes(gzip.decompress(packed))
    with open_run(tmp_path / "raw_ring.h5") as run:
        assert run.dataset == "/intensities"
        assert run.geometry.centre_px == (690, 608)
        saturated = np.argwhere(run.load(0).raw > 65000)
        assert abs(saturated[:, 1].mean() - run.geometry.centre_px[1]) < 5


def test_hawk_transfer_function_has_no_mask(shared_data):
    with open_run(shared_data / "hawk_ring" / "foo-prtf.h5") as run:
        assert run.mask.all()


def test_transposed_basis_vectors(shared_data):
    with open_run(shared_data / "ptycho_cxi_p25" / "PETRAIII_P25_Near_Field_Ptycho.cxi") as run:
        assert len(run) == 200
        assert run.geometry.pixel_size_m == (5.5e-5, 5.5e-5)
        assert (~run.mask).sum() == 5


def test_photon_converter(shared_data):
    with open_run(shared_data / "pr772_pnccd" / "pr772_10frames_repacked.cxi") as run:
        assert (len(run), run.shape) == (10, (260, 257))
        (reading,) = run.mask_reading
        assert {bit.value: bit.pixels for bit in reading.bits} == {0x1: 1455, 0x80: 175}
        assert reading.masked == 1630
