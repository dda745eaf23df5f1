"""Version, licence and libraries, without importing any of the heavy ones."""

from __future__ import annotations

import importlib.metadata
import platform

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR
from PyQt6.QtWidgets import QMessageBox, QWidget

LIBRARIES = ("numpy", "h5py", "hdf5plugin", "pyqtgraph", "torch", "scikit-learn", "numba")


def version(distribution: str) -> str:
    """Installed version of a distribution; "not installed" where it is absent."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def about_box(parent: QWidget) -> QMessageBox:
    libraries = "".join(f"<tr><td>{name}&nbsp;&nbsp;</td><td>{version(name)}</td></tr>" for name in LIBRARIES)
    box = QMessageBox(parent)
    box.setObjectName("about")
    box.setWindowTitle("About Friedel")
    box.setText(f"<h3>Friedel {version('friedel').replace('not installed', '0.1.0')}</h3>")
    box.setInformativeText(
        "A workbench for coherent X-ray diffraction frames, named for Friedel's law: I(q) = I(−q).<br><br>"
        "The sources are under the BSD 3-clause licence; the window as distributed follows PyQt6's terms (GPL 3)."
        f"<br><br><table><tr><td>Python&nbsp;&nbsp;</td><td>{platform.python_version()}</td></tr>"
        f"<tr><td>PyQt / Qt&nbsp;&nbsp;</td><td>{PYQT_VERSION_STR} / {QT_VERSION_STR}</td></tr>{libraries}</table>"
    )
    return box
