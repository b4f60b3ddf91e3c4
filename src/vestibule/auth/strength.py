"""How soon a password would be guessed, by zxcvbn: advice, and never a reason to refuse one.

zxcvbn tries every reading of "4@8" as letters, and some texts have thousands: seconds for one of 72
characters, all of them taken from the visitors of this process. So it sees the beginning of a
password alone, and of its signs that may be letters only some; that costs 10 ms of a core at most,
so far as a search for the dearest has found. And one password at a time: who would wait longer than
people notice is told nothing.
"""

from __future__ import annotations

import logging
import math
import re
from threading import Lock
from typing import NamedTuple

log = logging.getLogger(__name__)

# A password that is good to here is good; one that is bad to here is not made of chance.
MOST_CHARACTERS = 24
MOST_READINGS = 8
# In place of signs that would have more; none of these is read as a letter.
SIGNS = "^~`;:'\"?>&*#_=.,/\\"
PATIENCE_SECONDS = 0.1
# Of an address, more would make the search long.
MOST_OF_NAME = 250

_one_at_a_time = Lock()


class Strength(NamedTuple):
    """What zxcvbn thinks."""

    # 0 is guessed at once, 4 hardly ever.
    score: int
    # What is weak, and what would help; both empty for a good one.
    warning: str
    suggestions: tuple[str, ...]


def estimate(password: str, *names: str) -> Strength | None:
    """The strength of ``password`` for somebody whose ``names`` are known; ``None``: not now.

    The first call takes 15 MB for the word lists, which stay.
    """
    # zxcvbn has no opinion on nothing, and raises.
    if not password or not _one_at_a_time.acquire(timeout=PATIENCE_SECONDS):
        return None
    try:
        return _estimate(password, names)
    except Exception:
        # Advice that cannot be had must not cost anybody an account.
        log.exception("passwords.advice_failed")
        return None
    finally:
        _one_at_a_time.release()


def _estimate(password: str, names: tuple[str, ...]) -> Strength:
    from zxcvbn import matching, zxcvbn  # noqa: PLC0415 - memory, only where advice is asked for.

    known = {part for name in names for part in (name, *re.split(r"\W+", name[:MOST_OF_NAME]))}
    try:
        beginning = _plain(password[:MOST_CHARACTERS], matching.L33T_TABLE)
        found = zxcvbn(beginning, user_inputs=sorted(known - {""}))
    finally:
        # It would keep the names of whoever asked last.
        matching.RANKED_DICTIONARIES["user_inputs"] = {}
    feedback = found["feedback"]
    return Strength(found["score"], feedback["warning"], tuple(feedback["suggestions"]))


def _plain(text: str, letters: dict[str, list[str]]) -> str:
    """``text`` with few readings, where ``letters`` may be written as others: then it has signs."""
    # A line break at the end makes zxcvbn 4.5 raise: "$" matches before it too.
    kept, signs, swapped = "", iter(SIGNS), {ord("\n"): " "}
    for character in dict.fromkeys(text):
        if _readings(kept + character, letters) > MOST_READINGS:
            swapped[ord(character)] = next(signs)
        else:
            kept += character
    return text.translate(swapped)


def _readings(text: str, letters: dict[str, list[str]]) -> int:
    return math.prod(max(1, len(set(text) & set(others))) for others in letters.values())
