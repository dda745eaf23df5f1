"""Masks kept as pixels in a workspace, and masks that do not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import NotSaved
from models.masking import BadMask, MaskSettings, MaskShape, make_mask
from models.masking.pixels import keep_pixels, read_pixels
from models.runs.types import BoolImage, PixelFlag
from models.treatment import Treatment, open_treated

FRAME = (6, 9)


@pytest.fixture
def pixels() -> BoolImage:
    return np.random.default_rng(1).random(FRAME) < 0.3


def test_pixels_come_back(tmp_path: Path, pixels: BoolImage) -> None:
    shape = keep_pixels(pixels, tmp_path, "hot pixels")
    assert shape.count == np.count_nonzero(pixels)
    assert Path(shape.path).parent == tmp_path / "masks"
    np.testing.assert_array_equal(read_pixels(shape, FRAME), pixels)
    settings = MaskSettings(shapes=(shape,), shape=FRAME)
    mask = make_mask(MaskSettings.from_state(settings.to_state()), FRAME)
    np.testing.assert_array_equal(mask, ~pixels)


def test_the_same_pixels_are_written_once(tmp_path: Path, pixels: BoolImage) -> None:
    first = keep_pixels(pixels, tmp_path, "one")
    second = keep_pixels(pixels, tmp_path, "two")
    assert first.path == second.path
    assert len(list((tmp_path / "masks").iterdir())) == 1
    assert MaskSettings(shapes=(first,)).digest == MaskSettings(shapes=(second,)).digest


def test_a_workspace_that_was_moved_is_found(tmp_path: Path, pixels: BoolImage) -> None:
    shape = keep_pixels(pixels, tmp_path / "old", "x")
    (tmp_path / "old").rename(tmp_path / "new")
    with pytest.raises(BadMask, match="cannot be read"):
        read_pixels(shape, FRAME)
    np.testing.assert_array_equal(read_pixels(shape, FRAME, [tmp_path / "new"]), pixels)


def test_what_was_changed_or_damaged_is_refused(tmp_path: Path, pixels: BoolImage) -> None:
    shape = keep_pixels(pixels, tmp_path, "x")
    path = Path(shape.path)
    np.save(path, ~pixels)
    with pytest.raises(BadMask) as changed:
        read_pixels(shape, FRAME)
    assert "changed" in changed.value.sentence()
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadMask):
        read_pixels(shape, FRAME)
    np.save(path, pixels.astype(float))
    with pytest.raises(BadMask, match="cannot be read"):
        read_pixels(shape, FRAME)


def test_masks_of_another_shape_are_refused_with_both(tmp_path: Path, pixels: BoolImage) -> None:
    shape = keep_pixels(pixels, tmp_path, "x")
    for settings in (
        MaskSettings(shapes=(shape,), shape=FRAME),
        MaskSettings(shapes=(replace(shape),), shape=None),
        MaskSettings(shapes=(MaskShape("rectangle", points=(0, 0, 1, 1)),), shape=FRAME),
    ):
        with pytest.raises(BadMask) as refused:
            make_mask(settings, (12, 9))
        assert "6×9" in refused.value.sentence()
        assert "12×9" in refused.value.sentence()


def test_no_shapes_no_mask() -> None:
    assert make_mask(MaskSettings(inverted=True), FRAME) is None
    hidden = MaskShape("rectangle", points=(0, 0, 1, 1), hidden=True)
    assert make_mask(MaskSettings(shapes=(hidden,), shape=(1, 1)), FRAME) is None


def test_a_full_or_foreign_disk_is_told(tmp_path: Path, pixels: BoolImage) -> None:
    (tmp_path / "masks").write_text("a file in the way")
    with pytest.raises(NotSaved, match="was not saved"):
        keep_pixels(pixels, tmp_path, "x")


def test_a_run_that_was_moved_with_its_workspace_keeps_its_mask(tmp_path: Path, pixels: BoolImage) -> None:
    (tmp_path / "old").mkdir()
    np.save(tmp_path / "old" / "run.npy", np.zeros((3, 32, 48), np.uint16))
    covered = np.zeros((32, 48), bool)
    covered[:6, :9] = pixels
    shape = keep_pixels(covered, tmp_path / "old" / "run.npy.friedel", "hot pixels")
    treatment = Treatment(masking=MaskSettings(shapes=(shape,), shape=covered.shape))
    (tmp_path / "old").rename(tmp_path / "new")
    run = open_treated(tmp_path / "new" / "run.npy", treatment=treatment)
    np.testing.assert_array_equal(run.mask, ~covered)
    assert (run.load(1).flags[covered] == PixelFlag.USER).all()
    run.close()
