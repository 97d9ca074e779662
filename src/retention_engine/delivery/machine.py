"""The life of a message as functions: a row and what happened in, the row as it becomes out. No store, no transport."""

from __future__ import annotations

from attrs import evolve

from retention_engine.actions import Parcel, ParcelState, Reason
from retention_engine.arbitration import Defer, Drop
from retention_engine.delivery.base import Call, Change, Limits
from retention_engine.envelopes import Migrated, NotSent, Rejected, SendOutcome, Sent, Unknown
from retention_engine.facts import AddressSuppressed, ContactAdded, Fact, MessageFailed, MessageSent
from retention_engine.keys import fingerprint
from retention_engine.timing import SECOND

_LONGEST_WAIT = 600 * SECOND
_FORBIDDEN = (Reason.NO_CONSENT, Reason.SUPPRESSED, Reason.UNREACHABLE, Reason.CUSTOMER_CHOICE)
_FAILED = (ParcelState.DEAD, ParcelState.SUPPRESSED, ParcelState.EXPIRED, ParcelState.CANCELLED)


def backoff(parcel: Parcel, patience: int = SECOND) -> int:
    """Return how long to wait after a failed try: up to 2^n seconds, 10 minutes at most, spread by key and attempt.

    It is never less than the patience of the channel.
    """
    share = int(fingerprint(parcel.key, str(parcel.attempt_no))[:8], 16)
    longest = min(SECOND << min(parcel.attempt_no, 20), _LONGEST_WAIT)
    return max(patience, longest * share >> 32)


def ended(parcel: Parcel, state: ParcelState, reason: str, at: int) -> Change:
    """Return the end of a message; it is told as failed unless an earlier try of it may have arrived."""
    after = evolve(parcel, state=state, reason=reason)
    told = state in _FAILED and parcel.unknowns == 0
    return Change(parcel=after, facts=(_failed(parcel, reason, at),) if told else ())


def later(parcel: Parcel, due_at: int, reason: str, *, at: int, limits: Limits) -> Change:
    """Return the message as it waits; it expires at once when its time will be over by then."""
    if due_at >= limits.end_of(parcel):
        return ended(parcel, ParcelState.EXPIRED, Reason.EXPIRED.value, at)
    return Change(parcel=evolve(parcel, state=ParcelState.PENDING, due_at=max(due_at, at + 1), reason=reason))


def held_back(parcel: Parcel, due_at: int, reason: str, *, at: int, limits: Limits) -> Change:
    """Return a message that may not be begun now; it is looked at again at ``due_at``, or when its time is over."""
    looked = max(at + 1, min(due_at, limits.end_of(parcel)))
    return Change(parcel=evolve(parcel, due_at=looked, reason=reason))


def refused(parcel: Parcel, ruling: Defer | Drop, *, at: int, limits: Limits) -> Change:
    """Return what becomes of a message that a policy or its journey speaks against."""
    if isinstance(ruling, Defer):
        until = at + limits.hold.micros if ruling.until is None else ruling.until
        return held_back(parcel, until, ruling.reason.value, at=at, limits=limits)
    state = ParcelState.SUPPRESSED if ruling.reason in _FORBIDDEN else ParcelState.CANCELLED
    return ended(parcel, state, ruling.reason.value, at)


def recovered(parcel: Parcel, *, at: int, limits: Limits) -> Parcel:
    """Return what becomes of a message whose holder is gone; the store has made it unknown and counted it."""
    if parcel.recoveries >= limits.recoveries:
        return evolve(parcel, state=ParcelState.DEAD, reason=Reason.RETRIES_EXHAUSTED.value)
    return _unknown(parcel, Reason.UNKNOWN_OUTCOME.value, at=at, limits=limits)


def settled(call: Call, row: Parcel, outcome: SendOutcome, *, at: int, limits: Limits) -> Change:
    """Return what an outcome makes of a message.

    Args:
        row: as it stands now, still under the token of the call; unknown when it was recovered meanwhile.
    """
    if row.state is ParcelState.UNKNOWN:  # what was assumed about this very call is taken back
        row = evolve(row, unknowns=row.unknowns - 1, counted_attempts=row.counted_attempts - 1)
    match outcome:
        case Sent():
            after = evolve(_counted(row), state=ParcelState.SENT, reason=outcome.code, transport_message_id=outcome.id)
            return Change(parcel=after, facts=(_sent(call, at),))
        case Unknown():
            known = evolve(_counted(row), unknowns=row.unknowns + 1)
            if outcome.partial:
                return Change(parcel=evolve(known, state=ParcelState.UNKNOWN, reason=outcome.code))
            return Change(parcel=_unknown(known, outcome.code, at=at, limits=limits))
        case NotSent():
            return _not_sent(call, row, outcome, at=at, limits=limits)
        case Rejected():
            return _rejected(call, row, outcome, at=at, limits=limits)
        case _:
            change = later(row, at + SECOND, outcome.code, at=at, limits=limits)
            return evolve(change, facts=(*change.facts, _moved(call, outcome, at)))


def resolved(parcel: Parcel, *, sent: bool, at: int, limits: Limits) -> Change:
    """Return what a person's word makes of an unknown message; class ``drop`` is not sent again even then."""
    known = evolve(parcel, unknowns=0)
    if sent:
        after = evolve(known, state=ParcelState.SENT, reason=Reason.UNKNOWN_OUTCOME.value)
        return Change(parcel=after, facts=(_sent_fact(parcel, parcel.action.channel, at),))
    if parcel.action.on_unknown == "drop":
        return ended(known, ParcelState.DEAD, Reason.UNKNOWN_OUTCOME.value, at)
    return later(known, at, Reason.UNKNOWN_OUTCOME.value, at=at, limits=limits)


def _counted(parcel: Parcel) -> Parcel:
    return evolve(parcel, counted_attempts=parcel.counted_attempts + 1)


def _unknown(parcel: Parcel, reason: str, *, at: int, limits: Limits) -> Parcel:
    """Return an unknown message by its class; ``parcel`` has this outcome counted already."""
    due_at = at + backoff(parcel)
    again = parcel.action.on_unknown == "retry" and parcel.unknowns <= limits.unknown_retries
    if again and parcel.counted_attempts < limits.attempts and due_at < limits.end_of(parcel):
        return evolve(parcel, state=ParcelState.PENDING, due_at=due_at, reason=reason)
    return evolve(parcel, state=ParcelState.UNKNOWN, reason=reason)


def _tried(
    parcel: Parcel,
    due_at: int,
    reason: str,
    *,
    at: int,
    limits: Limits,
    last: str = Reason.RETRIES_EXHAUSTED.value,
) -> Change:
    """Return a message that used up an attempt and goes on, unless it was the last one."""
    counted = _counted(parcel)
    if counted.counted_attempts >= limits.attempts:
        return ended(counted, ParcelState.DEAD, last, at)
    return later(counted, due_at, reason, at=at, limits=limits)


def _not_sent(call: Call, row: Parcel, outcome: NotSent, *, at: int, limits: Limits) -> Change:
    asked = None if outcome.retry_after is None else int(outcome.retry_after * SECOND)
    own = backoff(row, call.pace.patience.micros)
    wait = own if asked is None else asked + min(own, 5 * SECOND)
    go_on = _tried if outcome.counts else later
    return go_on(row, at + wait, outcome.code, at=at, limits=limits)


def _rejected(call: Call, row: Parcel, outcome: Rejected, *, at: int, limits: Limits) -> Change:
    if outcome.scope == "channel":
        return later(row, at + limits.pause.micros, outcome.code, at=at, limits=limits)
    if outcome.scope == "template":
        return evolve(ended(_counted(row), ParcelState.DEAD, outcome.code, at), strike="template")
    if outcome.scope == "address" and outcome.permanent:
        change = ended(_counted(row), ParcelState.SUPPRESSED, outcome.code, at)
        return evolve(change, facts=(*change.facts, suppression(call, outcome.code, at)))
    if outcome.permanent:
        return ended(_counted(row), ParcelState.DEAD, outcome.code, at)
    if outcome.scope == "address":
        fewer = evolve(limits, attempts=min(limits.attempts, limits.soft_fails))
        change = _tried(row, at + limits.soft_fail.micros, outcome.code, at=at, limits=fewer, last=outcome.code)
        return evolve(change, strike="address") if change.parcel.state is ParcelState.DEAD else change
    return _tried(row, at + backoff(row, call.pace.patience.micros), outcome.code, at=at, limits=limits)


def _sent(call: Call, at: int) -> Fact:
    return _sent_fact(call.parcel, call.envelope.channel, at, call.digest)


def _sent_fact(parcel: Parcel, channel: str | None, at: int, digest: str | None = None) -> Fact:
    action, token = parcel.action, parcel.token
    return MessageSent(
        id=f"sent:{action.key}:{token}",
        customer=action.customer,
        at=at,
        message=action.key,
        rule=action.rule,
        step=action.step,
        template=action.name,
        channel=channel,
        topic=action.topic,
        purpose=action.purpose,
        items=action.items,
        digest=digest,
    )


def _failed(parcel: Parcel, reason: str, at: int) -> Fact:
    key, customer = parcel.key, parcel.action.customer
    return MessageFailed(id=f"failed:{key}", customer=customer, at=at, message=key, reason=reason)


def suppression(call: Call, reason: str, at: int) -> Fact:
    """Return the fact that an address is gone."""
    parcel, envelope = call.parcel, call.envelope
    return AddressSuppressed(
        id=f"suppressed:{parcel.key}:{parcel.token}",
        customer=envelope.customer,
        at=at,
        channel=envelope.channel,
        reason=reason,
        address=envelope.address,
    )


def _moved(call: Call, outcome: Migrated, at: int) -> Fact:
    parcel, envelope = call.parcel, call.envelope
    return ContactAdded(
        id=f"moved:{parcel.key}:{parcel.token}",
        customer=envelope.customer,
        at=at,
        channel=envelope.channel,
        address=outcome.new_address,
    )
