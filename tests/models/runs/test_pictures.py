"""EDF, CBF and ADSC files, written as their producers lay them out, alone and in folders."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import importlib.util
import logging
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import CannotOpen, FrameUnreadable
from models.runs import PixelFlag, open_run
from models.runs.pictures_header import BadPicture, kind_of_picture, numbers_in, read_picture_header
from models.runs.pictures_read import read_picture
from tests.models.runs.files import refused, stack

pytest.importorskip("fabio", reason="the extra 'pictures' (fabio) is not installed")

EDF_TYPES = {
    "u2": "UnsignedShort",
    "i4": "SignedInteger",
    "f4": "FloatValue",
    "f8": "DoubleValue",
    "u1": "UnsignedByte",
    "u4": "UnsignedLong",
}


def edf_block(data, number=1, big=False, **more):
    values = {
        "HeaderID": f"EH:{number:06d}:000000:000000",
        "Image": number,
        "ByteOrder": "HighByteFirst" if big else "LowByteFirst",
        "DataType": EDF_TYPES[np.dtype(data.dtype).str[1:]],
        "Dim_1": data.shape[1],
        "Dim_2": data.shape[0],
        "Size": data.nbytes,
        **more,
    }
    head = "{\n" + "".join(f"{name} = {value} ;\n" for name, value in values.items())
    length = -(-(len(head) + 2) // 512) * 512
    return (
        head.ljust(length - 2).encode("latin-1")
        + b"}\n"
        + data.astype(data.dtype.newbyteorder(">" if big else "<")).tobytes()
    )


def byte_offset(values):
    """CBF's compression: differences in one byte, or in more behind a mark."""
    out, previous = bytearray(), 0
    for value in values.ravel().tolist():
        step, previous = value - previous, value
        if -127 <= step <= 127:
            out += struct.pack("<b", step)
        elif -32767 <= step <= 32767:
            out += b"\x80" + struct.pack("<h", step)
        else:
            out += b"\x80\x00\x80" + struct.pack("<i", step)
    return bytes(out)


def cbf(data, **changes):
    packed = byte_offset(data)
    contents = (
        "# Detector: PILATUS 300K, S/N 3-0104\r\n# Pixel_size 172e-6 m x 172e-6 m\r\n# Exposure_time 0.5000000 s\r\n"
        "# Tau = 125.0e-09 s\r\n# Wavelength 1.0000 A\r\n# Detector_distance 0.25000 m\r\n"
        f"# Beam_xy (11.00, 9.50) pixels\r\n# Start_angle {changes.pop('angle', 9.5):.4f} deg.\r\n"
    )
    mime = {
        "X-Binary-Size": len(packed),
        "X-Binary-ID": 1,
        "X-Binary-Element-Type": '"signed 32-bit integer"',
        "X-Binary-Element-Byte-Order": "LITTLE_ENDIAN",
        "X-Binary-Number-of-Elements": data.size,
        "X-Binary-Size-Fastest-Dimension": data.shape[1],
        "X-Binary-Size-Second-Dimension": data.shape[0],
        "X-Binary-Size-Padding": 4095,
        **changes,
    }
    text = (
        "###CBF: VERSION 1.5, CBFlib v0.7.8 - PILATUS detectors\r\n\r\ndata_shot\r\n\r\n"
        f'_array_data.header_convention "PILATUS_1.2"\r\n_array_data.header_contents\r\n;\r\n{contents};\r\n\r\n'
        "_array_data.data\r\n;\r\n--CIF-BINARY-FORMAT-SECTION--\r\n"
        'Content-Type: application/octet-stream;\r\n     conversions="x-CBF_BYTE_OFFSET"\r\n'
        "Content-Transfer-Encoding: BINARY\r\n"
    )
    text += "".join(f"{name}: {value}\r\n" for name, value in mime.items()) + "\r\n"
    end = b"\0" * 4095 + b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n"
    return text.encode() + b"\x0c\x1a\x04\xd5" + packed + end


def adsc(data):
    head = (
        f"{{\nHEADER_BYTES=  512;\nDIM=2;\nBYTE_ORDER=little_endian;\nTYPE=unsigned_short;\nSIZE1={data.shape[1]};\n"
        f"SIZE2={data.shape[0]};\nPIXEL_SIZE=0.1026;\nDISTANCE=150.0;\nWAVELENGTH=0.9795;\nTIME=2.0;\n}}\n"
    )
    return head.encode().ljust(512, b" ") + data.astype("<u2").tobytes()


@pytest.mark.parametrize("dtype", EDF_TYPES)
@pytest.mark.parametrize("big", [False, True])
def test_edf(tmp_path, dtype, big):
    data = stack((20, 24), dtype)
    (tmp_path / "a.edf").write_bytes(
        edf_block(data, big=big, count_time=0.5, SampleDistance=0.31, PSize_1=1e-4, PSize_2=2e-4)
    )
    with open_run(tmp_path / "a.edf") as run:
        assert (len(run), run.shape, run.dtype) == (1, (20, 24), np.dtype(dtype))
        raw = run.load(0).raw
        assert raw.dtype.isnative
        np.testing.assert_array_equal(raw, data)
        assert run.geometry.distance_m == 0.31
        assert run.geometry.pixel_size_m == (2e-4, 1e-4)


@pytest.mark.parametrize("uniform", [True, False])
def test_edf_with_many_pictures(tmp_path, uniform):
    data = stack((6, 20, 24), np.uint16)
    blocks = [
        edf_block(
            frame,
            number,
            motor_mne="th tth",
            motor_pos=f"{number}.5 -{number}",
            comment="x" * (0 if uniform else 700 * (number % 2)),
            count_time=0.25,
        )
        for number, frame in enumerate(data)
    ]
    (tmp_path / "a.edf").write_bytes(b"".join(blocks))
    with open_run(tmp_path / "a.edf") as run:
        assert len(run) == 6
        for index in (5, 0, 3):
            np.testing.assert_array_equal(run.load(index).raw, data[index])
        np.testing.assert_array_equal(run.columns["th"].values, np.arange(6) + 0.5)
        np.testing.assert_array_equal(run.columns["tth"].values, -np.arange(6))
        assert run.columns["count_time"].unit == "s"
        assert "Dim_1" not in run.columns


def test_cut_edf_never_shows_zeros(tmp_path):
    """The library that decodes EDF fills what is missing with zeros."""
    data = stack((3, 20, 24), np.uint16) + np.uint16(1)
    blocks = [edf_block(frame) for frame in data]
    (tmp_path / "one.edf").write_bytes(blocks[0][:-100])
    assert "100 bytes are missing" in refused(tmp_path / "one.edf")
    (tmp_path / "many.edf").write_bytes(b"".join(blocks)[:-100])
    with open_run(tmp_path / "many.edf") as run:
        assert any("100 bytes of its last picture" in note for note in run.warnings)
        np.testing.assert_array_equal(run.load(1).raw, data[1])
        with pytest.raises(FrameUnreadable) as caught:
            run.load(2)
        assert "100 bytes are missing" in caught.value.sentence()


def test_what_the_decoder_only_logs_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "a.edf").write_bytes(edf_block(stack((20, 24), np.uint16)))
    from fabio.edfimage import EdfImage

    plain = EdfImage.read

    def complaining(self, file, frame=None):
        logging.getLogger("fabio.edfimage").error("Data stream is incomplete")
        return plain(self, file, frame)

    with open_run(tmp_path / "a.edf") as run:
        run.load(0)
        monkeypatch.setattr(EdfImage, "read", complaining)
        with pytest.raises(FrameUnreadable) as caught:
            run.load(0)
        assert "Data stream is incomplete" in caught.value.sentence()
        monkeypatch.undo()
        run.load(0)
    assert not logging.getLogger("fabio").handlers or all(
        handler.__class__.__name__ != "Listener" for handler in logging.getLogger("fabio").handlers
    )


def test_cbf(tmp_path):
    data = stack((20, 24), np.int32) * 300
    data[0, 0], data[3, 4] = -1, -2
    (tmp_path / "a.cbf").write_bytes(cbf(data))
    with open_run(tmp_path / "a.cbf") as run:
        frame = run.load(0)
        np.testing.assert_array_equal(frame.raw, data)
        assert frame.flags[0, 0] == frame.flags[3, 4] == PixelFlag.SENTINEL
        assert (frame.flags != 0).sum() == 2
        assert run.geometry.distance_m == 0.25
        assert run.geometry.pixel_size_m == (172e-6, 172e-6)
        assert run.geometry.photon_energy_eV == pytest.approx(12398.42, rel=1e-6)
        assert run.geometry.centre_px == (9.5, 11.0)


def test_cut_and_damaged_cbf(tmp_path):
    data = stack((20, 24), np.int32)
    whole = cbf(data)
    place = whole.index(b"\x0c\x1a\x04\xd5") + 4
    (tmp_path / "cut.cbf").write_bytes(whole[: place + 100])
    assert "bytes are missing" in refused(tmp_path / "cut.cbf")
    (tmp_path / "sum.cbf").write_bytes(cbf(data, **{"Content-MD5": "NxNjOaWqfnj4EiB+d1ZNOA=="}))
    with open_run(tmp_path / "sum.cbf") as run, pytest.raises(FrameUnreadable) as caught:
        run.load(0)
    assert "hecksum" in caught.value.sentence()
    (tmp_path / "giant.cbf").write_bytes(
        cbf(data, **{"X-Binary-Size-Fastest-Dimension": 60000, "X-Binary-Size-Second-Dimension": 60000})
    )
    assert "60000×60000" in refused(tmp_path / "giant.cbf")


def test_adsc(tmp_path):
    data = stack((20, 24), np.uint16)
    (tmp_path / "a.img").write_bytes(adsc(data))
    with open_run(tmp_path / "a.img") as run:
        np.testing.assert_array_equal(run.load(0).raw, data)
        assert run.geometry.distance_m == pytest.approx(0.15)
        assert run.geometry.pixel_size_m == pytest.approx((102.6e-6, 102.6e-6))
        assert run.geometry.photon_energy_eV == pytest.approx(12657.9, rel=1e-4)


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2")])
def test_packed_pictures(tmp_path, pack, suffix):
    data = stack((2, 20, 24), np.uint16)
    packed = pack(b"".join(edf_block(frame) for frame in data))
    (tmp_path / f"a.edf{suffix}").write_bytes(packed)
    with open_run(tmp_path / f"a.edf{suffix}") as run:
        assert len(run) == 2
        np.testing.assert_array_equal(run.load(1).raw, data[1])
    (tmp_path / f"cut.edf{suffix}").write_bytes(packed[: len(packed) - 30])
    with pytest.raises(CannotOpen):
        open_run(tmp_path / f"cut.edf{suffix}")


def test_packed_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("models.runs.pictures_read.memory_bytes", lambda: 1 << 20)
    (tmp_path / "a.edf.gz").write_bytes(gzip.compress(edf_block(np.zeros((1024, 1024), np.uint16))))
    assert "larger than" in refused(tmp_path / "a.edf.gz")


def test_folder_of_cbf(tmp_path):
    for number in (1, 2, 10):
        data = np.full((20, 24), number, np.int32)
        (tmp_path / f"shot_{number}.cbf").write_bytes(cbf(data, angle=number / 4))
    (tmp_path / "shot_11.cbf").write_bytes(cbf(np.zeros((5, 5), np.int32)))
    (tmp_path / "shot_12.cbf").write_bytes(b"###CBF: VERSION 1.5\r\n" + b"x" * 200)
    (tmp_path / "dark.cbf").write_bytes(cbf(np.zeros((20, 24), np.int32)))
    (tmp_path / "readme.txt").write_text("hello")
    with open_run(tmp_path) as run:
        assert [int(run.frame(i)[0, 0]) for i in range(len(run))] == [1, 2, 10]
        assert list(run.events) == ["shot_1", "shot_2", "shot_10"]
        np.testing.assert_array_equal(run.columns["Start_angle"].values, [0.25, 0.5, 2.5])
        assert run.columns["Start_angle"].unit == "°"
        assert run.columns["Exposure_time"].unit == "s"
        told = " ".join(run.warnings)
        assert "2 files are left out: shot_11.cbf (5×5 int32), shot_12.cbf (its header does not end)" in told
        assert "1 file is called like a dark" in told
        assert "7 missing or left out (3–9)" in told


def test_folder_of_edf_with_one_that_vanishes(tmp_path):
    for number in range(3):
        block = edf_block(np.full((20, 24), number, np.uint16), count_time=number / 2, SampleDistance=0.5)
        (tmp_path / f"a{number}.edf").write_bytes(block)
    with open_run(tmp_path) as run:
        assert run.geometry.distance_m == 0.5
        (tmp_path / "a1.edf").unlink()
        assert run.frame(2)[0, 0] == 2
        with pytest.raises(FrameUnreadable):
            run.load(1)
        np.testing.assert_array_equal(run.columns["count_time"].values, [0.0, np.nan, 1.0])


def test_without_the_package_one_line_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.cbf").write_bytes(cbf(stack((20, 24), np.int32)))
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "fabio" else found(name, *rest)
    )
    assert "pip install fabio" in refused(tmp_path / "a.cbf")
    assert "pip install fabio" in refused(tmp_path)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_change_is_read_or_refused_in_words(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    whole = data.draw(st.sampled_from([edf_block(stack((6, 7), np.uint16)) * 2, cbf(stack((6, 7), np.int32))]))
    content = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(1700, len(content) - 1)))] = data.draw(st.integers(0, 255))
    path = folder / "a.dat"
    path.write_bytes(content[: data.draw(st.integers(10, len(content)))])
    with contextlib.suppress(CannotOpen), open_run(path) as run:
        for index in range(min(3, len(run))):
            with contextlib.suppress(FrameUnreadable):
                assert run.load(index).raw.shape == run.shape


@given(st.binary(max_size=300))
def test_headers_are_read_or_refused(tmp_path_factory, junk):
    path = tmp_path_factory.mktemp("junk") / "a.edf"
    path.write_bytes(b"{\nHeaderID = 1 ;\n" + junk + b"}\n")
    with path.open("rb") as file, contextlib.suppress(BadPicture):
        header = read_picture_header(file)
        assert header.height > 0
        numbers_in(header)


def test_kinds_are_told_by_content():
    assert kind_of_picture(cbf(stack((4, 4), np.int32))) == "CBF"
    assert kind_of_picture(edf_block(stack((4, 4), np.uint16))) == "EDF"
    assert kind_of_picture(adsc(stack((4, 4), np.uint16))) == "ADSC"
    assert kind_of_picture(b'{"json": 1}') is None


@pytest.mark.real_data
def test_real_files(shared_data, tmp_path):
    folder = shared_data / "formats_misc"
    with open_run(folder / "phi_scan_001.cbf") as run:
        assert (len(run), run.shape, run.dtype) == (1, (619, 487), np.int32)
        frame = run.load(0)
        assert frame.flags.any()
        assert frame.data[frame.valid].min() >= 0
        assert run.geometry.distance_m == 0.1
        assert run.geometry.pixel_size_m == (172e-6, 172e-6)
        assert run.geometry.photon_energy_eV == pytest.approx(17985.2, rel=1e-4)
        assert run.geometry.centre_px == (2000.0, 2000.0)
    with open_run(folder / "test_edf.edf") as run:
        assert run.shape == (619, 487)
        assert run.load(0).raw.sum() == 7325641
        assert run.geometry.pixel_size_m == (172e-6, 172e-6)
    cut = tmp_path / "cut.edf"
    cut.write_bytes((folder / "test_edf.edf").read_bytes()[:-5000])
    assert "5000 bytes are missing" in refused(cut)
    with pytest.raises(OSError, match="5000 bytes"):
        read_picture(cut)
