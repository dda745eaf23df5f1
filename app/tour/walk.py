"""One walk through the window: the steps of the tour, in the order of a working day."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit

from app.log import start_log
from app.main_window import MainWindow
from app.panes import Panes
from app.settings import Settings
from app.start import demo_path, make_application
from app.tour.denoise import DenoiseSteps
from app.tour.hands import TourStuck, drag, ellipse, hover, press, screenshot, spin, type_text, wait_until
from app.tour.phase import PhaseSteps
from models.progress import Progress
from widgets import theme
from widgets.palette import CommandPalette

PATIENCE_S = 60.0
BY_HAND = 8
"""frames labelled one after the other at the beginning"""
PER_CLASS = 5
"""labels per class the tour is after"""
MOST_LABELS = 60


class Tour:
    """One walk through the window."""

    def __init__(self, out: Path, run: Path, truth: list[str], size: tuple[int, int], scheme: str) -> None:
        start_log()
        self._out = out
        self._run = run
        self._truth = truth
        self._size = size
        self._scheme = scheme
        self._begun = time.monotonic()
        self._application = make_application(["friedel"])
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        self._window: MainWindow | None = None
        self.results: dict[str, Any] = {
            "run": run.name, "platform": self._application.platformName(), "size": list(size), "scheme": scheme,
            "steps": [],
        }  # fmt: skip

    @property
    def window(self) -> MainWindow:
        assert self._window is not None
        return self._window

    @property
    def _panes(self) -> Panes:
        assert self.window.panes is not None
        return self.window.panes

    @property
    def session(self) -> Any:
        session = self.window.session
        if session is None:
            raise TourStuck("No run is open")
        return session

    def walk(self) -> Generator[Progress, None, None]:
        """All steps, one after the other."""
        steps = [
            ("welcome", self._welcome), ("open", self._open), ("browse", self._browse), ("scaling", self._scaling),
            ("mask-and-rings", self._mask), ("label", self._label), ("undo", self._undo), ("map", self._map),
            ("suggestions", self._suggestions), ("verdicts", self._verdicts), ("trust", self._trust),
            ("keep", self._keep), ("classifier", self._classifier), ("queue", self._queue),
            ("sort-by-confidence", self._sort), ("hover", self._hover), ("lasso", self._lasso),
            ("export-selection", self._export), ("export-labels", self._export_labels),
            *DenoiseSteps(self, self._out, self.results).steps(),
            *PhaseSteps(self, self._out, self.results).steps(),
            ("palette", self._palette), ("keys", self._keys), ("restart", self._restart),
        ]  # fmt: skip
        for number, (name, step) in enumerate(steps, 1):
            yield Progress(done=number - 1, total=len(steps), unit="steps", message=name)
            begun = time.monotonic()
            try:
                step()
            except TourStuck:
                screenshot(self.window, self._out / f"{number:02d}-{name}-stuck.png")
                raise
            spin(0.05)
            picture = f"{number:02d}-{name}.png"
            screenshot(self.window, self._out / picture)
            self._put_away()
            took = round(time.monotonic() - begun, 2)
            self.results["steps"].append({"name": name, "picture": picture, "seconds": took})
        self.results["seconds"] = round(time.monotonic() - self._begun, 1)
        (self._out / "results.json").write_text(json.dumps(self.results, indent=1) + "\n", "utf-8")
        yield Progress(done=len(steps), total=len(steps), unit="steps", message="done")

    def close(self) -> None:
        if self._window is not None:
            self._window.close()
            self._window.deleteLater()
            self._window = None
            QApplication.processEvents()

    # -- the steps -------------------------------------------------------------------------------------------------

    def _welcome(self) -> None:
        theme.apply_theme(self._application, self._scheme)
        self._window = self._new_window()

    def _open(self) -> None:
        self.window.open_path(str(self._run))
        self.results["open_s"] = round(wait_until(self._frame_shown, PATIENCE_S, "the first frame"), 2)
        spin(0.4)
        self.results["frames"] = len(self.session.run)

    def _browse(self) -> None:
        for key in ("Right", "Right", "Shift+Right", "End", "Left", "Home", "PgDown", "R"):
            self._key(key)
            wait_until(self._frame_shown, PATIENCE_S, f"the frame after {key}")
        spin(0.3)

    def _scaling(self) -> None:
        before = self._panes.frame_view.settings.scaling
        for _ in range(3):
            self._key("L")
        self._key("C")
        spin(0.3)
        self.results["scaling"] = [before.value, self._panes.frame_view.settings.scaling.value]

    def _mask(self) -> None:
        self._key("L")
        for _ in range(2):
            self._key("M")
        self._key("O")
        spin(0.3)

    def _label(self) -> None:
        self._key("Home")
        for turn in range(BY_HAND):
            self._give(turn)
        self.results["labels_by_hand"] = self.session.labels.n_mine
        wait_until(lambda: self.session.labels.saved.waiting == 0, PATIENCE_S, "the labels being saved")

    def _undo(self) -> None:
        before = self.session.labels.n_mine
        self._key("Ctrl+Z")
        self._key("Ctrl+Z")
        after = self.session.labels.n_mine
        self._key("Ctrl+Shift+Z")
        self._key("Ctrl+Shift+Z")
        again = self.session.labels.n_mine
        self.results["undo"] = [before, after, again]
        if [after, again] != [before - 2, before]:
            raise TourStuck(f"Undo and redo gave {after} and {again} labels", cause=f"there were {before}")

    def _map(self) -> None:
        took = wait_until(lambda: self.session.embedding.state == "ready", 4 * PATIENCE_S, "the embedding")
        self.results["embedding_wait_s"] = round(took, 2)
        wait_until(lambda: self.session.layout.positions is not None, PATIENCE_S, "the map")
        spin(0.8)

    def _suggestions(self) -> None:
        wait_until(self._settled, PATIENCE_S, "the queue")
        for turn in range(MOST_LABELS):
            counts = self.session.labels.counts()
            if min(counts[name] for name in self._classes()) >= PER_CLASS:
                break
            self._key("Space")
            self._give(turn)
            wait_until(self._settled, PATIENCE_S, "the verdicts after a label")
        self.results["labels"] = self.session.labels.counts()

    def _verdicts(self) -> None:
        wait_until(self._settled, PATIENCE_S, "the verdicts")
        self._key("Space")
        wait_until(self._frame_shown, PATIENCE_S, "a suggestion")
        self._panes.raise_dock("verdicts")
        spin(0.6)
        verdicts = self.session.classifier.verdicts
        self.results["verdicts"] = {name or "unknown": count for name, count in verdicts.counts().items()}
        confusion = self.session.classifier.confusion
        if confusion is not None:
            self.results["cross_validated_balanced_accuracy"] = round(float(confusion.balanced_accuracy), 3)
        if self._truth:
            self.results["accuracy"] = self._accuracy()

    def _trust(self) -> None:
        self._command("trust the verdicts")
        calibration = self.session.classifier.calibration
        if calibration is not None:
            self.results["calibration_error"] = round(float(calibration.error), 3)
            self.results["calibration_error_by_chance"] = round(float(calibration.error_by_chance), 3)
        spin(0.4)

    def _keep(self) -> None:
        """Drag the threshold, and select what is kept."""
        self._key("K")
        keeping = self.session.keeping
        wait_until(lambda: keeping.operating is not None, PATIENCE_S, "the operating point")
        histogram = self._panes.sorting.keep.histogram
        drag(histogram, [histogram.to_pixel(p, 0.5) for p in (keeping.threshold, 0.6, 0.7, 0.8)])
        point = keeping.point
        if abs(keeping.threshold - 0.8) > 0.02:
            raise TourStuck("The threshold did not follow the mouse", cause=f"it is {keeping.threshold}")
        spin(0.4)
        self._key("Shift+K")
        self.results["keep"] = {
            "class": point.class_name, "threshold": point.threshold, "frames": point.frames_kept,
            "precision": round(point.precision, 3), "yield": round(point.recall, 3),
        }  # fmt: skip
        if point.frames_kept and self.session.browser.n_selected != point.frames_kept:
            raise TourStuck("Other frames were selected than those kept")
        spin(0.4)

    def _classifier(self) -> None:
        self.session.browser.select(())
        self._command("classifier")
        self._dialog("classifier")
        spin(0.2)

    def _queue(self) -> None:
        self._panes.raise_dock("queue")
        self.results["queue"] = self.session.classifier.queue.tolist()[:10]
        spin(0.3)

    def _sort(self) -> None:
        self._panes.raise_dock("verdicts")
        self._command("least sure first")
        wait_until(lambda: self.session.browser.order == "confidence", PATIENCE_S, "the order by confidence")
        self._key("Home")
        self._key("Right")
        wait_until(self._frame_shown, PATIENCE_S, "the least certain frames")
        spin(0.5)
        self.results["order"] = self.session.browser.order

    def _hover(self) -> None:
        canvas = self._panes.map_view.canvas()
        hover(canvas, self._place_on_map())
        spin(0.6)

    def _lasso(self) -> None:
        canvas = self._panes.map_view.canvas()
        self._key("S")
        side = min(canvas.width(), canvas.height())
        drag(canvas, ellipse(self._place_on_map(), side * 0.5, side * 0.5))
        self.results["selected"] = self.session.browser.n_selected
        if not self.session.browser.n_selected:
            raise TourStuck("The lasso selected nothing")
        spin(0.4)

    def _export(self) -> None:
        target = self._out / "selection.cxi"
        target.unlink(missing_ok=True)
        self._key("Ctrl+E")
        dialog = self._dialog("export_selection")
        field = dialog.findChild(QLineEdit, "export_path")
        field.setFocus()
        field.selectAll()
        type_text(str(target), self.window)
        screenshot(self.window, self._out / "18a-export-dialog.png")
        press(dialog, "Return")
        wait_until(target.exists, PATIENCE_S, "the exported file")
        wait_until(lambda: not self.window.jobs.running(), PATIENCE_S, "the export")
        spin(0.2)
        self.results["exported"] = self._frames_in(target)
        if self.results["exported"] != self.results["selected"]:
            raise TourStuck("The export has another number of frames than the selection")

    def _export_labels(self) -> None:
        target = self._out / "labels.csv"
        target.unlink(missing_ok=True)
        self._command("export labels")
        wait_until(lambda: bool(self.window.findChildren(QFileDialog)), PATIENCE_S, "the question for a file")
        dialog = self.window.findChildren(QFileDialog)[-1]
        field = dialog.findChild(QLineEdit, "fileNameEdit")
        field.setFocus()
        field.selectAll()
        field.setText(str(target))  # typed, the completer's popup would lie over the dialog
        press(dialog, "Return")
        wait_until(target.exists, PATIENCE_S, "the label table")
        self.results["label_rows"] = len(target.read_text("utf-8").splitlines()) - 1
        spin(0.2)

    def _palette(self) -> None:
        self._key("Ctrl+Shift+P")
        spin(0.1)
        type_text("lab", self.window)
        spin(0.2)

    def _keys(self) -> None:
        self._key("F1")
        spin(0.3)

    def _restart(self) -> None:
        labels, index = self.session.labels.n_mine, self.session.browser.index
        settings = self.window.settings
        self.close()
        self._window = self._new_window(settings)
        self.window.open_path(str(self._run))
        wait_until(lambda: self.window.session is not None, PATIENCE_S, "the run after a restart")
        wait_until(self._frame_shown, PATIENCE_S, "the frame after a restart")
        wait_until(self._settled, PATIENCE_S, "the verdicts after a restart")
        spin(0.8)
        self.results["after_restart"] = {"labels": self.session.labels.n_mine, "frame": self.session.browser.index}
        if (labels, index) != (self.session.labels.n_mine, self.session.browser.index):
            raise TourStuck("After a restart labels or frame are not what they were")

    # -- what the steps share --------------------------------------------------------------------------------------

    def _new_window(self, settings: Settings | None = None) -> MainWindow:
        window = MainWindow(settings or Settings(theme=self._scheme, annotator="tour"), demo_path())
        window.resize(*self._size)
        window.show()
        window.resize(*self._size)  # screens of the offscreen platform are small, and show() heeds them
        wait_until(lambda: window.panes is not None, PATIENCE_S, "the panes")
        window.activateWindow()
        spin(0.2)
        return window

    def _key(self, keys: str) -> None:
        press(self.window, keys)

    def _command(self, words: str) -> None:
        """Give a command by way of the palette."""
        self._key("Ctrl+Shift+P")
        spin(0.05)
        type_text(words, self.window)
        self._key("Return")
        spin(0.05)

    def _give(self, turn: int) -> None:
        """Press the key of the class this frame has in the scientist's eye."""
        wait_until(self._frame_shown, PATIENCE_S, "the frame to label")
        classes = {c.name: c.key for c in self.session.labels.classes}
        name = self._truth[self.session.browser.index] if self._truth else self._classes()[turn % 2]
        self._key(classes[name])

    def _classes(self) -> list[str]:
        """The classes the tour labels."""
        names = [c.name for c in self.session.labels.classes]
        return [name for name in names if name in self._truth] if self._truth else names[:2]

    def _frame_shown(self) -> bool:
        session = self.window.session
        if session is None or self.window.panes is None:
            return False
        picture = self._panes.frame_view.picture
        return picture is not None and picture.index == session.browser.index and not session.frames.waiting

    def _settled(self) -> bool:
        """Whether verdicts and queue belong to the present labels."""
        classifier = self.session.classifier
        return classifier.vectors is not None and not classifier.busy

    def _place_on_map(self) -> QPointF:
        """Where most of the frames called by the first class are on the map."""
        codes, _ = self.session.verdict_codes()
        positions = self.session.layout.positions
        places = positions[codes == 0]
        canvas = self._panes.map_view.canvas()
        if not len(places):
            return QPointF(canvas.width() / 2, canvas.height() / 2)
        apart = np.hypot(*(positions - np.nanmedian(places, axis=0)).T)
        middle = canvas.position_of(int(np.nanargmin(np.where(codes == 0, apart, np.inf))))
        assert middle is not None
        return middle

    def _dialog(self, name: str) -> QDialog:
        wait_until(lambda: self.window.findChild(QDialog, name) is not None, PATIENCE_S, f"the dialog {name}")
        dialog = self.window.findChild(QDialog, name)
        assert dialog is not None
        dialog.activateWindow()
        spin(0.05)
        return dialog

    def _put_away(self) -> None:
        """Close what lies over the window before the next step."""
        for palette in self.window.findChildren(CommandPalette):
            if palette.isVisible():
                press(palette, "Esc")
        for dialog in self.window.findChildren(QDialog):
            if dialog.isVisible():
                dialog.reject()
        spin(0.05)

    def _accuracy(self) -> dict[str, Any]:
        """Verdicts against the truth, over the frames that were not labelled."""
        codes, _ = self.session.verdict_codes()
        names = self.session.labels.class_names
        truth = np.array([names.index(name) for name in self._truth])
        judge = self.session.labels.codes == -1
        recall = {
            name: round(float(np.mean(codes[judge & (truth == place)] == place)), 3)
            for place, name in enumerate(names)
            if np.any(judge & (truth == place))
        }
        return {
            "frames": int(judge.sum()),
            "share_right": round(float(np.mean(codes[judge] == truth[judge])), 3),
            "share_unknown": round(float(np.mean(codes[judge] < 0)), 3),
            "recall": recall,
            "balanced": round(float(np.mean(list(recall.values()))), 3),
        }

    @staticmethod
    def _frames_in(path: Path) -> int:
        import h5py

        with h5py.File(path, "r") as file:
            return int(file["entry_1/data_1/data"].shape[0])
