"""Run directories of European XFEL: one file per detector module and sequence, put together by train and pulse.

The layout is read directly (data format 0.5 to 1.x of the facility's data acquisition); docs/formats.md says why not
through EXtra-data, which the tests check it against. Modules here import h5py inside functions only.
"""
