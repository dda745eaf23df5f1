"""Denoising of the open run: the frame on screen while parameters change, and many frames into a file."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtSignal

from app.denoising.preview import Preview, new_key, the_preview
from app.denoising.records import Ask, Judgement, Outcome, Recipe, Subject
from app.jobs.manager import JobManager
from app.settings import Settings, save_settings
from models.denoising.counting import CountingSettings, counts_unit
from models.errors import BadParameter, FriedelError
from models.parameters import from_dict, to_dict
from models.runs.types import DENOISED, Frame
from models.treatment import RunReference
from widgets.text import counted

if TYPE_CHECKING:
    from app.opening import Opened
    from models.denoising.run import DenoisedRun

log = logging.getLogger(__name__)

IDLE, LOADING, WORKING, DONE, FAILED = "idle", "loading", "working", "done", "failed"
BATCH_TASK = "app.denoising.batch:denoise_frames"
_STEPS_KEPT = 50


class Denoising(QObject):
    """What is denoised how, and what came of it. What takes time happens in the preview process or in a worker."""

    state_changed = pyqtSignal(str, str)
    """where it stands (`IDLE` …), and a sentence where one is needed"""
    subject_changed = pyqtSignal()
    """another frame is what everything is about, or none"""
    recipe_changed = pyqtSignal()
    """another method or other parameters"""
    outcome_changed = pyqtSignal()
    """`outcome` is another one, or none"""
    judged = pyqtSignal()
    """`judgement` is there, or is not any more"""
    problem = pyqtSignal(str)
    told = pyqtSignal(str)

    def __init__(
        self,
        opened: Opened,
        jobs: JobManager,
        settings: Settings,
        state: Mapping[str, Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._run, self._jobs, self._settings = opened.run, jobs, settings
        self.counting: CountingSettings = _counting(state.get("counting"))
        if opened.run.unit == "photons":  # calibrated since that was given
            self.counting = replace(self.counting, adu_per_photon=None)
        self.subject: Subject | None = None
        self.outcome: Outcome | None = None
        self.judgement: Judgement | None = None
        self.judging = False
        self.state, self.words = IDLE, ""
        self._recipe: Recipe | None = None
        self._values: dict[str, dict[str, Any]] = {}
        self._before: list[Recipe] = []
        self._closed = False

    # -- the recipe ------------------------------------------------------------------------------------------------

    @property
    def recipe(self) -> Recipe:
        """Method and parameters, at first as they were left."""
        if self._recipe is None:
            from models.denoising.registry import DEFAULT, METHODS

            kept = _kept(self._settings.denoising)
            self._values = {name: _fitting(name, values) for name, values in kept[1].items() if name in METHODS}
            name = kept[0] if kept[0] in METHODS else DEFAULT
            self._recipe = Recipe(name, self._values.get(name) or _fitting(name, {}))
        return self._recipe

    @property
    def parameters(self) -> Any:
        """The method's own dataclass, as set."""
        from models.denoising.registry import method

        return from_dict(method(self.recipe.method).parameters, self.recipe.values)

    @property
    def method_title(self) -> str:
        from models.denoising.registry import method

        return method(self.recipe.method).title

    def choose(self, name: str) -> None:
        """Denoise with this method from now on, with the parameters it had last."""
        if name != self.recipe.method:
            self._take(Recipe(name, self._values.get(name) or _fitting(name, {})))

    def set_parameters(self, settings: Any) -> None:
        """Denoise with these parameters from now on: the dataclass of the present method."""
        self._take(Recipe(self.recipe.method, to_dict(settings)))

    def reset(self) -> None:
        """The method's own parameters."""
        self._take(Recipe(self.recipe.method, _fitting(self.recipe.method, {})))

    @property
    def can_go_back(self) -> bool:
        return bool(self._before)

    def back(self) -> None:
        """Method and parameters as they were before the last change."""
        if self._before:
            self._take(self._before.pop(), keep=False)

    def _take(self, recipe: Recipe, keep: bool = True) -> None:
        before = self.recipe
        if recipe == before:
            return
        if keep:
            self._before = [*self._before[-_STEPS_KEPT:], before]
        self._recipe = recipe
        self._values[recipe.method] = dict(recipe.values)
        self._settings.denoising = json.dumps({"method": recipe.method, "values": self._values})
        self.recipe_changed.emit()
        self._forget_judgement()
        self.look()

    def remember(self) -> None:
        """Write the recipe to the user's settings."""
        save_settings(self._settings)

    # -- the frame -------------------------------------------------------------------------------------------------

    @property
    def _preview(self) -> Preview:
        return the_preview()

    @property
    def busy(self) -> bool:
        return self.state in (LOADING, WORKING)

    def about(self, frame: Frame) -> None:
        """Denoise this frame of the run from now on."""
        if self.subject is not None and self.subject.frame.index == frame.index:
            return
        self._become(frame)

    def set_counting(self, counting: CountingSettings) -> None:
        """Values become counts in this way from now on."""
        if counting == self.counting:
            return
        self.counting = counting
        self.recipe_changed.emit()
        if self.subject is not None:
            self._become(self.subject.frame)

    def find_photon(self) -> None:
        """Take the value of one photon from the frame's histogram."""
        subject = self.subject
        if subject is None:
            return

        def found(value: float | None) -> None:
            if self._closed or subject is not self.subject:
                return
            if value is None:
                self.told.emit("The histogram of this frame has no single-photon peak: try one with fewer photons.")
                self.look()
            else:
                self.set_counting(replace(self.counting, adu_per_photon=float(f"{value:.3g}")))

        self._preview.ask(
            "find_photon", subject, lambda sent: (Ask(subject.key, sent, self.recipe),), found, self._complain
        )

    def _become(self, frame: Frame) -> None:
        run = self._run
        self._forget_judgement()
        try:
            unit = counts_unit(run, self.counting)
        except BadParameter as error:
            self.about_nothing()
            self._set_state(FAILED, error.sentence())
            return
        self.subject = Subject(
            new_key(), frame, unit, run.geometry, self.counting, denoised=run.unit.endswith(DENOISED)
        )
        self.subject_changed.emit()
        self.look()

    def about_nothing(self) -> None:
        """The frame on screen cannot be read."""
        self.subject = self.outcome = None
        self._preview.forget()
        self._forget_judgement()
        self.subject_changed.emit()
        self.outcome_changed.emit()
        self._set_state(IDLE)

    def look(self) -> None:
        """Denoise the frame with the present recipe, in place of whatever is under way."""
        subject, recipe = self.subject, self.recipe
        if subject is None or self._closed:
            return
        self._ask(subject, recipe, draft=True)
        loading = self._preview.cold and self._is_learned()
        words = "Loading the network: the first picture takes some seconds…" if loading else "Denoising…"
        self._set_state(LOADING if loading else WORKING, words)

    def _ask(self, subject: Subject, recipe: Recipe, draft: bool) -> None:
        def done(outcome: Outcome) -> None:
            if self._closed or subject is not self.subject or recipe != self._recipe:
                return
            self.outcome = outcome
            if draft:
                self._ask(subject, recipe, draft=False)
                self._set_state(WORKING, _to_come(outcome))
            else:
                self._set_state(DONE)
            self.outcome_changed.emit()

        def failed(error: FriedelError) -> None:
            if not self._closed and subject is self.subject:
                self.outcome = None
                self.outcome_changed.emit()
                self._set_state(FAILED, error.sentence())

        self._preview.ask("preview", subject, lambda sent: (Ask(subject.key, sent, recipe, draft),), done, failed)

    def cancel(self) -> None:
        """Stop what is under way; what is on screen stays."""
        if self.busy or self.judging:
            self._preview.restart()
            self.judging = False
            self.judged.emit()
            self._set_state(IDLE, "Stopped. Change a parameter, or denoise again.")

    def judge(self) -> None:
        """Test the result on photons the method does not see."""
        subject, outcome, recipe = self.subject, self.outcome, self.recipe
        if subject is None or outcome is None or self.busy or self.judging:
            return
        self.judging = True
        self.judged.emit()

        def done(judgement: Judgement) -> None:
            self.judging = False
            if not self._closed and judgement.recipe == self._recipe and subject is self.subject:
                self.judgement = judgement
            self.judged.emit()

        def failed(error: FriedelError) -> None:
            self.judging = False
            self.judged.emit()
            if not self._closed:
                self.problem.emit(error.sentence())

        centre = outcome.result.centre_px
        self._preview.ask("judge", subject, lambda sent: (Ask(subject.key, sent, recipe), centre), done, failed)

    def _forget_judgement(self) -> None:
        if self.judgement is not None or self.judging:
            self.judgement, self.judging = None, False
            self.judged.emit()

    def _is_learned(self) -> bool:
        from models.denoising.registry import method

        return method(self.recipe.method).learned

    # -- many frames -----------------------------------------------------------------------------------------------

    def start_batch(self, frames: Sequence[int], path: Path, overwrite: bool = False) -> int:
        """Denoise frames of the run into a new CXI file, in a worker process; gives the job's number."""
        from app.outputs import is_there, refuse_own_input
        from models.errors import NotSaved

        refuse_own_input(path, [self._run.path])
        if is_there(path) and not overwrite:
            raise NotSaved(f"{path} was not written", cause="it is there already", hint="Choose another name")
        count = counted(len(frames), "frame")

        def finished(made: DenoisedRun) -> None:
            if self._closed:
                return
            words = [f"{counted(len(made.frames), 'frame')} denoised into {made.path}."]
            if made.unreadable:
                words.append(f"{counted(len(made.unreadable), 'frame')} could not be read and were left out.")
            words += [f"{text[:1].upper()}{text[1:]}." for text in made.warnings[:2]]
            self.told.emit(" ".join(words))

        return self._jobs.start(
            f"Denoising {count}",
            BATCH_TASK,
            (
                RunReference.of(self._run),
                list(frames),
                self.recipe.method,
                dict(self.recipe.values),
                str(path),
                to_dict(self.counting),
            ),
            on_finished=finished,
            on_failed=self._complain,
            writes_to=str(path),
        )

    # -- the end ---------------------------------------------------------------------------------------------------

    def to_state(self) -> dict[str, Any]:
        """What is remembered of the run."""
        return {"counting": to_dict(self.counting)}

    def _complain(self, error: FriedelError) -> None:
        if not self._closed:
            self.problem.emit(error.sentence())

    def close(self) -> None:
        """The run is closed."""
        self._closed = True
        if self.subject is not None:
            self._preview.forget()

    def _set_state(self, state: str, words: str = "") -> None:
        self.state, self.words = state, words
        self.state_changed.emit(state, words)


def _to_come(draft: Outcome) -> str:
    if draft.sketch:
        return "A first look from sums of pixels; denoising…"
    return "Denoising…" if draft.sure else "Working out the standard deviation…"


def _kept(text: str) -> tuple[str, dict[str, Any]]:
    """Method and the parameters of every method, as kept in the settings."""
    try:
        stored = json.loads(text) if text else {}
    except ValueError:
        log.warning("the stored method of denoising is damaged")
        stored = {}
    if not isinstance(stored, Mapping):
        return "", {}
    values = stored.get("values")
    return str(stored.get("method") or ""), dict(values) if isinstance(values, Mapping) else {}


def _counting(values: Any) -> CountingSettings:
    """How values become counts, as it was left."""
    try:
        return from_dict(CountingSettings, values if isinstance(values, Mapping) else {})
    except (BadParameter, TypeError) as error:
        log.info("how values become counts was not kept well: %s", error)
        return CountingSettings()


def _fitting(name: str, values: Any) -> dict[str, Any]:
    """Parameters of a method: those given where they fit, else its own."""
    from models.denoising.registry import method

    kind = method(name).parameters
    try:
        return to_dict(from_dict(kind, values if isinstance(values, Mapping) else {}))
    except (BadParameter, TypeError) as error:
        log.info("parameters of %s as they were kept do not fit: %s", name, error)
        return to_dict(kind())
