"""Datasets that HDF5 would crash over, or never end with: they are refused, and what lies beside them is read."""

from __future__ import annotations

import struct

import h5py
import numpy as np
import pytest

from models.runs import open_run
from models.runs.hdf5.unsafe import why_unsafe
from tests.models.runs.files import refused, stack, write_cxi


def virtual(file, name, source, shape=(4, 20, 24), of_shape=None, where="."):
    layout = h5py.VirtualLayout(shape, "u2")
    layout[:] = h5py.VirtualSource(where, source, of_shape or shape)
    file.create_virtual_dataset(name, layout, fillvalue=0)


def test_a_dataset_that_draws_from_itself(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        virtual(file, "data", "data")
    assert "draws from itself" in refused(tmp_path / "a.h5")
    assert "draws from itself" in refused(tmp_path / "a.h5", "/data")


def test_datasets_that_draw_from_one_another(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, source in ("ab", "bc", "ca"):
            virtual(file, name, source)
        file["frames"] = stack()
    with open_run(tmp_path / "a.h5") as run:
        assert run.dataset == "/frames"
        assert any("/a (it is a virtual dataset that draws from itself)" in text for text in run.warnings)


@pytest.mark.parametrize("name", ["b.h5", "/where/it/was/measured/b.h5"])
def test_files_that_draw_from_one_another(tmp_path, name):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        virtual(file, "data", "data", where=name)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        virtual(file, "data", "data", where="a.h5")
    assert "draws from itself" in refused(tmp_path / "a.h5")


def test_numbered_sources_that_are_the_dataset_itself(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        endless = h5py.h5s.create_simple((4, 20, 24), (h5py.h5s.UNLIMITED, 20, 24))
        endless.select_hyperslab((0, 0, 0), (h5py.h5s.UNLIMITED, 1, 1), (1, 1, 1), (1, 20, 24))
        created.set_virtual(endless, b".", b"/frames_%b", h5py.h5s.create_simple((1, 20, 24)))
        space = h5py.h5s.create_simple((4, 20, 24), (h5py.h5s.UNLIMITED, 20, 24))
        h5py.h5d.create(file.id, b"frames_12", h5py.h5t.NATIVE_INT32, space, created)
    assert "draws from itself" in refused(tmp_path / "a.h5")


def test_a_source_of_other_dimensions(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["nothing"] = h5py.Empty("u2")
        virtual(file, "data", "nothing")
    assert "has not as many dimensions" in refused(tmp_path / "a.h5")


def test_virtual_datasets_of_virtual_datasets_are_fine(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = stack((4, 20, 24), "u2")
        virtual(file, "once", "raw")
        virtual(file, "data", "once")
    with open_run(tmp_path / "a.h5", "/data") as run:
        np.testing.assert_array_equal(run.frame(3), stack((4, 20, 24))[3])


def test_a_chain_without_end_in_sight(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["raw"] = stack((4, 20, 24), "u2")
        for place in range(20):
            virtual(file, f"d{place}", f"d{place - 1}" if place else "raw")
        assert "more than 8 deep" in why_unsafe(file["d19"])
        assert why_unsafe(file["d2"]) == ""


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("szip", {0: 0, 1: 0, 2: 0, 3: 0}),
        ("szip", {1: 0}),
        ("szip", {1: 9}),
        ("szip", {3: 1}),
        ("scale-offset", {2: 7}),
        ("scale-offset", {4: 1}),
        ("n-bit", {2: 1 << 30}),
        ("n-bit", {4: 64}),
    ],
)
def test_filters_with_impossible_parameters(tmp_path, name, values):
    """Parameters as HDF5 wrote them open; with some of them changed in the file, they do not."""
    path = tmp_path / "a.h5"
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk((2, 20, 24))
    if name == "szip":
        created.set_szip(h5py.h5z.SZIP_NN_OPTION_MASK, 4)
    elif name == "scale-offset":
        created.set_scaleoffset(h5py.h5z.SO_INT, 0)
    else:
        created.set_filter(h5py.h5z.FILTER_NBIT, h5py.h5z.FLAG_OPTIONAL, ())
    with h5py.File(path, "w") as file:
        made = h5py.h5d.create(file.id, b"data", h5py.h5t.NATIVE_INT32, h5py.h5s.create_simple((4, 20, 24)), created)
        parameters = list(made.get_create_plist().get_filter(0)[2])
    with open_run(path) as run:
        assert len(run) == 4
    changed = [values.get(place, value) for place, value in enumerate(parameters)]
    was, is_now = (struct.pack(f"<{len(each)}I", *each) for each in (parameters, changed))
    content = path.read_bytes()
    assert content.count(was) == 1
    path.write_bytes(content.replace(was, is_now))
    assert f"{name} filter has impossible parameters" in refused(path)


@pytest.mark.parametrize(
    "how", [{"scaleoffset": 0}, {"compression": "szip"}, {"compression": "gzip", "shuffle": True}]
)
def test_filters_as_they_should_be(tmp_path, how):
    data = stack((4, 20, 24), "i4")
    try:
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file.create_dataset("data", data=data, chunks=(2, 20, 24), **how)
    except ValueError:
        pytest.skip("this HDF5 cannot write with that filter")
    with open_run(tmp_path / "a.h5") as run:
        np.testing.assert_array_equal(run.frame(3), data[3])


def test_bytes_of_other_files_are_no_mask_and_no_column(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(bytes(range(200)))
    path = write_cxi(tmp_path / "in" / "a.cxi")
    with h5py.File(path, "r+") as file:
        where = [(str(tmp_path / "secret"), 0, 100)]
        file.create_dataset("entry_1/score", (5,), "u1", external=where)
        file.create_dataset("entry_1/instrument_1/detector_1/mask", (20, 24), "u1", external=[(where[0][0], 0, 480)])
    with open_run(path) as run:
        assert "score" not in run.columns
        assert run.mask.all()
        assert any("secret, outside the file's folder" in text for text in run.warnings)
