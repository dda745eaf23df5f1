"""What goes on from the Denoise pane: frames into a file, and the denoised frame to phase retrieval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.denoising.controller import Denoising
from app.denoising.dialog import DenoiseFramesDialog, FrameChoice
from app.denoising.records import DRAWS
from models.errors import FriedelError

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession

RAW, BOUNDED_FIRST, BOUNDED, DENOISED_FIRST, DENOISED = (
    "raw", "bounded-first", "bounded", "denoised-first", "denoised",
)  # fmt: skip
"""Inputs of `models.phasing.settings`, which is loaded with the Phase pane."""
WAYS = (
    (
        BOUNDED_FIRST,
        "Bounded rates first, counts at the end",
        "Amplitudes between the counted and the denoised ones, near the counts (after Lee et al., 2021), until the "
        "starts are ranked; the last refinement fits the counts.",
    ),
    (BOUNDED, "Bounded rates", "The same, in the last refinement as well."),
    (
        DENOISED_FIRST,
        "Rates first, counts at the end",
        "Rates until the starts are ranked; the last refinement fits the counts.",
    ),
    (DENOISED, "Rates in place of counts", "Amplitudes are the roots of the denoised rates throughout."),
)
"""Ways of `models.phasing.denoised` to phase denoised rates: id, title, what it does."""
_SHOWN_PARAMETERS = 6


def ask_frames(window: MainWindow, session: RunSession) -> None:
    """Ask which frames and where to, and denoise them."""
    denoising = session.denoising
    folder = Path(window.settings.last_folder or Path.home())
    stem = Path(session.run.name).stem

    def suggested(choice: FrameChoice) -> Path:
        return folder / f"{stem}-{choice.suffix}-denoised.cxi"

    dialog = DenoiseFramesDialog(frame_choices(session), recipe_words(denoising), suggested, session.run.path, window)

    def start() -> None:
        window.settings.last_folder = str(dialog.path().parent)
        try:
            denoising.start_batch([int(i) for i in dialog.frames()], dialog.path(), dialog.overwrites())
        except FriedelError as error:
            session.complain(error.sentence())

    dialog.accepted.connect(start)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def frame_choices(session: RunSession) -> list[FrameChoice]:
    """This frame, the selection, each class (labels, and verdicts where there is no label), all frames."""
    index = session.browser.index
    found = [FrameChoice(f"Frame {index}, on screen", f"frame-{index}", (index,))]
    selected = session.browser.selection()
    if len(selected):
        found.insert(0, FrameChoice("The selection", "selection", selected))
    labels = np.asarray(session.labels.codes)
    verdicts, _ = session.verdict_codes()
    judged = np.where(labels == -1, verdicts, labels)
    words = "labels and verdicts" if session.classifier.verdicts is not None else "labels"
    for place, name in enumerate(session.labels.class_names):
        frames = np.flatnonzero(judged == place)
        if len(frames):
            found.append(FrameChoice(f"Class {name}, by {words}", _plain(name), frames))
    found.append(FrameChoice("All frames", "all", range(len(session.run))))
    return found


def recipe_words(denoising: Denoising) -> str:
    """Method and parameters: "Total variation: weight 0.5 σ, …"."""
    from models.parameters import describe

    parameters = denoising.parameters
    said = []
    for info in describe(parameters)[:_SHOWN_PARAMETERS]:
        value: Any = getattr(parameters, info.name)
        shown = "automatic" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        title = info.title or info.name.replace("_", " ")
        said.append(f"{title[:1].lower()}{title[1:]} {shown} {info.unit}".rstrip())
    return f"{denoising.method_title}: {', '.join(said)}" if said else denoising.method_title


def use_for_phasing(window: MainWindow, session: RunSession, way: str = "") -> None:
    """Phase this frame from denoised rates; the pattern's steps and the result say so.

    The rates are made anew from the prepared pattern, with the pixels that judge the result kept from the denoiser
    (`models.phasing.denoised`): rates that had seen them would speak for themselves.
    """
    from models.phasing.denoised import denoiser_words

    denoising, phasing = session.denoising, session.phasing
    subject = denoising.subject
    if subject is None or denoising.outcome is None or window.panes is None:
        session.tell("There is no denoised frame yet: denoise one first (Inspect → Denoise this frame).")
        return
    if phasing.busy or not phasing.about(subject.frame.index):
        session.tell("A reconstruction is under way: stop it first, or wait.")
        return
    words = denoiser_words(denoising.recipe.method, _of_rates(denoising.parameters))
    phasing.set_settings(replace(phasing.settings, input=way or BOUNDED_FIRST, denoiser=words))
    counting = denoising.counting
    phasing.set_preparation(
        replace(
            phasing.preparation,
            adu_per_photon=counting.adu_per_photon or phasing.preparation.adu_per_photon,
            saturation_level=counting.saturation_level or phasing.preparation.saturation_level,
        )
    )
    phasing.settings_changed.emit()
    window.panes.show_phase()
    phasing.prepare()
    session.offered.emit(
        f"Frame {subject.frame.index} goes to phasing as rates of “{denoising.method_title}”, not as counts.",
        "Use counts",
        "inspect.phase_counts",
    )


def use_counts(window: MainWindow, session: RunSession) -> None:
    """Phase counted photons again."""
    phasing = session.phasing
    if phasing.alive:
        session.tell("A reconstruction is under way: stop it first, or wait.")
        return
    if phasing.settings.input != RAW:
        phasing.set_settings(replace(phasing.settings, input=RAW, denoiser=""))
        phasing.settings_changed.emit()
    session.tell("Phasing takes the measured counts.")


def _of_rates(parameters: Any) -> Any:
    """Parameters without what is for the standard deviation alone, which phasing does not ask for."""
    draws = type(parameters)()
    return replace(parameters, **{DRAWS: getattr(draws, DRAWS)}) if hasattr(draws, DRAWS) else parameters


def _plain(name: str) -> str:
    """A class's name as part of a file's."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-") or "class"
