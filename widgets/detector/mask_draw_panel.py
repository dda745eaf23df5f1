"""The switch that gives the mouse to the mask, the tools, and how they draw."""

from __future__ import annotations

from PyQt6.QtCore import QSize, Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import icons, theme
from widgets.frame.mask_tools import STROKES, Tool
from widgets.ticks import TickBox

_TOOLS = (
    (Tool.SELECT, "pan", "Choose and move a shape; beside shapes, drag the frame"),
    (Tool.RECTANGLE, "rectangle", "Rectangle: drag from corner to corner (Ctrl: a square)"),
    (Tool.ELLIPSE, "ellipse", "Ellipse: drag from corner to corner (Ctrl: a circle)"),
    (Tool.POLYGON, "polygon", "Polygon: click corner after corner; a double click or Enter closes it"),
    (Tool.BRUSH, "pencil", "Brush; [ and ] change its size"),
    (Tool.ERASER, "eraser", "Eraser: pixels are used again; [ and ] change its size"),
)
_HELP = {
    Tool.SELECT: "Click a shape, drag it, Delete removes it.",
    Tool.RECTANGLE: "Drag from corner to corner. Shift does the opposite: use again.",
    Tool.ELLIPSE: "Drag from corner to corner. Shift does the opposite: use again.",
    Tool.POLYGON: "Click the corners; double click or Enter closes, Backspace takes one back.",
    Tool.BRUSH: "Paint. Shift does the opposite: use again.",
    Tool.ERASER: "Wipe pixels of your mask free. What the file masks stays masked.",
}
_OFF = "Switch Draw on to change your mask on the frame. Esc leaves."


class MaskDrawPanel(QWidget):
    """Draw on and off; tool, size, mode, mates; undo and redo."""

    draw_changed = pyqtSignal(bool)
    tool_changed = pyqtSignal(object)
    """a `Tool`"""
    size_changed = pyqtSignal(float)
    """diameter of brush and eraser in pixels"""
    mode_changed = pyqtSignal(bool)
    """whether shapes take pixels into use again"""
    mates_changed = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.draw = QPushButton("Draw")
        self.draw.setCheckable(True)
        self.draw.setAutoDefault(False)
        self.draw.setIcon(icons.tool_icon("pencil"))
        self.draw.setToolTip("Draw your mask on the frame with the mouse; Esc leaves")
        self.undo = self._button("reset", "Take the last change of your mask back", QKeySequence.StandardKey.Undo)
        self.redo = self._button("refresh", "Do it again", QKeySequence.StandardKey.Redo)
        self.undo.setText("Undo")
        self.redo.setText("Redo")
        self._group = QButtonGroup(self)
        self.tools: dict[Tool, QToolButton] = {}
        tools = QHBoxLayout()
        tools.setSpacing(2)
        for tool, icon, tip in _TOOLS:
            button = QToolButton()
            button.setIcon(icons.tool_icon(icon))
            button.setIconSize(QSize(18, 18))
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setToolTip(tip)
            button.setAccessibleName(tip.split(":")[0].split(";")[0])
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _on, chosen=tool: self.choose(chosen))
            self._group.addButton(button)
            self.tools[tool] = button
            tools.addWidget(button)
        self.size = QDoubleSpinBox()
        self.size.setRange(1, 2000)
        self.size.setDecimals(0)
        self.size.setValue(9)
        self.size.setSuffix(" px")
        self.size.setToolTip("Diameter of brush and eraser, in pixels of the frame")
        self.size.setAccessibleName("Diameter of the brush")
        self.size.valueChanged.connect(self.size_changed)
        tools.addSpacing(6)
        tools.addWidget(self.size)
        tools.addStretch(1)
        self.mask_out, self.use_again = QRadioButton("Mask out"), QRadioButton("Use again")
        self.mask_out.setChecked(True)
        self.use_again.toggled.connect(self.mode_changed)
        self.mask_out.setToolTip("What is drawn, and parts that are added, are not used")
        self.use_again.setToolTip("What is drawn, and parts that are added, are taken out of your mask again")
        self.mates = TickBox("Friedel mates too")
        self.mates.setToolTip("Draw every shape at the other side of the beam as well")
        self.mates.toggled.connect(self.mates_changed)
        self._help = QLabel()
        self._help.setWordWrap(True)
        first = QHBoxLayout()
        first.addWidget(self.draw)
        first.addStretch(1)
        first.addWidget(self.undo)
        first.addWidget(self.redo)
        modes = QHBoxLayout()
        modes.addWidget(self.mask_out)
        modes.addWidget(self.use_again)
        modes.addStretch(1)
        self._only_drawing = QWidget()
        inside = QVBoxLayout(self._only_drawing)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addLayout(tools)
        inside.addWidget(self.mates)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(first)
        box.addWidget(self._only_drawing)
        box.addLayout(modes)
        box.addWidget(self._help)
        self.draw.toggled.connect(self._drawn)
        self._tool = Tool.BRUSH
        self.tools[self._tool].setChecked(True)
        self._show()

    @property
    def tool(self) -> Tool:
        return self._tool

    def choose(self, tool: Tool) -> None:
        """Take up a tool."""
        self._tool = tool
        self.tools[tool].setChecked(True)
        self._show()
        self.tool_changed.emit(tool)

    def step_size(self, by: int) -> None:
        """A larger or smaller brush."""
        self.size.setValue(max(1.0, round(self.size.value() * (1.25 if by > 0 else 0.8)) or 1) + (0 if by < 0 else 1))

    def set_possible(self, drawing: bool, centre: str) -> None:
        """Whether there is a frame to draw on, and where the beam is, in words."""
        self.draw.setEnabled(drawing)
        if not drawing:
            self.draw.setChecked(False)
        self.mates.setToolTip(f"Draw every shape at the other side of the beam as well. Beam at {centre}")

    def set_changes(self, can_undo: bool, can_redo: bool) -> None:
        self.undo.setEnabled(can_undo)
        self.redo.setEnabled(can_redo)

    def _drawn(self, on: bool) -> None:
        self._show()
        self.draw_changed.emit(on)

    def _show(self) -> None:
        on = self.draw.isChecked()
        self._only_drawing.setEnabled(on)
        self.size.setVisible(self._tool in STROKES)
        self._help.setText(_HELP[self._tool] if on else _OFF)
        colours = self._help.palette()
        colours.setColor(self._help.foregroundRole(), theme.faint_text(self.palette()))
        self._help.setPalette(colours)

    @staticmethod
    def _button(icon: str, tip: str, key: QKeySequence.StandardKey) -> QToolButton:
        button = QToolButton()
        button.setIcon(icons.tool_icon(icon))
        button.setAutoRaise(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        button.setToolTip(f"{tip} ({shown}, while Draw is on and the frame has the keys)")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button
