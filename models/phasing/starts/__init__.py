"""Many starts side by side: ranked while they run, steered, and made into one reconstruction."""

from models.phasing.starts.run import run_starts
from models.phasing.starts.types import (
    Change,
    Command,
    GiveUp,
    GoOn,
    Pause,
    StartRow,
    StartsProgress,
    Step,
    Stop,
    Watch,
)

__all__ = [
    "Change",
    "Command",
    "GiveUp",
    "GoOn",
    "Pause",
    "StartRow",
    "StartsProgress",
    "Step",
    "Stop",
    "Watch",
    "run_starts",
]
