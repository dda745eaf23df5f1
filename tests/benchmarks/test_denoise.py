"""The benchmark of denoisers: its parts run, its scene is what it says, its test of blanks finds what it should."""

import numpy as np
import pytest

from benchmarks.denoise import blanks, sizes, speed
from benchmarks.denoise.__main__ import PARTS, main
from benchmarks.denoise.kept import Kept, Measured


def test_every_part_prints_its_tables(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(sizes, "SIDES_PX", (64,))
    lines = tmp_path / "figures.jsonl"
    parts = [part for part in PARTS if part != "speed"]
    arguments = [
        "--part",
        *parts,
        "--frames",
        "2",
        "--slow-frames",
        "1",
        "--only",
        "nothing",
        "radial",
        "--lines",
        str(lines),
    ]
    main(arguments)
    first = capsys.readouterr().out
    for title in ("no mask", "Fringes kept", "By class", "one stated standard deviation", "64 × 64", "blank frames"):
        assert title in first
    assert "| Radial mean |" in first
    assert "| Total variation |" not in first
    assert "nan" not in first.split("## By class")[0]
    measured = lines.read_text()
    main(arguments)
    assert capsys.readouterr().out == first
    assert lines.read_text() == measured


def test_speed_is_told_by_size(capsys, monkeypatch):
    monkeypatch.setattr(speed, "SIDES_PX", (64,))
    main(["--part", "speed", "--only", "radial"])
    assert "| method | 64 × 64 |" in capsys.readouterr().out


def test_figures_on_file_come_back(tmp_path):
    path = tmp_path / "a.jsonl"
    Kept([path]).put("x", Measured({"psnr_dB": np.array([1.0, np.nan])}, 3.5))
    again = Kept([tmp_path / "b.jsonl", path]).get("x")
    assert again is not None
    assert (again.ms, len(again), again.mean("psnr_dB")) == (3.5, 2, 1.0)
    assert Kept([path]).get("y") is None


def test_the_beam_of_the_unseen_module_lies_between_half_pixels():
    frames, mask = sizes.unseen(2, 0)
    assert mask.shape == sizes.MODULE_PX
    assert frames.frames.sum((1, 2)) == pytest.approx(1)
    y, x = np.indices(sizes.MODULE_PX)
    dy, dx = y - sizes.BEAM_PX[0], x - sizes.BEAM_PX[1]
    # A sphere's light is symmetric about the beam: its centroid over a disc about it lies there.
    near = frames.frames[0] * (np.hypot(dy, dx) < 12)
    assert (near * dy).sum() / near.sum() == pytest.approx(0, abs=0.02)
    assert (near * dx).sum() / near.sum() == pytest.approx(0, abs=0.02)
    with pytest.raises(ValueError, match="does not fit"):
        sizes.binned(np.zeros((9, 9), np.float32), (30.25, 3.25), (4, 4))


def test_structure_is_found_where_it_is_sure_and_only_there():
    weights = blanks.regions(64)
    assert weights.sum(1) == pytest.approx(1)
    even = np.full((64, 64), 0.1)
    deviation = np.full((64, 64), 0.02)
    assert not blanks.structure(even, deviation, weights).false
    speck = even.copy()
    speck[8:16, 24:32] = 0.2
    found = blanks.structure(speck, deviation, weights)
    assert found.false
    assert found.largest == pytest.approx(0.2 / speck.mean() - 1)
    assert not blanks.structure(speck, 2 * deviation, weights).false
    y, x = np.mgrid[:64, :64] - 31.5
    ring = np.where((np.hypot(y, x) >= 16) & (np.hypot(y, x) < 24), 0.04, 0.1)
    assert blanks.structure(ring, deviation / 2, weights).false


def test_without_light_any_rate_is_false():
    weights = blanks.regions(16)
    dark = np.zeros((16, 16))
    assert not blanks.structure(dark, np.full((16, 16), np.inf), weights).false
    dark[3, 3] = 1e-8
    assert blanks.structure(dark, np.full((16, 16), np.inf), weights).false
