"""CrystFEL's geometry files: what a line means, and what is said about lines that mean nothing."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import BadGeometry
from models.geometry.crystfel import LARGEST_FILE, parse_geom, read_geom
from models.geometry.detector import MaskRule, Quantity
from tests.models.geometry.files import REAL, TWO_PANELS, modules_geom, write_geom

PANEL = "p/min_fs=0\np/max_fs=9\np/min_ss=0\np/max_ss=4\np/corner_x=0\np/corner_y=0\n"
"""All that a panel needs beside `res`."""


def panel(*before: str, after: str = "") -> object:
    return parse_geom("\n".join(["res = 5000", *before, PANEL, after])).panels[0]


def test_panels_carry_their_own_numbers():
    detector = parse_geom(TWO_PANELS)
    a, b = detector.panels
    assert (a.name, a.fs, a.ss) == ("a", (1, 0, 0), (0, -1, 0))
    assert (b.fs, b.ss) == ((0, 1, 0), (1, 0, 0))
    assert (b.first, b.last, b.shape) == ((4, 0), (7, 5), (4, 6))
    assert b.corner_px == (-6, -3)
    assert a.resolution == b.resolution == 10000
    assert detector.slab_shape == (8, 6)
    assert detector.photon_energy == Quantity(8000, line=3)
    assert detector.warnings == ()


def test_values_for_all_count_for_panels_mentioned_later_only():
    early, late = parse_geom(
        f"res=5000\ncoffset=0.1\n{PANEL}\ncoffset=0.2\n{PANEL.replace('p/', 'q/')}\np/max_ss=2\ncoffset=0.3"
    ).panels
    assert (early.coffset_m, late.coffset_m) == (0.1, 0.2)
    assert early.last[0] == 2


@pytest.mark.parametrize(
    ("text", "vector"),
    [
        ("x", (1, 0, 0)),
        ("-y", (0, -1, 0)),
        ("+0.99x -0.01y +0.02z", (0.99, -0.01, 0.02)),
        ("-0.004806x+0.999989y", (-0.004806, 0.999989, 0)),
        ("- 0.5x + 1e-3y", (-0.5, 0.001, 0)),
        ("1.y -.5x", (-0.5, 1, 0)),
        ("+0.003363999999999999x -0.999995y", (0.003363999999999999, -0.999995, 0)),
    ],
)
def test_directions(text, vector):
    assert panel(f"fs = {text}", "ss = 0.3x + 0.7y").fs == pytest.approx(vector)


@pytest.mark.parametrize("text", ["", "1.0", "x y", "0.1x 0.2y", "+0.1w", "1..0x", "0.1x,0.2y", "x+"])
def test_what_is_no_direction_is_refused_with_its_line(text):
    with pytest.raises(BadGeometry) as caught:
        panel(f"fs = {text}")
    assert caught.value.line == 2
    assert "line 2" in caught.value.sentence()


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("9300", Quantity(9300, line=1)),
        ("4570eV", Quantity(4570, unit="eV", line=1)),
        ("4570 eV", Quantity(4570, unit="eV", line=1)),
        ("9.3 keV", Quantity(9.3, unit="keV", line=1)),
        ("/LCLS/photon_energy_eV", Quantity(None, "/LCLS/photon_energy_eV", line=1)),
        ("/LCLS/photon_energy keV  ; from the file", Quantity(None, "/LCLS/photon_energy", "keV", 1)),
    ],
)
def test_photon_energy_forms(text, quantity):
    assert parse_geom(f"photon_energy = {text}\nres = 1\n{PANEL}").photon_energy == quantity


def test_axes_default_to_slow_and_fast_scan():
    assert panel().dims == ("ss", "fs")
    modular = parse_geom(modules_geom(extra="dim2 = 0"))
    assert modular.panels[2].dims == ("%", 2, "ss", "fs")
    assert modular.slab_shape == (4, 6, 5)


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("dim0 = %\ndim2 = fs", "dim1"),
        ("dim0 = ss\ndim1 = ss", "fs"),
        ("dim0 = fs\ndim1 = ss", "before"),
        ("dim0 = -1\ndim1 = ss\ndim2 = fs", "line 2"),
        ("fs = x\nss = 2x", "same way"),
        ("fs = z", "same way"),
        ("res = -3", "above 0"),
        ("res = many", "number"),
        ("coffset = nan", "finite"),
        ("mask0_badbits = 0b2", "bit pattern"),
        ("clen = somewhere", "path"),
        ("max_fs = 1e12", "larger"),
        ("min_fs = 0.5", "whole"),
        ("res = 1e-300", "above 0"),
        ("res = 1e300", "reaches"),
        ("coffset = -1e300", "reaches"),
        ("fs = 1e300x", "steps"),
    ],
)
def test_what_is_impossible_is_refused(lines, word):
    with pytest.raises(BadGeometry, match="line") as caught:
        panel(lines)
    assert word in caught.value.sentence()


def test_a_panel_that_lacks_something_is_named():
    with pytest.raises(BadGeometry) as caught:
        parse_geom("res = 1\nquad/min_fs = 0\n")
    sentence = caught.value.sentence()
    assert "quad" in sentence
    assert "max_fs" in sentence
    assert "corner_y" in sentence
    assert caught.value.line == 2


def test_panels_cut_differently_are_refused():
    with pytest.raises(BadGeometry, match="line 8"):
        parse_geom(f"res = 1\n{PANEL}q/dim0 = %\nq/dim1 = ss\nq/dim2 = fs\n" + PANEL.replace("p/", "q/"))


def test_masks_old_and_new():
    found = panel(
        "mask = /entry_1/data_1/mask",
        "mask_good = 0x0000",
        "mask_bad = 0xffff",
        "mask3_data = /m",
        "mask3_file = bad.h5",
        "mask3_goodbits = 1",
        "mask5_badbits = 7",
    )
    assert found.masks == (MaskRule("/entry_1/data_1/mask", "", 0, 0xFFFF), MaskRule("/m", "bad.h5", 1, 0))


def test_flags_and_edges():
    found = panel(
        "flag_lessthan = -5", "flag_morethan = 1e4", "flag_equal = 0", "max_adu = 9000", "mask_edge_pixels = 2"
    )
    assert (found.flag_below, found.flag_above, found.flag_equal, found.saturated_above) == (-5, 1e4, 0, 9000)
    assert found.edge_px == 2
    assert panel(after="p/no_index = true").ignored
    assert not panel(after="p/no_index = 0").ignored


def test_bad_regions():
    text = """badbeam/min_x = -20
badbeam/max_x = 20.5
badbeam/min_y = -10
badbeam/max_y = 10
bad_row/min_fs = 0
bad_row/max_fs = 9
bad_row/min_ss = 2
bad_row/max_ss = 2
bad_row/panel = p
bad_lost/min_fs = 1
bad_lost/panel = nowhere
bad_empty/panel = p
"""
    detector = parse_geom(f"res=1\n{PANEL}{text}")
    beam, row = detector.bad_regions
    assert (beam.in_data, beam.low, beam.high) == (False, (-10, -20), (10, 20.5))
    assert (row.in_data, row.panel, row.low, row.high) == (True, "p", (2, 0), (2, 9))
    assert any("nowhere" in sentence and "line 17" in sentence for sentence in detector.warnings)
    assert any("bad_empty" in sentence for sentence in detector.warnings)


def test_bad_regions_do_not_mix_coordinates():
    with pytest.raises(BadGeometry, match="line 8"):
        parse_geom(f"res=1\n{PANEL}bad1/min_x = 0\nbad1/max_fs = 3\n")


def test_groups_are_taken_and_indexing_is_left_alone():
    detector = parse_geom(
        f"rigid_group_q0 = p, r\nrigid_group_collection_all = q0\ngroup_all = q0\nbadrow_direction = x\nres=1\n"
        f"{PANEL}"
    )
    assert detector.groups["rigid_group_q0"] == ("p", "r")
    assert detector.warnings == ()


def test_unknown_keys_are_warnings_with_their_line():
    detector = parse_geom(f"res=1\n{PANEL}p/colour = blue\np/colour = red\njust some words\nshine = 3\n")
    assert any("line 8 and 1 more" in sentence and "colour" in sentence for sentence in detector.warnings)
    assert any("line 10" in sentence and "ignored" in sentence for sentence in detector.warnings)
    assert any("shine" in sentence for sentence in detector.warnings)


def test_line_ends_of_all_systems():
    assert parse_geom(TWO_PANELS.replace("\n", "\r\n")).panels == parse_geom(TWO_PANELS).panels
    assert parse_geom(TWO_PANELS.replace("\n", "\r")).panels == parse_geom(TWO_PANELS).panels


def test_what_is_no_geometry_file_at_all(tmp_path):
    empty, picture, folder = tmp_path / "empty.geom", tmp_path / "picture.geom", tmp_path / "folder.geom"
    empty.write_text("")
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    folder.mkdir()
    huge = tmp_path / "huge.geom"
    with huge.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for path in (empty, picture, folder, huge, tmp_path / "missing.geom", tmp_path / "nul\0.geom"):
        with pytest.raises(BadGeometry) as caught:
            read_geom(path)
        assert caught.value.cause
        assert caught.value.hint


def test_the_file_is_named_in_errors(tmp_path):
    path = write_geom(tmp_path, TWO_PANELS.replace("res = 10000", "res = 0"))
    with pytest.raises(BadGeometry) as caught:
        read_geom(path)
    assert str(path) in caught.value.sentence()


KEYS = (
    *("fs", "ss", "corner_x", "corner_y", "coffset", "clen", "res", "min_fs", "max_fs", "min_ss", "max_ss"),
    *("dim0", "dim1", "dim2", "dim99999999999", "data", "mask", "mask_good", "mask3_badbits", "mask9_data"),
    *("no_index", "max_adu", "flag_equal", "photon_energy", "wavelength", "detector_shift_x", "panel", "min_x"),
    *("max_y", "mask_edge_pixels", "adu_per_eV", "electron_voltage", "rigid_group_a", "nonsense"),
)
ODD = ("%", "ss", "fs", "x", "-y+z", "1e309", "-1", "0x", "0xffffffffffffffffff", "nan", "/a b c", "", "=", "/")
VALUES = st.one_of(st.sampled_from(ODD), st.integers().map(str), st.floats().map(str), st.text(max_size=12))
OWNERS = st.sampled_from(["", "p/", "q/", "bad/", "badx/", "group/", "/", " p /"])
KEYED = st.tuples(OWNERS, st.sampled_from(KEYS), VALUES).map(lambda parts: f"{parts[0]}{parts[1]} = {parts[2]}")
LINES = st.one_of(KEYED, st.text(max_size=20))


def geometry_or_refusal(text: str) -> None:
    """Raises what is neither: anything but a geometry of some size or a sentence."""
    with contextlib.suppress(BadGeometry):
        detector = parse_geom(text)
        assert detector.panels
        assert all(size > 0 for size in detector.slab_shape)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=25), st.booleans())
def test_any_text_is_a_geometry_or_refused(lines, with_panel):
    geometry_or_refusal(("\n".join(["res = 5000", PANEL]) if with_panel else "") + "\n".join(lines))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_geometry_or_refused(data):
    text = list(TWO_PANELS)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] = data.draw(st.characters())
    cut = data.draw(st.integers(0, len(text)))
    geometry_or_refusal("".join(text[:cut]))


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_files_are_understood_whole(shared_data, name):
    detector = read_geom(shared_data / "geometry" / f"{name}.geom")
    assert len(detector.panels) in (64, 128)
    assert detector.warnings == ()
