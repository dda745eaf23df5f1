"""Adapting the denoiser from the window's side: the dialog, the job, and what is said at its end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from PyQt6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox

from app import denoising_adapting
from app.denoising_adaptation import minutes
from app.denoising_adapting import DenoiserAdapting
from app.dialogs.adapt_denoiser import AdaptDenoiserDialog
from models.denoising.adapt.settings import DenoiseAdaptSettings
from models.errors import NotEnoughExamples
from models.treatment import RunReference

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

RUN = SimpleNamespace(shape=(128, 128), path=Path("run.cxi"), name="run", dataset="/data")


class Jobs:
    """A list of jobs that does what the test says."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, tuple]] = []

    def start(self, title, task, args, *, on_finished, on_failed, on_cancelled, threads) -> int:
        self.started.append((title, task, args))
        self.finish, self.fail, self.cancel = on_finished, on_failed, on_cancelled
        return len(self.started)


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def adapting(qtbot, jobs, tmp_path) -> DenoiserAdapting:
    opened = SimpleNamespace(run=RUN, workspace=SimpleNamespace(folder=tmp_path))
    return DenoiserAdapting(opened, jobs)


def test_the_dialog_asks_for_frames_and_says_how_long_it_takes(qtbot) -> None:
    settings = DenoiseAdaptSettings(weights="denoise", threads=1)
    choices = [("Labelled hit", range(5, 45)), ("All frames", range(400))]
    dialog = AdaptDenoiserDialog(settings, choices, lambda chosen: minutes(chosen, RUN))
    qtbot.addWidget(dialog)
    assert dialog.settings() == settings
    assert list(dialog.frames()) == list(range(5, 45))
    which = dialog.findChild(QComboBox)
    assert which.itemText(1) == "All frames (400 frames)"
    which.setCurrentIndex(1)
    assert len(dialog.frames()) == 400
    before = dialog.estimate()
    assert "minute" in before
    boxes = dialog.findChildren(QSpinBox) + dialog.findChildren(QDoubleSpinBox)
    next(box for box in boxes if box.accessibleName() == "Steps").setValue(2)
    assert dialog.settings().steps == 2
    assert dialog.estimate() != before


def test_the_estimate_grows_with_the_work_up_to_the_time_given() -> None:
    few, many = (minutes(DenoiseAdaptSettings(steps=n, minutes=60.0), RUN) for n in (20, 400))
    assert few[0] < few[1] < many[1]
    assert minutes(DenoiseAdaptSettings(steps=100_000, minutes=3.0), RUN) == (3.0, 3.0)


def test_better_weights_are_offered_and_others_explained(qtbot, adapting, jobs, tmp_path) -> None:
    adapting.start({"steps": 3}, [1, 2])
    assert adapting.running
    adapting.start({"steps": 4})
    assert len(jobs.started) == 1, "one at a time"
    title, task, args = jobs.started[0]
    assert title == "Adapting the denoiser to run"
    assert task == denoising_adapting.ADAPT_TASK
    assert args == (RunReference(Path("run.cxi"), "/data"), str(tmp_path), {"steps": 3}, [1, 2], {})
    with qtbot.waitSignal(adapting.ready) as ready:
        jobs.finish(SimpleNamespace(path=Path("w.safetensors"), verdict="Better by so much"))
    assert ready.args == ["w.safetensors", "Better by so much."]
    assert not adapting.running
    assert adapting.latest == "w.safetensors"
    adapting.start({})
    with qtbot.waitSignal(adapting.told) as told, qtbot.assertNotEmitted(adapting.ready):
        jobs.finish(SimpleNamespace(path=None, verdict="No better"))
    assert told.args == ["No better."]


def test_failures_are_told_and_a_closed_run_hears_nothing(qtbot, adapting, jobs) -> None:
    adapting.start({})
    with qtbot.waitSignal(adapting.problem) as problem:
        jobs.fail(NotEnoughExamples("too few", hint="take more"))
    assert "too few" in problem.args[0]
    assert not adapting.running
    adapting.start({})
    adapting.close()
    with qtbot.assertNotEmitted(adapting.ready):
        jobs.finish(SimpleNamespace(path=Path("w"), verdict=""))
    assert not adapting.running


def test_the_task_can_be_named() -> None:
    from app.jobs.worker import resolve

    assert callable(resolve(denoising_adapting.ADAPT_TASK))
