"""Keeping a file in memory, as a machine does that has nothing else to do with it.

Some give memory back within seconds when nobody asks for it. Loads take turns here: whichever came
first in a turn would measure the disk, and the next one what the first had brought in.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def kept_in_memory(file: Path) -> Iterator[bool]:
    """Have all of ``file`` in memory until the end, and say whether it is sure to stay.

    It is locked there (mlock(2)), or only read once if the process may not do that.
    """
    with file.open("rb") as once:
        while once.read(1 << 20):
            pass
    with file.open("r+b") as data, mmap.mmap(data.fileno(), 0) as pages:
        first = ctypes.c_char.from_buffer(pages)
        try:
            where, many = ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(len(pages))
            yield ctypes.CDLL(None).mlock(where, many) == 0
        finally:
            # Or the map could not be closed, which unlocks it.
            del first
