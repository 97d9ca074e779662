"""What should happen: actions, the decisions that hold them, and the reasons for every refusal."""

from __future__ import annotations

from enum import StrEnum

from attrs import evolve, field, frozen

from retention_engine.keys import fingerprint
from retention_engine.timing import to_datetime
from retention_engine.values import Scalar


class Reason(StrEnum):
    """Why something did not happen, or ended. Codes are stored and never renamed or reused."""

    NO_CONSENT = "no_consent"
    SUPPRESSED = "suppressed"
    UNREACHABLE = "unreachable"
    HOLDOUT = "holdout"
    CONTROL = "control"
    FREQUENCY_CAP = "frequency_cap"
    QUIET_HOURS = "quiet_hours"
    LOWER_PRIORITY = "lower_priority"
    CUSTOMER_CHOICE = "customer_choice"
    FATIGUE = "fatigue"
    VARIETY = "variety"
    OPEN_CLAIM = "open_claim"
    EXITED = "exited"
    CONDITION_FALSE = "condition_false"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"
    LATE_FACT = "late_fact"
    ITEM_UNAVAILABLE = "item_unavailable"
    NO_PROMO_CODE = "no_promo_code"
    EMPTY_CONTENT = "empty_content"
    TEMPLATE_ERROR = "template_error"
    CHANNEL_PAUSED = "channel_paused"
    RULE_PAUSED = "rule_paused"
    STOPPED = "stopped"
    REJECTED = "rejected"
    RETRIES_EXHAUSTED = "retries_exhausted"
    UNKNOWN_OUTCOME = "unknown_outcome"
    CANCELLED = "cancelled"
    RE_ENTRY = "re_entry"
    STEP_REMOVED = "step_removed"
    COOL_DOWN = "cool_down"
    BEST_HOUR = "best_hour"


class Outcome(StrEnum):
    """What was decided about one step of one occasion."""

    ACT = "act"
    """An action is due now."""
    WAIT = "wait"
    """The journey stands at this step until an instant, or until something becomes true."""
    DEFER = "defer"
    """A message may not be sent yet: it waits until an instant, or until a fact, with a reason."""
    DROP = "drop"
    """The occasion is refused for good, or one message of its journey, with a reason."""
    ARM = "arm"
    """The customer was put into a variant of an experiment."""
    EXIT = "exit"
    """The journey was left early, with a reason."""
    DONE = "done"
    """The journey ended after a wait with nothing more to do."""


@frozen(kw_only=True)
class Action:
    """Something due for one customer; carried out by a transport or by the host.

    Attributes:
        kind: ``send``, or the word given to ``Do``.
        name: the template of a message, or what a general action is about.
        channel: where to, or None: the delivery chooses.
        topic: the consent topic of a message.
        purpose: ``marketing``, ``service`` or ``transactional``.
        items: what the message shows, such as article numbers.
        data: plain values for the template or the host; not part of the ``repr``.
        due: the instant it became due, microseconds UTC.
        valid_until: exclusive; from this instant on it must not be carried out any more. None: no limit.
        on_unknown: when nobody knows whether it was sent: ``drop``, ``retry`` or ``ask``.
        reason: the trigger, in one line.
        because: the evidence, one line per part of the question.
    """

    rule: str
    customer: str
    occasion: str
    step: str
    kind: str
    name: str
    channel: str | None = None
    topic: str | None = None
    purpose: str = "marketing"
    items: tuple[str, ...] = ()
    data: dict[str, Scalar] = field(factory=dict, repr=False)
    due: int
    valid_until: int | None = None
    on_unknown: str = "drop"
    reason: str = ""
    because: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The identity as 32 hexadecimal digits: the same decision has the same key, for ever."""
        return fingerprint(*self.identity)

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Rule, customer, occasion and step."""
        return (self.rule, self.customer, self.occasion, self.step)

    def __str__(self) -> str:
        """Return one line for people."""
        to = f" by {self.channel}" if self.channel else ""
        return f"{to_datetime(self.due):%Y-%m-%d %H:%M} {self.kind} {self.name!r} to {self.customer}{to}: {self.reason}"


class ParcelState(StrEnum):
    """Where a row of the outbox stands. Codes are stored and never renamed or reused."""

    PENDING = "pending"
    """Waits for its time, or for the one after a failed try."""
    SENDING = "sending"
    """Somebody holds it; the transport may have been called."""
    SENT = "sent"
    """The transport accepted it."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was sent."""
    DEAD = "dead"
    """It can never be delivered, or was tried too often."""
    SUPPRESSED = "suppressed"
    """The address or the customer's choice forbids it."""
    EXPIRED = "expired"
    """Its time passed."""
    CANCELLED = "cancelled"
    """It is not wanted any more."""


@frozen(kw_only=True)
class Parcel:
    """One row of the outbox: an action on its way.

    Attributes:
        attempt_no: how often it was begun; never falls.
        counted_attempts: how many of these used up an attempt.
        unknowns: how many outcomes nobody knows.
        recoveries: how often it was found held by somebody who is gone.
        token: changes whenever somebody takes it; who holds an older one has lost it.
        lease_until: until when it is held, microseconds UTC; None: it was never held.
        due_at: when it is looked at next, microseconds UTC.
        reason: a stable code: why it waits, or how it ended.
        transport_message_id: the transport's own name for what was sent.
    """

    action: Action
    state: ParcelState = ParcelState.PENDING
    attempt_no: int = 0
    counted_attempts: int = 0
    unknowns: int = 0
    recoveries: int = 0
    token: int = 0
    lease_until: int | None = None
    due_at: int
    reason: str | None = None
    transport_message_id: str | None = None

    @property
    def key(self) -> str:
        """The key of the action."""
        return self.action.key

    def begun(self, lease_until: int) -> Parcel:
        """Return it held by somebody, for one more attempt, under a new token."""
        number, token = self.attempt_no + 1, self.token + 1
        return evolve(self, state=ParcelState.SENDING, attempt_no=number, token=token, lease_until=lease_until)

    def recovered(self) -> Parcel:
        """Return it with an attempt used up of which nobody knows the outcome, as who held it is gone."""
        return evolve(
            self,
            state=ParcelState.UNKNOWN,
            counted_attempts=self.counted_attempts + 1,
            unknowns=self.unknowns + 1,
            recoveries=self.recoveries + 1,
        )


@frozen(kw_only=True)
class Decision:
    """One line of the journal: what was decided about a step of an occasion, when and why.

    Attributes:
        at: the instant of the decision, microseconds UTC.
        until: for WAIT and DEFER: when the wait ends by itself, None when only a fact ends it.
        due: for DEFER: when the message became due.
        reason: for DEFER, DROP and EXIT: why.
        variant: for ARM: its name.
        because: the evidence, one line per part of the question.
        action: for ACT: what is due.
    """

    at: int
    rule: str
    customer: str
    occasion: str
    step: str
    outcome: Outcome
    until: int | None = None
    due: int | None = None
    reason: Reason | None = None
    variant: str | None = None
    because: tuple[str, ...] = ()
    action: Action | None = None
