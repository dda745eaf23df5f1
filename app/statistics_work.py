"""What the worker process of a pass over a run does. Imported there only, by name."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from models.treatment import RunReference


def pass_over(
    source: RunReference,
    folder: str,
    codes: npt.NDArray[np.integer[Any]] | None,
    names: Sequence[str],
    values: Mapping[str, Any],
) -> Generator[Progress, None, str]:
    """Statistics of all frames of a run, and of each class, kept in the workspace `folder`; gives their file."""
    yield Progress(done=0, unit="frames", message="opening the run")
    from models.parameters import from_dict
    from models.statistics import StatisticsSettings, run_statistics
    from models.workspace.statistics import save_statistics, statistics_path

    settings = from_dict(StatisticsSettings, values)
    made = yield from run_statistics(source, None, codes, names, settings)
    run = source.open()
    digest = run.identity.pixels
    run.close()
    path = statistics_path(Path(folder), digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_statistics(path, made, run_digest=digest)
    return str(path)
