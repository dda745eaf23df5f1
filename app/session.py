"""A run that is open: its frames, its labels, its verdicts, its map, and the state it is left in.

The parts are controllers of their own (`browsing`, `reading`, `labelling`, `classifying`, `embedding`, `layouts`);
here they are put together, and here live the few actions that concern several of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from app import navigation, orders, run_state
from app.adapting import Adapting
from app.browsing import Browser
from app.classifying import Classifier
from app.commands import Needs
from app.denoising.controller import Denoising
from app.denoising_adapting import DenoiserAdapting
from app.embedding import EmbeddingController
from app.growing import Growing
from app.jobs.manager import JobManager
from app.jobs.threads import LatestWorker
from app.judging import as_shown
from app.keeping import Keeping
from app.labelling import Labelling
from app.layouts import MapLayout
from app.live import Live
from app.navigation import Walk
from app.opening import Opened
from app.phasing.controller import Phasing
from app.profiles import RadialProfiler
from app.reading import FrameReader
from app.settings import Settings
from app.sorting import Sorting
from app.statistics import StatisticsController
from models.display import DisplaySettings
from models.errors import NotSaved
from models.treatment.reference import treatment_of
from widgets.frame.viewport import ViewBox

log = logging.getLogger(__name__)

SAVE_STATE_AFTER_MS = 2000
STATE_PATIENCE_S = 5.0
"""how long closing waits for a state that is being written, so that the last one written is the latest"""


class RunSession(QObject):
    """Everything about one open run that is not a widget. Made by the window, closed once."""

    availability_changed = pyqtSignal()
    """what can be done (`available`) changed"""
    problem = pyqtSignal(str)
    """a sentence about something that failed"""
    told = pyqtSignal(str)
    """a sentence about something that was done"""
    warned = pyqtSignal(str, str, str)
    """a sentence about what should not be so, what a button beside it says, and the command that this gives"""
    settled = pyqtSignal()
    """what was `warned` of is over"""
    offered = pyqtSignal(str, str, str)
    """a sentence, what a button beside it says, and the command that this gives"""

    def __init__(self, opened: Opened, settings: Settings, jobs: JobManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run = opened.run
        self.treatment = treatment_of(opened.run)
        self.workspace = opened.workspace
        self.settings = settings
        self.jobs = jobs
        self.opened_state = opened.state
        self.display: DisplaySettings = run_state.display_from(opened.state, settings)
        self.view_box: ViewBox | None = run_state.view_box_from(opened.state)
        self.browser = Browser(opened.run, self)
        self.frames = FrameReader(opened.run, self.display, self)
        self.live = Live(opened.run, self.frames, self.browser, opened.stamp, self)
        self.labels = Labelling(opened.workspace, self.browser, settings, self)
        self.classifier = Classifier(self.labels.snapshot, self)
        self.sorting = Sorting(opened, self.classifier, jobs, run_state.part(opened.state, "sorting"), self)
        self.keeping = Keeping(
            self.classifier, lambda: self.labels.class_names, run_state.part(opened.state, "keep"), self
        )
        self.embedding = EmbeddingController(opened, jobs, run_state.part(opened.state, "embedding"), self)
        self.adapting = Adapting(opened, self.labels, jobs, self)
        self.layout = MapLayout(opened, jobs, self)
        self.phasing = Phasing(opened, jobs, run_state.part(opened.state, "phasing"), self)
        self.denoising = Denoising(opened, jobs, settings, run_state.part(opened.state, "denoising"), self)
        self.denoiser_adapting = DenoiserAdapting(opened, jobs, self)
        self.statistics = StatisticsController(opened, self.labels.snapshot, jobs, self)
        self.profiler = RadialProfiler(opened.run, self)
        self._growing = Growing(self)
        self._seen_suggestions: list[int] = []
        self._available: set[Needs] = set()
        self._order_to_come = str(opened.state.extra.get("order") or "")
        self._closed = False
        self._state_writer = LatestWorker("window state")
        self._order_worker = LatestWorker("order of frames")
        self._state_timer = QTimer(self)
        self._state_timer.setSingleShot(True)
        self._state_timer.setInterval(SAVE_STATE_AFTER_MS)
        self._state_timer.timeout.connect(self.save_state)
        self._connect()
        run_state.restore(self, opened.state)

    def begin(self) -> None:
        """Start reading and judging; called once all views follow."""
        self.frames.want(self.browser.index, self.browser.walk, self.browser.direction)
        self.live.begin()
        self._take_up_order()
        self.sorting.begin()
        self.layout.begin()
        self.embedding.begin(self.settings.embed_on_open)
        self.statistics.begin()
        self._update_available()

    def close(self) -> None:
        """Save the state, stop threads and jobs of this run, close journal and file."""
        if self._closed:
            return
        self._closed = True
        self.browser.play(False)
        self._state_timer.stop()
        self._state_writer.close(STATE_PATIENCE_S)
        self._order_worker.close()
        try:
            self.workspace.save_state(run_state.to_state(self))
        except NotSaved as error:
            self._state_not_saved(error)
        self.phasing.close()
        self.denoising.close()
        self.denoiser_adapting.close()
        self.statistics.close()
        self.adapting.close()
        self.embedding.close()
        self.layout.close()
        self.sorting.close()
        self.keeping.close()
        self.classifier.close()
        self.profiler.close()
        self.live.close()
        reader_gone = self.frames.close()
        lost = self.labels.close()
        if lost:
            log.error("%s", lost)
        if not reader_gone:
            log.warning("%s is still being read; it is closed when the disk answers", self.run.path)

    @property
    def closed(self) -> bool:
        """Whether the run was closed; what arrives late is then of no use."""
        return self._closed

    # -- what can be done ------------------------------------------------------------------------------------------

    def available(self) -> set[Needs]:
        """What is there for commands to work on."""
        return set(self._available)

    def allow_labels(self) -> None:
        """Labels are given although the run lacks files; what was said about that is over."""
        self.labels.allow()
        self.settled.emit()

    def _update_available(self) -> None:
        now = {Needs.RUN}
        if self.classifier.verdicts is not None:
            now.add(Needs.VERDICTS)
        if self.classifier.vectors is not None:
            now.add(Needs.EMBEDDING)
        if self.live.growing:
            now.add(Needs.GROWING)
        if self.browser.n_selected:
            now.add(Needs.SELECTION)
        if self.phasing.busy:
            now.add(Needs.PHASING)
        elif self.phasing.result is not None:
            now.add(Needs.RESULT)
        if self.denoising.outcome is not None:
            now.add(Needs.DENOISED)
        if now != self._available:
            self._available = now
            self.availability_changed.emit()

    # -- verdicts --------------------------------------------------------------------------------------------------

    def verdict_of(self, index: int) -> tuple[str, float | None]:
        """Class name ("" for unknown) and confidence of a frame's verdict; confidence None where there is none."""
        verdicts = self.classifier.verdicts
        if verdicts is None or index >= len(verdicts) or bool(verdicts.missing[index]):
            return "", None
        place = int(verdicts.label[index])
        return (verdicts.classes[place] if place >= 0 else ""), float(verdicts.confidence[index])

    def verdict_codes(self) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """(N,) place in `labels.classes` of each frame's verdict (−1 none or unknown), and (N,) confidence or NaN."""
        shown = self.classifier.shown
        if shown is None:
            return np.full(len(self.run), -1, np.int16), np.full(len(self.run), np.nan, np.float32)
        if shown.class_names != self.labels.class_names:
            # A class was added, renamed or removed since; verdicts that know of it are on their way.
            again = as_shown(shown.verdicts, self.labels.class_names)
            return self._padded(again.codes, again.confidence)
        return self._padded(shown.codes, shown.confidence)

    def _padded(
        self, codes: npt.NDArray[np.int16], confidence: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.float32]]:
        """With nothing for frames that came since the verdicts were made."""
        more = len(self.run) - len(codes)
        if more <= 0:
            return codes, confidence
        return (
            np.concatenate([codes, np.full(more, -1, np.int16)]),
            np.concatenate([confidence, np.full(more, np.nan, np.float32)]),
        )

    def accept_verdict(self) -> None:
        """The verdict of the frame on screen becomes its label."""
        name, confidence = self.verdict_of(self.browser.index)
        if confidence is None:
            self.told.emit("This frame has no verdict yet.")
        elif not name:
            self.told.emit("The verdict is “unknown”: give a class with its key instead.")
        else:
            self.labels.accept(name)

    def accept_selection(self) -> None:
        """The verdicts of all selected frames without a label become their labels."""
        codes, _ = self.verdict_codes()
        wanted = self.labels.unlabelled()
        if self.browser.n_selected:
            wanted &= self.browser.selected
        else:
            self.told.emit("Select frames on the map first: their verdicts become labels.")
            return
        names = self.labels.class_names
        groups = [(names[place], np.flatnonzero(wanted & (codes == place))) for place in range(len(names))]
        count = self.labels.accept_many(groups)
        self.told.emit(
            f"{count} verdicts accepted as labels." if count else "No selected frame had a verdict to accept."
        )

    # -- going about -----------------------------------------------------------------------------------------------

    @property
    def wanted_order(self) -> str:
        """The order walked in, or the one to come as soon as there is what it needs."""
        return self._order_to_come or self.browser.order

    def possible_orders(self) -> list[str]:
        possible = [orders.FILE, orders.TIME]
        if Needs.VERDICTS in self._available:
            possible.append(orders.CONFIDENCE)
        if Needs.EMBEDDING in self._available:
            possible.append(orders.MAP)
        if Needs.SELECTION in self._available:
            possible.append(orders.SELECTION)
        return possible

    def column_orders(self) -> list[tuple[str, str]]:
        """(kind, title with unit) of the orders along a column of numbers."""
        return [
            (orders.COLUMN + name, f"{name} ({column.unit})" if column.unit else name)
            for name, column in self.run.columns.items()
            if np.issubdtype(column.values.dtype, np.number)
        ]

    def set_order(self, kind: str) -> None:
        """Walk in another order; refused with a sentence where it needs something that is not there yet."""
        self._order_to_come = ""
        make = self._walk_maker(kind)
        if make is None:
            self.told.emit("That order is not known for this run yet.")
            return

        def made(walk: Walk) -> None:
            self.browser.set_walk(kind, walk.extended(len(self.run)))

        self._order_worker.submit(make, made, self._order_failed)

    def _walk_maker(self, kind: str) -> Callable[[], Walk] | None:
        """What works an order out, on a thread: sorting a million frames takes its time."""
        shown, vectors, index = self.classifier.shown, self.classifier.vectors, self.browser.index
        if kind == orders.CONFIDENCE:
            return None if shown is None else lambda: navigation.by_values(shown.confidence, "confidence")
        if kind == orders.MAP:
            if vectors is None or index >= len(vectors):
                return None
            return lambda: navigation.by_likeness(vectors, index)
        return self.browser.walk_maker(kind)

    def _order_failed(self, error: Exception) -> None:
        log.error("the frames cannot be put in order", exc_info=error)
        self.problem.emit(f"The frames cannot be put in that order: {error}.")

    def seek_unlabelled(self, forward: bool) -> None:
        if not self.browser.seek(self.labels.unlabelled(), forward):
            self.told.emit(f"No unlabelled frame {'after' if forward else 'before'} this one in the present order.")

    def next_suggestion(self) -> None:
        """The first frame of the queue not labelled or visited yet; without a queue, any unlabelled one."""
        codes = self.labels.codes
        fresh = [int(i) for i in self.classifier.queue if codes[i] == -1 and i not in self._seen_suggestions]
        if not fresh:
            self._seen_suggestions = self._seen_suggestions[-1:]
            fresh = [int(i) for i in self.classifier.queue if codes[i] == -1 and i != self.browser.index]
        if not fresh:
            others = np.flatnonzero(self.labels.unlabelled())
            others = others[others != self.browser.index]
            if not len(others):
                self.told.emit("Every frame has a label.")
                return
            fresh = [int(np.random.default_rng().choice(others))]
        self._seen_suggestions.append(fresh[0])
        self.browser.go_to(fresh[0])

    def previous_suggestion(self) -> None:
        """Back to the suggestion visited before."""
        if self._seen_suggestions and self._seen_suggestions[-1] == self.browser.index:
            self._seen_suggestions.pop()
        if not self._seen_suggestions:
            self.told.emit("There was no suggestion before this one.")
            return
        self.browser.go_to(self._seen_suggestions[-1])

    # -- geometry --------------------------------------------------------------------------------------------------

    def geometry_readout(self) -> Callable[[float, float], tuple[float | None, float | None]] | None:
        """q in nm⁻¹ and resolution in nm at a pixel; None where the run's geometry is not known."""
        from app.rings import depth_of, readout_for

        return readout_for(self.run.geometry, self.run.shape, depth_of(self.run))

    def rings(self) -> tuple[list[tuple[float, str]], tuple[float, float]]:
        """Resolution rings as (radius in pixels, text), and the beam centre (y, x) in pixels."""
        from app.rings import rings_of

        return rings_of(self.run)

    def tell(self, sentence: str) -> None:
        """Say that something was done."""
        if not self._closed:
            self.told.emit(sentence)

    def complain(self, sentence: str) -> None:
        """Say that something failed."""
        if not self._closed:
            self.problem.emit(sentence)

    # -- state -----------------------------------------------------------------------------------------------------

    def handed_on(self, opened: Opened) -> Opened:
        """The same run opened again (it was reloaded), to be shown as it is shown now."""
        state = run_state.to_state(self)
        count = len(opened.run)
        contrast = dict(state.contrast)
        if opened.run.shape != self.run.shape:
            contrast.pop("view_box", None)
        if opened.run.unit != self.run.unit:
            contrast = {key: value for key, value in contrast.items() if key not in ("low", "high")}
        return replace(
            opened,
            state=replace(
                state,
                contrast=contrast,
                frame=min(state.frame, count - 1),
                selection=state.selection[state.selection < count],
                queue=state.queue[state.queue < count],
            ),
        )

    def save_state(self) -> None:
        """Write where the user is in this run, off the GUI thread: flushing to a disk takes its time."""
        state = run_state.to_state(self)
        self._state_writer.submit(lambda: self.workspace.save_state(state), lambda _: None, self._state_not_saved)

    def _state_not_saved(self, error: Exception) -> None:
        log.warning("the window's state of this run was not saved: %s", error)

    def _connect(self) -> None:
        self.browser.index_changed.connect(lambda i: self.frames.want(i, self.browser.walk, self.browser.direction))
        self.browser.index_changed.connect(lambda _i: self._state_timer.start())
        self.browser.selection_changed.connect(self._update_available)
        self.labels.changed.connect(self.classifier.refit)
        self.live.changed.connect(self._update_available)
        self.phasing.state_changed.connect(lambda _state, _words: self._update_available())
        self.phasing.kept.changed.connect(self._update_available)
        self.phasing.problem.connect(self.complain)
        self.phasing.told.connect(self.tell)
        self.denoising.outcome_changed.connect(self._update_available)
        self.denoising.problem.connect(self.complain)
        self.denoising.told.connect(self.tell)
        self.denoiser_adapting.problem.connect(self.problem)
        self.denoiser_adapting.told.connect(self.told)
        self.denoiser_adapting.ready.connect(self._denoiser_adapted)
        self.keeping.moved.connect(self._state_timer.start)
        self.sorting.changed.connect(self._state_timer.start)
        self.statistics.problem.connect(self.problem)
        self.statistics.told.connect(self.told)
        self.statistics.columns_changed.connect(self.availability_changed)
        self.sorting.told.connect(self.told)
        self.sorting.problem.connect(self.problem)
        self.labels.refused.connect(self.told)
        self.labels.held_back.connect(lambda why: self.warned.emit(why, "Label all the same", "label.allow"))
        self.labels.doubt(getattr(self.run, "incomplete", ""))
        self.labels.save_failed.connect(self.problem)
        self.classifier.judged.connect(self._update_available)
        self.classifier.judged.connect(self._take_up_order)
        self.embedding.vectors_ready.connect(self._take_vectors)
        self.embedding.problem.connect(self.problem)
        self.adapting.problem.connect(self.problem)
        self.adapting.ready.connect(self._adapted)
        self.layout.problem.connect(self.problem)

    def _take_up_order(self) -> None:
        """The order the run was left with, once there is what it needs."""
        wanted = self._order_to_come
        if wanted not in ("", orders.FILE, orders.SELECTION) and self._walk_maker(wanted) is not None:
            self.set_order(wanted)

    def _adapted(self, _key: str) -> None:
        words = "An embedding adapted to this run is ready. The present one stays until you choose."
        self.offered.emit(words, "Compare…", "run.embedding")

    def _denoiser_adapted(self, _path: str, words: str) -> None:
        self.offered.emit(words, "Denoise with it", "inspect.use_adapted_denoiser")

    def _take_vectors(self, vectors: npt.NDArray[np.float32], provenance: dict[str, Any]) -> None:
        self.classifier.set_vectors(vectors, provenance)
        self.layout.set_vectors(vectors, str(provenance.get("model") or ""))
        self._state_timer.start()
        self._update_available()
