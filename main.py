"""The front door: no verb opens the window, a verb runs headless. `friedel --help` lists them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run Friedel with command-line arguments (default: the process's own); gives the exit status."""
    # Matrix products are spread over threads where we want them; numpy's own threads on top of ours make a busy
    # machine several times slower. Read once, when numpy is loaded.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from app.cli.dispatch import dispatch

    return dispatch(sys.argv[1:] if argv is None else list(argv))


if __name__ == "__main__":
    sys.exit(main())
