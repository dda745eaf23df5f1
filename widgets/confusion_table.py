"""The cross-validated confusion of the labels, as a table with precision and recall along its edges."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPalette, QResizeEvent
from PyQt6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from widgets import icons, theme
from widgets.text import counted, grouped
from widgets.theme import ClassStyle

UNKNOWN = "unknown"
"""id and name of what the classifier refuses to name"""


class ConfusionTable(QTableWidget):
    """Rows are labels, columns verdicts. Where it is narrow, the classes are named by their markers only."""

    pair_clicked = pyqtSignal(str, str)
    """label id, verdict id"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassStyle, ...] = ()
        self._matrix: npt.NDArray[np.int64] = np.zeros((0, 0), np.int64)
        self.setAccessibleName("Confusion table: rows are labels, columns are verdicts")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setIconSize(QSize(13, 13))
        self.setMinimumHeight(90)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        viewport = self.viewport()
        assert viewport is not None
        viewport.setAutoFillBackground(False)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            assert header is not None
            header.setMinimumSectionSize(18)
            header.setHighlightSections(False)
        across = self.horizontalHeader()
        down = self.verticalHeader()
        assert across is not None
        assert down is not None
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        down.setDefaultSectionSize(theme.line_height() + 6)
        self.cellClicked.connect(self._clicked)
        self.cellActivated.connect(self._clicked)

    def set_matrix(self, classes: tuple[ClassStyle, ...], matrix: npt.NDArray[np.int64]) -> None:
        self._classes, self._matrix = classes, matrix
        rows, columns = matrix.shape
        self.setRowCount(rows + 1)
        self.setColumnCount(columns + 1)
        for place, style in enumerate(classes):
            self.setHorizontalHeaderItem(place, self._head(style, f"Verdict: {style.name}"))
            self.setVerticalHeaderItem(place, self._head(style, f"Label: {style.name}"))
        for column in range(rows, columns + 1):
            self.setHorizontalHeaderItem(column, QTableWidgetItem())
        self.setVerticalHeaderItem(rows, QTableWidgetItem())
        self._name_heads()
        per_label, per_verdict = matrix.sum(axis=1), matrix.sum(axis=0)
        for row in range(rows):
            for column in range(columns):
                self.setItem(row, column, self._count(row, column, int(per_label[row])))
            recall = matrix[row, row] / per_label[row] if per_label[row] else None
            self.setItem(row, columns, self._rate(recall, f"of {counted(int(per_label[row]), 'label')}"))
        for column in range(columns):
            if column < rows:
                precision = matrix[column, column] / per_verdict[column] if per_verdict[column] else None
                item = self._rate(precision, f"of {counted(int(per_verdict[column]), 'verdict')}")
            else:
                item = self._rate(None, "")
            self.setItem(rows, column, item)
        self.setItem(rows, columns, self._rate(None, ""))

    def needed_width(self) -> int:
        """Pixels below which the rates would be cut off."""
        return self.fontMetrics().horizontalAdvance("prec.") + 14 + (self._matrix.shape[1] + 1) * self._column_width()

    def _column_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("0.00") + 8

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._name_heads()

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange and self._matrix.size:
            self.set_matrix(self._classes, self._matrix)

    def _name_heads(self) -> None:
        """Write as much into the heads as there is room for."""
        rows, columns = self._matrix.shape
        if not columns:
            return
        names = [style.name for style in self._classes]
        longest = max(self.fontMetrics().horizontalAdvance(name) for name in [*names, "precision"]) + 34
        name_rows = self.width() > longest + (columns + 1) * self._column_width()
        name_columns = self.width() > longest * (columns + 1)
        for place, name in enumerate(names):
            self._say(self.horizontalHeaderItem(place), name if name_columns else "")
            self._say(self.verticalHeaderItem(place), name if name_rows else "")
        if columns > rows:
            tip = "Verdict: unknown (too unlike every labelled frame, or too close to call)"
            self._say(self.horizontalHeaderItem(rows), UNKNOWN if name_columns else "?", tip)
        tip = "Recall: of the frames labelled so, the share whose verdict agrees"
        self._say(self.horizontalHeaderItem(columns), "recall" if name_rows else "rec.", tip)
        tip = "Precision: of the frames with this verdict, the share labelled so"
        self._say(self.verticalHeaderItem(rows), "precision" if name_rows else "prec.", tip)

    def _say(self, item: QTableWidgetItem | None, text: str, tip: str = "") -> None:
        assert item is not None
        item.setText(text)
        if tip:
            item.setToolTip(tip)

    def _head(self, style: ClassStyle, tip: str) -> QTableWidgetItem:
        item = QTableWidgetItem(icons.marker_icon(style.marker, QColor(style.colour), 13), style.name)
        item.setToolTip(tip)
        return item

    def _count(self, row: int, column: int, total: int) -> QTableWidgetItem:
        count = int(self._matrix[row, column])
        item = QTableWidgetItem(grouped(count) if count else "·")
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        palette = self.palette()
        right = row == column
        tint = theme.good_colour(palette) if right else theme.warning_colour(palette)
        share = count / total if total else 0.0
        base = palette.color(QPalette.ColorRole.Base)
        item.setBackground(theme.mixed(base, tint, 0.5 * share if count else 0.0))
        label = self._classes[row].name
        verdict = self._classes[column].name if column < len(self._classes) else UNKNOWN
        says = f"{counted(count, 'frame')} labelled {label}, verdict {verdict}"
        item.setToolTip(says + ("\nClick to select them" if count else ""))
        return item

    def _rate(self, rate: float | None, tip: str) -> QTableWidgetItem:
        item = QTableWidgetItem("" if rate is None else f"{rate:.2f}")
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        item.setToolTip(tip)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        item.setBackground(self.palette().color(QPalette.ColorRole.AlternateBase))
        return item

    def _clicked(self, row: int, column: int) -> None:
        rows, columns = self._matrix.shape
        if row < rows and column < columns and self._matrix[row, column]:
            verdict = self._classes[column].id if column < rows else UNKNOWN
            self.pair_clicked.emit(self._classes[row].id, verdict)
