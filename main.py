"""The front door: no verb opens the window, a verb runs headless. `friedel --help` lists them."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run Friedel with command-line arguments (default: the process's own); gives the exit status."""
    from app.cli.dispatch import dispatch

    return dispatch(sys.argv[1:] if argv is None else list(argv))


if __name__ == "__main__":
    sys.exit(main())
