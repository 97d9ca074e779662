"""The accounts of one customer: folded from the facts of the ledger, and the desk where commands become such facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from json import dumps

from attrs import define, evolve, field

from retention_engine.errors import KeyConflict, LedgerError
from retention_engine.facts import Fact, LedgerPosted, LedgerRefused
from retention_engine.keys import fingerprint
from retention_engine.loyalty import Account, Bucket, Command, Entry, State, Terms, apply, decide, replay, state_at
from retention_engine.loyalty import from_json as entry_from_json
from retention_engine.loyalty import to_json as entry_to_json
from retention_engine.loyalty.changes import Change, Issued, Joined, Left, Moved
from retention_engine.state import History, posted_to

_MOST_KEPT = 8_192
_kept: dict[str, Entry] = {}
_OPEN = (Bucket.PENDING, Bucket.AVAILABLE, Bucket.HELD)


def read_entry(text: str) -> Entry:
    """Return the entry that a text holds; kept, for the accounts of a customer are read again and again.

    Raises:
        LedgerError: the text is no entry.
    """
    found = _kept.get(text)
    return _keep(text, entry_from_json(text)) if found is None else found


def _keep(text: str, entry: Entry) -> Entry:
    if len(_kept) >= _MOST_KEPT:
        _kept.clear()
    _kept[text] = entry
    return entry


def entries_of(posted: Iterable[LedgerPosted]) -> list[Entry]:
    """Return the entries that facts hold, in their order.

    Raises:
        LedgerError: a text is no entry.
    """
    return [read_entry(fact.entry) for fact in posted]


def account_state(history: History, account: Account) -> State:
    """Return an account as the facts folded so far tell it; kept beside the history, to be read only."""
    posted = posted_to(history, account.programme, account.unit.code)
    key = ("account", account)
    known, before = history.memo.get(key, (0, None))
    state: State = replay(account, entries_of(posted)) if before is None else before
    for entry in entries_of(posted[known:] if before is not None else ()):
        state = apply(state, entry)
    history.memo[key] = len(posted), state
    return state


@define
class Books:
    """The accounts of one customer with everything posted to them, known late or early.

    Attributes:
        terms: of the programmes, by name.
        posted: the facts of each account, by (programme, code of the unit), in their order.
    """

    customer: str
    terms: Mapping[str, Terms]
    posted: dict[tuple[str, str], list[LedgerPosted]] = field(factory=dict)
    _keys: dict[tuple[str, str], LedgerPosted] = field(factory=dict)
    _refused: set[tuple[str, str, str]] = field(factory=set)
    _states: dict[Account, State] = field(factory=dict)

    @classmethod
    def of(cls, customer: str, terms: Mapping[str, Terms], facts: Iterable[Fact]) -> Books:
        """Collect what was posted to the customer's accounts."""
        books = cls(customer, terms)
        given = list(facts)
        for fact in sorted((fact for fact in given if isinstance(fact, LedgerPosted)), key=lambda fact: fact.seq):
            books._keep(fact)
        for refused in (fact for fact in given if isinstance(fact, LedgerRefused)):
            books._note(refused)
        return books

    def _note(self, fact: LedgerRefused) -> LedgerRefused:
        self._refused.add((fact.programme, fact.unit, fact.key))
        return fact

    def _keep(self, fact: LedgerPosted) -> None:
        self.posted.setdefault((fact.programme, fact.unit), []).append(fact)
        self._keys[fact.programme, fact.key] = fact

    def state(self, account: Account) -> State:
        """Return an account as of its last entry; to be read only."""
        if account not in self._states:
            rows = self.posted.get((account.programme, account.unit.code), [])
            self._states[account] = replay(account, entries_of(rows))
        return self._states[account]

    def state_at(self, account: Account, at: int) -> State:
        """Return an account as it was at an instant, without what is dated later."""
        rows = self.posted.get((account.programme, account.unit.code), [])
        return state_at(account, entries_of(rows), at)

    def state_by(self, account: Account, at: int) -> State:
        """Return an account as of its last entry up to an instant: the counter may have gone ahead of the walk."""
        state = self.state(account)
        return state if state.at <= at else self.state_at(account, at)

    def is_refused(self, command: Command) -> bool:
        """Tell whether a command was refused before: it is not tried again, whatever came meanwhile."""
        account = command.account
        return self.knows_refusal((account.programme, account.unit.code, command.key))

    def knows_refusal(self, name: tuple[str, str, str]) -> bool:
        """Tell whether there is a refusal under a programme, the code of a unit and a key."""
        return name in self._refused

    def has_used(self, command: Command) -> bool:
        """Tell whether the key of a command was used, for whatever."""
        return (command.account.programme, command.key) in self._keys

    def known(self, command: Command) -> LedgerPosted | None:
        """Return the fact of an earlier command of the same key.

        Raises:
            KeyConflict: that one asked for something else.
        """
        found = self._keys.get((command.account.programme, command.key))
        if found is not None and read_entry(found.entry).fingerprint != command.fingerprint:
            raise KeyConflict(command.key)
        return found

    def post(self, command: Command, learned: int | None = None) -> list[LedgerPosted]:
        """Carry out a command on the customer's own account and return its fact; nothing when it was done before.

        Its instant is that of the last entry when it would be earlier: entries are recorded one after another.

        Raises:
            LedgerError: it is refused; nothing changed.
        """
        if self.known(command) is not None:
            return []
        state = self.state(command.account)
        if state.alias is not None:
            raise LedgerError(f"this account belongs to {state.alias} now", code="merged")
        later = command if command.at >= state.at else evolve(command, at=state.at)
        (entry,) = decide(later, {command.account: state}, self.terms[command.account.programme])
        return [self.take(entry, learned)]

    def take(self, entry: Entry, learned: int | None = None) -> LedgerPosted:
        """Return the fact of an entry of one of the accounts, and keep it.

        It takes effect no sooner than the entry before it: whoever knows an entry knows all before it.
        """
        rows = self.posted.get((entry.account.programme, entry.account.unit.code), ())
        learned = max(entry.at if learned is None else learned, rows[-1].effective if rows else entry.at)
        self._states[entry.account] = apply(self.state(entry.account), entry)
        made = fact_of(entry, learned)
        self._keep(made)
        return made

    def refused(self, command: Command, error: LedgerError, learned: int | None = None) -> LedgerRefused:
        """Return the fact that a command was refused."""
        account = command.account
        what = (account.programme, account.unit.code, command.key, command.KIND)
        return self.refusal(what, error, at=command.at, learned=learned)

    def refusal(
        self, what: tuple[str, str, str, str], error: LedgerError, *, at: int, learned: int | None
    ) -> LedgerRefused:
        """Return the fact of a refusal.

        Args:
            what: programme, code of the unit, key and kind of the command.
        """
        programme, unit, key, kind = what
        return self._note(
            LedgerRefused(
                id=f"refused:{fingerprint(programme, unit, self.customer, key)}",
                customer=self.customer,
                at=at,
                learned=learned,
                programme=programme,
                unit=unit,
                key=key,
                what=kind,
                code=error.code,
                text=str(error)[:200],
            )
        )


def _gain(change: Change) -> int:
    """Return by how much a change makes the units that are pending, available or held more, or fewer."""
    match change:
        case Issued():
            return change.lot.issued
        case Moved():
            return ((change.target in _OPEN) - (change.source in _OPEN)) * change.amount
        case Joined():
            return sum(stock[bucket] for stock in change.stocks for bucket in _OPEN)
        case Left():
            return -change.units
    return 0


def _printable(text: str) -> str:
    """Return JSON with whatever cannot be printed escaped: such letters stand inside its texts only."""
    return text if text.isprintable() else "".join(c if c.isprintable() else dumps(c)[1:-1] for c in text)


def fact_of(entry: Entry, learned: int | None) -> LedgerPosted:
    """Return the fact that an entry was posted; ``learned`` when that is later than its own instant."""
    customer = entry.account.holder
    programme, unit = entry.account.programme, entry.account.unit.code
    text = _printable(entry_to_json(entry))
    _keep(text, entry)
    return LedgerPosted(
        id=LedgerPosted.name(programme, unit, customer, entry.seq),
        customer=customer,
        at=entry.at,
        learned=learned if learned is not None and learned > entry.at else None,
        programme=programme,
        unit=unit,
        seq=entry.seq,
        key=entry.key,
        what=entry.kind,
        amount=sum(map(_gain, entry.changes)),
        entry=text,
    )
