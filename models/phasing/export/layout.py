"""Where a reconstruction keeps what, in a CXI 1.6 file (F. Maia, Nat. Methods 9, 854).

`/entry_1/image_1` is the average of the kept starts; `image_2`, `image_3` … are all starts, best first, aligned to
the best. Each has `data` (complex, real space, quadrants not shifted) and `mask`, whose bit 0x10000 is the support.
The pattern is what `instrument_1/detector_1` recorded: `data`, `mask` (0 = measured) and `held_out`. `result_1` has
the PRTF, agreement, modes and figures of trust, `process_1` the settings, versions and, where it was given, the
`first_support`. `data_1` links to the average.
Lengths are in metres, as CXI wants them.
"""

from __future__ import annotations

VERSION = 1
"""Goes up when a file can no longer be read by the reader of before."""
MARK = "friedel_reconstruction"
"""Attribute of the root: the version."""
ENTRY = "entry_1"
IMAGE = "entry_1/image_{}"
DETECTOR = "entry_1/instrument_1/detector_1"
RESULT = "entry_1/result_1"
PROCESS = "entry_1/process_1"
INSIDE_SUPPORT = 0x10000
NOT_MEASURED = 0x80
NM = 1e-9
HISTORY = ("iteration", "r_factor", "free_log_likelihood", "support_pixels")
START_NUMBERS = ("seed", "r_factor", "free_log_likelihood", "iterations", "seconds")
START_WORDS = ("ended", "schedule", "refinement")
"""Fields of `Start` beside its arrays."""
