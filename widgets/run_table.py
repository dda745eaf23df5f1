"""The runs of a folder in a table: sorted, filtered, opened with a double click or Enter."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PyQt6.QtCore import QEvent, QModelIndex, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedLayout,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from models.runs.run_table import RunRow, RunState
from widgets import icons, theme
from widgets.empty import EmptyState
from widgets.run_table_model import COLUMNS, RUN, STATE_WORDS, STATUS, RunTableModel, first_order
from widgets.text import counted, grouped

_SAMPLES = ("raw/r0238 and its sub-folder", "2026-11-23 00:00:00", "0 000 000", "00000 × 0000", "float32", "000 MB",
            "000 000", "00.0 %")  # fmt: skip
_STEPS = 1000


class _Table(QTableView):
    """A table whose own keys are not taken for the window's: Enter opens a run and labels no frame."""

    _OWN = frozenset(
        {
            Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
            Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Left, Qt.Key.Key_Right,
        }
    )  # fmt: skip

    def event(self, event: QEvent | None) -> bool:
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() in self._OWN
            and event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        ):
            event.accept()
            return True
        return super().event(event)


class RunTableView(QWidget):
    """The runs of one folder, while they are found and afterwards."""

    open_requested = pyqtSignal(str)
    """path of a run"""
    refresh_requested = pyqtSignal()
    folder_requested = pyqtSignal()
    """another folder is to be chosen"""
    cancel_requested = pyqtSignal()
    close_requested = pyqtSignal()
    """back to what was there before the table"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = RunTableModel(self)
        self._folder = ""
        self._busy = False
        self._stopped = False
        self._notes: tuple[str, ...] = ()
        self._title = QLabel("Runs")
        self._title.setFont(theme.title_font(self.font()))
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._where = QLabel()
        self._where.setTextFormat(Qt.TextFormat.PlainText)
        self._where.setMinimumWidth(40)
        self.folder_button = QToolButton()
        self.folder_button.setText("Folder…")
        self.folder_button.setIcon(icons.tool_icon("folder"))
        self.folder_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.folder_button.setToolTip("List the runs of another folder")
        self.refresh_button = QToolButton()
        self.refresh_button.setIcon(icons.tool_icon("refresh"))
        self.refresh_button.setToolTip("Look again: what was written since, labels, hit rates")
        self.close_button = QToolButton()
        self.close_button.setIcon(icons.tool_icon("cross"))
        self.close_button.setAutoRaise(True)
        self.close_button.setToolTip("Back to the start page")
        self.close_button.hide()
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter by name or status")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter")
        self.states = QComboBox()
        self.states.setAccessibleName("Status")
        self.states.addItem("All", None)
        for state, words in STATE_WORDS.items():
            self.states.addItem(words[:1].upper() + words[1:], state)
        self.table = _Table()
        self._set_table_up()
        self._empty = EmptyState()
        self._choose = QPushButton("Choose a folder…")
        self._choose.setIcon(icons.tool_icon("folder"))
        nothing = QWidget()
        inside = QVBoxLayout(nothing)
        inside.addStretch(2)
        inside.addWidget(self._empty)
        inside.addWidget(self._choose, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(3)
        self._stack = QStackedLayout()
        self._stack.addWidget(nothing)
        self._stack.addWidget(self.table)
        self._summary = QLabel()
        self._summary.setMinimumWidth(40)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(120, 6)
        self._bar.setAccessibleName("Progress of listing runs")
        self.cancel_button = QToolButton()
        self.cancel_button.setIcon(icons.tool_icon("cross"))
        self.cancel_button.setAutoRaise(True)
        self.cancel_button.setToolTip("Stop listing; what was found stays")
        self.open_button = QPushButton("Open run")
        self.open_button.setEnabled(False)
        self._lay_out()
        self._connect()
        self._show_what_there_is()
        self._show_busy(None)

    # -- what it is told ---------------------------------------------------------------------------------------------

    def set_folder(self, folder: str) -> None:
        """List another folder from now on: the rows of the one before are gone. "" for none."""
        if folder != self._folder:
            self._folder = folder
            self.model.clear()
        self._where.setText(folder)
        self._where.setToolTip(folder)
        self._show_what_there_is()

    def begin(self) -> None:
        """Rows are on their way."""
        self._busy, self._notes = True, ()
        self._show_busy(None)
        self._show_what_there_is()

    def set_progress(self, fraction: float | None, message: str = "") -> None:
        """How far it is, None where that is not known yet."""
        if self._busy:
            self._show_busy(fraction)
            self._summary.setToolTip(message)

    def add_rows(self, rows: Sequence[RunRow]) -> None:
        """More runs, or newer facts of known ones."""
        self.model.put(rows)
        self._show_what_there_is()

    def finish(self, paths: Collection[str] | None, notes: Sequence[str] = ()) -> None:
        """All rows are there.

        Args:
            paths: of all runs found; rows of others go. None where listing was stopped or failed: they stay.
            notes: sentences on what was not looked into.
        """
        self._busy, self._stopped = False, paths is None
        self._notes = tuple(notes)
        if paths is not None:
            self.model.keep_only(paths)
        self._show_busy(None)
        self._show_what_there_is()
        self._summary.setToolTip("\n".join(notes))

    def set_page(self, page: bool) -> None:
        """Whether the table has the window to itself and a way back, or is a narrow pane that its frame closes."""
        self.close_button.setVisible(page)
        self._title.setVisible(page)
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if page else Qt.ToolButtonStyle.ToolButtonIconOnly
        self.folder_button.setToolButtonStyle(style)
        self.table.setColumnWidth(RUN, self._column_width(RUN) if page else self._column_width(RUN) * 2 // 3)

    # -- what it says ------------------------------------------------------------------------------------------------

    def selected(self) -> str:
        """Path of the run under the cursor, "" for none."""
        index = self.table.currentIndex()
        return self.model.shown[index.row()].path if index.isValid() and index.row() < len(self.model.shown) else ""

    def text(self) -> str:
        """What stands in place of the table, "" while it is shown."""
        return self._empty.text() if self._stack.currentIndex() == 0 else ""

    def summary(self) -> str:
        """The line below the table."""
        return self._summary.text()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _set_table_up(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName("Runs")
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        table.setItemDelegate(theme.RowDelegate(table))
        rows, header = table.verticalHeader(), table.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        rows.setDefaultSectionSize(theme.line_height() + 6)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setSectionsMovable(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSortIndicator(RUN, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorShown(True)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._sort_by)
        self._sorted_by = RUN
        for column in range(len(_SAMPLES)):
            table.setColumnWidth(column, self._column_width(column))

    def _column_width(self, column: int) -> int:
        wide = self.table.fontMetrics()
        title = wide.horizontalAdvance(COLUMNS[column]) + 34
        return max(title, wide.horizontalAdvance(_SAMPLES[column]) + 14)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._title)
        head.addWidget(self._where, 1)
        head.addWidget(self.folder_button)
        head.addWidget(self.refresh_button)
        head.addWidget(self.close_button)
        seek = QHBoxLayout()
        seek.setSpacing(6)
        seek.addWidget(self.filter, 1)
        seek.addWidget(self.states)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self._summary, 1)
        foot.addWidget(self._bar)
        foot.addWidget(self.cancel_button)
        foot.addWidget(self.open_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 6, 8, 6)
        box.setSpacing(5)
        box.addLayout(head)
        box.addLayout(seek)
        box.addLayout(self._stack, 1)
        box.addLayout(foot)
        faint = self._where.palette()
        faint.setColor(faint.ColorRole.WindowText, theme.faint_text(self.palette()))
        self._where.setPalette(faint)

    def _connect(self) -> None:
        self.folder_button.clicked.connect(self.folder_requested)
        self._choose.clicked.connect(self.folder_requested)
        self.refresh_button.clicked.connect(self.refresh_requested)
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.close_button.clicked.connect(self.close_requested)
        self.open_button.clicked.connect(self._open_selected)
        self.filter.textChanged.connect(self._filter)
        self.states.currentIndexChanged.connect(self._filter)
        self.table.activated.connect(self._open)
        selection = self.table.selectionModel()
        assert selection is not None
        selection.selectionChanged.connect(self._show_selection)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            colours = self._where.palette()
            colours.setColor(colours.ColorRole.WindowText, theme.faint_text(self.palette()))
            self._where.setPalette(colours)

    def _sort_by(self, column: int) -> None:
        header = self.table.horizontalHeader()
        assert header is not None
        if column != self._sorted_by:
            # Qt has turned the arrow already; a new column begins where its most telling rows are.
            header.setSortIndicator(column, first_order(column))
        self._sorted_by = column
        self.model.sort(column, header.sortIndicatorOrder())

    def _filter(self) -> None:
        self.model.set_filter(self.filter.text(), self.states.currentData())
        self._show_what_there_is()

    def _open(self, index: QModelIndex) -> None:
        if index.isValid() and index.row() < len(self.model.shown):
            self.open_requested.emit(self.model.shown[index.row()].path)

    def _open_selected(self) -> None:
        if path := self.selected():
            self.open_requested.emit(path)

    def _show_selection(self) -> None:
        self.open_button.setEnabled(bool(self.selected()))

    def _show_busy(self, fraction: float | None) -> None:
        self._bar.setVisible(self._busy)
        self.cancel_button.setVisible(self._busy)
        self.refresh_button.setEnabled(bool(self._folder) and not self._busy)
        if fraction is None:
            self._bar.setRange(0, 0 if self._busy else _STEPS)
        else:
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(round(_STEPS * min(1.0, max(0.0, fraction))))

    def _show_what_there_is(self) -> None:
        """The table, or a sentence in its place; and the line below."""
        model = self.model
        rows = model.rows
        self._choose.setVisible(not self._folder)
        self.filter.setEnabled(bool(rows))
        self.states.setEnabled(bool(rows))
        self._stack.setCurrentIndex(1 if model.shown else 0)
        if not self._folder:
            self._empty.set_text("No folder is listed", "Choose a folder with runs in it or in its sub-folders.")
        elif rows:
            self._empty.set_text("No run matches the filter", "Change the filter to see the others.")
        elif self._busy:
            self._empty.set_text("Looking for runs…", "They appear here as they are found.")
        elif self._stopped:
            self._empty.set_text("Nothing was listed", "Listing ended before a run was found. Refresh looks again.")
        else:
            self._empty.set_text(
                "No runs in this folder", "Neither here nor in its sub-folders is a file that Friedel reads."
            )
        self._summary.setText(self._sum_up(rows) if self._folder else "")
        self._show_selection()

    def _sum_up(self, rows: Sequence[RunRow]) -> str:
        parts = [counted(len(rows), "run")]
        if len(self.model.shown) != len(rows):
            parts[0] = f"showing {grouped(len(self.model.shown))} of {counted(len(rows), 'run')}"
        if frames := sum(row.frames or 0 for row in rows):
            parts.append(counted(frames, "frame"))
        for state in (RunState.WRITTEN, RunState.CHOICE, RunState.UNREADABLE):
            if number := sum(row.state is state for row in rows):
                words = "need a choice" if state is RunState.CHOICE and number > 1 else STATE_WORDS[state]
                parts.append(f"{grouped(number)} {words}")
        if self._notes:
            parts.append(self._notes[0] + (" …" if len(self._notes) > 1 else ""))
        return " · ".join(parts)


assert len(_SAMPLES) == STATUS, "a sample of every column but the last, which takes the room that is left"
