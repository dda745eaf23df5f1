"""Commands that ask something first: where to go, what to write where, which parameters."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QInputDialog, QVBoxLayout

from app.dialogs.export_selection import CXI, ExportSelectionDialog
from app.dialogs.go_to import GoToDialog
from app.exporting import export_labels, export_selection, import_labels, write_index_list
from app.jobs.threads import run_task
from models.errors import FriedelError
from models.parameters import to_dict
from widgets.parameter_form import ParameterForm
from widgets.trust.words import share

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession

log = logging.getLogger(__name__)

LABELS_FILTER = "Label tables (*.csv)"
SPECKLENN_FILTER = "SpeckleNN's label tables (*.specklenn.csv)"
IMPORT_FILTER = "Label tables and CXI files with tags (*.csv *.tsv *.txt *.cxi *.h5);;All files (*)"


def go_to(window: MainWindow, session: RunSession) -> None:
    """Ask for an index or event and go there."""
    dialog = GoToDialog(len(session.run), session.run.events, session.browser.index, window)
    dialog.chosen.connect(session.browser.go_to)
    _open(dialog)


def column_to_order_by(window: MainWindow, session: RunSession) -> None:
    """Ask for a column and walk along it."""
    titles = {title: kind for kind, title in session.column_orders()}
    if not titles:
        session.tell("The file gives no number for each frame to go by.")
        return
    dialog = QInputDialog(window)
    dialog.setObjectName("order_column")
    dialog.setWindowTitle("Order of the frames")
    dialog.setLabelText("From the lowest to the highest:")
    dialog.setComboBoxItems(list(titles))
    dialog.textValueSelected.connect(lambda title: session.set_order(titles[title]))
    _open(dialog)


def column_to_select_by(window: MainWindow, session: RunSession) -> None:
    """Ask for a column and a range, and select the frames in it."""
    from app.dialogs.select_by_column import SelectByColumnDialog

    columns = {
        name: column
        for name, column in session.run.columns.items()
        if np.issubdtype(column.values.dtype, np.number) and len(column.values) == len(session.run)
    }
    if not columns:
        session.tell("There is no number for each frame: Run, Statistics of this run, makes some.")
        return
    dialog = SelectByColumnDialog(columns, session.browser.selected, window)
    dialog.chosen.connect(session.browser.select)
    _open(dialog)


def export_of_selection(window: MainWindow, session: RunSession) -> None:
    """Ask for kind and place, then write the selected frames."""
    suggested = Path(window.settings.last_folder or Path.home()) / f"{Path(session.run.name).stem}-selection"
    dialog = ExportSelectionDialog(session.browser.n_selected, suggested, window)

    def write() -> None:
        kind, path = dialog.choice()
        window.settings.last_folder = str(path.parent)
        if kind == CXI:
            export_selection(session, path)
        else:
            write_index_list(session, path)

    dialog.accepted.connect(write)
    _open(dialog)


def labels_to_export(window: MainWindow, session: RunSession) -> None:
    """Ask for a file and write all labels to it."""
    suggested = Path(window.settings.last_folder or Path.home()) / f"{Path(session.run.name).stem}-labels.csv"
    kinds = [LABELS_FILTER, SPECKLENN_FILTER]
    dialog = QFileDialog(window, "Export labels", str(suggested.parent))
    dialog.setNameFilters(kinds)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.selectFile(suggested.name)
    dialog.filterSelected.connect(
        lambda kind: dialog.setDefaultSuffix("specklenn.csv" if kind == SPECKLENN_FILTER else "csv")
    )
    dialog.fileSelected.connect(lambda path: export_labels(session, Path(path)))
    _open(dialog)


def labels_to_import(window: MainWindow, session: RunSession) -> None:
    """Ask for a table and take its labels over."""
    dialog = QFileDialog(window, "Import labels", window.settings.last_folder, IMPORT_FILTER)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda path: import_labels(session, Path(path)))
    _open(dialog)


def umap(window: MainWindow, session: RunSession) -> None:
    """Ask for UMAP's parameters and start it."""
    from models.embedding.layout import UmapSettings

    def start(settings: Any) -> None:
        session.layout.start_umap(session.embedding.model_digest, to_dict(settings))

    parameters(window, "UMAP map", UmapSettings(), start, "Start")


def classifier(window: MainWindow, session: RunSession, choice_id: str = "") -> None:
    """Show what a classifier, that in use unless another is named, goes by, and ask for its settings."""
    from app.dialogs.classifier import ClassifierDialog

    choice = session.sorting.choice(choice_id or session.sorting.chosen)
    if choice is None:
        return
    dialog = ClassifierDialog(
        choice,
        session.sorting.settings_of(choice.id),
        session.sorting.weights_of(choice.id),
        shares_in_words(session) if choice.few_shot else "",
        window,
    )
    dialog.accepted.connect(lambda: session.sorting.set_settings(choice.id, dialog.settings(), dialog.weights()))
    _open(dialog)


def shares_in_words(session: RunSession) -> str:
    """How common the present verdicts take the classes to be; "" where they do not say."""
    verdicts = session.classifier.verdicts
    shares = {} if verdicts is None else verdicts.provenance.get("class_shares", {})
    if not shares:
        return ""
    listed = ", ".join(f"{name} {share(value)}" for name, value in shares.items())
    return f"Classes are taken to be this common at present: {listed}."


def adapt(window: MainWindow, session: RunSession) -> None:
    """Say what adapting does and how long it takes, ask for its settings, and start it."""
    from app.adaptation import minutes
    from app.dialogs.adapt import AdaptDialog
    from models.embedding.training.adapt import AdaptSettings

    if session.adapting.running:
        session.tell("This run is being adapted to already: see the list of jobs.")
        return
    frames, labels = len(session.run), int((session.labels.codes >= 0).sum())
    settings = AdaptSettings(weights=session.embedding.weights, threads=1)
    dialog = AdaptDialog(settings, lambda chosen: minutes(chosen, frames), labels, window)
    dialog.accepted.connect(lambda: session.adapting.start(to_dict(dialog.settings()), dialog.learns_from_labels()))
    _open(dialog)


def embeddings(window: MainWindow, session: RunSession) -> None:
    """Show the embeddings of the run with their figures, and ask which one to use."""
    from app.dialogs.embeddings import EmbeddingsDialog
    from app.embeddings import EmbeddingChoice, available

    folder = session.workspace.folder
    labels = int((session.labels.codes >= 0).sum())

    def found(choices: tuple[EmbeddingChoice, ...]) -> None:
        if session.closed:
            return
        dialog = EmbeddingsDialog(choices, session.embedding.key, labels, session.adapting.latest, window)
        dialog.chosen.connect(session.embedding.use)
        dialog.finished.connect(session.adapting.forget_comparison)
        keys = {choice.digest: choice.key for choice in choices}
        session.adapting.compare(
            list(keys), lambda right: dialog.set_accuracies({keys[digest]: right[digest] for digest in right})
        )
        _open(dialog)

    run_task(
        lambda: available(folder), found, lambda error: session.complain(_sentence(error)), name="find embeddings"
    )


def treatment_to_save(window: MainWindow, session: RunSession) -> None:
    """Ask where to write how the frames are treated."""
    from models.treatment.files import write_treatment

    suggested = str(Path(window.settings.last_folder) / f"{session.run.path.stem}.treatment.json")
    path, _ = QFileDialog.getSaveFileName(window, "Save treatment", suggested, "Treatments (*.json)")
    if path:
        try:
            write_treatment(Path(path), session.treatment)
        except FriedelError as error:
            session.complain(error.sentence())
        else:
            session.tell(f"How the frames are treated was written to {path}.")


def treatment_to_load(window: MainWindow, session: RunSession) -> None:
    """Ask for a file that says how frames are treated, and treat them so."""
    from models.treatment.files import read_treatment

    path, _ = QFileDialog.getOpenFileName(
        window, "Load treatment", window.settings.last_folder, "Treatments (*.json *.toml);;All files (*)"
    )
    if path:
        try:
            window.treat(read_treatment(Path(path)))
        except FriedelError as error:
            session.complain(error.sentence())


def statistics(window: MainWindow, session: RunSession) -> None:
    """Show the statistics of the run, and have them made where there are none."""
    from app.dialogs.statistics import StatisticsDialog

    for open_one in window.findChildren(StatisticsDialog):
        open_one.close()
    dialog = StatisticsDialog(session, window)
    if session.statistics.made is None:
        dialog.again.click()
    dialog.show()


def _sentence(error: Exception) -> str:
    return error.sentence() if isinstance(error, FriedelError) else f"That failed unexpectedly: {error}."


def parameters(window: MainWindow, title: str, settings: Any, go: Any, verb: str) -> QDialog:
    """A dialog made from a settings dataclass; `go(settings)` is called when it is accepted."""
    dialog = QDialog(window)
    dialog.setObjectName("parameters")
    dialog.setWindowTitle(title)
    form = ParameterForm(settings)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    start = buttons.addButton(verb, QDialogButtonBox.ButtonRole.AcceptRole)
    box = QVBoxLayout(dialog)
    box.addWidget(form)
    box.addWidget(buttons)
    if start is not None:
        # Only inside its dialog does a button become what Enter presses; before, the first button made would.
        start.setDefault(True)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    dialog.accepted.connect(lambda: go(form.value()))
    _open(dialog)
    return dialog


def _open(dialog: QDialog) -> None:
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
