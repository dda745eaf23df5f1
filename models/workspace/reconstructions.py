"""The history of reconstructions of a run: one CXI file for each, from which it can be shown, judged and repeated.

They lie in `reconstructions/` in the workspace. Beside each file is a small JSON with what lists show and the name
the user gave it; it is made again from the CXI file where it is missing, so that an interruption between the two
costs nothing. There is no common index that two people could spoil for each other. What is removed is moved to
`reconstructions/removed/` and can be brought back; nothing is deleted.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import os
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import BadParameter, CannotOpen, NotSaved
from models.files.disk import make_folder, not_saved, replace_text, sync_folder
from models.phasing.types import Reconstruction, Trust
from models.progress import Progress
from models.workspace.provenance import as_json, now

log = logging.getLogger(__name__)

FOLDER = "reconstructions"
REMOVED = "removed"
_PREFIX = "reconstruction-"
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """One reconstruction in the history.

    Attributes:
        id: tells it from all others, in any workspace.
        path: its CXI file.
        frame: index in the run. event: the frame's identifier, "" where the run has none. run_digest: of the run.
        name: what the user calls it; never empty.
        created: ISO 8601, UTC.
        preset, schedule: what it was made with, as at the start.
        trust: its figures and warnings.
        preview: whether nothing says that another start would give the same.
    """

    id: str
    path: Path
    frame: int
    event: str
    run_digest: str
    name: str
    created: str
    preset: str
    schedule: str
    trust: Trust
    preview: bool


class Reconstructions:
    """The reconstructions of one run.

    Args:
        workspace: the workspace's folder; nothing is made there before there is something to keep.
        run_digest: `RunIdentity.digest`: others in the same folder are not shown.
    """

    def __init__(self, workspace: Path, run_digest: str = "") -> None:
        self.folder = workspace / FOLDER
        self.run_digest = run_digest
        self._known: dict[Path, tuple[int, Kept]] = {}
        self._undo: list[tuple[str, Callable[[], object]]] = []

    def add(
        self, reconstruction: Reconstruction, frame: int, event: str = "", name: str = ""
    ) -> Generator[Progress, None, Kept]:
        """Keep a reconstruction.

        Args:
            frame, event: of the run. name: empty for the preset or schedule it was made with.

        Yields:
            Progress in starts.

        Raises:
            NotSaved: it cannot be written; nothing half-written is left.
        """
        from models.phasing.export import save_cxi

        created = now()
        stamp = "".join(c for c in created[:19] if c.isdigit())
        id = f"{frame:06d}-{stamp}-{secrets.token_hex(3)}"
        settings = reconstruction.settings
        path = self.folder / f"{_PREFIX}{id}.cxi"
        preset, schedule = (str(settings.get(key, "")) for key in ("preset", "schedule"))
        kept = Kept(
            id=id,
            path=path,
            frame=frame,
            event=event,
            run_digest=self.run_digest,
            name=_clean(name) or preset or schedule or "reconstruction",
            created=created,
            preset=preset,
            schedule=schedule,
            trust=reconstruction.trust,
            preview=_is_preview(reconstruction.trust),
        )
        belongs_to = {"frame": frame, "event": event, "run_digest": self.run_digest}
        yield from save_cxi(reconstruction, path, title=kept.name, belongs_to=belongs_to, overwrite=False)
        _write_note(kept)
        self._undo.append((f"keeping “{kept.name}”", lambda: self._move(id, away=True)))
        return kept

    def list(self, frame: int | None = None) -> tuple[Kept, ...]:
        """What is kept of a frame, or of all, newest first. Damaged files are logged and left out."""
        return self._in(self.folder, frame)

    def removed(self, frame: int | None = None) -> tuple[Kept, ...]:
        """What was removed and can be brought back, newest first."""
        return self._in(self.folder / REMOVED, frame)

    def load(self, id: str) -> Reconstruction:
        """A reconstruction with its pattern, starts and settings. Raises CannotOpen."""
        from models.phasing.export import read_reconstruction

        return read_reconstruction(self._path(id))

    def rename(self, id: str, name: str) -> Kept:
        """Call a reconstruction something else.

        Raises:
            BadParameter: the name is empty. CannotOpen: there is no such reconstruction. NotSaved.
        """
        before = self._kept(self._path(id))
        after = self._rename(id, name)
        self._undo.append((f"renaming “{before.name}”", lambda: self._rename(id, before.name)))
        return after

    def remove(self, id: str) -> None:
        """Put a reconstruction aside; `restore` and `undo` bring it back. Raises CannotOpen, NotSaved."""
        kept = self._kept(self._path(id))
        self._move(id, away=True)
        self._undo.append((f"removing “{kept.name}”", lambda: self._move(id, away=False)))

    def restore(self, id: str) -> None:
        """Bring back what was removed. Raises CannotOpen, NotSaved."""
        self._move(id, away=False)

    @property
    def undo_words(self) -> str:
        """What `undo` would take back, "" where nothing is left to."""
        return self._undo[-1][0] if self._undo else ""

    def undo(self) -> str:
        """Take back the latest keeping, renaming or removing since this was opened.

        Returns:
            What was taken back, "" where there was nothing.

        Raises:
            CannotOpen, NotSaved: it could not be; it stays to be tried again.
        """
        if not self._undo:
            return ""
        words, back = self._undo[-1]
        back()
        self._undo.pop()
        return words

    # -- inside ----------------------------------------------------------------------------------------------------

    def _in(self, folder: Path, frame: int | None) -> tuple[Kept, ...]:
        try:
            paths = sorted(folder.glob(f"{_PREFIX}*.cxi"))
        except OSError as error:
            log.warning("cannot look into %s: %s", folder, error)
            return ()
        found = []
        for path in paths:
            try:
                kept = self._kept(path)
            except CannotOpen as error:
                log.warning("%s", error.sentence())
                continue
            if kept.run_digest == self.run_digest and frame in (None, kept.frame):
                found.append(kept)
        return tuple(sorted(found, key=lambda kept: (kept.created, kept.id), reverse=True))

    def _path(self, id: str, folder: Path | None = None) -> Path:
        path = (folder or self.folder) / f"{_PREFIX}{id}.cxi"
        if path.parent != (folder or self.folder) or not path.is_file():
            raise CannotOpen(f"There is no reconstruction {id}", hint="It may have been removed; look there")
        return path

    def _kept(self, path: Path) -> Kept:
        """From its note, or from the file itself where that is missing or damaged. Raises CannotOpen."""
        note = path.with_suffix(".json")
        try:
            stamp = note.stat().st_mtime_ns
        except OSError:
            stamp = -1
        known = self._known.get(path)
        if known is not None and known[0] == stamp:
            return known[1]
        kept = _read_note(note, path) if stamp >= 0 else None
        if kept is None:
            kept = _from_file(path)
        self._known[path] = (stamp, kept)
        return kept

    def _rename(self, id: str, name: str) -> Kept:
        if not _clean(name):
            raise BadParameter("a reconstruction needs a name")
        kept = dataclasses.replace(self._kept(self._path(id)), name=_clean(name))
        _write_note(kept)
        self._known.pop(kept.path, None)
        return kept

    def _move(self, id: str, away: bool) -> None:
        folders = (self.folder, self.folder / REMOVED)
        source, target = folders if away else reversed(folders)
        path = self._path(id, source)
        try:
            make_folder(target)
            # The file goes first: where it is decides, and a note that stays behind is made again.
            os.replace(path, target / path.name)  # noqa: PTH105 (the atomic call, by its own name)
            note = path.with_suffix(".json")
            if note.exists():
                os.replace(note, target / note.name)  # noqa: PTH105
            sync_folder(target)
            sync_folder(source)
        except OSError as error:
            done = "removed" if away else "brought back"
            raise not_saved(f"The reconstruction {id} was not {done}", error) from error
        self._known.pop(path, None)
        self._known.pop(target / path.name, None)


def _clean(name: str) -> str:
    return " ".join(name.split())[:_LONGEST_NAME]


def _is_preview(trust: Trust) -> bool:
    from models.phasing.quality.trust import is_preview

    return is_preview(trust)


def _write_note(kept: Kept) -> None:
    body: dict[str, Any] = {"v": 1} | {
        field.name: getattr(kept, field.name)
        for field in dataclasses.fields(kept)
        if field.name not in ("id", "path", "trust")
    }
    # JSON has no word for "cannot be said".
    body["trust"] = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in dataclasses.asdict(kept.trust).items()
    }
    note = kept.path.with_suffix(".json")
    replace_text(note, as_json(body) + "\n", f"The name of the reconstruction was not saved to {note}")


def _read_note(note: Path, path: Path) -> Kept | None:
    try:
        body = json.loads(note.read_bytes())
        trust: dict[str, Any] = {}
        for name, value in body["trust"].items():
            if name == "warnings":
                trust[name] = tuple(str(each) for each in value)
            elif name in ("kept", "starts"):
                trust[name] = int(value)
            else:
                trust[name] = math.nan if value is None else float(value)
        return Kept(
            id=_id(path),
            path=path,
            frame=int(body["frame"]),
            preview=bool(body["preview"]),
            trust=Trust(**trust),
            **{key: str(body[key]) for key in ("event", "run_digest", "name", "created", "preset", "schedule")},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("cannot read %s: %s", note, error)
        return None


def _from_file(path: Path) -> Kept:
    """Made again from the CXI file, and noted for the next time where that is possible."""
    from models.phasing.export import read_summary

    summary = read_summary(path)
    frame = summary.belongs_to.get("frame")
    kept = Kept(
        id=_id(path),
        path=path,
        frame=frame if isinstance(frame, int) else -1,
        event=str(summary.belongs_to.get("event", "")),
        run_digest=str(summary.belongs_to.get("run_digest", "")),
        name=summary.title,
        created=summary.created,
        preset=str(summary.settings.get("preset", "")),
        schedule=str(summary.settings.get("schedule", "")),
        trust=summary.trust,
        preview=_is_preview(summary.trust),
    )
    try:
        _write_note(kept)
    except NotSaved as error:
        log.info("%s", error.sentence())
    return kept


def _id(path: Path) -> str:
    return path.stem.removeprefix(_PREFIX)
