"""Drawing the support with the mouse, on the object or on the autocorrelation of the pattern."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import icons
from widgets.empty import EmptyState
from widgets.phase.array_canvas import ArrayCanvas, Place
from widgets.phase.narrow import shorten
from widgets.phase.tools import BoolArray, BrushTool, Drawing, EllipseTool, PolygonTool
from widgets.text import counted, percent

OBJECT, AUTOCORRELATION = "object", "autocorrelation"
_SOURCES = {OBJECT: "On the object", AUTOCORRELATION: "On the autocorrelation"}
_HELP = {
    "polygon": "Click corner after corner; a double click closes the shape.",
    "ellipse": "Drag from corner to corner.",
    "brush": "Paint.",
    "": "Drag to pan, turn the wheel to zoom.",
}


class SupportEditor(QWidget):
    """A picture to draw on, the tools, and the drawn support's area."""

    use_wanted = pyqtSignal(object)
    """(h, w) bool over the whole array: what the starts of the next run should begin with"""
    source_wanted = pyqtSignal(str)
    """`OBJECT` or `AUTOCORRELATION`: what to draw on"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawing: Drawing | None = None
        self._brush: BrushTool | None = None
        self._tool = ""
        self.canvas = ArrayCanvas("Draw the support")
        self._empty = EmptyState(
            "Nothing to draw on yet", "Prepare or reconstruct a frame; then the support can be drawn here."
        )
        self._place = QStackedLayout()
        self._place.addWidget(self._empty)
        self._place.addWidget(self.canvas)
        self.source = QComboBox()
        for name, title in _SOURCES.items():
            self.source.addItem(title, name)
        self.source.setAccessibleName("Picture to draw on")
        self._group = QButtonGroup(self)
        self.buttons = {
            "": self._tool_button("pan", "Pan and zoom", ""),
            "polygon": self._tool_button("polygon", "Polygon (Shift takes away)", "polygon"),
            "ellipse": self._tool_button("ellipse", "Ellipse (Shift takes away)", "ellipse"),
            "brush": self._tool_button("pencil", "Brush (Shift erases)", "brush"),
        }
        self.buttons[""].setChecked(True)
        self.size = QSpinBox()
        self.size.setRange(1, 200)
        self.size.setValue(9)
        self.size.setSuffix(" px")
        self.size.setToolTip("Diameter of the brush")
        self.undo = self._button("Undo", "reset", "Take the last stroke back")
        self.clear = self._button("Clear", "cross", "Begin with nothing; can be undone")
        self.take = self._button("From present", "refresh", "Begin with the support of the object shown")
        self.use = QPushButton("Use as support")
        self.use.setAutoDefault(False)
        self.use.setToolTip(
            "Every start of the next run begins with this support; “First support” under Recipe goes back to another"
        )
        self._words = QLabel()
        self._words.setWordWrap(True)
        line = QHBoxLayout()
        line.setContentsMargins(4, 2, 4, 2)
        line.setSpacing(2)
        line.addWidget(self.source)
        for button in self.buttons.values():
            line.addWidget(button)
        line.addWidget(self.size)
        line.addStretch(1)
        self._words.setContentsMargins(6, 0, 6, 0)
        below = QHBoxLayout()
        below.setContentsMargins(6, 0, 6, 4)
        for button in (self.undo, self.clear, self.take):
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(self.use)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(line)
        box.addLayout(self._place, 1)
        box.addWidget(self._words)
        box.addLayout(below)
        self._buttons = (self.undo, self.clear, self.take)
        self.setMinimumWidth(300)
        self._present: BoolArray | None = None
        self._used: BoolArray | None = None
        self._running = False
        self.source.activated.connect(lambda _at: self.source_wanted.emit(self.source.currentData()))
        self.size.valueChanged.connect(self._size_changed)
        self.undo.clicked.connect(lambda: self._drawing.undo() if self._drawing is not None else None)
        self.clear.clicked.connect(lambda: self._drawing.clear() if self._drawing is not None else None)
        self.take.clicked.connect(self._take_present)
        self.use.clicked.connect(self._use)
        self._say()

    def show_message(self, text: str, title: str = "Nothing to draw on yet", *, keep: bool = False) -> None:
        """Nothing to draw on, and why; with `keep` what was drawn comes back with the next picture."""
        if not keep:
            self._drawing = None
        self._empty.set_text(title, text)
        self.canvas.set_picture(None)
        self._place.setCurrentWidget(self._empty)
        self._say()

    def set_picture(
        self, pixels: npt.NDArray[np.uint8], place: Place, pixel_nm: float | None, present: BoolArray | None
    ) -> None:
        """Draw on this RGBA picture; what was drawn stays while the array has the same shape.

        Args:
            present: the whole array's support as it is now, to begin from; None where there is none.
        """
        self._present = present
        self.canvas.set_picture(pixels, place)
        self.canvas.set_pixel_nm(pixel_nm)
        if self._drawing is None or self._drawing.shape != place.shape:
            self._drawing = Drawing(place.shape, self._drawn)
            self._hand_out()
        self._place.setCurrentWidget(self.canvas)
        self._drawn()

    def set_used(self, support: BoolArray | None, running: bool) -> None:
        """Which support the next run begins with, None where none was drawn, and whether starts run now."""
        self._used, self._running = support, running
        self._say()

    @property
    def drawing(self) -> Drawing | None:
        return self._drawing

    @property
    def ready(self) -> bool:
        """Whether there is a picture to draw on."""
        return self._drawing is not None and self._place.currentWidget() is self.canvas

    def choose_tool(self, name: str) -> None:
        """Take "polygon", "ellipse" or "brush"; "" pans."""
        self._tool = name
        self.buttons[name].setChecked(True)
        self._hand_out()
        self._say()

    def text(self) -> str:
        return self._empty.text() if self._place.currentWidget() is self._empty else self._words.text()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        shorten(self._buttons, self.width() < 620)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        if self._drawing is None or not self._tool:
            self.canvas.set_tool(None)
        elif self._tool == "polygon":
            self.canvas.set_tool(PolygonTool(self._drawing))
        elif self._tool == "ellipse":
            self.canvas.set_tool(EllipseTool(self._drawing))
        else:
            self._brush = BrushTool(self._drawing, self.size.value())
            self.canvas.set_tool(self._brush)

    def _drawn(self) -> None:
        if self._drawing is None:
            return
        place, mask = self.canvas.place, self._drawing.mask
        (top, left), step = place.corner, place.step
        height, width = self.canvas.picture_size()
        self.canvas.set_support(mask[top : top + height * step : step, left : left + width * step : step])
        self._say()

    def _take_present(self) -> None:
        if self._drawing is not None and self._present is not None:
            self._drawing.set_mask(self._present)

    def _use(self) -> None:
        if self._drawing is not None and self._drawing.mask.any():
            self.use_wanted.emit(self._drawing.mask)

    def _size_changed(self, pixels: int) -> None:
        if self._brush is not None:
            self._brush.diameter_px = pixels

    def _say(self) -> None:
        drawing = self._drawing
        count = 0 if drawing is None else int(np.count_nonzero(drawing.mask))
        used = drawing is not None and self._used is not None and np.array_equal(drawing.mask, self._used)
        self.use.setEnabled(count > 0 and not used)
        self.clear.setEnabled(count > 0)
        self.undo.setEnabled(drawing is not None and drawing.can_undo)
        self.take.setEnabled(drawing is not None and self._present is not None)
        self.size.setVisible(self._tool == "brush")
        if drawing is None or self._place.currentWidget() is self._empty:
            self._words.clear()
            self.use.setEnabled(False)
            return
        share = f" ({percent(count / drawing.mask.size) or ''} of the array)" if count else ""
        said = [_HELP[self._tool], f"{counted(count, 'pixel')} drawn{share}."]
        if count and used:
            said.append("Every start of the next run begins with it.")
        elif count:
            said.append("It acts from the next run on, once “Use as support” is pressed.")
        if count and self._running:
            said.append("Starts that run now keep theirs.")
        self._words.setText(" ".join(said))

    def _tool_button(self, icon: str, tip: str, name: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icons.tool_icon(icon))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setCheckable(True)
        button.setAutoRaise(True)
        self._group.addButton(button)
        button.clicked.connect(lambda: self.choose_tool(name))
        return button

    @staticmethod
    def _button(text: str, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setIcon(icons.tool_icon(icon))
        button.setToolTip(tip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        return button
