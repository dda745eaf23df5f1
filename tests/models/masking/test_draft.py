"""A mask that is not applied yet outlives the window, and never stands in the way of opening a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import NotSaved
from models.masking.draft import draft_path, load_draft, save_draft
from models.masking.settings import MaskSettings, MaskShape

APPLIED = MaskSettings(inverted=True)
WANTED = MaskSettings(shapes=(MaskShape("brush", points=(1, 2, 3, 4), size_px=5),), shape=(9, 9))


def test_a_draft_comes_back_to_what_it_was_made_of(tmp_path: Path) -> None:
    path = draft_path(tmp_path, "ada")
    assert load_draft(path, APPLIED) is None
    save_draft(path, APPLIED, WANTED)
    assert load_draft(path, APPLIED) == WANTED
    assert load_draft(path, MaskSettings()) is None
    save_draft(path, WANTED, WANTED)
    assert not path.exists()


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"applied": {}}', '{"applied": {"inverted": true}, "wanted": {"shapes": 3}}']
)
def test_a_damaged_draft_is_left_out(tmp_path: Path, text: str) -> None:
    path = draft_path(tmp_path, "ada")
    path.parent.mkdir()
    path.write_text(text)
    assert load_draft(path, APPLIED) is None
    assert load_draft(path, MaskSettings()) is None


def test_a_draft_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "masks").write_text("in the way")
    with pytest.raises(NotSaved, match="was not saved"):
        save_draft(draft_path(tmp_path, "ada"), APPLIED, WANTED)
