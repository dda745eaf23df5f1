"""HDF5 files as runs: CXI, NeXus and any other layout. All modules here may import h5py inside functions only."""
