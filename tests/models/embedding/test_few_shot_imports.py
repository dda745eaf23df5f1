"""Verdicts are computed in the window's process: they must not load what takes seconds to load."""

from __future__ import annotations

import subprocess
import sys


def test_verdicts_and_the_pca_map_need_numpy_only() -> None:
    script = (
        "import sys, numpy as np\n"
        "from models.embedding.few_shot import cross_validate, fit_head, neighbours, run_statistics, suggest\n"
        "from models.embedding.layout import UmapSettings, pca, umap_layout\n"
        "x = np.random.default_rng(0).standard_normal((40, 8)).astype(np.float32)\n"
        "y = np.arange(8) % 2\n"
        "verdicts = fit_head(x[:8], y, 'ab', run=run_statistics(x)).verdicts(x)\n"
        "suggest(verdicts, x, np.arange(40) < 8, 3), neighbours(x, 0, 3), cross_validate(x[:8], y, 'ab'), pca(x)\n"
        "print([m for m in ('scipy', 'sklearn', 'torch', 'umap', 'numba', 'h5py', 'PyQt6') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
