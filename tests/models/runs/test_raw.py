"""Raw binary files: headers as text, what they make of a file's size, and the frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadParameter, FrameUnreadable
from models.runs import open_run
from models.runs.raw import RawFit, RawHeader, RawHeaderNeeded, fit, guess_headers
from tests.models.runs.files import refused, stack

HEADERS = st.builds(
    RawHeader,
    height=st.integers(1, 4096),
    width=st.integers(1, 4096),
    dtype=st.sampled_from(["uint8", "int16", "uint16", "int32", "uint64", "float16", "float32", "float64"]),
    byte_order=st.sampled_from(["little", "big"]),
    offset_bytes=st.integers(0, 10**9),
    gap_bytes=st.integers(0, 10**6),
    frames=st.none() | st.integers(1, 10**9),
)


@given(HEADERS)
def test_text_and_back(header):
    assert RawHeader.from_text(header.to_text()) == header


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("raw:512x512:uint16:le:0", RawHeader()),
        ("512x512:uint16", RawHeader()),
        ("260×257:float32:offset=128", RawHeader(height=260, width=257, dtype="float32", offset_bytes=128)),
        ("10x20:>i4:12", RawHeader(height=10, width=20, dtype="int32", byte_order="big", offset_bytes=12)),
        ("10x20:u2:be:0:frames=3:gap=8", RawHeader(10, 20, "uint16", "big", gap_bytes=8, frames=3)),
    ],
)
def test_forms_people_write(text, header):
    assert RawHeader.from_text(text) == header


@pytest.mark.parametrize(
    "text",
    [
        "raw:",
        "512:uint16",
        "512x512",
        "512x512:complex64",
        "512x512:object",
        "512x512:U4",
        "512x512:uint16:xe",
        "512x512:uint16:-1",
        "512x512:uint16:depth=1",
        "0x512:uint16",
        "512x512:uint16:frames=0",
    ],
)
def test_what_makes_no_sense_is_refused(text):
    with pytest.raises(BadParameter) as caught:
        RawHeader.from_text(text)
    assert caught.value.sentence()


@given(HEADERS, st.integers(0, 10**12))
def test_every_byte_is_accounted_for(header, size):
    found = fit(header, size)
    room = size - header.offset_bytes
    if header.frames is None or found.frames == header.frames:
        used = found.frames * header.frame_bytes + max(0, found.frames - 1) * header.gap_bytes
        assert used + found.left_over == room
        if header.frames is None and room >= 0:
            assert 0 <= found.left_over < header.frame_bytes + header.gap_bytes
    else:
        assert found.left_over < 0


def test_fits_people_see():
    assert fit(RawHeader(10, 10, "uint8"), 300) == RawFit(frames=3, left_over=0)
    assert fit(RawHeader(10, 10, "uint8"), 107) == RawFit(frames=1, left_over=7)
    assert fit(RawHeader(10, 10, "uint8", gap_bytes=5), 205) == RawFit(frames=2, left_over=0)
    assert fit(RawHeader(10, 10, "uint8", frames=3), 250) == RawFit(frames=2, left_over=-50)
    assert fit(RawHeader(10, 10, "uint8", frames=2), 250) == RawFit(frames=2, left_over=50)


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize(("offset", "gap"), [(0, 0), (13, 0), (128, 6)])
def test_frames_come_back(tmp_path, order, offset, gap):
    data = stack((4, 20, 24), np.uint16)
    stored = data.astype("<u2" if order == "little" else ">u2")
    path = tmp_path / "a.bin"
    path.write_bytes(b"\7" * offset + b"".join(frame.tobytes() + b"\xff" * gap for frame in stored) + b"\1\2")
    header = RawHeader(20, 24, "uint16", order, offset, gap)
    with open_run(path, header.to_text()) as run:
        assert (len(run), run.shape, run.dtype, run.dataset) == (4, (20, 24), np.uint16, header.to_text())
        for index in range(4):
            np.testing.assert_array_equal(run.load(index).raw, data[index])
        assert run.load(0).raw.dtype.isnative
        assert any(f"{2 + gap} bytes behind the last frame" in note for note in run.warnings)
        assert any("as it was told" in note for note in run.warnings)
        identity = run.identity
    with open_run(path, header.to_text()) as again:
        assert again.identity == identity


def test_a_file_without_header_asks(tmp_path):
    path = tmp_path / "pattern_32x48_f4.raw"
    path.write_bytes(np.linspace(-9, 9, 3 * 32 * 48, dtype="<f4").tobytes())
    with pytest.raises(RawHeaderNeeded) as caught:
        open_run(path)
    error = caught.value
    assert "--raw" in error.sentence()
    assert error.size == 3 * 32 * 48 * 4
    assert error.guesses[0] == RawHeader(32, 48, "float32")
    assert "3 × 32x48:float32" in error.sentence()
    with open_run(path, error.guesses[0].to_text()) as run:
        assert len(run) == 3


def test_other_formats_are_not_taken_for_raw(tmp_path):
    for name in ("a.h5", "a.npy", "a.tif", "a.cxi"):
        (tmp_path / name).write_bytes(bytes(range(256)) * 4)
        with pytest.raises(Exception, match="cannot be opened") as caught:
            open_run(tmp_path / name)
        assert not isinstance(caught.value, RawHeaderNeeded)
    np.save(tmp_path / "frames.dat", stack())
    (tmp_path / "frames.dat.npy").rename(tmp_path / "frames.dat")
    with open_run(tmp_path / "frames.dat") as run:
        assert run.shape == stack().shape[1:]
    with open_run(tmp_path / "frames.dat", "raw:20x24:float32:128") as run:  # whoever insists may
        np.testing.assert_array_equal(run.load(1).raw, stack()[1])


def test_a_file_that_is_too_short(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(200)))
    assert "200 bytes" in refused(path, "raw:20x20:uint16")
    assert "200 bytes" in refused(path, "raw:10x10:uint8:frames=3")
    assert "200 bytes" in refused(path, "raw:10x10:uint8:150")
    assert "larger than any detector" in refused(path, "raw:60000x60000:uint8")
    path.write_bytes(b"")
    assert "empty" in refused(path, "raw:10x10:uint8")
    assert "no such file" in refused(tmp_path / "gone.bin", "raw:10x10:uint8")


def test_cut_while_open(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(4000))
    with open_run(path, "raw:10x10:uint16") as run:
        with path.open("r+b") as file:
            file.truncate(100)
        with pytest.raises(FrameUnreadable) as caught:
            run.load(0)
        assert "was cut" in caught.value.sentence()


@given(st.integers(0, 10**8), st.text(max_size=30))
def test_guesses_always_fit(size, name):
    for header in guess_headers(size, name.replace("/", "").replace("\0", "")):
        found = fit(header, size)
        assert found.frames >= 1
        assert found.left_over == 0


@pytest.mark.parametrize(
    ("size", "name", "text"),
    [
        (66_820, "mask_pnccd_back_260_257.byt", "raw:260x257:uint8:le:0"),
        (123 * 123 * 8, "pattern.bin", "raw:123x123:float64:le:0"),
        (2 * 512 * 1024 * 10, "jf_512x1024_u16.dat", "raw:512x1024:uint16:le:0"),
        (2527 * 2463 * 4, "frame.raw", "raw:2527x2463:int32:le:0"),
    ],
)
def test_guesses_for_files_people_have(size, name, text):
    assert text in [header.to_text() for header in guess_headers(size, name)][:2]


@pytest.mark.real_data
def test_real_mask(shared_data):
    path = shared_data / "geometry" / "mask_pnccd_back_260_257.byt"
    with pytest.raises(RawHeaderNeeded) as caught:
        open_run(path)
    with open_run(path, caught.value.guesses[0].to_text()) as run:
        assert run.shape == (260, 257)
        assert set(np.unique(run.load(0).raw)) <= {0, 1, 2}
