"""Each outcome makes of a message what the tables say: one row a transition."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from retention_engine.actions import Parcel, ParcelState, Reason
from retention_engine.arbitration import Defer, Drop
from retention_engine.delivery import Call, Limits
from retention_engine.delivery.machine import backoff, ended, held_back, later, recovered, refused, resolved, settled
from retention_engine.envelopes import Content, Envelope, Migrated, NotSent, Pace, Rejected, SendOutcome, Sent, Unknown
from retention_engine.timing import HOUR, minutes
from tests.delivery._shop import DAY, MINUTE, SECOND, START, message

P = ParcelState
LIMITS = Limits()
LEASE = START + Pace().call.micros + LIMITS.grace.micros


def begun(on_unknown: str = "drop", valid: int | None = DAY * 2, **words: Any) -> Parcel:
    """Return a row that was begun at START."""
    action = message(on_unknown=on_unknown, valid=valid)
    given = {"state": P.SENDING, "attempt_no": 1, "token": 1, "lease_until": LEASE, "due_at": START}
    return Parcel(action=action, **given | words)


def call_of(parcel: Parcel) -> Call:
    """Return the call of a row."""
    envelope = Envelope(
        key=parcel.key, customer="ann", channel="telegram", address="chat", content=Content(text="hello"), at=START
    )
    return Call(parcel=parcel, envelope=envelope, latest=LEASE)


def after(outcome: SendOutcome, on_unknown: str = "drop", **words: Any) -> tuple[Any, ...]:
    """Return state, counted attempts, kinds of facts, and what the customer suffered from."""
    row = begun(on_unknown, **words)
    change = settled(call_of(row), row, outcome, at=START, limits=LIMITS)
    facts = [fact.KIND.removeprefix("message_").removeprefix("address_") for fact in change.facts]
    return (
        change.parcel.state,
        change.parcel.counted_attempts,
        " ".join(facts),
        change.strike,
    )


OUTCOMES: list[tuple[SendOutcome, tuple[Any, ...]]] = [
    (Sent("m"), (P.SENT, 1, "sent", None)),
    (NotSent("refused"), (P.PENDING, 0, "", None)),
    (NotSent("busy", counts=True, scope="domain"), (P.PENDING, 1, "", None)),
    (NotSent("too_many", retry_after=60, scope="channel"), (P.PENDING, 0, "", None)),
    (NotSent("too_many", retry_after=10**9, scope="channel"), (P.EXPIRED, 0, "failed", None)),
    (Unknown("timeout"), (P.UNKNOWN, 1, "", None)),
    (Unknown("album", partial=True), (P.UNKNOWN, 1, "", None)),
    (Rejected("bad"), (P.DEAD, 1, "failed", None)),
    (Rejected("odd", permanent=False), (P.PENDING, 1, "", None)),
    (Rejected("bad", scope="template"), (P.DEAD, 1, "failed", "template")),
    (Rejected("blocked", scope="address"), (P.SUPPRESSED, 1, "failed suppressed", None)),
    (Rejected("full", scope="address", permanent=False), (P.PENDING, 1, "", None)),
    (Rejected("revoked", scope="channel"), (P.PENDING, 0, "", None)),
    (Migrated("new"), (P.PENDING, 0, "contact_added", None)),
]


@pytest.mark.parametrize(("outcome", "wanted"), OUTCOMES)
def test_an_outcome_of_the_first_try(outcome: SendOutcome, wanted: tuple[Any, ...]) -> None:
    """State, attempts, facts and strike are those of the table; every row has a reason."""
    assert after(outcome) == wanted
    row = begun()
    change = settled(call_of(row), row, outcome, at=START, limits=LIMITS)
    assert change.parcel.reason in (outcome.code, Reason.EXPIRED.value)
    assert change.parcel.state is not P.PENDING or change.parcel.due_at > START


@pytest.mark.parametrize("outcome", [NotSent("x", counts=True), Rejected("x", permanent=False)])
def test_the_eighth_counted_attempt_is_the_last(outcome: SendOutcome) -> None:
    """A message that fails every time dies; what does not count goes on."""
    assert after(outcome, counted_attempts=6)[:2] == (P.PENDING, 7)
    assert after(outcome, counted_attempts=7)[:3] == (P.DEAD, 8, "failed")
    assert after(NotSent("x"), counted_attempts=7, attempt_no=99)[:2] == (P.PENDING, 7)


def test_the_third_soft_failure_of_an_address_is_the_last() -> None:
    """An address that may be good is tried three times over 72 hours; then the message is dead."""
    full = Rejected("full", scope="address", permanent=False)
    row = begun(counted_attempts=1)
    waited = settled(call_of(row), row, full, at=START, limits=LIMITS).parcel.due_at - START
    assert waited == 36 * HOUR
    assert after(full, counted_attempts=1) == (P.PENDING, 2, "", None)
    assert after(full, counted_attempts=2) == (P.DEAD, 3, "failed", "address")


def test_a_channel_may_ask_for_patience() -> None:
    """A mail server is asked again after half an hour, not after seconds."""
    row = begun()
    call = evolve(call_of(row), pace=Pace(patience=minutes(30)))
    assert settled(call, row, NotSent("busy"), at=START, limits=LIMITS).parcel.due_at == START + 30 * MINUTE


UNKNOWNS = [
    ("drop", 0, P.UNKNOWN),
    ("ask", 0, P.UNKNOWN),
    ("retry", 0, P.PENDING),
    ("retry", 1, P.UNKNOWN),
]


@pytest.mark.parametrize(("on_unknown", "before", "state"), UNKNOWNS)
def test_what_is_unknown_follows_its_class(on_unknown: str, before: int, state: ParcelState) -> None:
    """Only ``retry`` is sent again, once; the same after a crash."""
    assert after(Unknown("x"), on_unknown, unknowns=before)[0] is state
    row = begun(on_unknown, state=P.UNKNOWN, unknowns=before + 1, recoveries=1, counted_attempts=1)
    assert recovered(row, at=LEASE, limits=LIMITS).state is state


def test_what_is_partly_unknown_is_never_sent_again() -> None:
    """Of several messages some may have arrived."""
    assert after(Unknown("album", partial=True), "retry")[0] is P.UNKNOWN


def test_the_third_recovery_is_the_end() -> None:
    """A message that kills its workers is dead, but not told as failed: it may have arrived."""
    row = begun("retry", state=P.UNKNOWN, unknowns=1, recoveries=3)
    found = recovered(row, at=LEASE, limits=LIMITS)
    assert (found.state, found.reason) == (P.DEAD, "retries_exhausted")


def test_the_truth_replaces_what_was_assumed() -> None:
    """An outcome that comes after the recovery takes back what the recovery counted."""
    row = begun(state=P.UNKNOWN, unknowns=1, counted_attempts=1, recoveries=1)
    change = settled(call_of(begun()), row, Sent("m"), at=LEASE, limits=LIMITS)
    assert (change.parcel.state, change.parcel.counted_attempts, change.parcel.unknowns) == (P.SENT, 1, 0)
    change = settled(call_of(begun()), row, Rejected("bad"), at=LEASE, limits=LIMITS)
    assert [fact.KIND for fact in change.facts] == ["message_failed"]


def test_what_may_have_arrived_is_not_told_as_failed() -> None:
    """After an unknown outcome the end of a message frees no slot."""
    assert ended(begun(unknowns=1), P.EXPIRED, "expired", START).facts == ()
    assert ended(begun(unknowns=0), P.EXPIRED, "expired", START).facts != ()


REFUSALS = [
    (Defer(START + MINUTE, Reason.QUIET_HOURS), P.PENDING, START + MINUTE),
    (Defer(None, Reason.STOPPED), P.PENDING, START + 5 * MINUTE),
    (Defer(START + 9 * DAY, Reason.FREQUENCY_CAP), P.PENDING, START + 2 * DAY),
    (Drop(Reason.NO_CONSENT), P.SUPPRESSED, START),
    (Drop(Reason.SUPPRESSED), P.SUPPRESSED, START),
    (Drop(Reason.EXITED), P.CANCELLED, START),
    (Drop(Reason.FREQUENCY_CAP), P.CANCELLED, START),
]


@pytest.mark.parametrize(("ruling", "state", "due_at"), REFUSALS)
def test_a_refusal_before_sending(ruling: Defer | Drop, state: ParcelState, due_at: int) -> None:
    """What only waits is looked at again, at the end of its time at the latest; no attempt is counted."""
    row = Parcel(action=message(valid=2 * DAY), due_at=START)
    found = refused(row, ruling, at=START, limits=LIMITS).parcel
    assert (found.state, found.due_at, found.reason) == (state, due_at, ruling.reason.value)
    assert (found.attempt_no, found.counted_attempts) == (0, 0)


def test_waiting_ends_with_the_validity() -> None:
    """What would be due too late expires now if it was tried, and is looked at in time if it was not."""
    row = begun(valid=MINUTE)
    assert later(row, START + MINUTE, "x", at=START, limits=LIMITS).parcel.state is P.EXPIRED
    assert later(row, START + MINUTE - 1, "x", at=START, limits=LIMITS).parcel.state is P.PENDING
    assert held_back(row, START + DAY, "x", at=START, limits=LIMITS).parcel.due_at == START + MINUTE
    assert LIMITS.end_of(begun(valid=None)) == START + 30 * DAY


def test_what_a_person_says() -> None:
    """Sent is sent; not sent is sent again, but for class ``drop``, or when its time is over."""

    def said(on_unknown: str, *, sent: bool, at: int = START) -> ParcelState:
        row = begun(on_unknown, state=P.UNKNOWN, unknowns=1)
        return resolved(row, sent=sent, at=at, limits=LIMITS).parcel.state

    assert [said(name, sent=True) for name in ("drop", "retry", "ask")] == [P.SENT] * 3
    assert [said(name, sent=False) for name in ("drop", "retry", "ask")] == [P.DEAD, P.PENDING, P.PENDING]
    assert said("ask", sent=False, at=START + 2 * DAY) is P.EXPIRED


def test_the_wait_grows_and_is_spread() -> None:
    """It doubles up to ten minutes, differs by key and attempt, and is the same every time."""
    waits = [[backoff(evolve(begun(), action=message(n), attempt_no=a)) for n in range(200)] for a in (1, 5, 10, 99)]
    tops = [2 * SECOND, 32 * SECOND, 600 * SECOND, 600 * SECOND]
    for found, top in zip(waits, tops, strict=True):
        assert min(found) >= SECOND
        assert 0.8 * top < max(found) <= top
    assert waits[3] == [backoff(evolve(begun(), action=message(n), attempt_no=99)) for n in range(200)]
    assert len(set(waits[2])) > 190
