from __future__ import annotations

import numpy as np
import pytest

from models.phasing.starts import run as run_module
from models.phasing.types import Prtf, Reconstruction, Trust
from models.progress import Progress
from tests.models.phasing.starts.fakes import FakeMaterial


def fake_assemble(pattern, starts, settings, held_out, *, changes=(), ranking=None):
    """A reconstruction that only holds what it was given."""
    yield Progress(done=1, total=1, unit="starts", message="averaging")
    empty = np.zeros(0, np.float32)
    return Reconstruction(
        pattern=pattern,
        object=starts[0].object,
        support=starts[0].support,
        held_out=held_out,
        starts=tuple(sorted(starts, key=lambda start: start.free_log_likelihood)),
        kept=1,
        agreement=empty,
        modes=np.zeros((0, 1), np.complex64),
        mode_weights=empty,
        prtf=Prtf(empty, empty, np.zeros(0, np.int32)),
        trust=Trust(starts=len(starts), warnings=("first",)),
        settings={},
        changes=changes,
    )


@pytest.fixture
def faked(monkeypatch):
    """Fake solvers and a fake reconstruction; returns what the solvers are made of, to be changed by the test."""
    options = {"each_s": 0.0, "trouble": {}}

    class Write:
        @staticmethod
        def write(folder, pattern, held_out, device):
            return FakeMaterial(folder, **options)

    monkeypatch.setattr(run_module, "Material", Write)
    monkeypatch.setattr(run_module, "assemble", fake_assemble)
    return options
