"""The map: every frame of the run a point, near to those it resembles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPoint, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QPalette
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets import icons
from widgets.choices import show_choices
from widgets.empty import EmptyState
from widgets.map.canvas import MapCanvas
from widgets.map.colouring import Category, Colouring, by_category, by_value
from widgets.map.drag import Tool
from widgets.map.hover_card import HoverCard
from widgets.map.legend import MapLegend
from widgets.text import grouped

__all__ = ["Category", "Colouring", "LayoutChoice", "MapView", "by_category", "by_value"]

_EMPTY = (
    "No map yet",
    "Each frame becomes a point, and frames that look alike lie together. "
    "The map appears as soon as the run has been embedded.",
)


_GAP = 8


@dataclass(frozen=True, slots=True)
class LayoutChoice:
    """One way of laying out the map.

    Attributes:
        id: what the signals carry ("pca", "umap").
        name: as shown.
        ready: whether it is computed already; otherwise a button offers to compute it.
    """

    id: str
    name: str
    ready: bool = True


class MapView(QWidget):
    """Map with its tools, legend and choices. All indices are frames of the run, 0 … N−1.

    Setters never emit; signals tell only what the user did.
    """

    frame_chosen = pyqtSignal(int)
    """a point was clicked: show this frame"""
    hovered = pyqtSignal(int)
    """frame under the cursor, −1 for none; only when it changes"""
    card_wanted = pyqtSignal(int)
    """the cursor rests on this frame: answer with `set_hover_card`"""
    selection_changed = pyqtSignal(object)
    """(N,) bool: the user drew a selection, or cleared it (all False)"""
    colour_by_changed = pyqtSignal(str)
    """id of what the user wants the colours to show"""
    layout_changed = pyqtSignal(str)
    """id of a layout that is ready, chosen by the user"""
    layout_requested = pyqtSignal(str)
    """id of a layout the user wants computed"""
    action_requested = pyqtSignal()
    """the button of the empty state was clicked"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layouts: tuple[LayoutChoice, ...] = ()
        self._reason = ""
        self._computing = False
        self._legend_right = self._legend_above = True
        self._canvas = MapCanvas()
        self._legend = MapLegend(self._canvas)
        self._card = HoverCard(self._canvas)
        self._caption = QLabel(self._canvas)
        self._caption.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._caption.setAutoFillBackground(True)
        self._caption.setBackgroundRole(QPalette.ColorRole.Base)
        self._caption.setContentsMargins(4, 1, 4, 1)

        self._empty = EmptyState(*_EMPTY)
        self._action = QPushButton()
        self._action.hide()
        self._action.clicked.connect(self.action_requested)
        empty = QWidget()
        empty_box = QVBoxLayout(empty)
        empty_box.addStretch(1)
        empty_box.addWidget(self._empty)
        empty_box.addWidget(self._action, 0, Qt.AlignmentFlag.AlignHCenter)
        empty_box.addStretch(1)
        self._stack = QStackedLayout()
        self._stack.addWidget(empty)
        self._stack.addWidget(self._canvas)

        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._make_bar())
        box.addLayout(self._stack, 1)
        self._connect()
        self.set_layouts((LayoutChoice("pca", "PCA"), LayoutChoice("umap", "UMAP", ready=False)), "pca")
        self._show_state()

    # What is shown

    def set_points(
        self, xy: npt.ArrayLike | None, animate: bool = False, keep_view: bool = False, reason: str = ""
    ) -> None:
        """Show the map, (N, 2) float32; NaN is a frame without a place, None takes the map away.

        Args:
            animate: let the points travel from the layout before.
            keep_view: stay where the user has moved to, as when more frames arrive.
            reason: why not all frames are placed, for the caption ("embedding runs").
        """
        self._reason = reason
        self._canvas.set_points(np.zeros((0, 2), np.float32) if xy is None else xy, animate, keep_view)
        self._card.hide()
        self._show_state()

    def set_colouring(self, colouring: Colouring) -> None:
        """Colour the points; made by `by_category` or `by_value` with one entry per frame. May come before them."""
        self._canvas.set_colouring(colouring)
        self._show_legend()

    def set_labelled(self, labelled: npt.ArrayLike | None) -> None:
        """(N,) bool: the user's examples, drawn on top with outlined class markers."""
        self._canvas.set_labelled(labelled)

    def set_selection(self, selection: npt.ArrayLike | None) -> None:
        """(N,) bool: the selected frames; None for none."""
        self._canvas.set_selection(selection)
        self._show_legend()
        self._show_caption()

    def set_current(self, frame: int) -> None:
        """Ring the frame on screen; −1 for none."""
        self._canvas.set_current(frame)

    def set_hover_card(self, frame: int, image: QImage | None, text: str) -> None:
        """Show a thumbnail and words beside a point; passed over where the cursor has moved on since."""
        where = self._canvas.position_of(frame)
        if where is not None and frame == self._canvas.hovered_frame():
            self._card.show_frame(image, text, where.toPoint())

    def set_colour_choices(self, choices: Sequence[tuple[str, str]], current: str) -> None:
        """What can be shown by colour: (id, name) each, and the id of what is shown now."""
        show_choices(self._colour_by, choices, current)

    def set_layouts(self, layouts: Sequence[LayoutChoice], current: str) -> None:
        """The layouts there are, and the id of the one shown."""
        self._layouts = tuple(layouts)
        show_choices(self._layout_box, [(c.id, c.name) for c in self._layouts if c.ready], current)
        missing = next((choice for choice in self._layouts if not choice.ready), None)
        self._compute.setVisible(missing is not None)
        if missing is not None:
            self._compute.setText(f"Compute {missing.name}")
            self._compute.setToolTip(f"Lay the map out with {missing.name}, in the background")

    def set_computing(self, running: bool) -> None:
        """While a layout is being computed, no second one can be asked for."""
        self._computing = running
        self._compute.setEnabled(not running and len(self._canvas.points) > 0)

    def set_empty(self, title: str = "", text: str = "", action: str = "") -> None:
        """What stands where the map will be; `action` is the text of a button, "" for none."""
        self._empty.set_text(title or _EMPTY[0], text or _EMPTY[1])
        self._action.setText(action)
        self._action.setVisible(bool(action))

    # What can be done

    def fit(self) -> None:
        """Show all points."""
        self._canvas.fit()

    def zoom(self, factor: float) -> None:
        """Enlarge around the middle."""
        self._canvas.zoom(factor)

    def set_tool(self, tool: Tool | str) -> None:
        """Take the "pan", "lasso" or "rectangle" tool."""
        self._canvas.set_tool(Tool(tool))

    def toggle_lasso(self) -> None:
        """Take the lasso, or put it down."""
        self._canvas.set_tool(Tool.PAN if self._canvas.tool is Tool.LASSO else Tool.LASSO)

    def escape(self) -> bool:
        """Leave the region being drawn, else the tool, else the selection; False where there was nothing to leave."""
        return self._canvas.escape()

    def selection(self) -> npt.NDArray[np.bool_] | None:
        """(N,) bool, None for no selection."""
        return self._canvas.selection

    def canvas(self) -> MapCanvas:
        """The surface itself, for tests and measurements."""
        return self._canvas

    # Inside

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        line = QHBoxLayout(bar)
        line.setContentsMargins(4, 3, 4, 3)
        line.setSpacing(3)
        self._layout_box = QComboBox()
        self._layout_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._layout_box.setToolTip("How the map is laid out")
        self._layout_box.setAccessibleName("Layout of the map")
        self._compute = QPushButton()
        self._colour_by = QComboBox()
        self._colour_by.setToolTip("What the colours show")
        self._colour_by.setAccessibleName("Colour by")
        self._colour_by.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._colour_by.setMinimumContentsLength(8)
        words = QLabel("Colour")
        words.setBuddy(self._colour_by)
        self._tools = QButtonGroup(self)
        tips = {
            Tool.PAN: ("pan", "Drag to move, wheel to zoom, click for the frame"),
            Tool.LASSO: (
                "lasso",
                "Lasso: draw around frames to select.\nShift adds, Ctrl or Alt takes away, Esc leaves",
            ),
            Tool.RECTANGLE: ("rectangle", "Select a rectangle.\nShift adds, Ctrl or Alt takes away, Esc leaves"),
        }
        self._tool_buttons: dict[Tool, QToolButton] = {}
        line.addWidget(self._layout_box)
        line.addWidget(self._compute)
        line.addSpacing(4)
        line.addWidget(words)
        line.addWidget(self._colour_by)
        line.addStretch(1)
        for tool, (icon, tip) in tips.items():
            button = self._tool_button(icon, tip)
            button.setCheckable(True)
            button.setChecked(tool is Tool.PAN)
            button.clicked.connect(lambda _on, chosen=tool: self._canvas.set_tool(chosen))
            self._tools.addButton(button)
            self._tool_buttons[tool] = button
            line.addWidget(button)
        self._fit_button = self._tool_button("fit", "Show all frames")
        self._legend_button = self._tool_button("legend", "Show or hide the legend")
        self._legend_button.setCheckable(True)
        self._legend_button.setChecked(True)
        line.addWidget(self._fit_button)
        line.addWidget(self._legend_button)
        return bar

    def _tool_button(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setIcon(icons.tool_icon(icon))
        button.setAutoRaise(True)
        button.setToolTip(tip)
        button.setAccessibleName(tip.split(":")[0].split(".")[0])
        return button

    def _connect(self) -> None:
        canvas = self._canvas
        canvas.frame_chosen.connect(self.frame_chosen)
        canvas.hovered.connect(self.hovered)
        canvas.card_wanted.connect(self.card_wanted)
        canvas.card_unwanted.connect(self._card.hide)
        canvas.selection_drawn.connect(self._selection_drawn)
        canvas.tool_changed.connect(lambda tool: self._tool_buttons[tool].setChecked(True))
        canvas.view_changed.connect(self._place_overlays)
        canvas.fitted.connect(self._find_legend_corner)
        self._legend.row_clicked.connect(self._select_category)
        self._fit_button.clicked.connect(self.fit)
        self._legend_button.toggled.connect(lambda _on: self._show_legend())
        self._compute.clicked.connect(self._ask_layout)
        self._layout_box.activated.connect(lambda place: self.layout_changed.emit(self._layout_box.itemData(place)))
        self._colour_by.activated.connect(lambda place: self.colour_by_changed.emit(self._colour_by.itemData(place)))

    def _ask_layout(self) -> None:
        missing = next((choice for choice in self._layouts if not choice.ready), None)
        if missing is not None:
            self.layout_requested.emit(missing.id)

    def _selection_drawn(self, mask: npt.NDArray[np.bool_]) -> None:
        self._show_legend()
        self._show_caption()
        self.selection_changed.emit(mask)

    def _select_category(self, code: int) -> None:
        self._canvas.select_mask(self._canvas.colouring.codes == code)

    def _show_state(self) -> None:
        some = len(self._canvas.points) > 0
        self._stack.setCurrentIndex(1 if some else 0)
        for button in (*self._tool_buttons.values(), self._fit_button, self._legend_button, self._colour_by):
            button.setEnabled(some)
        self._layout_box.setEnabled(some)
        self._compute.setEnabled(some and not self._computing)
        self._show_legend()
        self._show_caption()

    def _show_legend(self) -> None:
        colouring = self._canvas.colouring
        meant = bool(colouring.categories) or colouring.colours is not None
        self._legend.show_colouring(colouring if meant else None, self._canvas.selection)
        self._legend.setVisible(meant and self._legend_button.isChecked())
        if self._canvas.is_fitted():
            self._find_legend_corner()
        else:
            self._place_overlays()

    def _show_caption(self) -> None:
        points = self._canvas.points
        parts = []
        if not points.all_placed:
            reason = f" ({self._reason})" if self._reason else ""
            parts.append(f"Showing {grouped(len(points))} of {grouped(points.total)} frames{reason}")
        selection = self._canvas.selection
        if selection is not None:
            parts.append(f"{grouped(int(selection.sum()))} selected, Esc clears")
        self._caption.setText(" · ".join(parts))
        self._caption.setVisible(bool(parts))
        self._caption.adjustSize()
        self._place_overlays()

    def _place_overlays(self) -> None:
        right = self._canvas.width() - self._legend.width() - _GAP
        bottom = self._canvas.height() - self._legend.height() - _GAP
        self._legend.move(QPoint(right if self._legend_right else _GAP, _GAP if self._legend_above else bottom))
        # On the other edge than the legend: in a narrow map both do not fit side by side.
        below = self._legend_above or self._legend.isHidden()
        lowest = self._canvas.height() - self._caption.height() - _GAP
        self._caption.move(QPoint(_GAP, lowest if below else _GAP))

    def _find_legend_corner(self) -> None:
        """Lay the legend where it hides the fewest points; only when all are in view, so that it does not wander."""
        wide, high = self._legend.width() + _GAP, self._legend.height() + _GAP
        right, bottom = self._canvas.width() - wide, self._canvas.height() - high
        corners = [(True, True), (False, True), (True, False), (False, False)]
        crowds = [
            self._canvas.crowding(QRectF(right if at_right else 0, 0 if above else bottom, wide, high))
            for at_right, above in corners
        ]
        self._legend_right, self._legend_above = corners[crowds.index(min(crowds))]
        self._place_overlays()
