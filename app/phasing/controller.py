"""Phase retrieval of the open run: one reconstruction at a time, beside the window, and the results of a frame."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.arrays import Scratch, discard
from app.jobs.manager import JobManager
from app.jobs.service import the_service
from app.opening import Opened
from app.phasing.kept import KeptResults
from app.phasing.records import PhasingNews, Prepared, Result, Subject
from models.errors import BadParameter, FriedelError
from models.parameters import from_dict, to_dict
from models.patterns import PatternSettings
from models.phasing.presets import DEFAULT
from models.phasing.settings import PhasingSettings
from models.progress import Progress
from models.treatment.reference import treatment_of

if TYPE_CHECKING:
    from models.phasing.starts import StartsProgress

log = logging.getLogger(__name__)

IDLE, PREPARING, RUNNING, PAUSED, STOPPING, DONE, STOPPED, FAILED = (
    "idle", "preparing", "running", "paused", "stopping", "done", "stopped", "failed",
)  # fmt: skip
RECONSTRUCT_TASK = "app.phasing.work:reconstruct"
_ALIVE = (RUNNING, PAUSED, STOPPING)
BoolArray = npt.NDArray[np.bool_]


class Phasing(QObject):
    """Prepares, runs, steers and keeps. What takes time happens in the service or in a worker process."""

    state_changed = pyqtSignal(str, str)
    """where it stands (`IDLE` …), and a sentence where one is needed"""
    subject_changed = pyqtSignal()
    """another frame is what everything is about"""
    prepared_changed = pyqtSignal()
    """`prepared` is another pattern, or none"""
    news = pyqtSignal(object)
    """`PhasingNews`, at most some sixteen a second"""
    settings_changed = pyqtSignal()
    """`settings` or `preparation` are others than the user set, or a drawn support came or went"""
    problem = pyqtSignal(str)
    told = pyqtSignal(str)

    def __init__(
        self, opened: Opened, jobs: JobManager, state: Mapping[str, Any], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._run, self._workspace, self._jobs = opened.run, opened.workspace, jobs
        stored = _taken_up(PhasingSettings, state.get("settings"), DEFAULT.settings)
        self.settings: PhasingSettings = _without_drawn(stored)
        self.preparation: PatternSettings = _taken_up(PatternSettings, state.get("preparation"), PatternSettings())
        if opened.run.unit == "photons":  # calibrated since that was given
            self.preparation = replace(self.preparation, adu_per_photon=None, find_photon=False)
        self.state = IDLE
        self.words = ""
        self.subject: Subject | None = None
        self.prepared: Prepared | None = None
        self.kept = KeptResults(opened, jobs, self)
        self.kept.problem.connect(self.problem)
        self.kept.told.connect(self.told)
        self.support: BoolArray | None = None
        """the first support that was drawn, centred, for the present subject"""
        self.latest: StartsProgress | None = None
        self._job = 0
        self._wants_run = False
        self._closed = False
        self._stopped_by_user = False
        self._scratch: Scratch | None = None
        self._folders = itertools.count(1)
        service = the_service()
        self._prepare_lane = service.lane("phasing pattern")
        self._draw_lane = service.lane("phasing drawing")

    @property
    def result(self) -> Result | None:
        """The kept result on screen."""
        return self.kept.result

    # -- the subject -----------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether starts are running or paused."""
        return self.state in _ALIVE

    @property
    def busy(self) -> bool:
        return self.alive or self.state == PREPARING

    def about(self, frame: int) -> bool:
        """Make a frame the subject; refused (False) while another one is worked on."""
        subject = Subject(str(self._run.path), self._run.dataset or "", frame, treatment_of(self._run))
        if subject == self.subject:
            return True
        if self.busy:
            return False
        self.subject = subject
        self.support = None
        self.settings = _without_drawn(self.settings)
        for lane in (self._prepare_lane, self._draw_lane):
            lane.forget()
        self.prepared = self.latest = None
        self.kept.about(subject)
        self.subject_changed.emit()
        self.prepared_changed.emit()
        self.settings_changed.emit()
        self._set_state(IDLE)
        self.kept.look(show_latest=True)
        return True

    # -- preparation -----------------------------------------------------------------------------------------------

    def set_preparation(self, settings: PatternSettings) -> None:
        """Prepare in this way from now on; what is prepared already is prepared anew."""
        if settings == self.preparation:
            return
        self.preparation = settings
        self.settings_changed.emit()
        if self.alive:
            self.told.emit("The pattern is prepared anew for the next run; the starts that run keep theirs.")
        elif self.prepared is not None or self.state in (FAILED, PREPARING):
            self.prepare()

    def prepare(self) -> None:
        """Prepare the subject's pattern, to be looked at."""
        if self.subject is not None and not self.alive:
            self._ask_for_pattern("prepare", self.subject, to_dict(self.preparation))

    def _ask_for_pattern(self, task: str, *args: Any) -> None:
        self._set_state(PREPARING)
        if self._scratch is None:
            self._scratch = Scratch()
        folder = str(self._scratch.folder / f"pattern-{next(self._folders)}")
        self._prepare_lane.submit(f"app.phasing.work:{task}", (*args, folder), self._prepared, self._not_prepared)

    def _prepared(self, prepared: Prepared) -> None:
        if self._closed:
            return
        before, self.prepared = self.prepared, prepared
        if before is not None and before.folder != prepared.folder:
            discard(before.folder)
        if self.support is not None and self.support.shape != prepared.shape:
            self._drop_support()
        self.prepared_changed.emit()
        if self._wants_run:
            self._begin()
        else:
            self._set_state(IDLE, "The pattern is prepared.")

    def _not_prepared(self, error: FriedelError) -> None:
        self._wants_run = False
        self.prepared = None
        self.prepared_changed.emit()
        self._set_state(FAILED, error.sentence())

    # -- running ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Prepare the subject's pattern, unless that is done, and run the starts."""
        if self.subject is None or self.busy:
            return
        try:
            check_schedule(self.settings.schedule)
        except BadParameter as error:
            self._set_state(FAILED, error.sentence())
            return
        self._wants_run = True
        if self.prepared is not None and self.prepared.settings == to_dict(self.preparation):
            self._begin()
        else:
            self.prepare()

    def _begin(self) -> None:
        from app.phasing.results import place_of

        self._wants_run = False
        assert self.prepared is not None
        assert self.subject is not None
        settings = self.settings
        support = self.support
        if settings.first_support == "given" and support is None:
            self._set_state(FAILED, "No support was drawn: draw one under Support, or begin with a disc.")
            return
        self.latest = None
        self._stopped_by_user = False
        self.kept.show_none(hold=True)
        self._set_state(RUNNING, "Starting…")
        self._job = self._jobs.start(
            f"Reconstructing {self.subject.title[0].lower()}{self.subject.title[1:]}",
            RECONSTRUCT_TASK,
            (self.prepared.folder, to_dict(settings), place_of(self._workspace, self._run, self.subject), support),
            on_progress=self._progressed,
            on_finished=self._finished,
            on_failed=self._failed,
            on_cancelled=self._cancelled,
            has_workers=True,
        )

    def pause(self) -> None:
        """Pause, or go on where it is paused."""
        if self.state == RUNNING:
            self._tell("Pause")
            self._set_state(PAUSED)
        elif self.state == PAUSED:
            self._tell("GoOn")
            self._set_state(RUNNING)

    def step(self, iterations: int = 1) -> None:
        """So many iterations of every start; pauses a run."""
        if self.state in (RUNNING, PAUSED):
            self._tell("Step", iterations)
            if self.state == RUNNING:
                self._set_state(PAUSED)

    def stop(self) -> None:
        """End all starts; the result is made of what there is."""
        if self.state == PREPARING:
            self._prepare_lane.forget()
            self._wants_run = False
            self._set_state(IDLE)
        elif self.state in (RUNNING, PAUSED):
            self._stopped_by_user = True
            if self.latest is None:  # nothing was done yet that could be kept
                self._jobs.cancel(self._job)
            else:
                self._tell("Stop")
            self._set_state(STOPPING)

    def set_settings(self, settings: PhasingSettings) -> None:
        """Run with these from now on; starts that run take them up at once."""
        if settings == self.settings:
            return
        self.settings = settings
        if self.state in (RUNNING, PAUSED):
            self._tell("Change", settings)

    def watch(self, seed: int) -> None:
        """Show this start: of those that run, or of the result."""
        if self.alive:
            self._tell("Watch", seed)
        elif self.result is not None:
            self.kept.show(f"start:{seed}")

    def glance(self, seed: int) -> None:
        """Have a picture of a running start, whichever is watched."""
        if self.alive:
            self._tell("Watch", seed)

    def _tell(self, command: str, *args: Any) -> None:
        from models.phasing import starts  # loaded with the pane, not with every run that is opened

        self._jobs.send(self._job, getattr(starts, command)(*args))

    def use_support(self, support: BoolArray) -> None:
        """Begin with this support from the next run on."""
        self.support = support
        self.settings = replace(self.settings, first_support="given", preset="")
        self.settings_changed.emit()
        if self.alive:
            self.told.emit("The drawn support is used from the next run on: stop this one and run again.")

    def _drop_support(self) -> None:
        self.support = None
        if self.settings.first_support == "given":
            self.settings = _without_drawn(self.settings)
            self.told.emit("The pattern has another shape now: the drawn support does not fit and was put aside.")
        self.settings_changed.emit()

    def _progressed(self, news: Progress) -> None:
        if self._closed or not self.alive or not isinstance(news, PhasingNews):
            return
        if news.starts is not None:
            self.latest = news.starts
        self.news.emit(news)

    def _finished(self, result_id: str) -> None:
        self._job = 0
        if self._closed:
            return
        self._set_state(STOPPED if self._stopped_by_user else DONE)
        self.kept.hold = False
        self.kept.look()
        self.kept.open(result_id)

    def _failed(self, error: FriedelError) -> None:
        self._job = 0
        self.kept.hold = False
        if not self._closed:
            self._set_state(FAILED, error.sentence())

    def _cancelled(self) -> None:
        self._job = 0
        self.kept.hold = False
        if not self._closed:
            self._set_state(STOPPED, "Stopped; nothing was kept.")

    # -- the rest --------------------------------------------------------------------------------------------------

    def autocorrelation(self, done: Callable[[Any], None]) -> None:
        """The autocorrelation of the prepared pattern, as a preview."""
        if self.prepared is not None:
            args = (self.prepared.folder,)
            self._draw_lane.submit("app.phasing.work:autocorrelation_picture", args, done, self._complain)

    def repeat(self) -> None:
        """Run with the pattern, recipe, seed and given support of the present result, whatever is set now."""
        from app.phasing.results import FIRST_SUPPORT

        result = self.result
        if result is None or self.subject is None or self.busy:
            return
        settings = _taken_up(PhasingSettings, _of_result(result.settings), self.settings)
        if settings.first_support == "given":
            stored = Path(result.folder) / FIRST_SUPPORT
            if not stored.exists():
                self.problem.emit("This result cannot be repeated: the support it began with was not kept.")
                return
            self.support = np.load(stored, allow_pickle=False)
        self.settings = settings
        self.settings_changed.emit()
        self._wants_run = True
        self._ask_for_pattern("take_up", self.subject, result.folder)

    def to_state(self) -> dict[str, Any]:
        """What is remembered of the run."""
        return {"settings": to_dict(self.settings), "preparation": to_dict(self.preparation)}

    def close(self) -> None:
        """The run is closed: starts that run are given up."""
        self._closed = True
        for lane in (self._prepare_lane, self._draw_lane):
            lane.close()
        self.kept.close()
        if self._job:
            self._jobs.cancel(self._job)
        if self._scratch is not None:
            self._scratch.close()

    def _set_state(self, state: str, words: str = "") -> None:
        self.state, self.words = state, words
        self.state_changed.emit(state, words)

    def _complain(self, error: FriedelError) -> None:
        if not self._closed:
            self.problem.emit(error.sentence())


def _without_drawn(settings: PhasingSettings) -> PhasingSettings:
    """A drawn support belongs to one frame: without it starts begin as by default."""
    if settings.first_support != "given":
        return settings
    return replace(settings, first_support=DEFAULT.settings.first_support)


def check_schedule(text: str) -> int:
    """Iterations of a schedule. Raises BadSchedule with the column where it cannot be read."""
    from models.phasing.schedule import parse

    return parse(text).iterations


def _of_result(values: Any) -> Any:
    """Settings of a kept result; one kept before there was a last refinement had none."""
    return {"refine_iterations": 0, **values} if isinstance(values, Mapping) and values else values


def _taken_up(kind: type[Any], values: Any, default: Any) -> Any:
    """Settings as they were stored, or the default where they cannot be understood."""
    if not isinstance(values, Mapping) or not values:
        return default
    try:
        return from_dict(kind, values)
    except (BadParameter, TypeError, ValueError) as error:
        log.info("stored %s are not taken up: %s", kind.__name__, error)
        return default
