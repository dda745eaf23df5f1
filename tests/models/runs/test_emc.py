"""Dragonfly's photon lists, binary and HDF5, with the detector files that put their pixels into a frame."""

from __future__ import annotations

import contextlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import AmbiguousRun, CannotOpen, FrameUnreadable, FriedelError
from models.runs import MaskOverride, PixelFlag, describe, open_run
from models.runs.emc import parse_emc_header
from models.runs.emc_detector import DetectorFault, grid_of, pixel_count, positions_px, read_detector
from tests.models.runs.files import refused

H, W, N = 12, 16, 7


def photons(height=H, width=W, frames=N, seed=3):
    rng = np.random.default_rng(seed)
    return rng.poisson(0.4, (frames, height, width)).astype(np.int32)


def write_emc(path, frames, kind=0):
    """A binary file as Dragonfly's writer lays it out."""
    flat = frames.reshape(len(frames), -1)
    header = np.zeros(256, "<i4")
    header[:3] = len(flat), flat.shape[1], kind
    parts = [header]
    if kind == 0:
        ones = [np.flatnonzero(frame == 1) for frame in flat]
        multi = [np.flatnonzero(frame > 1) for frame in flat]
        parts += [[len(each) for each in ones], [len(each) for each in multi]]
        parts += [*ones, *multi, *[frame[places] for frame, places in zip(flat, multi, strict=True)]]
    else:
        parts.append(flat)
    dtype = "<f8" if kind == 2 else "<i4"
    content = header.tobytes() + b"".join(np.asarray(part, dtype).tobytes() for part in parts[1:])
    path.write_bytes(content)
    return path


def write_sparse_hdf5(path, frames, **more):
    flat = frames.reshape(len(frames), -1)
    with h5py.File(path, "w") as file:
        file["num_pix"] = np.array([flat.shape[1]], np.int32)
        lists = {
            "place_ones": [np.flatnonzero(frame == 1) for frame in flat],
            "place_multi": [np.flatnonzero(frame > 1) for frame in flat],
        }
        lists["count_multi"] = [frame[places] for frame, places in zip(flat, lists["place_multi"], strict=True)]
        for name, values in lists.items():
            made = file.create_dataset(name, (len(flat),), h5py.vlen_dtype(np.int32), chunks=(1,))
            for place, value in enumerate(values):
                made[place] = value.astype(np.int32)
        for name, value in more.items():
            file[name] = value
    return path


def detector(height=H, width=W, centre=(5.0, 8.0), distance=400.0, radius=250.0, sign=-1):
    """(5, N): places on the Ewald sphere of a flat detector, correction, mask."""
    x, y = np.meshgrid(np.arange(height) - centre[0], np.arange(width) - centre[1], indexing="ij")
    length = np.sqrt(x**2 + y**2 + distance**2)
    qz = sign * radius * (1 - distance / length)
    columns = np.array([x * radius / length, y * radius / length, qz, np.ones_like(x), np.zeros_like(x)])
    return columns.reshape(5, -1)


def write_detector(path, columns, distance=400.0, radius=250.0):
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            for name, values in zip(("qx", "qy", "qz", "corr", "mask"), columns, strict=True):
                file[name] = values.astype(np.uint8 if name == "mask" else np.float64)
            file["detd"], file["ewald_rad"] = distance, radius
        return path
    head = f"{columns.shape[1]}" if distance is None else f"{columns.shape[1]} {distance:.6f} {radius:.6f}"
    rows = [f"{x:21.15e} {y:21.15e} {z:21.15e} {c:21.15e} {int(m)}" for x, y, z, c, m in columns.T]
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


@pytest.mark.parametrize("write", [write_emc, write_sparse_hdf5])
@pytest.mark.parametrize("detector_name", ["det.h5", "det_sim.dat"])
def test_frames_come_back_as_they_were_written(tmp_path, write, detector_name):
    frames = photons()
    frames[2] = 0
    columns = detector()
    columns[4, 5], columns[4, 6] = 1, 2
    write_detector(tmp_path / detector_name, columns)
    path = write(tmp_path / "photons.emc", frames)
    with open_run(path) as run:
        assert (len(run), run.shape, run.dtype, run.unit) == (N, (H, W), np.int32, "photons")
        for index in range(N):
            np.testing.assert_array_equal(run.load(index).raw, frames[index])
        assert run.geometry.centre_px == pytest.approx((5.0, 8.0), abs=1e-6)
        assert run.load(0).flags[0, 6] == PixelFlag.MASKED
        assert describe(run).masked_pixels == 1
        assert run.dataset == f"detector:{detector_name}"
        assert any("400 pixels from the sample" in note for note in run.warnings)
        assert any("1 pixels are marked" in note and "orientation" in note for note in run.warnings)
        reading = run.mask_reading[0]
        assert (reading.dataset, reading.masked, reading.pixels) == (detector_name, 1, H * W)
        assert [(bit.name, bit.pixels, bit.masks) for bit in reading.bits] == [
            ("not used for orientation", 1, False),
            ("bad", 1, True),
        ]
    with open_run(path, run.dataset) as again:
        assert again.identity == run.identity
    with open_run(path, run.dataset, MaskOverride(used_bits=1)) as stricter:
        assert describe(stricter).masked_pixels == 2


@pytest.mark.parametrize(("kind", "dtype"), [(1, np.int32), (2, np.float64)])
def test_dense_frames(tmp_path, kind, dtype):
    frames = photons(16, 16) * (0.5 if kind == 2 else 1)
    with open_run(write_emc(tmp_path / "a.emc", frames, kind)) as run:
        assert run.dtype == dtype
        np.testing.assert_array_equal(run.load(N - 1).raw, frames[-1].astype(dtype))
        assert any("taken to be 16×16" in note for note in run.warnings)


def test_columns_count_pixels_and_photons(tmp_path):
    frames = photons(16, 16)
    with open_run(write_emc(tmp_path / "a.emc", frames)) as run:
        np.testing.assert_array_equal(run.columns["lit_pixels"].values, (frames > 0).sum(axis=(1, 2)))
        np.testing.assert_array_equal(run.columns["photon_counts"].values, frames.sum(axis=(1, 2)))
        assert run.columns["photon_counts"].unit == "photons"
    path = write_sparse_hdf5(tmp_path / "b.h5", frames, hit_score=np.arange(N) / 2.0)
    with open_run(path) as run:
        np.testing.assert_array_equal(run.columns["hit_score"].values, np.arange(N) / 2.0)


def test_name_says_nothing_content_does(tmp_path):
    frames = photons(16, 16)
    binary = write_emc(tmp_path / "photons.h5", frames)
    hdf5 = write_sparse_hdf5(tmp_path / "photons.emc", frames)
    for path in (binary, hdf5):
        with open_run(path) as run:
            np.testing.assert_array_equal(run.load(3).raw, frames[3])
    with h5py.File(tmp_path / "dense.emc", "w") as file:
        file["data"] = photons(20, 20)
    with open_run(tmp_path / "dense.emc") as run:
        assert run.dataset == "/data"


def test_detector_in_panels_leaves_gaps(tmp_path):
    columns = np.concatenate([detector(8, 16, (10.0, 8.0)), detector(8, 16, (-6.0, 8.0))], axis=1)
    write_detector(tmp_path / "det.h5", columns)
    frames = photons(16, 16)
    with open_run(write_emc(tmp_path / "a.emc", frames)) as run:
        assert run.shape == (24, 16)
        frame = run.load(1)
        np.testing.assert_array_equal(frame.raw[:8], frames[1, :8])
        np.testing.assert_array_equal(frame.raw[16:], frames[1, 8:])
        assert (frame.flags[8:16] == PixelFlag.MISSING).all()
        assert frame.flags[:8].max() == 0


def test_shape_is_asked_for_where_nothing_says_it(tmp_path):
    frames = photons(13, 20)
    path = write_emc(tmp_path / "a.emc", frames)
    with pytest.raises(AmbiguousRun) as caught:
        open_run(path)
    assert "260 pixels" in caught.value.sentence()
    assert "det*.h5" in caught.value.sentence()
    offered = [candidate.path for candidate in caught.value.candidates]
    assert offered[0] == "shape:20x13"
    assert "shape:13x20" in offered
    assert caught.value.candidates[0].shape == (N, 20, 13)
    with open_run(path, "shape:20x13") as run:
        lying = run.identity
    with open_run(path, "shape:13x20") as run:
        assert run.identity.digest == lying.digest  # labels stay
        assert run.identity.pixels != lying.pixels  # vectors do not
        np.testing.assert_array_equal(run.load(4).raw, frames[4])
    assert "260 pixels, not 100" in refused(path, "shape:10x10")
    assert "lists of photons" in refused(path, "/entry/data")
    prime = write_emc(tmp_path / "prime.emc", photons(1, 8191))
    assert "detector file" in refused(prime)


def test_several_detectors(tmp_path):
    frames = photons()
    path = write_emc(tmp_path / "a.emc", frames)
    write_detector(tmp_path / "det_a.h5", detector())
    write_detector(tmp_path / "det_a.dat", detector())
    write_detector(tmp_path / "det_small.h5", detector(4, 4))
    with open_run(path) as run:
        assert run.dataset == "detector:det_a.dat"  # the same detector twice is no question
    write_detector(tmp_path / "det_b.h5", detector(W, H, (8.0, 5.0)))
    with pytest.raises(AmbiguousRun) as caught:
        open_run(path)
    assert [found.path for found in caught.value.candidates] == [
        "detector:det_a.dat",
        "detector:det_a.h5",
        "detector:det_b.h5",
    ]
    with open_run(path, "detector:det_b.h5") as run:
        assert run.shape == (W, H)
    assert "16 pixels" in refused(path, "detector:det_small.h5")
    assert "No such file" in refused(path, "detector:gone.h5")


def test_faulty_detector_is_said_and_not_used(tmp_path):
    path = write_emc(tmp_path / "a.emc", photons(16, 16))
    write_detector(tmp_path / "det.h5", detector(16, 16), distance=4.0)  # metres, say
    with open_run(path) as run:
        assert run.shape == (16, 16)
        assert any("det.h5 is not used" in note and "not in pixels" in note for note in run.warnings)
    assert "not in pixels" in refused(path, "detector:det.h5")


@pytest.mark.parametrize("sign", [-1, 1])
def test_old_detector_without_distances(tmp_path, sign):
    path = write_detector(tmp_path / "det.dat", detector(distance=400.0, radius=400.0, sign=sign), distance=None)
    positions, notes = positions_px(read_detector(path))
    assert grid_of(positions).shape == (H, W)
    assert "400 pixels are assumed" in notes[0]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("3 1 1\n1 2 3 4 0\n1 2 3 4 0\n", "too short|numbers"),
        ("2 1 1\n1 2 3 4 0\n1 2 3 x 0\n", "numbers"),
        ("999999999 1 1\n1 2 3 4 0\n", "claims"),
        ("hello\n1 2 3 4 0\n", "begin"),
        ("2 1 1\n1 2 3 4\n", "begin"),
    ],
)
def test_damaged_detector_files(tmp_path, content, word):
    (tmp_path / "det.dat").write_text(content)
    with pytest.raises(DetectorFault, match=word):
        read_detector(tmp_path / "det.dat")


def test_corrupt_frame_spoils_itself_only(tmp_path):
    frames = photons(16, 16)
    path = write_emc(tmp_path / "a.emc", frames)
    content = np.fromfile(path, "<i4")
    ones = content[256 : 256 + N]
    content[256 + 2 * N + ones[:3].sum()] = 256  # the first lit pixel of frame 3
    content.tofile(path)
    with open_run(path) as run:
        with pytest.raises(FrameUnreadable) as caught:
            run.load(3)
        assert "corrupt EMC at frame 3" in caught.value.sentence()
        assert "pixel 256" in caught.value.sentence()
        for index in (2, 4):
            np.testing.assert_array_equal(run.load(index).raw, frames[index])
    hdf5 = write_sparse_hdf5(tmp_path / "b.h5", frames)
    with h5py.File(hdf5, "r+") as file:
        file["place_ones"][2] = np.array([-1], np.int32)
        file["count_multi"][4] = np.array([2, 2], np.int32)
    with open_run(hdf5) as run:
        for index in (2, 4):
            with pytest.raises(FrameUnreadable, match=f"frame {index}") as caught:
                run.load(index)
            assert "corrupt EMC" in caught.value.sentence()
        np.testing.assert_array_equal(run.load(3).raw, frames[3])


def test_giant_list_is_not_asked_for(tmp_path):
    path = write_sparse_hdf5(tmp_path / "a.h5", photons(16, 16))
    with h5py.File(path) as file:
        place = file["place_multi"].id.get_chunk_info(1).byte_offset
    with path.open("r+b") as file:
        file.seek(place)
        file.write((2**30).to_bytes(4, "little"))
    with open_run(path) as run:
        with pytest.raises(FrameUnreadable) as caught:
            run.load(1)
        assert (
            "corrupt EMC at frame 1: place_multi claims 1073741824 entries for 256 pixels" in caught.value.sentence()
        )
        np.testing.assert_array_equal(run.load(2).raw, photons(16, 16)[2])


def test_headers_that_lie(tmp_path):
    path = write_emc(tmp_path / "a.emc", photons(16, 16))
    good = np.fromfile(path, "<i4")

    def changed(place, value):
        content = good.copy()
        content[place] = value
        content.tofile(path)
        return refused(path)

    assert "incomplete" in changed(0, 2**31 - 1)
    assert "incomplete" in changed(0, N + 40)
    assert "damaged" in changed(0, -1)
    assert "2147483647 pixels" in changed(1, 2**31 - 1)
    assert "damaged" in changed(2, 3)
    assert "damaged" in changed(100, 1)
    assert "corrupt EMC at frame 2" in changed(256 + 2, -5)
    assert "corrupt EMC at frame 2" in changed(256 + 2, 2**30)
    assert "no frames" in changed(0, 0)
    good[:300].tofile(path)
    assert "incomplete" in refused(path)
    path.write_bytes(b"\0" * 100)
    assert "100 bytes" in refused(path)
    write_emc(path, photons(16, 16), kind=1)
    with path.open("r+b") as file:
        file.truncate(2000)
    assert "incomplete" in refused(path)


def test_cut_while_open(tmp_path):
    path = write_emc(tmp_path / "a.emc", photons(16, 16))
    with open_run(path) as run:
        with path.open("r+b") as file:
            file.truncate(1200)
        with pytest.raises(FrameUnreadable, match="cannot be read"):
            run.load(0)


def test_many_frames_open_without_lists_in_memory(tmp_path):
    frames = 200_000
    header = np.zeros(256, "<i4")
    header[:2] = frames, 4096
    path = tmp_path / "a.emc"
    ones = np.arange(frames, dtype="<i4") % 3
    content = [header, ones, np.zeros(frames, "<i4"), np.arange(ones.sum(), dtype="<i4") % 4096]
    path.write_bytes(b"".join(part.tobytes() for part in content))
    with open_run(path) as run:
        assert len(run) == frames
        index = frames - 1
        assert run.load(index).raw.sum() == ones[index]
        lit = int(ones[:index].sum()) % 4096
        assert run.load(index).raw.ravel()[lit] == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_change_is_read_or_refused_in_words(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    path = write_emc(folder / "a.emc", photons(8, 8, 3), data.draw(st.sampled_from([0, 1, 2])))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.one_of(st.integers(0, 11), st.integers(1024, len(content) - 1)))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    with contextlib.suppress(CannotOpen), open_run(path) as run:
        for index in range(min(len(run), 5)):
            with contextlib.suppress(FrameUnreadable):
                assert run.load(index).raw.shape == run.shape


@given(st.binary(max_size=1100))
def test_headers_are_parsed_or_none(start):
    header = parse_emc_header(start)
    assert header is None or (header.frames >= 0 and header.pixels > 0)


@settings(max_examples=50, deadline=None)
@given(st.floats(50, 5000), st.floats(20, 5000), st.floats(-3, 20), st.floats(-3, 20), st.sampled_from([-1, 1]))
def test_places_on_the_sphere_give_the_flat_detector_back(distance, radius, x, y, sign):
    columns = detector(9, 11, (x, y), distance, radius, sign)
    found = read_back(columns, distance, radius)
    assert grid_of(found).shape == (9, 11)
    np.testing.assert_array_equal(grid_of(found).places, np.arange(99))
    assert grid_of(found).centre_px == pytest.approx((x, y), abs=1e-6)


def read_back(columns, distance, radius):
    from models.runs.emc_detector import Detector

    return positions_px(Detector(columns[:3], columns[4].astype(np.uint8), distance, radius))[0]


def test_a_detector_file_is_not_a_run(tmp_path):
    path = write_detector(tmp_path / "det.dat", detector())
    assert pixel_count(path) == H * W
    with pytest.raises(FriedelError):
        open_run(path)


@pytest.mark.real_data
def test_real_mask_of_the_pnccd(shared_data, tmp_path):
    mask = (shared_data / "geometry" / "mask_pnccd_back_260_257.byt").read_bytes()
    (tmp_path / "mask_pnccd_back_260_257.byt").write_bytes(mask)
    frames = photons(260, 257, 2)
    with open_run(write_emc(tmp_path / "amo86615.emc", frames)) as run:
        assert run.shape == (260, 257)
        stored = np.frombuffer(mask, np.uint8).reshape(260, 257)
        np.testing.assert_array_equal(run.mask, stored != 2)
        np.testing.assert_array_equal(run.load(1).raw, frames[1])
        assert any("mask_pnccd_back_260_257.byt is used" in note for note in run.warnings)
