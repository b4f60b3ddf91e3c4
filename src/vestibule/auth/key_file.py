"""The file that the service keeps its secret keys in, and makes on its first run."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from vestibule.config import KEY_BYTES, PREFIX, BadSetting, parse_keys

log = logging.getLogger(__name__)
NAME = "secret.keys"


class KeyFile:
    """The keys in a file, newest first, as they are now: whoever rotates them stops nobody."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = str(path)
        # Of the file that was read, and what was in it: one value, so that threads see both.
        self._read = (_stamp(self._name), _keys_in(path))

    @classmethod
    def open(cls, folder: Path) -> KeyFile:
        """The file in the data directory, made with one key of 256 random bits if it is not there.

        Of several processes that make it at once, one does, and all read what that one made.

        :raises BadSetting: it cannot be made or read, or others may read it.
        """
        path = folder / NAME
        if not path.exists():
            with _in_words(path), suppress(FileExistsError), _written_beside(path, _new()) as made:
                # A link appears whole or not at all, and never in the place of another.
                os.link(made, path)
        return cls(path)

    def __call__(self) -> tuple[bytes, ...]:
        """The keys, newest first. A file that is lost or spoilt meanwhile changes nothing."""
        stamp, keys = self._read
        now = _stamp(self._name)
        if now is None or now == stamp:
            return keys
        try:
            keys = _keys_in(self.path)
        except BadSetting:
            log.exception("keys.unreadable")
        self._read = (now, keys)
        return keys

    def rotate(self) -> None:
        """Put a new key before the others, which are still read.

        :raises BadSetting: the file cannot be read or written.
        """
        _keys_in(self.path)
        with _in_words(self.path):
            old = self.path.stat()
            with _written_beside(self.path, _new() + self.path.read_text("ascii")) as made:
                # Whoever runs the command, the service's account must still be able to read it.
                os.chown(made, old.st_uid, old.st_gid)
                made.rename(self.path)


def _new() -> str:
    return f"{secrets.token_hex(KEY_BYTES)}\n"


def _stamp(name: str) -> tuple[int, int, int] | None:
    """What differs between two states of the file; two microseconds."""
    try:
        status = os.stat(name)  # noqa: PTH116 - three times as fast as Path's.
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _keys_in(path: Path) -> tuple[bytes, ...]:
    with _in_words(path):
        if path.stat().st_mode & 0o077:
            raise BadSetting(f"{path} can be read by others than its owner: chmod 600 {path}.")
        text = path.read_bytes().decode("ascii", "replace")
    try:
        return parse_keys(text)
    except ValueError as error:
        raise BadSetting(f"{path}: {error}.") from None


@contextmanager
def _written_beside(path: Path, text: str) -> Iterator[Path]:
    """A file with ``text`` beside ``path``, on the disk and for its owner alone; then gone."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=".keys-", delete=False) as file:
        made = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            yield made
            _sync(path.parent)
        finally:
            made.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Have the names in ``folder`` survive a power cut, as what is sealed with the key will."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise BadSetting(
            f"data ({PREFIX}DATA): cannot use the secret keys in {path}: {error.strerror}."
        ) from error
