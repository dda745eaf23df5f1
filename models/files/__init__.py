"""Files that are whole or not there at all: written aside, flushed to the disk, then renamed; also HDF5."""
