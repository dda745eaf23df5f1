"""A mask that was changed and not applied yet, kept so that closing the window loses no drawing."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from models.errors import FriedelError
from models.files.disk import replace_text
from models.masking.pixels import FOLDER
from models.masking.settings import MaskSettings
from models.workspace.journal import plain

log = logging.getLogger(__name__)


def draft_path(workspace: Path, annotator: str) -> Path:
    """Where the draft of one annotator is: `masks/draft-<annotator>.json`."""
    return workspace / FOLDER / f"draft-{plain(annotator, 'annotator')}.json"


def save_draft(path: Path, applied: MaskSettings, wanted: MaskSettings) -> None:
    """Keep `wanted`, which was made of `applied`; where they are the same there is nothing to keep.

    Raises:
        NotSaved: it cannot be written.
    """
    if applied == wanted:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.info("cannot remove %s: %s", path, error)
        return
    body = {"v": 1, "applied": applied.to_state(), "wanted": wanted.to_state()}
    replace_text(path, json.dumps(body) + "\n", f"The mask that is being drawn was not saved to {path}")


def load_draft(path: Path, applied: MaskSettings) -> MaskSettings | None:
    """The mask that was being made of `applied`; None where there is none, or it was made of another. Never fails."""
    try:
        body = json.loads(path.read_bytes())
        if not isinstance(body, dict) or MaskSettings.from_state(body.get("applied", {})) != applied:
            return None
        return MaskSettings.from_state(body["wanted"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, RecursionError, FriedelError) as error:
        log.warning("cannot read %s: %s", path, error)
        return None
