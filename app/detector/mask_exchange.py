"""Masks from files and to files, asked for in dialogs; reading and writing happens off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QFileDialog

from app.jobs.threads import run_task
from models.errors import FriedelError
from models.masking.export import ENDINGS, FORMS, export_mask
from models.masking.files import SUFFIXES, ForeignMask, Meaning, mask_datasets, read_mask_file
from models.runs.types import BoolImage, FlagImage
from widgets.detector.mask_facts import share
from widgets.detector.mask_import_dialog import MaskImportDialog

if TYPE_CHECKING:
    from app.main_window import MainWindow

IMPORT_FILTER = f"Masks (*{' *'.join(SUFFIXES)});;All files (*)"


class MaskExchange(QObject):
    """One import at a time."""

    def __init__(
        self,
        window: MainWindow,
        preview: Callable[[BoolImage | None], None],
        take: Callable[[BoolImage, str], None],
        problem: Callable[[str], None],
    ) -> None:
        """`preview` shows pixels on the frame, `take` adds them under a name, `problem` says what went wrong."""
        super().__init__(window)
        self._window = window
        self._preview, self._take, self._problem = preview, take, problem
        self.dialog: MaskImportDialog | None = None
        self._mask: ForeignMask | None = None
        self._meaning: Meaning | None = None
        self._frame = (0, 0)

    def ask_import(self, frame: tuple[int, int]) -> None:
        """Ask for a file, then what it means."""
        settings = self._window.settings
        dialog = QFileDialog(self._window, "Import a mask", settings.last_folder, IMPORT_FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.import_file(Path(path), frame))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def import_file(self, path: Path, frame: tuple[int, int]) -> None:
        """Look into a file for masks of (H, W) frames, and ask what they mean."""
        self._window.settings.last_folder = str(path.parent)
        self._frame = frame

        def read() -> tuple[list[str], ForeignMask]:
            return mask_datasets(path, frame), read_mask_file(path, frame)

        run_task(read, lambda found: self._ask(path, *found), self._failed, name="mask import")

    def close(self) -> None:
        """Give up an import that is being asked about."""
        if self.dialog is not None:
            self.dialog.reject()

    def ask_export(self, form: str, flags: FlagImage, provenance: dict[str, object], stem: str) -> None:
        """Ask where to, and write."""
        settings = self._window.settings
        suggested = Path(settings.last_folder or Path.home()) / f"{stem}-mask{ENDINGS[form]}"
        dialog = QFileDialog(self._window, f"Export the mask: {FORMS[form]}", str(suggested.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ENDINGS[form].lstrip("."))
        dialog.selectFile(suggested.name)
        dialog.fileSelected.connect(lambda path: self.export_to(Path(path), form, flags, provenance))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def export_to(self, path: Path, form: str, flags: FlagImage, provenance: dict[str, object]) -> None:
        """Write a mask; what the run itself reads is not written over."""
        session = self._window.session
        reads = [] if session is None else [session.run.path]
        self._window.settings.last_folder = str(path.parent)

        def write() -> None:
            from app.outputs import refuse_own_input

            refuse_own_input(path, reads)
            export_mask(flags, path, form, provenance)

        def done(_nothing: None) -> None:
            if session is not None:
                session.tell(f"Mask written to {path}.")

        run_task(write, done, self._failed, name="mask export")

    # inside

    def _ask(self, path: Path, datasets: list[str], mask: ForeignMask) -> None:
        self.close()
        dialog = self.dialog = MaskImportDialog(path.name, datasets, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.dataset_chosen.connect(lambda dataset: self._read(path, dataset))
        dialog.meaning_chosen.connect(self._mean)
        dialog.finished.connect(self._answered)
        self._show(mask)
        dialog.show()

    def _read(self, path: Path, dataset: str) -> None:
        frame = self._frame
        run_task(lambda: read_mask_file(path, frame, dataset), self._show, self._refused, name="mask import")

    def _show(self, mask: ForeignMask) -> None:
        if self.dialog is None:
            return
        self._mask = mask
        shares = [(each.name, each.value, self._share(mask, each)) for each in Meaning]
        self.dialog.show_meanings(shares, mask.meaning.name, mask.assumed)
        self._mean(mask.meaning.name)

    @staticmethod
    def _share(mask: ForeignMask, meaning: Meaning) -> str:
        covered = mask.covered(meaning)
        return share(int(covered.sum()), covered.size)

    def _mean(self, name: str) -> None:
        self._meaning = Meaning[name]
        if self._mask is not None:
            self._preview(self._mask.covered(self._meaning))

    def _refused(self, error: Exception) -> None:
        self._mask = None
        self._preview(None)
        if self.dialog is not None:
            self.dialog.show_refusal(_sentence(error))

    def _answered(self, result: int) -> None:
        mask, meaning = self._mask, self._meaning
        self.dialog = self._mask = None
        self._preview(None)
        if result == MaskImportDialog.DialogCode.Accepted and mask is not None:
            self._take(mask.covered(meaning), mask.name)

    def _failed(self, error: Exception) -> None:
        self._problem(_sentence(error))


def _sentence(error: Exception) -> str:
    return error.sentence() if isinstance(error, FriedelError) else f"{error}."
