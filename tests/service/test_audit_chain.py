"""The chain of the audit trail: whatever is changed in it, cut off, put in or moved is noticed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from vestibule.auth.chain import HEAD, LOST_HEAD, START, TAIL, Chain, Place, Verdict
from vestibule.auth.keys import Keys
from vestibule.records import AuditEvent, AuditMark

KEYS = [bytes(range(first, first + 32)) for first in (0, 100, 200)]
CHAIN = Chain(Keys(lambda: tuple(KEYS[:1]), None))
THIEF = Chain(Keys(lambda: tuple(KEYS[1:2]), None))
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
FIELDS = ("id", "at", "act", "outcome", "user", "session", "origin", "request_id")
# Few values, so that rows are often alike: what is alike must be told apart too.
words = st.sampled_from([None, "", "a", "b", '","', "accepted"])
facts = st.fixed_dictionaries(
    {
        "at": st.integers(0, 3).map(lambda seconds: NOON + timedelta(seconds=seconds)),
        "act": st.sampled_from(["login", "register"]),
        "outcome": st.sampled_from(["accepted", "credentials_wrong"]),
        "user": words,
        "session": words,
        "origin": words,
        "request_id": words,
    }
)
trails = st.lists(facts, min_size=1, max_size=6)
Rows = list[AuditEvent]


def mark(name: str, place: Place, chain: Chain = CHAIN) -> AuditMark:
    return AuditMark(
        mark=name, event_id=place.number, digest=place.digest, seal=chain.seal(name, place)
    )


def chained(
    trail: list[dict[str, Any]], place: Place = START, chain: Chain = CHAIN
) -> tuple[Rows, AuditMark]:
    rows = []
    for each in trail:
        row = AuditEvent(id=place.number + 1, **each)
        row.digest = chain.link(place.digest, row)
        place = Place(row.id, row.digest)
        rows.append(row)
    return rows, mark(HEAD, place)


def copy(row: AuditEvent) -> AuditEvent:
    return AuditEvent(**{name: getattr(row, name) for name in (*FIELDS, "digest")})


def faulty(rows: Rows, head: AuditMark | None, tail: AuditMark | None = None) -> bool:
    return CHAIN.examine(rows, tail, head).fault is not None


@given(trails)
def test_what_nobody_touched_holds(trail: list[dict[str, Any]]) -> None:
    rows, head = chained(trail)
    assert CHAIN.examine(rows, None, head) == Verdict(len(rows), Place(len(rows), rows[-1].digest))


def test_nothing_at_all_holds() -> None:
    assert CHAIN.examine([], None, None) == Verdict(0, START)


@given(trails, st.data())
def test_a_changed_field_is_noticed(trail: list[dict[str, Any]], data: st.DataObject) -> None:
    rows, head = chained(trail)
    row = data.draw(st.sampled_from(rows))
    name = data.draw(st.sampled_from((*FIELDS, "digest")))
    before = getattr(row, name)
    values = {"id": st.integers(0, 9), "at": st.just(NOON + timedelta(microseconds=1))}
    other = data.draw(values.get(name, words))
    assume(other != before)
    setattr(row, name, other)
    assert faulty(rows, head)


@given(trails, st.data())
def test_removed_rows_are_noticed_wherever_they_were(
    trail: list[dict[str, Any]], data: st.DataObject
) -> None:
    rows, head = chained(trail)
    gone = data.draw(st.sets(st.sampled_from(range(len(rows))), min_size=1))
    assert faulty([row for number, row in enumerate(rows) if number not in gone], head)


@given(trails, trails, st.data())
def test_a_row_that_was_put_in_is_noticed(
    trail: list[dict[str, Any]], other: list[dict[str, Any]], data: st.DataObject
) -> None:
    rows, head = chained(trail)
    strange = data.draw(st.sampled_from([*chained(other)[0], *map(copy, rows)]))
    strange.id = data.draw(st.integers(0, len(rows) + 2))
    rows.insert(data.draw(st.integers(0, len(rows))), strange)
    assert faulty(rows, head)


@given(st.lists(facts, min_size=2, max_size=6), st.booleans(), st.data())
def test_rows_in_another_order_are_noticed(
    trail: list[dict[str, Any]], renumbered: bool, data: st.DataObject
) -> None:
    rows, head = chained(trail)
    order = data.draw(st.permutations(rows))
    assume(order != rows)
    if renumbered:
        for number, row in enumerate(order, 1):
            row.id = number
    assert faulty(order, head)


@given(trails, trails)
def test_who_has_no_key_cannot_write_another_end(
    trail: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    rows, head = chained(trail)
    more, _ = chained(other, Place(rows[-1].id, rows[-1].digest), THIEF)
    forged = mark(HEAD, Place(more[-1].id, more[-1].digest), THIEF)
    assert faulty([*rows, *more], forged)
    assert faulty([*rows, *more], head)
    assert faulty(rows, None)
    assert faulty(rows, mark(HEAD, Place(head.event_id, head.digest), THIEF))
    head.seal = CHAIN.seal(TAIL, Place(head.event_id, head.digest))
    assert faulty(rows, head)


@given(trails, st.data())
def test_what_was_swept_leaves_a_mark_and_the_rest_holds(
    trail: list[dict[str, Any]], data: st.DataObject
) -> None:
    rows, head = chained(trail)
    swept = data.draw(st.integers(1, len(rows)))
    last = Place(rows[swept - 1].id, rows[swept - 1].digest)
    tail = mark(TAIL, last)
    verdict = CHAIN.examine(rows[swept:], tail, head)
    assert (verdict.count, verdict.fault) == (len(rows) - swept, None)
    assert faulty(rows[swept:], head, mark(TAIL, last, THIEF))
    assert faulty(rows[swept:], head)
    assert faulty(rows, head, tail)


@given(trails)
def test_an_end_that_was_cut_together_with_its_mark_is_known_by_a_later_row(
    trail: list[dict[str, Any]],
) -> None:
    rows, head = chained(trail)
    seen = Place(rows[-1].id, rows[-1].digest)
    before = Place(rows[-2].id, rows[-2].digest) if len(rows) > 1 else START
    earlier = mark(HEAD, before)
    assert not faulty(rows[:-1], earlier)
    assert CHAIN.examine(rows[:-1], None, earlier, seen).fault
    assert CHAIN.examine(rows, None, head, seen).fault is None
    assert CHAIN.examine(rows, None, head, Place(seen.number, "other")).fault


@given(trails, trails)
def test_rows_of_an_older_key_hold_after_a_rotation(
    trail: list[dict[str, Any]], other: list[dict[str, Any]]
) -> None:
    rows, _ = chained(trail, chain=THIEF)
    more, _ = chained(other, Place(rows[-1].id, rows[-1].digest))
    head = mark(HEAD, Place(more[-1].id, more[-1].digest))
    rotated = Chain(Keys(lambda: tuple(KEYS[:2]), None))
    assert rotated.examine([*rows, *more], None, head).fault is None


def test_the_place_where_the_newest_mark_was_lost_is_told() -> None:
    row = {"at": NOON, "act": LOST_HEAD, "outcome": "lost"}
    rows, head = chained([row])
    assert "missing or forged" in (CHAIN.examine(rows, None, head).fault or "")
