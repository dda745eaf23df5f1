"""What a file is, by its content; and the one sentence for those that are no runs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shlex
import tarfile

import h5py
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from models.errors import FriedelError
from models.runs import open_run
from models.runs.recognise import recognise
from models.runs.refusals import known_magic, refusal, unpacked_start
from tests.models.runs.files import refused, stack, write_cxi


@pytest.mark.parametrize(
    ("pack", "suffix", "command", "word"),
    [
        (gzip.compress, ".gz", "gunzip -k", "gzip"),
        (bz2.compress, ".bz2", "bunzip2 -k", "bzip2"),
        (lzma.compress, ".xz", "unxz -k", "compressed with xz"),
    ],
)
def test_packed_files_are_named_with_the_command_that_unpacks_them(tmp_path, pack, suffix, command, word):
    folder = tmp_path / "my runs"
    folder.mkdir()
    inside = {"run.cxi": "an HDF5 file", "a.npy": "an NPY array", "a.tif": "a TIFF file"}
    write_cxi(folder / "run.cxi")
    np.save(folder / "a.npy", stack())
    tifffile.imwrite(folder / "a.tif", stack((20, 24), np.uint16))
    for name, what in inside.items():
        path = folder / f"{name}{suffix}"
        path.write_bytes(pack((folder / name).read_bytes()))
        sentence = refused(path)
        assert what in sentence
        assert word in sentence
        assert f"{command} {shlex.quote(str(path))}" in sentence
    path.write_bytes(pack(b"")[:12])
    assert "a file compressed" in refused(path)


def test_tar_in_gzip(tmp_path):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("run.cxi"))
    (tmp_path / "run.tgz").write_bytes(gzip.compress(made.getvalue()))
    assert "tar archive" in refused(tmp_path / "run.tgz")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "a.data",
            "# TITLE pnCCD\n# HDR PARENT IND        OBJECT IND     X0[um]\nIP 0 CAMP 0 0 0 0\n",
            "psana geometry",
        ),
        ("a.geom", "; made by hand\nclen = 0.2\np0/min_fs = 0\np0/corner_x = -1\n", "CrystFEL geometry"),
        ("det.dat", "4 400.0 400.0\n" + "1.0e0 2.0e0 3.0e0 1.0 0\n" * 4, "detector file of Dragonfly"),
        ("frame.npy", " ".join(["1.5"] * 40 + ["\n"]) * 40, "table of numbers"),
        ("frame.csv", ",".join(["3"] * 40) + "\n" + ",".join(["4"] * 40) + "\n", "table of numbers"),
        ("labels.csv", "frame,label\n1,single\n", "begins with 'frame,label'"),
    ],
)
def test_texts_that_belong_to_runs(tmp_path, name, content, words):
    (tmp_path / name).write_text(content)
    assert words in refused(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("frames.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\1IM" + bytes(200), "-v7.3"),
        ("frames.pkl", b"\x80\x04\x95" + bytes(range(200)), "never read"),
        ("movie.gif", b"GIF89a" + bytes(200), "GIF"),
        ("e12.xtc2", b"\x01\xff" * 100, "psana"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert words in refused(tmp_path / name)


def test_suffix_does_not_decide(tmp_path):
    data = stack()
    writers = {
        "npy": lambda path: path.write_bytes(npy(data)),
        "hdf5": lambda path: write_cxi(path, data),
        "tiff": lambda path: tifffile.imwrite(path, data[0].astype(np.uint16)),
    }
    for kind, write in writers.items():
        for suffix in (".h5", ".npy", ".tif", ".emc", ".edf", ".raw", ".dat", ""):
            path = tmp_path / f"{kind}{suffix}"
            write(path)
            assert recognise(path) == kind, path.name
            with open_run(path) as run:
                assert run.shape == data.shape[1:]


def npy(data):
    made = io.BytesIO()
    np.save(made, data)
    return made.getvalue()


def test_hdf5_behind_a_user_block(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["frames"] = stack()
    with (tmp_path / "a.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")
    assert recognise(tmp_path / "a.mat") == "hdf5"


@given(st.binary(max_size=4096), st.sampled_from(["a.h5", "a.raw", "a.dat", "a", "a.gz", "a.emc", "a.edf", "a.img"]))
def test_any_content_is_recognised_or_refused_in_one_sentence(tmp_path_factory, content, name):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
    try:
        recognise(path)
    except FriedelError as error:
        sentence = error.sentence()
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert error.hint  # noqa: PT017


@given(st.sampled_from([b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\0"]), st.binary(max_size=300))
def test_damaged_packing_is_no_trouble(tmp_path_factory, magic, content):
    path = tmp_path_factory.mktemp("packed") / "a.gz"
    path.write_bytes(magic + content)
    assert isinstance(unpacked_start(path), bytes)
    assert known_magic(magic + content) is not None
    assert "compressed with" in refusal(path, magic + content).sentence()


def test_unpacking_to_look_inside_is_bounded(tmp_path):
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(50_000_000)))
    assert len(unpacked_start(tmp_path / "bomb.gz")) <= 1 << 16
