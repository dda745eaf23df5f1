"""What a run is sorted by: the few-shot head on the embedding, or a classical classifier on features of its own.

Choosing the few-shot head works at once. A classical classifier needs its features of the whole run first: they are
computed once by a worker process and kept, the verdicts shown stay until they are there, and stopping that leaves
everything as it was.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtSignal

from app.classifying import FEW_SHOT, HEADS, Classifier, Method, few_shot
from app.jobs.manager import JobManager
from app.jobs.threads import run_task
from app.opening import Opened
from models.embedding.few_shot import FewShotSettings
from models.errors import BadParameter, FriedelError
from models.parameters import from_dict, to_dict
from models.progress import Progress
from models.treatment import RunReference
from widgets.text import counted, grouped

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from models.classifying.types import ClassifierInfo

log = logging.getLogger(__name__)

FEATURES_TASK = "app.jobs.tasks:features"


@dataclass(frozen=True)
class Choice:
    """One classifier as it is offered.

    Attributes:
        id: its name in the registry; the few-shot heads add theirs ("speckle/logistic").
        title, summary, paper: for people.
        cost: "fast", "moderate" or "slow".
        needs_weights: whether the user has to give a weight file.
    """

    id: str
    title: str
    summary: str
    paper: str
    cost: str = "fast"
    needs_weights: bool = False

    @property
    def name(self) -> str:
        """The name in the registry."""
        return self.id.partition("/")[0]

    @property
    def few_shot(self) -> bool:
        return self.name == FEW_SHOT


@dataclass(frozen=True)
class AtWork:
    """A classifier that is being made ready: which, and how far its features are."""

    choice: Choice
    done: int = 0
    total: int | None = None

    @property
    def fraction(self) -> float | None:
        return self.done / self.total if self.total else None

    @property
    def words(self) -> str:
        if self.total is None:
            return f"{self.choice.title}: getting ready"
        return f"Features: {grouped(self.done)} of {counted(self.total, 'frame')}"


class Sorting(QObject):
    """The choice of classifier for one run, with its settings; both are remembered."""

    changed = pyqtSignal()
    """`choices`, `chosen`, `at_work` or settings changed"""
    told = pyqtSignal(str)
    problem = pyqtSignal(str)

    def __init__(
        self,
        opened: Opened,
        classifier: Classifier,
        jobs: JobManager,
        state: Mapping[str, Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._opened = opened
        self._classifier = classifier
        self._jobs = jobs
        self._infos: dict[str, ClassifierInfo] = {}
        self._settings: dict[str, dict[str, Any]] = {
            str(name): dict(values)
            for name, values in _dict(state.get("settings")).items()
            if isinstance(values, dict)
        }
        self._weights: dict[str, str] = {str(n): str(path) for n, path in _dict(state.get("weights")).items()}
        self._wanted = str(state.get("classifier") or "")
        self._job = 0
        self._turn = 0
        self._closed = False
        self.choices: tuple[Choice, ...] = ()
        self.chosen = f"{FEW_SHOT}/{FewShotSettings().head}"
        self._before = ""
        self.at_work: AtWork | None = None

    def begin(self) -> None:
        """Learn which classifiers there are, off the GUI thread, and go back to the one the run was left with."""

        def load() -> dict[str, ClassifierInfo]:
            from models.classifying.registry import CLASSIFIERS

            return CLASSIFIERS

        def loaded(infos: dict[str, ClassifierInfo]) -> None:
            if self._closed:
                return
            self._infos = infos
            self.choices = tuple(_choices(infos))
            self.changed.emit()
            wanted, self._wanted = self._wanted, ""
            if wanted and self.choice(wanted) is not None:
                self._take(wanted, start_missing=False)

        run_task(load, loaded, lambda error: log.error("no classifiers", exc_info=error), name="load classifiers")

    # -- what there is ---------------------------------------------------------------------------------------------

    def choice(self, choice_id: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.id == choice_id), None)

    def settings_of(self, choice_id: str) -> Any:
        """The settings of a classifier as they are, or its defaults."""
        name, _, head = choice_id.partition("/")
        kind = self._infos[name].parameters
        try:
            settings = from_dict(kind, self._settings.get(name, {}))
        except (BadParameter, TypeError) as error:
            log.warning("settings of %s are left out: %s", name, error)
            settings = kind()
        return replace(settings, head=head) if name == FEW_SHOT else settings

    def weights_of(self, choice_id: str) -> str:
        """The weight file given for a classifier, "" for none."""
        return self._weights.get(choice_id.partition("/")[0], "")

    # -- what the user does ----------------------------------------------------------------------------------------

    def choose(self, choice_id: str) -> bool:
        """Sort by another classifier; False where it needs a weight file first."""
        choice = self.choice(choice_id)
        if choice is None or (choice.needs_weights and not self.weights_of(choice_id)):
            self.changed.emit()
            return False
        self._take(choice_id, start_missing=True)
        return True

    def set_settings(self, choice_id: str, settings: Any, weights: str = "") -> None:
        """Sort by a classifier with other settings."""
        name = choice_id.partition("/")[0]
        self._settings[name] = to_dict(settings)
        if weights:
            self._weights[name] = weights
        if name == FEW_SHOT:
            choice_id = f"{FEW_SHOT}/{settings.head}"
        self.choose(choice_id)

    def cancel(self) -> None:
        """Stop making a classifier ready, or waiting for its verdicts: the one before is used again."""
        if self.at_work is None:
            if self._classifier.judging and self._before:
                self.choose(self._before)
            return
        self._turn += 1
        if self._job:
            self._jobs.cancel(self._job)
            self._job = 0
        self.at_work = None
        self.changed.emit()

    def to_state(self) -> dict[str, Any]:
        at_work = "" if self.at_work is None else self.at_work.choice.id
        return {
            "classifier": self._wanted or at_work or self.chosen,
            "settings": self._settings,
            "weights": self._weights,
        }

    def close(self) -> None:
        self._closed = True
        if self._job:
            self._jobs.cancel(self._job)

    # -- making ready ----------------------------------------------------------------------------------------------

    def _take(self, choice_id: str, *, start_missing: bool) -> None:
        if self.at_work is not None:
            self.cancel()
        choice = self.choice(choice_id)
        assert choice is not None
        if choice.few_shot:
            self._use(choice, None)
            return
        self._turn += 1
        turn = self._turn
        self.at_work = AtWork(choice)
        self.changed.emit()
        info = self._infos[choice.name]
        if not info.needs_weights:
            self._load(choice, turn, None, start_missing)
        elif start_missing:
            # Its digest needs the network, which is not for this process; what is complete is found at once there.
            self._start(choice, turn)
        else:
            self._not_ready(choice)

    def _load(self, choice: Choice, turn: int, digest: str | None, start_missing: bool) -> None:
        """Use the features in the workspace; where some are missing, have them made if `start_missing`."""
        workspace, features_name = self._opened.workspace, self._infos[choice.name].features

        def look() -> npt.NDArray[np.float32] | None:
            from models.classifying.features import extractor

            store = workspace.find_embeddings(digest or extractor(features_name).digest)
            return store.vectors() if store is not None and store.finished else None

        def found(features: npt.NDArray[np.float32] | None) -> None:
            if turn != self._turn or self._closed:
                return
            if features is not None:
                self._use(choice, features)
            elif start_missing:
                self._start(choice, turn)
            else:
                self._not_ready(choice)

        run_task(look, found, lambda error: self._failed(turn, error), name="load features")

    def _not_ready(self, choice: Choice) -> None:
        self.at_work = None
        self.told.emit(f"The features for “{choice.title}” are not complete: choose it again to go on.")
        self.changed.emit()

    def _start(self, choice: Choice, turn: int) -> None:
        source = RunReference.of(self._opened.run)
        weights = self.weights_of(choice.id)

        def progressed(progress: Progress) -> None:
            if turn == self._turn and not self._closed:
                self.at_work = AtWork(choice, progress.done, progress.total)
                self.changed.emit()

        def finished(digest: str) -> None:
            if turn == self._turn and not self._closed:
                self._job = 0
                self._load(choice, turn, digest, False)

        def cancelled() -> None:
            if turn == self._turn and not self._closed:
                self.cancel()

        self._job = self._jobs.start(
            f"Features for {choice.title}",
            FEATURES_TASK,
            (
                source,
                str(self._opened.workspace.folder),
                self._infos[choice.name].features,
                weights,
            ),
            on_progress=progressed,
            on_finished=finished,
            on_failed=lambda error: self._failed(turn, error),
            on_cancelled=cancelled,
            writes_to=f"features of {source.words} {self._infos[choice.name].features}",
        )

    def _use(self, choice: Choice, features: npt.NDArray[np.float32] | None) -> None:
        self._turn += 1
        self._before, self.chosen = self.chosen, choice.id
        self.at_work = None
        method = Method(choice.name, choice.title, self.settings_of(choice.id))
        if features is not None or method != self._classifier.method:
            self._classifier.use(method, features)
        self.changed.emit()

    def _failed(self, turn: int, error: Exception) -> None:
        if turn != self._turn or self._closed:
            return
        self._job = 0
        self.at_work = None
        self.changed.emit()
        if isinstance(error, FriedelError):
            self.problem.emit(error.sentence())
        else:
            log.error("the classifier cannot be made ready", exc_info=error)
            self.problem.emit(f"The classifier cannot be made ready: {error}. The log has the details.")


def _choices(infos: Mapping[str, ClassifierInfo]) -> list[Choice]:
    found = []
    for info in infos.values():
        if info.name == FEW_SHOT:
            found += [
                Choice(f"{FEW_SHOT}/{head}", few_shot(FewShotSettings(head=head)).title, info.summary, info.paper)
                for head in HEADS
            ]
        else:
            found.append(Choice(info.name, info.title, info.summary, info.paper, info.cost, info.needs_weights))
    return found


def _dict(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
