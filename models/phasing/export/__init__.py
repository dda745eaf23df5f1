"""A reconstruction as a file: CXI with everything, NPY and pictures of the object; and CXI read back."""

from models.phasing.export.cxi import save_cxi
from models.phasing.export.pictures import SHOWN, picture, save_npy, save_picture
from models.phasing.export.read import Summary, read_reconstruction, read_summary
from models.phasing.export.saving import SUFFIXES, save

__all__ = [
    "SHOWN",
    "SUFFIXES",
    "Summary",
    "picture",
    "read_reconstruction",
    "read_summary",
    "save",
    "save_cxi",
    "save_npy",
    "save_picture",
]
