"""A database that is measured stays in memory meanwhile."""

from __future__ import annotations

from pathlib import Path

from bench.keeping import kept_in_memory


def locked() -> int:
    """Kilobytes that this process has locked in memory."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmLck"))


def test_all_of_it_is_locked_until_the_end_if_that_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "database"
    file.write_bytes(bytes(40 * 4096))
    before = locked()
    with kept_in_memory(file) as sure:
        assert locked() - before == (160 if sure else 0)
        with file.open("ab") as written:
            written.write(b"more, as a service does")
    assert locked() == before
