"""MATLAB 7.3: HDF5 behind a text, axes in the opposite order, complex pairs, cells and texts that are no frames."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.errors import CannotOpen
from models.runs import open_run
from tests.models.runs.files import stack

PAIR = np.dtype([("real", "f8"), ("imag", "f8")])


def mat(path, **variables):
    """What MATLAB writes with -v7.3: every array with its axes reversed, its class as an attribute."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            kind = "double"
            if isinstance(value, str):
                kind, value = "char", np.array([[ord(letter)] for letter in value], np.uint16)
            elif value.dtype.kind == "b":
                kind, value = "logical", value.astype(np.uint8)
            if value.dtype.kind == "c":
                pairs = np.empty(value.shape, PAIR)
                pairs["real"], pairs["imag"] = value.real, value.imag
                value = pairs
            file[name] = np.ascontiguousarray(value.transpose())
            file[name].attrs["MATLAB_class"] = np.bytes_(kind)
        file["#refs#/a"] = np.zeros((40, 60, 80))
        file["#refs#/a"].attrs["MATLAB_class"] = np.bytes_("double")
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Nov 23 2026 HDF5 schema 1.00 ."
    with path.open("r+b") as file:
        file.write(head.ljust(116) + b"\0" * 8 + b"\x00\x02IM")
    return path


def test_frames_follow_the_last_axis_and_rows_are_rows(tmp_path):
    images = stack((20, 24, 5), np.float64)
    mask = np.zeros((20, 24), bool)
    mask[3, 7] = True
    path = mat(tmp_path / "r.mat", images=images, mask=mask, counts=np.arange(5.0)[:, None], name="a" * 40)
    with open_run(path) as run:
        assert run.dataset == "/images"
        assert (len(run), run.shape) == (5, (20, 24))
        np.testing.assert_array_equal(run.load(3).raw, images[:, :, 3])
        assert np.argwhere(~run.mask).tolist() == [[3, 7]]
        assert list(run.columns["counts"].values) == [0, 1, 2, 3, 4]
        assert any("MATLAB" in text for text in run.warnings)


def test_one_complex_picture(tmp_path):
    field = stack((20, 24)) * np.exp(0.3j)
    with open_run(mat(tmp_path / "c.mat", field=field)) as run:
        assert (len(run), run.shape) == (1, (20, 24))
        np.testing.assert_allclose(run.frame(0), np.abs(field) ** 2, rtol=1e-5)
        assert any("complex" in text for text in run.warnings)


def test_texts_and_cells_are_no_frames(tmp_path):
    with pytest.raises(CannotOpen, match="no frames"):
        open_run(mat(tmp_path / "t.mat", text="x" * 400))
