"""How a check is written, and what it may say: nothing, or what it expected and what it saw."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Subject = TypeVar("Subject")
LONGEST = 300
# Two texts longer than this are shown from shortly before the place where they part.
READABLE = 60
AROUND = 24
# A header by which a served target tells what it raised: type, words, file and line.
RAISED = "X-Vestibule-Check-Raised"


class Unmet(Exception):
    """The target does not do what the contract says."""

    silent = False

    def __init__(self, expected: str, seen: str) -> None:
        super().__init__(f"expected {expected}, saw {seen}")
        self.expected = expected
        self.seen = seen


class NotReady(Unmet):
    """The target did not give what a check starts from, which is the mistake of another one."""


class NotApplicable(Exception):
    """This check cannot be made on this kind of target; the message, if there is one, says why."""


class Check(Generic[Subject]):
    """One check: what it is about, and a function that raises ``Unmet``.

    ``patience`` multiplies the time limit, for checks that put the target under load.
    """

    def __init__(self, key: str, run: Callable[[Subject], None], patience: int) -> None:
        self.key = key
        self.patience = patience
        self._run = run

    def judge(self, subject: Subject) -> dict[str, object]:
        """Return an empty verdict if ``subject`` passes; it may raise anything and be judged."""
        try:
            self._run(subject)
        except NotReady as unready:
            return {**failure(unready.expected, unready.seen), "not_ready": True}
        except Unmet as unmet:
            return failure(unmet.expected, unmet.seen, silent=unmet.silent)
        except NotApplicable as reason:
            return {"not_applicable": True, "reason": short(str(reason))}
        except BaseException as error:  # noqa: BLE001 - targets call sys.exit, and worse
            rule = (self._run.__doc__ or self.key).strip().rstrip(".")
            return failure(f"no exception: {rule}", describe(error))
        return {}


class Checklist(Generic[Subject]):
    """Checks by key, in the order in which they were written; used as a decorator."""

    def __init__(self) -> None:
        self._checks: dict[str, Check[Subject]] = {}

    def __call__(
        self, key: int | str, patience: int = 1
    ) -> Callable[[Callable[[Subject], None]], Callable[[Subject], None]]:
        """Register the decorated function as the check of a task, or of a beyond-check."""

        def register(run: Callable[[Subject], None]) -> Callable[[Subject], None]:
            self._checks[str(key)] = Check(str(key), run, patience)
            return run

        return register

    def __contains__(self, key: object) -> bool:
        return key in self._checks

    def __getitem__(self, key: str) -> Check[Subject]:
        return self._checks[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._checks)


def failure(expected: str, seen: str, silent: bool = False) -> dict[str, object]:
    """Return the verdict of a check that failed; ``silent`` if the target said nothing at all."""
    return {"expected": short(expected), "seen": short(seen), "silent": silent}


def short(text: str) -> str:
    """Return ``text`` on one line, without control characters and not too long to print."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST else line[:LONGEST] + "..."


def apart(expected: str, seen: str) -> tuple[str, str]:
    """Return two texts, or of long ones what differs, with a little of what surrounds it."""
    if max(len(expected), len(seen)) <= READABLE or expected == seen:
        return expected, seen
    start = alike(expected, seen)
    same = alike(expected[start:][::-1], seen[start:][::-1])
    first = start - AROUND if start > AROUND + 3 else 0

    def part(text: str) -> str:
        end = len(text) - same + AROUND
        shown = text[first:end] + ("..." if end + 3 < len(text) else text[end:])
        return ("..." if first else "") + shown

    return part(expected), part(seen)


def alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    pairs = enumerate(zip(one, other))  # noqa: B905 - 3.7
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def describe(error: BaseException) -> str:
    """Return what was raised, in its first line, and where in the target it came from, if there."""
    here = str(Path.cwd()) + os.sep
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(here)]
    place = f" ({frames[-1].filename[len(here) :]}, line {frames[-1].lineno})" if frames else ""
    says = str(error).strip().partition("\n")[0]
    # The place comes last, and is what a reader needs most.
    says = says if len(says) <= LONGEST // 2 else says[: LONGEST // 2] + "..."
    return f"{type(error).__name__}: {says}{place}" if says else type(error).__name__ + place


def equal(what: str, seen: object, expected: object) -> None:
    """Let ``seen`` pass if it equals ``expected``.

    :raises Unmet: it does not.
    """
    if seen != expected:
        wanted, found = apart(repr(expected), repr(seen))
        raise Unmet(f"{what}: {wanted}", found)


def true(what: str, condition: object, seen: object) -> None:
    """Let a target pass if ``condition`` holds.

    :raises Unmet: it does not; ``seen`` tells what is the case instead.
    """
    if not condition:
        raise Unmet(what, seen if isinstance(seen, str) else repr(seen))


def raises(
    what: str, name: str, call: Callable[..., object], *args: object, **kwargs: object
) -> BaseException:
    """Return what ``call`` raised, which must be an exception called ``name``, or a child of it.

    :raises Unmet: it returned, or raised something else.
    """
    try:
        result = call(*args, **kwargs)
    except Exception as error:
        if any(parent.__name__ == name for parent in type(error).__mro__):
            return error
        raise Unmet(f"{what} raises {name}", describe(error)) from error
    raise Unmet(f"{what} raises {name}", f"it returned {result!r}")
