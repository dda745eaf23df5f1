"""A reconstruction as a file: CXI with everything, NPY and pictures of the object; and CXI read back."""

from models.phasing.export.cxi import save_cxi
from models.phasing.export.pictures import SHOWN, picture, save_npy, save_picture
from models.phasing.export.read import read_reconstruction
from models.phasing.export.saving import SUFFIXES, save

__all__ = ["SHOWN", "SUFFIXES", "picture", "read_reconstruction", "save", "save_cxi", "save_npy", "save_picture"]
