"""Adapt to this run, for denoising: a job that goes on training the network on the run's own photons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.manager import JobManager
from app.opening import Opened
from models.errors import FriedelError
from models.parameters import to_dict
from models.treatment import RunReference

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession
    from models.denoising.adapt.adapt import DenoiseAdapted
    from models.denoising.counting import CountingSettings

ADAPT_TASK = "app.denoising_adaptation:adapt"
METHOD = "network"
"""what is adapted, in `models.denoising.registry`"""
_BUNDLED = "denoise"


class DenoiserAdapting(QObject):
    """Starts and follows the adaptation of the denoising network to one run; never changes which weights are used."""

    ready = pyqtSignal(str, str)
    """path of weights that are better for this run, and a sentence with the figures"""
    told = pyqtSignal(str)
    """a sentence on why the network stays as it is"""
    problem = pyqtSignal(str)

    def __init__(self, opened: Opened, jobs: JobManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opened, self._jobs = opened, jobs
        self._job = 0
        self._closed = False
        self.latest = ""
        """path of the weights adapted last since the run was opened"""

    @property
    def running(self) -> bool:
        return bool(self._job)

    def start(
        self,
        values: Mapping[str, Any],
        frames: Sequence[int] | None = None,
        counting: CountingSettings | None = None,
    ) -> None:
        """Adapt with these `DenoiseAdaptSettings` to frames, or all; without effect while that is going on."""
        if self._job or self._closed:
            return
        run = self._opened.run
        chosen = None if frames is None else [int(index) for index in frames]
        self._job = self._jobs.start(
            f"Adapting the denoiser to {run.name}",
            ADAPT_TASK,
            (
                RunReference.of(run),
                str(self._opened.workspace.folder),
                dict(values),
                chosen,
                {} if counting is None else to_dict(counting),
            ),
            on_finished=self._finished,
            on_failed=self._failed,
            on_cancelled=self._ended,
            threads=max(1, int(values.get("threads", 1))),
        )

    def close(self) -> None:
        """The run is closed or opened again. Minutes of work go on: their result lies in the workspace then."""
        self._closed = True

    def _finished(self, made: DenoiseAdapted) -> None:
        self._ended()
        if self._closed:
            return
        words = f"{made.verdict}."
        if made.path is None:
            self.told.emit(words)
        else:
            self.latest = str(made.path)
            self.ready.emit(self.latest, words)

    def _failed(self, error: FriedelError) -> None:
        self._ended()
        if not self._closed:
            self.problem.emit(error.sentence())

    def _ended(self) -> None:
        self._job = 0


def ask(window: MainWindow, session: RunSession) -> None:
    """Say what adapting does and how long it takes, ask for frames and settings, and start it."""
    from app.denoising.handoff import frame_choices
    from app.denoising_adaptation import minutes
    from app.dialogs.adapt_denoiser import AdaptDenoiserDialog
    from models.denoising.adapt.sample import FEWEST
    from models.denoising.adapt.settings import DenoiseAdaptSettings

    adapting, denoising, run = session.denoiser_adapting, session.denoising, session.run
    if adapting.running:
        session.tell("The denoiser is being adapted to this run already: see the list of jobs.")
        return
    choices = [(each.title, each.frames) for each in frame_choices(session) if len(each.frames) >= FEWEST]
    if not choices:
        session.tell(
            f"{run.name} has {len(run)} frames, and at least {FEWEST} are needed to adapt the denoiser to it."
        )
        return
    weights = denoising.parameters.weights if denoising.recipe.method == METHOD else _BUNDLED
    settings = DenoiseAdaptSettings(weights=weights, threads=1)
    dialog = AdaptDenoiserDialog(settings, choices, lambda chosen: minutes(chosen, run), window)
    dialog.accepted.connect(
        lambda: adapting.start(to_dict(dialog.settings()), dialog.frames(), counting=denoising.counting)
    )
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def use(_window: MainWindow, session: RunSession) -> None:
    """Denoise with the weights adapted last; "Back" in the pane undoes it."""
    path, denoising = session.denoiser_adapting.latest, session.denoising
    if not path:
        session.tell("No denoiser was adapted to this run since it was opened.")
        return
    denoising.choose(METHOD)
    denoising.set_parameters(replace(denoising.parameters, weights=path))
