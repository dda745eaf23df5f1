"""The Geometry page: what says where the pixels are, what was found, and the numbers that q rests on."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QPalette
from PyQt6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from widgets import theme
from widgets.detector.geometry_values import GeometryValues, ValueRow
from widgets.ticks import TickBox

DISTANCE, ENERGY, WAVELENGTH, PIXEL, CENTRE_Y, CENTRE_X = (
    "distance",
    "energy",
    "wavelength",
    "pixel",
    "centre_y",
    "centre_x",
)
ROWS = (
    ValueRow(DISTANCE, "Distance", "mm", "From the sample to the detector", 1.0),
    ValueRow(ENERGY, "Photon energy", "eV", "Of the beam; the wavelength follows", 10.0),
    ValueRow(WAVELENGTH, "Wavelength", "nm", "Of the beam; the photon energy follows", 0.001, 7),
    ValueRow(PIXEL, "Pixel size", "µm", "Pitch of the pixels, along both axes", 1.0),
    ValueRow(CENTRE_Y, "Centre y", "px", "Row of the direct beam, from the top; middles of pixels are whole", 0.5),
    ValueRow(
        CENTRE_X, "Centre x", "px", "Column of the direct beam, from the left; middles of pixels are whole", 0.5
    ),
)


class GeometryPane(QWidget):
    """All of it in one column, with Apply under it. A geometry file can be dropped anywhere on it."""

    choice_made = pyqtSignal(str)
    """another of the choices was taken"""
    dropped = pyqtSignal(str)
    """path of a file"""
    outlines_toggled = pyqtSignal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Positions of the pixels")
        self.choice.setToolTip("What says where the detector's pixels are; frames are put together by it")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(16)
        self.open = self._button("Open geometry file…", "A CrystFEL .geom file; it can also be dropped here")
        self._facts, self._problem, self._notes, self._state = QLabel(), QLabel(), QLabel(), QLabel()
        for label in (self._facts, self._problem, self._notes, self._state):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.values = GeometryValues(ROWS)
        self.place = self._button("Set in the frame", "Click or drag the beam's centre in the frame; Esc ends it")
        self.place.setCheckable(True)
        self.place.toggled.connect(lambda on: self.place.setText("Done setting" if on else "Set in the frame"))
        self.find = self._button(
            "Find by symmetry",
            "The centre about which the frame on screen is most like itself turned by 180° (Friedel's law), within "
            "20 px of the present one; take a strong frame",
        )
        self.outlines = TickBox("Outline the panels in the frame")
        self.outlines.toggled.connect(self.outlines_toggled)
        self.undo = self._button("Undo change", "The numbers as they were before the last change here")
        self.revert = self._button("Revert", "Back to the numbers that are applied")
        self.apply = self._button("Apply", "Use these numbers everywhere: sorting, denoising and phasing alike")

        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        column.addWidget(self._caption("Where the pixels are"))
        column.addWidget(self.choice)
        column.addLayout(_line(self.open))
        for label in (self._problem, self._facts, self._notes):
            column.addWidget(label)
        column.addWidget(self.outlines)
        column.addSpacing(8)
        column.addWidget(self._caption("What q and resolution rest on"))
        column.addWidget(self.values)
        column.addLayout(_line(self.place, self.find))
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 4, 8, 6)
        foot.setSpacing(6)
        for button in (self.undo, self.revert):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.apply)
        said = QVBoxLayout()
        said.setContentsMargins(8, 0, 8, 0)
        said.addWidget(self._state)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._scroll, 1)
        box.addLayout(said)
        box.addLayout(foot)
        self._inside = inside
        self.choice.activated.connect(lambda row: self.choice_made.emit(self.choice.itemData(row)))
        self._colour()

    def set_run(self, there: bool) -> None:
        """Whether there is a run whose geometry this could be."""
        self._inside.setEnabled(there)
        for button in (self.undo, self.revert, self.apply):
            button.setEnabled(False)
        self.say_problem("")
        if not there:
            self._facts.setText("")
            self._notes.setText("")
            self.say("Open a run to see where its pixels are.")

    def set_choices(self, choices: Sequence[tuple[str, str]], present: str) -> None:
        """(value, title) of what the pixels can be laid out by, and the present one; nothing is emitted."""
        self.choice.clear()
        for value, title in choices:
            self.choice.addItem(title, value)
            self.choice.setItemData(self.choice.count() - 1, value, Qt.ItemDataRole.ToolTipRole)
        self.choice.setCurrentIndex(self.choice.findData(present))

    def show_found(self, facts: str, notes: Sequence[str]) -> None:
        """What was found, and what was assumed or is odd."""
        self._facts.setText(facts)
        self._facts.setVisible(bool(facts))
        self._notes.setText("\n".join(f"• {note}." for note in notes))
        self._notes.setVisible(bool(notes))

    def say_problem(self, sentence: str) -> None:
        """Why something was not taken; "" for nothing."""
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))

    def say(self, sentence: str) -> None:
        """What is shown now, and whether it is applied."""
        self._state.setText(sentence)

    @property
    def problem(self) -> str:
        return self._problem.text()

    @property
    def facts(self) -> str:
        return self._facts.text()

    @property
    def notes(self) -> str:
        return self._notes.text()

    # events

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        if event is not None and _dropped_file(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        if event is not None and (path := _dropped_file(event)):
            event.acceptProposedAction()
            self.dropped.emit(path)

    def changeEvent(self, event: QEvent | None) -> None:
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._colour()
        super().changeEvent(event)

    # inside

    def _colour(self) -> None:
        wanted = (
            (self._problem, theme.error_colour(self.palette())),
            (self._notes, theme.faint_text(self.palette())),
        )
        for label, colour in wanted:
            if label.palette().color(QPalette.ColorRole.WindowText) != colour:
                colours = label.palette()
                colours.setColor(QPalette.ColorRole.WindowText, colour)
                label.setPalette(colours)

    def _caption(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setFont(theme.title_font(self.font()))
        return label

    @staticmethod
    def _button(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button


def _line(*widgets: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    return line


def _dropped_file(event: QDropEvent) -> str:
    data = event.mimeData()
    urls = [] if data is None else data.urls()
    return urls[0].toLocalFile() if len(urls) == 1 and urls[0].isLocalFile() else ""
