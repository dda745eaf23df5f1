"""TIFF files and folders of them as runs."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import CannotOpen, FrameUnreadable
from models.runs import PixelFlag, open_run
from models.runs.pictures_folder import missing_numbers, natural_key
from models.runs.tiff import header_geometry
from models.runs.tiff_header import BadTiff, read_tiff_header
from tests.models.runs.files import stack


def refused(path):
    with pytest.raises(CannotOpen) as caught:
        open_run(path)
    assert caught.value.hint
    return caught.value.sentence()


@pytest.mark.parametrize(
    "how", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"compression": "zlib"}, {"imagej": True}, {"metadata": None}]
)
@pytest.mark.parametrize("frames", [1, 5])
def test_pages_are_frames(tmp_path, how, frames):
    data = stack((frames, 20, 24), np.uint16)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, data, photometric="minisblack", **how)
    with open_run(path) as run:
        assert (len(run), run.shape) == (frames, (20, 24))
        frame = run.load(frames - 1)
        np.testing.assert_array_equal(frame.raw, data[-1])
        assert frame.raw.dtype == np.uint16
        assert frame.raw.dtype.isnative


@pytest.mark.parametrize("dtype", ["u1", "i4", "f4", "f8", "i2"])
def test_number_types(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", stack((20, 24), dtype))
    with open_run(tmp_path / "a.tif") as run:
        np.testing.assert_array_equal(run.load(0).raw, stack((20, 24), dtype))
        assert run.dtype == dtype


def test_colour_and_cut_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "rgb.tif", np.zeros((20, 24, 3), np.uint8), photometric="rgb")
    assert "colour" in refused(tmp_path / "rgb.tif")
    path = tmp_path / "cut.tif"
    tifffile.imwrite(path, stack((20, 24), np.uint16))
    os.truncate(path, path.stat().st_size - 11)
    assert "11 bytes" in refused(path)
    os.truncate(path, 12)
    assert "cut short" in refused(path)


def test_last_pages_cut(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for number in range(4):
            writer.write(np.full((20, 24), number, np.uint16), contiguous=False)
    os.truncate(path, path.stat().st_size - 500)
    with open_run(path) as run:
        assert run.frame(1)[0, 0] == 1
        assert len(run) == 4
        with pytest.raises(FrameUnreadable) as caught:
            run.load(3)
        assert caught.value.index == 3


def test_folder_in_natural_order(tmp_path):
    for number in (10, 9, 1, 2, 12):
        tifffile.imwrite(tmp_path / f"shot_{number}.tif", np.full((20, 24), number, np.int32))
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "._shot_1.tif").write_bytes(b"resource fork")
    with open_run(tmp_path) as run:
        assert [int(run.frame(i)[0, 0]) for i in range(len(run))] == [1, 2, 9, 10, 12]
        assert list(run.events) == ["shot_1", "shot_2", "shot_9", "shot_10", "shot_12"]
        assert any("7 missing" in text for text in run.warnings)
        identity = run.identity
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    with open_run(moved) as run:
        assert run.identity == identity


def test_odd_files_of_a_folder_are_left_out_and_named(tmp_path):
    for number in range(5):
        tifffile.imwrite(tmp_path / f"a{number}.tif", np.full((20, 24), number, np.uint16))
    tifffile.imwrite(tmp_path / "a0.tif", np.zeros((30, 30), np.uint16))
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((20, 24, 3), np.uint8), photometric="rgb")
    (tmp_path / "c.tif").write_bytes(b"")
    os.truncate(tmp_path / "a3.tif", 600)
    with open_run(tmp_path) as run:
        assert [int(run.frame(i)[0, 0]) for i in range(len(run))] == [1, 2, 4]
        told = " ".join(run.warnings)
        assert (
            "4 files are left out: a0.tif (30×30 uint16), a3.tif (incomplete, 616 bytes are missing), "
            "b.tif (a colour picture), c.tif (it is not a TIFF file)"
        ) in told
        assert "1 missing or left out (3)" in told
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "c.tif").write_bytes(b"")
    assert "none of its 1 TIFF" in refused(tmp_path / "only")


def test_darks_and_flat_fields_among_the_frames_are_left_out(tmp_path):
    for name in ("shot_001", "shot_002", "shot_003", "Dark_001", "shot_flat", "whitefield"):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros((20, 24), np.uint16))
    with open_run(tmp_path) as run:
        assert list(run.events) == ["shot_001", "shot_002", "shot_003"]
        told = [note for note in run.warnings if "dark" in note]
        assert told == [
            "3 files are called like a dark, a flat field or a mask and left out: "
            "Dark_001.tif, shot_flat.tif, whitefield.tif"
        ]
    only = tmp_path / "darks"
    only.mkdir()
    for number in range(3):
        tifffile.imwrite(only / f"dark_{number}.tif", np.zeros((20, 24), np.uint16))
    with open_run(only) as run:  # a folder of darks is a run of darks
        assert len(run) == 3


def test_a_file_that_vanishes_is_one_unreadable_frame(tmp_path):
    for number in range(3):
        tifffile.imwrite(tmp_path / f"a{number}.tif", np.full((20, 24), number, np.uint16))
    with open_run(tmp_path) as run:
        (tmp_path / "a1.tif").unlink()
        tifffile.imwrite(tmp_path / "a2.tif", np.zeros((5, 5), np.uint16))
        assert run.frame(0)[0, 0] == 0
        with pytest.raises(FrameUnreadable):
            run.load(1)
        with pytest.raises(FrameUnreadable, match="does not fit"):
            run.load(2)


def test_folder_without_frames_says_what_is_there(tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert "1 .txt" in refused(tmp_path)


def test_pilatus_header_and_markers(tmp_path):
    data = stack((20, 24), np.int32)
    data[0, 0], data[1, 1] = -1, -2
    text = (
        "# Detector: PILATUS 300K, S/N 3-0101\n# Pixel_size 172e-6 m x 172e-6 m\n# Detector_distance 0.25000 m\n"
        "# Wavelength 1.0000 A\n# Beam_xy (11.00, 9.50) pixels\n"
    )
    tifffile.imwrite(tmp_path / "a.tif", data, description=text)
    with open_run(tmp_path / "a.tif") as run:
        assert run.geometry.pixel_size_m == (172e-6, 172e-6)
        assert run.geometry.distance_m == 0.25
        assert run.geometry.photon_energy_eV == pytest.approx(12398.4, rel=1e-5)
        assert run.geometry.centre_px == (9.5, 11.0)
        flags = run.load(0).flags
        assert flags[0, 0] == flags[1, 1] == PixelFlag.SENTINEL
        assert (flags != 0).sum() == 2


@given(st.text())
def test_any_description_is_read(text):
    distance = header_geometry(text).distance_m
    assert distance is None or distance > 0


@given(
    st.floats(1e-7, 1e-2, allow_nan=False),
    st.floats(1e-2, 10, allow_nan=False),
    st.sampled_from([("m", 1.0), ("mm", 1e-3), ("cm", 1e-2)]),
)
def test_description_values_are_found(pitch, distance, unit):
    text = f"junk\n# Pixel_size {pitch:.9e} m x {2 * pitch:.9e} m\n# Detector_distance {distance:.9f} {unit[0]}\n"
    geometry = header_geometry(text)
    assert geometry.pixel_size_m == pytest.approx((2 * pitch, pitch), rel=1e-6)
    assert geometry.distance_m == pytest.approx(distance * unit[1], rel=1e-6)


@given(st.lists(st.text(max_size=12)))
def test_natural_order_is_a_total_order(names):
    keys = sorted(natural_key(name) for name in names)
    assert len(keys) == len(names)


@given(st.lists(st.integers(0, 10**12), unique=True, min_size=1), st.integers(0, 8))
def test_natural_order_counts(numbers, width):
    names = [f"frame_{number:0{width}d}.tif" for number in numbers]
    ordered = sorted(names, key=natural_key)
    assert [int(name[6:-4]) for name in ordered] == sorted(numbers)
    gaps = missing_numbers([name[:-4] for name in names])
    assert sum(last - first + 1 for first, last in gaps) == max(numbers) - min(numbers) + 1 - len(numbers)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 180), st.binary(min_size=1, max_size=8), st.booleans(), st.integers(0, 400))
def test_damaged_headers_are_read_or_refused(tmp_path_factory, place, junk, big, cut):
    path = tmp_path_factory.mktemp("fuzz") / "a.tif"
    tifffile.imwrite(path, np.zeros((4, 4), np.uint16), bigtiff=big)
    content = bytearray(path.read_bytes())
    content[place : place + len(junk)] = junk
    path.write_bytes(bytes(content[: len(content) - cut]))
    try:
        header = read_tiff_header(path)
    except BadTiff:
        return
    assert header.width > 0
    assert header.height > 0


def marccd_block(**more):
    """The manufacturer's header between a TIFF's directory and its pixels."""
    block = bytearray(3072)
    block[:4], block[4:8] = (2).to_bytes(4, "little"), b"MMX\0"
    places = {28: 1234, 104: 65535, 640: 150_000, 644: 12_500, 648: 9_250, 772: 78_000, 776: 78_000, 908: 97_950}
    for place, value in (places | more).items():
        block[int(place) : int(place) + 4] = int(value).to_bytes(4, "little", signed=True)
    return bytes(block)


def write_mccd(path, data, block):
    """A directory at byte 8, MarCCD's header at byte 1024, the pixels at byte 4096."""
    tags = [(256, 4, data.shape[1]), (257, 4, data.shape[0]), (258, 3, 16), (259, 3, 1), (262, 3, 1)]
    tags += [(273, 4, 4096), (277, 3, 1), (278, 4, data.shape[0]), (279, 4, data.nbytes)]
    content = b"II*\0" + (8).to_bytes(4, "little") + len(tags).to_bytes(2, "little")
    for tag, kind, value in tags:
        content += tag.to_bytes(2, "little") + kind.to_bytes(2, "little") + (1).to_bytes(4, "little")
        content += value.to_bytes(4, "little")
    content += bytes(4)
    path.write_bytes(content.ljust(1024, b"\0") + block + data.astype("<u2").tobytes())


def test_marccd_says_where_its_pixels_are(tmp_path):
    data = stack((20, 24), np.uint16)
    data[3, 4] = 65535
    for number in range(2):
        write_mccd(tmp_path / f"shot_{number}.mccd", data, marccd_block())
    for path in (tmp_path / "shot_0.mccd", tmp_path):
        with open_run(path) as run:
            np.testing.assert_array_equal(run.load(0).raw, data)
            assert run.geometry.distance_m == 0.15
            assert run.geometry.pixel_size_m == (78e-6, 78e-6)
            assert run.geometry.centre_px == (9.25, 12.5)
            assert run.geometry.photon_energy_eV == pytest.approx(12657.9, rel=1e-4)
            assert run.saturation_level == 65535
            assert run.load(0).flags[3, 4] != 0
    write_mccd(tmp_path / "shot_0.mccd", data, bytes(3072))
    with open_run(tmp_path / "shot_0.mccd") as run:
        assert run.geometry.distance_m is None


@pytest.mark.real_data
def test_real_truncated_pilatus_among_others(shared_data, tmp_path):
    real = shared_data / "formats_misc" / "Pilatus_truncated_11bytes.tiff"
    for number in range(1, 4):
        tifffile.imwrite(tmp_path / f"Pilatus_{number:05d}.tiff", np.full((195, 487), number, np.int32))
    (tmp_path / "Pilatus_00002.tiff").unlink()
    (tmp_path / "Pilatus_00002.tiff").symlink_to(real)
    with open_run(tmp_path) as run:
        assert [int(run.frame(i)[0, 0]) for i in range(len(run))] == [1, 3]
        told = " ".join(run.warnings)
        assert "Pilatus_00002.tiff (incomplete, 11 bytes are missing)" in told
        assert "1 missing or left out (2)" in told
