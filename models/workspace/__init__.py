"""What was made of a run and must never be lost: labels, results, exports. Start at `open_workspace`."""

from models.workspace.classes import DEFAULT_CLASSES, MARKERS, UNSURE, LabelClass
from models.workspace.entries import Entry
from models.workspace.labels import Labels
from models.workspace.record import UNLABELLED_CODE, UNSURE_CODE, Conflict, Said
from models.workspace.state import RunState
from models.workspace.workspace import Workspace, open_workspace
from models.workspace.writer import SavedEntry

__all__ = [
    "DEFAULT_CLASSES",
    "MARKERS",
    "UNLABELLED_CODE",
    "UNSURE",
    "UNSURE_CODE",
    "Conflict",
    "Entry",
    "LabelClass",
    "Labels",
    "RunState",
    "Said",
    "SavedEntry",
    "Workspace",
    "open_workspace",
]
