"""A ledger in memory: streams of entries with expected versions, each command once, the state a fold of its entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field, frozen

from retention_engine.errors import KeyConflict, LedgerError, VersionConflict, shown
from retention_engine.loyalty.state import Balance, Journal, State
from retention_engine.loyalty.terms import Terms
from retention_engine.loyalty.timeline import advance, run
from retention_engine.loyalty.units import Account
from retention_engine.loyalty.work import Command, Entry, Result, Work

Batch = Iterable[tuple[Account, int, Sequence[Entry]]]
"""What is appended together: (account, expected version, entries)."""
Streams = Mapping[Account, Sequence[Entry]]
"""The entries of several accounts, however they are stored."""


@frozen
class Posted:
    """The answer to a command.

    Attributes:
        entries: one for each account it changed.
        replayed: the key was known: nothing was done now, this is the first answer.
    """

    entries: tuple[Entry, ...]
    replayed: bool = False

    @property
    def result(self) -> Result:
        """What exactly happened, by name."""
        return self.entries[0].result


def decide(command: Command, states: Mapping[Account, State], terms: Terms) -> tuple[Entry, ...]:
    """Return the entries that carry out a command, one an account; the states stay as they are.

    Args:
        states: of the account of the command, and of its partner.

    Raises:
        LedgerError: it is refused.
    """
    sides = [states[one] for one in (command.account, command.partner) if one is not None]
    at = max(command.at, *(state.at for state in sides))
    if at - command.at > terms.clock_tolerance.micros:
        raise LedgerError(f"{command.at} lies before {at}, which was recorded already", code="clock_went_back")
    work, *partners = [Work.on(state, terms, at=at, command=command) for state in sides]
    work.partner = partners[0] if partners else None
    result = command.perform(work)
    if command.KIND in terms.activities and not work.is_idle:
        work.active()
    return tuple(_entry(command, one, result) for one in (work, *partners))


def _entry(command: Command, work: Work, result: Result) -> Entry:
    return Entry(
        account=work.state.account,
        seq=work.state.version + 1,
        key=command.key,
        fingerprint=command.fingerprint,
        kind=command.KIND,
        at=work.at,
        effective_at=work.effective_at,
        actor=command.actor,
        reason=command.reason,
        changes=tuple(work.changes),
        result=result,
    )


def apply(state: State, entry: Entry) -> State:
    """Return the state after one more entry."""
    later = state.copy()
    _apply(later, entry)
    return later


def _apply(state: State, entry: Entry) -> None:
    if entry.seq != state.version + 1:
        raise VersionConflict(state.account, expected=entry.seq - 1, found=state.version)
    run(state, entry.at)
    state.cause = entry.kind
    for change in entry.changes:
        change.apply(state, entry.effective_at)
    state.cause = "time"
    state.version = entry.seq


def replay(account: Account, entries: Iterable[Entry], journal: Journal | None = None) -> State:
    """Return the state that the entries of an account make, from nothing.

    Args:
        journal: collects every movement, those of time included.
    """
    state = State(account=account, journal=journal)
    for entry in entries:
        _apply(state, entry)
    return state


@define
class Ledger:
    """Accounts in memory, for one thread. A host with a database keeps the same streams and the same rule of appending.

    Attributes:
        streams: the entries of each account.
        states: what they amount to.
    """

    terms: Terms = field(factory=Terms)
    streams: dict[Account, list[Entry]] = field(factory=dict)
    states: dict[Account, State] = field(factory=dict)
    _keys: dict[tuple[str, str], tuple[Entry, ...]] = field(factory=dict, repr=False)

    def owner(self, account: Account) -> Account:
        """Return the account that an account is now a part of."""
        while (alias := self.state(account).alias) is not None:
            account = alias
        return account

    def state(self, account: Account) -> State:
        """Return an account as of its last entry; a new one is empty."""
        found = self.states.get(account)
        return State(account=account) if found is None else found

    def balance(self, account: Account, at: int) -> Balance:
        """Return what an account shows at an instant from its last entry on, if nothing more happens."""
        return advance(self.state(self.owner(account)), at).balance

    def post(self, command: Command) -> Posted:
        """Carry out a command, or return its first answer when the key is known.

        Raises:
            LedgerError: it is refused; nothing changed.
            KeyConflict: the key was used for another command.
        """
        known = self._keys.get((command.account.programme, command.key))
        if known is not None:
            if known[0].fingerprint != command.fingerprint:
                raise KeyConflict(command.key)
            return Posted(known, replayed=True)
        names = [one for one in (command.account, command.partner) if one is not None]
        states = {name: self.state(self.owner(name)) for name in names}
        entries = decide(command, states, self.terms)
        self.append((entry.account, entry.seq - 1, (entry,)) for entry in entries)
        return Posted(entries)

    def append(self, batch: Batch) -> None:
        """Append entries to several streams: all, or none.

        Raises:
            VersionConflict: a stream is not at the expected version.
            KeyConflict: a key is known.
        """
        later: dict[Account, State] = {}
        added: dict[tuple[str, str], list[Entry]] = {}
        for account, expected, entries in batch:
            state = later.get(account) or self.state(account)
            if state.version != expected:
                raise VersionConflict(account, expected=expected, found=state.version)
            for entry in entries:
                name = (account.programme, entry.key)
                if entry.account != account or name in self._keys:
                    raise KeyConflict(entry.key)
                added.setdefault(name, []).append(entry)
                state = apply(state, entry)
            later[account] = state
        self.states.update(later)
        for name, posted in added.items():
            self._keys[name] = tuple(posted)
            for entry in posted:
                self.streams.setdefault(entry.account, []).append(entry)

    def result(self, programme: str, key: str) -> Result:
        """Return the answer that a command had.

        Raises:
            LedgerError: there was none with this key.
        """
        if (programme, key) not in self._keys:
            raise LedgerError(f"no command has the key {shown(key)}", code="unknown_key")
        return self._keys[(programme, key)][0].result
