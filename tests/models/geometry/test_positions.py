"""Pixel positions against a second, naive evaluation of the format's rules, one pixel at a time."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from models.errors import BadGeometry
from models.geometry.crystfel import parse_geom, read_geom
from models.geometry.positions import bad_flags, positions_of
from models.runs.types import PixelFlag
from tests.models.geometry.files import REAL, TWO_PANELS, modules_geom


class Naive:
    """crystfel_geometry(5) read anew: a dictionary for each panel, and one pixel looked up at a time."""

    def __init__(self, text: str) -> None:
        everyone: dict[str, str] = {}
        self.panels: dict[str, dict[str, str]] = {}
        for line in text.splitlines():
            line = re.sub(r";.*", "", line)
            if "=" not in line:
                continue
            key, value = (part.strip() for part in line.split("=", 1))
            if re.match(r"(rigid_)?group|bad", key):
                continue
            if "/" not in key:
                everyone[key] = value
            else:
                name, key = key.split("/")
                self.panels.setdefault(name, dict(everyone))[key] = value

    @staticmethod
    def along(text: str, axis: str) -> float:
        match = re.search(rf"([-+]?)\s*([\d.e-]*)\s*{axis}", text)
        return 0.0 if match is None else float(f"{match[1]}{match[2] or 1}")

    def metres(self, module: int | None, ss: int, fs: int) -> tuple[float, float, float]:
        """Position of the pixel at (module, ss, fs) of the data block."""
        for panel in self.panels.values():
            low_ss, high_ss = int(panel["min_ss"]), int(panel["max_ss"])
            low_fs, high_fs = int(panel["min_fs"]), int(panel["max_fs"])
            if module is not None and int(panel["dim1"]) != module:
                continue
            if low_ss <= ss <= high_ss and low_fs <= fs <= high_fs:
                i, j = fs - low_fs + 0.5, ss - low_ss + 0.5
                corner = {"x": float(panel["corner_x"]), "y": float(panel["corner_y"]), "z": 0.0}
                x, y, z = (
                    (corner[a] + i * self.along(panel["fs"], a) + j * self.along(panel["ss"], a))
                    / float(panel["res"])
                    for a in "xyz"
                )
                return x, y, z + float(panel.get("coffset", 0))
        return math.nan, math.nan, math.nan


def largest_difference_px(path_or_text: Path | str, least_checked: int) -> float:
    """Over pixels scattered through the slab and the corners of every panel."""
    if isinstance(path_or_text, Path):
        detector, text = read_geom(path_or_text), path_or_text.read_text()
    else:
        detector, text = parse_geom(path_or_text), path_or_text
    slab = detector.slab_shape
    positions = positions_of(detector, slab)
    naive = Naive(text)
    size = math.prod(slab)
    places = set(np.random.default_rng(1).integers(0, size, least_checked).tolist())
    for panel in detector.panels:
        lead = panel.fixed
        for ss in (panel.first[0], panel.last[0]):
            for fs in (panel.first[1], panel.last[1]):
                places.add(int(np.ravel_multi_index((*lead, ss, fs), slab)))
    worst = 0.0
    for place in places:
        at = np.unravel_index(place, slab)
        module = int(at[0]) if len(at) == 3 else None
        x, y, z = naive.metres(module, int(at[-2]), int(at[-1]))
        assert math.isnan(x) == (not positions.known[at])
        if not math.isnan(x):
            off = (positions.x[at] - x, positions.y[at] - y, positions.z[at] - z)
            worst = max(worst, *(abs(one) / positions.pitch_m for one in off))
    return worst


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_geometries_agree_with_the_naive_evaluation(shared_data, name):
    assert largest_difference_px(shared_data / "geometry" / f"{name}.geom", 1500) <= 0.01


@pytest.mark.parametrize("text", [TWO_PANELS, modules_geom(extra="coffset = 0.01")], ids=["slab", "modules"])
def test_made_geometries_agree_with_the_naive_evaluation(text):
    assert largest_difference_px(text, 200) <= 0.01


def test_tilted_panels_reach_out_of_the_plane():
    text = TWO_PANELS.replace("b/ss = x", "b/ss = 0.8x + 0.6z") + "b/coffset = 0.002\n"
    assert largest_difference_px(text, 200) <= 0.01
    positions = positions_of(parse_geom(text), (8, 6))
    # four rows up the slope, middle to middle 3 × 0.6 pixels of 100 µm
    assert positions.z[7, 0] - positions.z[4, 0] == pytest.approx(3 * 0.6e-4, rel=1e-4)


def test_another_detector_is_refused_and_both_shapes_are_named():
    detector = parse_geom(TWO_PANELS)
    for shape in ((8, 7), (16, 6), (4096, 1024), (3, 8, 6), (7, 6)):
        with pytest.raises(BadGeometry) as caught:
            positions_of(detector, shape)
        assert "geometry expects 8×6" in caught.value.sentence()
        assert f"data is {'×'.join(map(str, shape))}" in caught.value.sentence()


def test_modules_one_under_the_other_are_the_same_pixels():
    slab, modules = parse_geom(TWO_PANELS), parse_geom(modules_geom(4, 6, 5))
    assert np.array_equal(positions_of(slab, (2, 4, 6)).x.ravel(), positions_of(slab, (8, 6)).x.ravel())
    assert np.array_equal(positions_of(modules, (24, 5)).x.ravel(), positions_of(modules, (4, 6, 5)).x.ravel())


def test_modules_that_the_file_leaves_out_have_no_place():
    positions = positions_of(parse_geom(modules_geom(3, 6, 5)), (4, 6, 5))
    assert positions.known.sum() == 3 * 30
    assert not positions.known[3].any()
    assert any("3×6×5" in note and "4×6×5" in note for note in positions.notes)


def test_pixels_claimed_twice_are_counted():
    text = TWO_PANELS.replace("b/min_ss = 4", "b/min_ss = 3")
    assert any("6 pixels" in note for note in positions_of(parse_geom(text), (8, 6)).notes)


def bad_at(text: str, shape: tuple[int, ...] = (8, 6)) -> np.ndarray:
    detector = parse_geom(text)
    return bad_flags(detector, positions_of(detector, shape)) == PixelFlag.MASKED


def test_bad_regions_of_the_data_are_inclusive_and_kept_to_their_panel():
    bad = bad_at(TWO_PANELS + "bad1/min_fs = 1\nbad1/max_fs = 2\nbad1/min_ss = 2\nbad1/max_ss = 5\nbad1/panel = b\n")
    wanted = np.zeros((8, 6), bool)
    wanted[4:6, 1:3] = True
    assert np.array_equal(bad, wanted)


def test_bad_regions_without_a_panel_count_for_all():
    bad = bad_at(TWO_PANELS + "bad1/min_fs = 5\n")
    assert bad[:, 5].all()
    assert bad.sum() == 8


def test_bad_regions_of_the_laboratory_are_found_by_position():
    text = TWO_PANELS + "bad1/min_x = 3\nbad1/max_x = 5\nbad1/min_y = 6\nbad1/max_y = 9\n"
    wanted = np.zeros((8, 6), bool)
    wanted[0:2, 1:3] = True  # panel a begins at x = 2 and goes down from y = 8
    assert np.array_equal(bad_at(text), wanted)
    assert not bad_at(text + "bad1/panel = b\n").any()


def test_edges_and_unused_panels():
    bad = bad_at("mask_edge_pixels = 1\n" + TWO_PANELS)
    assert bad.sum() == 2 * (4 * 6 - 2 * 4)
    assert not bad[1:3, 1:5].any()
    assert np.array_equal(bad_at(TWO_PANELS + "a/no_index = 1\n"), np.arange(8)[:, None].repeat(6, 1) < 4)


@pytest.mark.parametrize("limit", ["1e18", "-1e18"])
def test_bad_regions_far_outside(limit):
    assert bad_at(TWO_PANELS + f"bad1/min_ss = {limit}\nbad1/panel = a\n").sum() in (0, 24)
