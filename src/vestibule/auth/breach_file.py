"""A list of stolen passwords in a file, searched and never read whole: it has 40 GB."""

from __future__ import annotations

from pathlib import Path

from vestibule.config import hash_after


def count_in_file(path: Path, sha1: str) -> int:
    """How often the password with this hash (upper case) was stolen, by the list at ``path``.

    Lines are in the order of their hashes: 36 looks find one in 40 GB.

    :raises OSError: the file cannot be read.
    :raises ValueError: it holds something else.
    """
    with path.open("rb") as file:
        # The first line with this hash or a later one begins in ``low`` to ``high``.
        low, high = 0, file.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            found = hash_after(file, middle)
            if found is None or found[0] >= sha1:
                high = middle
            else:
                low = file.tell()
        found = hash_after(file, low)
    return found[1] if found and found[0] == sha1 else 0
