"""Which pixels of a frame may not be used, and masks as producers write them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.runs.events import LazyEvents
from models.runs.masks import Convention, MaskFault, MaskOverride, decide, read_mask, to_flags
from models.runs.stack import flag_pixels, sentinel_of
from models.runs.types import PixelFlag

NONE = np.zeros((4, 6), np.uint8)


def flags_of(raw, **how):
    return flag_pixels(raw, NONE, sentinel=sentinel_of(raw.dtype), **how)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_non_finite(dtype, value):
    raw = np.full((4, 6), 3, dtype)
    assert flags_of(raw) is NONE, "a clean frame shares the run's flags"
    raw[1, 2] = value
    flags = flags_of(raw)
    assert flags[1, 2] == PixelFlag.NONFINITE
    assert (flags != 0).sum() == 1


def test_infinities_of_both_signs_do_not_cancel():
    raw = np.zeros((4, 6), np.float32)
    raw[0, 0], raw[1, 1] = np.inf, -np.inf
    assert (flags_of(raw) != 0).sum() == 2


def test_large_finite_values_are_fine():
    assert not flags_of(np.full((4, 6), 3e38, np.float32)).any()
    assert not flags_of(np.full((4, 6), 1.7e308)).any()
    assert not flags_of(np.full((4, 6), 65504, np.float16)).any()


@pytest.mark.parametrize("dtype", ["u2", "u4", "u8", "i2", "i4", "i8"])
def test_type_maximum_is_no_value(dtype):
    raw = np.zeros((4, 6), dtype)
    raw[3, 3] = np.iinfo(dtype).max
    raw[3, 4] = np.iinfo(dtype).max - 1
    flags = flags_of(raw)
    assert flags[3, 3] == PixelFlag.SENTINEL
    assert (flags != 0).sum() == 1


@pytest.mark.parametrize("dtype", ["u1", "i1", "?"])
def test_narrow_types_have_no_such_value(dtype):
    raw = np.ones((4, 6), dtype)
    raw[0] = 127 if dtype == "i1" else 255 if dtype == "u1" else True
    assert not flags_of(raw).any()


def test_saturation_from_its_level_but_not_of_pixels_without_value():
    raw = np.arange(24, dtype=np.uint16).reshape(4, 6)
    raw[0, 0] = 65535
    flags = flags_of(raw, saturation_level=20)
    assert (flags == PixelFlag.SATURATED).sum() == 4
    assert flags[0, 0] == PixelFlag.SENTINEL
    nan = np.full((4, 6), np.nan, np.float32)
    assert (flags_of(nan, saturation_level=1) == PixelFlag.NONFINITE).all()


def test_flags_add_to_the_mask():
    static = NONE.copy()
    static[0] = PixelFlag.MASKED
    raw = np.full((4, 6), np.nan, np.float32)
    flags = flag_pixels(raw, static)
    assert (flags[0] == PixelFlag.MASKED | PixelFlag.NONFINITE).all()
    assert (static[1:] == 0).all()


@given(st.lists(st.integers(0, 0x1FFFF), min_size=1, max_size=40))
def test_cxi_bits(values):
    bits = np.array(values, np.uint32)
    flags = to_flags(bits, Convention.CXI_BITS)
    for value, flag in zip(values, flags, strict=True):
        unusable = value & (0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x80 | 0x200 | 0x400 | 0x8000)
        assert bool(flag) == bool(unusable)
        assert bool(flag & PixelFlag.MISSING) == bool(value & 0x200)
        if not value & 0x200:
            assert bool(flag & PixelFlag.SATURATED) == bool(value & 0x2)


def test_other_conventions():
    euxfel = to_flags(np.array([0, 1, 1 << 22, 0xFFFFFFFF], np.uint32), Convention.EUXFEL_BITS)
    assert euxfel.tolist() == [0, PixelFlag.MASKED, 0, PixelFlag.MISSING]
    nexus = to_flags(np.array([0, 1, 2], np.uint32), Convention.NEXUS_BITS)
    assert nexus.tolist() == [0, PixelFlag.MISSING, PixelFlag.MASKED]


@pytest.mark.parametrize("dtype", ["?", "u1", "i4", "f8"])
@pytest.mark.parametrize("bad_share", [0.0, 0.1, 0.4])
def test_polarity_by_majority_needs_no_type(dtype, bad_share):
    bad = np.arange(1000) < 1000 * bad_share
    for stored, convention in ((~bad, Convention.GOOD_IS_ONE), (bad, Convention.BAD_IS_ONE)):
        found, note = decide(stored.astype(dtype), "mask")
        if stored.any():
            assert found is convention
        np.testing.assert_array_equal(to_flags(stored.astype(dtype), found) != 0, bad)
        assert bool(note) == (convention is Convention.GOOD_IS_ONE)


@pytest.mark.parametrize("values", [[0.5, 1.0], [np.nan, 1.0]])
def test_masks_must_be_whole(values):
    with pytest.raises(MaskFault):
        decide(np.array(values), "mask")
    with pytest.raises(MaskFault):
        decide(np.array(["a"]), "mask")


def test_events_are_read_when_asked_for():
    reads = []

    def read():
        reads.append(1)
        return ["a", "b"]

    events = LazyEvents(3, read)
    assert len(events) == 3
    assert not reads
    assert list(events) == ["a", "b", ""]
    assert events[1:] == ["b", ""]
    assert len(reads) == 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 0x1FFFF), min_size=1, max_size=40), st.integers(0, 0x1FFFF), st.integers(0, 0x1FFFF))
def test_ignored_bits_do_not_mask_and_used_bits_do(values, ignored, used):
    bits = np.array(values, np.uint32)
    override = MaskOverride(ignored_bits=ignored, used_bits=used & ~ignored)
    unusable = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x80 | 0x200 | 0x400 | 0x8000
    wanted = (bits & ((unusable & ~ignored) | (used & ~ignored))) != 0
    flags, reading = read_mask(bits, "/m", Convention.CXI_BITS, override)
    np.testing.assert_array_equal(flags != 0, wanted)
    assert reading.masked == wanted.sum()
    assert {bit.value: bit.pixels for bit in reading.bits} == {
        1 << place: int((bits >> place & 1).sum()) for place in range(17) if (bits >> place & 1).any()
    }
    for bit in reading.bits:
        assert bit.masks == bool(wanted[(bits & bit.value) != 0].any() and bit.value & (unusable | used) & ~ignored)


@pytest.mark.parametrize("convention", list(Convention))
@settings(deadline=None)
@given(values=st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_inverting_twice_is_the_polarity_of_ones_and_zeros(convention, values):
    mask = np.array(values, np.int32)
    inverted = to_flags(mask, convention, MaskOverride(inverted=True)) != 0
    one_is_good = convention is not Convention.GOOD_IS_ONE
    np.testing.assert_array_equal(inverted, (mask == 0) if one_is_good else (mask != 0))


def test_an_override_for_another_mask_changes_nothing():
    mask = np.array([0, 1, 8], np.uint16)
    flags, reading = read_mask(mask, "/a", Convention.CXI_BITS, MaskOverride(inverted=True, dataset="/b"))
    assert (flags != 0).tolist() == [False, True, True]
    assert not reading.inverted


@pytest.mark.parametrize(("dtype", "name"), [("u2", "artifact correction failed"), ("u4", "has signal")])
def test_the_bit_with_two_meanings_is_named_by_its_writer(dtype, name):
    _, reading = read_mask(np.array([0x1000, 0], dtype), "/m", Convention.CXI_BITS)
    assert [(bit.name, bit.masks, bit.pixels) for bit in reading.bits] == [(name, False, 1)]
