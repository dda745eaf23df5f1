"""The workspace of an open run: its labels with their journals, its window state, the folder of its results."""

from __future__ import annotations

import getpass
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import NotSaved
from models.files.disk import is_writable
from models.runs.events import in_memory
from models.runs.types import Run
from models.workspace import rosters
from models.workspace.entries import Entry, RunKey
from models.workspace.journal import PATTERN, JournalReader
from models.workspace.labels import Labels
from models.workspace.location import Places, find_places, remember, user_data_folder
from models.workspace.state import RunState, load_state, save_state
from models.workspace.writer import JournalWriter, SavedEntry

if TYPE_CHECKING:
    from models.workspace.store import EmbeddingStore

log = logging.getLogger(__name__)

Listener = Callable[[SavedEntry | NotSaved], None]


class Workspace:
    """What was made of one run, and what must never be lost of it.

    `labels` take effect in memory at once; the entry of each goes to the journal on a thread of its own, and
    `on_saved` hears when it is on disk, or that it is not.

    Args:
        run: the open run.
        annotator: who labels.
        places: where the workspace is.
        user_data: the user's data directory.

    Attributes:
        folder: where everything is written; made with the first file.
        location_note: a sentence for the user where the folder is not beside the run; "" otherwise.
        writable: whether the folder could be written when the run was opened.
        annotator: who labels.
        labels: the labels of all annotators.
        warnings: sentences on what was found odd in the journals.
    """

    def __init__(self, run: Run, annotator: str, places: Places, user_data: Path) -> None:
        self.folder = places.folder
        self.location_note = places.note
        self.writable = places.writable
        self.annotator = annotator
        self._places = places
        self._run = run
        self._user_data = user_data
        self._remembered = False
        self._grown = False
        self._listeners: list[Listener] = []
        self._readers: dict[Path, JournalReader] = {}
        self._problems: dict[Path, str] = {}
        self._key = RunKey(
            digest=run.identity.digest,
            n_frames=len(run),
            dataset=run.dataset,
            shape=(run.shape[0], run.shape[1]),
            has_events=run.events is not None,
        )
        # Events may be read from the file only now, on the thread that owns it; later they are used on other threads.
        self._events = None if run.events is None else in_memory(run.events)
        folders = (places.folder, *places.others)
        self.labels = Labels(
            self._key,
            self._events,
            annotator=annotator,
            sink=self._keep,
            roster=lambda digest: rosters.load_roster(folders, digest),
        )
        self._writer = JournalWriter(places.folder, annotator, self._key, prepare=self._prepare)
        self.refresh()

    # -- labels ----------------------------------------------------------------------------------------------------

    def refresh(self) -> int:
        """Read what other annotators (and this one, elsewhere) added to their journals since the last look.

        Returns:
            How many entries were new; `labels` have them.
        """
        return self.labels.merge(self.look())

    def look(self) -> list[Entry]:
        """The reading half of `refresh`, for a thread that may wait for a network share; one call at a time.

        Returns:
            Entries for `labels.merge`.
        """
        entries: list[Entry] = []
        for folder in (self._places.folder, *self._places.others):
            for path in self._journals(folder):
                reader = self._readers.setdefault(path, JournalReader(path))
                try:
                    entries += reader.read_new()
                    self._problems.pop(path, None)
                except OSError as error:
                    log.warning("cannot read %s: %s", path, error)
                    self._problems[path] = (
                        f"{path} cannot be read now ({error.strerror or error}): its labels are not shown."
                    )
        return entries

    @property
    def warnings(self) -> tuple[str, ...]:
        # Copied first: `look` may be at work on another thread.
        found = [*self._problems.values()]
        for reader in tuple(self._readers.values()):
            found += reader.warnings
        if self.labels.lost:
            found.append(
                f"{self.labels.lost} labels are of frames that are not in this version of the run: they are kept in "
                "the journal and not shown."
            )
        if self.labels.placed_by_index:
            found.append(
                f"{self.labels.placed_by_index} labels were made on another version of this file, which has no event "
                "identifiers: they were placed by index. Check that they fit."
            )
        return tuple(found)

    def on_saved(self, listener: Listener) -> None:
        """Have `listener` called, on the journal's thread, with every entry that was or was not saved."""
        self._listeners.append(listener)

    @property
    def pending(self) -> int:
        """Entries that are not known to be on disk."""
        return self._writer.pending

    @property
    def waiting_s(self) -> float:
        """How long the oldest of them has waited, seconds."""
        return self._writer.waiting_s

    @property
    def save_error(self) -> NotSaved | None:
        """Why labels are not saved at present; None while they are."""
        return self._writer.error

    def use_run(self, run: Run) -> None:
        """The same run, its frames treated otherwise: vectors are of these from now on; labels stay what they are."""
        self._run = run

    def grow(self) -> None:
        """The run has more frames than before: labels can be given to them."""
        if len(self._run) <= self._key.n_frames:
            return
        self._key = replace(self._key, n_frames=len(self._run))
        self._events = None if self._run.events is None else in_memory(self._run.events)
        self._grown = self._events is not None
        self.labels.grow(self._key, self._events)

    @property
    def journal(self) -> Path:
        """The file this annotator's labels are written to."""
        return self._writer.path

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until every label is on disk; False where that cannot be had within `timeout` seconds."""
        return self._writer.flush(timeout)

    def rescue(self) -> tuple[Entry, ...]:
        """Write what could not be saved into the user's data directory, where it is found with the run again.

        Returns:
            What could not be saved there either.
        """
        return self._writer.rescue(self.rescue_folder)

    @property
    def rescue_folder(self) -> Path:
        """Where `rescue` writes."""
        return find_places(self._run, self._user_data, writable=lambda _: False).folder

    def close(self, timeout: float = 10.0) -> tuple[Entry, ...]:
        """Try once more to save what is queued, and stop writing.

        Returns:
            What could not be saved: offer `rescue`.
        """
        return self._writer.close(timeout)

    # -- the rest --------------------------------------------------------------------------------------------------

    def load_state(self) -> RunState:
        """The window's state when this annotator last had this run open."""
        return load_state(self.folder, self.annotator, self._key.n_frames)

    def save_state(self, state: RunState) -> None:
        """Keep the window's state. Raises NotSaved."""
        save_state(self.folder, self.annotator, state)

    def embedding_store(self, dim: int, model_digest: str) -> EmbeddingStore:
        """The store of this run's vectors by one network, made where there is none. Raises NotSaved."""
        from models.workspace.store import EmbeddingStore

        return EmbeddingStore.open(self.folder, self._run.identity.pixels, self._key.n_frames, dim, model_digest)

    def find_embeddings(self, model_digest: str | None = None) -> EmbeddingStore | None:
        """The latest store of this run's vectors (by one network, where its digest is given), or None."""
        from models.workspace.store import EmbeddingStore

        return EmbeddingStore.find(self.folder, self._run.identity.pixels, model_digest)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _keep(self, entry: Entry) -> None:
        self._writer.append(entry, self._tell)

    def _prepare(self, entry: Entry, folder: Path) -> None:
        """What has to be in the folder before the entry is; on the journal's thread."""
        if entry.ranges and self._events is not None:
            grown, self._grown = self._grown, False
            rosters.save_roster(folder, self._key.digest, self._events, grown=grown)
        if not self._remembered:
            self._remembered = True
            remember(self._places, self._run, self._user_data)

    def _tell(self, outcome: SavedEntry | NotSaved) -> None:
        for listener in tuple(self._listeners):
            listener(outcome)

    def _journals(self, folder: Path) -> list[Path]:
        try:
            return sorted(folder.glob(PATTERN))
        except OSError as error:
            log.warning("cannot look into %s: %s", folder, error)
            return []


def open_workspace(
    run: Run,
    annotator: str | None = None,
    user_data: Path | None = None,
    writable: Callable[[Path], bool] = is_writable,
) -> Workspace:
    """The workspace of a run, with everybody's labels read. Nothing is written before there is something to keep.

    Args:
        run: an open run.
        annotator: who labels; None for the login name.
        user_data: the user's data directory; None for `$FRIEDEL_DATA` or the platform's.
        writable: whether a folder can be made and written to.
    """
    data = user_data_folder() if user_data is None else user_data
    places = find_places(run, data, writable)
    return Workspace(run, annotator or login_name(), places, data)


def login_name() -> str:
    """The login name, or "annotator" where the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "annotator"
