"""Actions in a table, with what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from retention_engine.actions import Action, Parcel, ParcelState
from retention_engine.ports import Deliveries, Outbox, Parcels
from retention_engine.stores.codec import action_text, read_action
from retention_engine.stores.sqlite.decisions import insert
from retention_engine.stores.sqlite.session import Session, in_list

_PUT = """INSERT INTO outbox (action, due, due_at, valid_until, kind, on_unknown, body)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_PENDING = """SELECT body FROM outbox WHERE state = 'pending' AND due_at <= ?
    AND (valid_until IS NULL OR valid_until > ?) ORDER BY due_at, action LIMIT ?"""
_NAMES = (
    "state",
    "attempt_no",
    "counted_attempts",
    "unknowns",
    "recoveries",
    "lease_until",
    "due_at",
    "reason",
    "transport_message_id",
)
_COLUMNS = f"body, token, {', '.join(_NAMES)}"
_WRITE = f"UPDATE outbox SET {', '.join(f'{name} = ?' for name in _NAMES)}"
_SETTLE = f"{_WRITE} WHERE action = ? AND token = ? AND state IN ('sending', 'unknown')"
_OVERRULE = f"{_WRITE}, token = token + 1 WHERE action = ? AND token = ? AND state IN ('pending', 'unknown')"
_WAITING = f"""SELECT {_COLUMNS} FROM outbox WHERE state = 'pending' AND kind = 'send' AND due_at <= ?
    ORDER BY due_at, action LIMIT ?"""
_OF = f"SELECT {_COLUMNS} FROM outbox WHERE action IN (SELECT value FROM json_each(?))"
_FREE = f"SELECT {_COLUMNS} FROM outbox WHERE state = ? AND action > ? ORDER BY action LIMIT ?"
_LISTED = _FREE.replace("state = ?", "state = ? AND state <> 'pending'")  # so that the index of these is used
_ENDED = f"""SELECT {_COLUMNS} FROM outbox WHERE state = 'sending' AND lease_until <= ?
    ORDER BY lease_until, action LIMIT ?"""
_BEGIN = """UPDATE outbox SET state = 'sending', attempt_no = attempt_no + 1, token = token + 1, lease_until = ?
    WHERE action = ? AND state = 'pending' AND due_at <= ?"""


class SqliteOutbox(Outbox):
    """One row per action; its key is unique."""

    def __init__(self, session: Session) -> None:
        """Use the tables of this session."""
        self._session = session

    def put(self, actions: Sequence[Action]) -> None:
        """Store actions as pending.

        Raises:
            StoreError: an action of the same identity is there already.
        """
        rows = (
            (one, (one.due, one.due, one.valid_until, one.kind, one.on_unknown, action_text(one))) for one in actions
        )
        insert(self._session, _PUT, rows, "in the outbox")

    def pending(self, at: int, limit: int) -> list[Action]:
        """Return up to ``limit`` pending actions with due_at <= at < valid_until, by (due_at, key)."""
        return [read_action(body) for (body,) in self._session.rows(_PENDING, at, at, max(limit, 0))]

    def overrule(self, parcel: Parcel) -> bool:
        """Write what was decided about a row that nobody holds, and give it a new token."""
        with self._session.change():
            return self._session.each(_OVERRULE, [_values(parcel)]) == 1


class SqliteParcels(Parcels):
    """The rows, for whoever sends them."""

    def __init__(self, session: Session) -> None:
        """Use the tables of this session."""
        self._session = session

    def waiting(self, at: int, limit: int) -> list[Parcel]:
        """Return up to ``limit`` pending messages with due_at <= at, by (due_at, key)."""
        return [_parcel(row) for row in self._session.rows(_WAITING, at, max(limit, 0))]

    def of(self, keys: Sequence[str]) -> dict[str, Parcel]:
        """Return the rows of these keys; unknown keys are left out."""
        found = map(_parcel, self._session.rows(_OF, in_list(keys)))
        return {one.key: one for one in found}

    def listed(self, state: ParcelState, after: str, limit: int) -> list[Parcel]:
        """Return up to ``limit`` rows in a state with a key greater than ``after``, by key."""
        sql = _FREE if state is ParcelState.PENDING else _LISTED
        return [_parcel(row) for row in self._session.rows(sql, state.value, after, max(limit, 0))]


class SqliteDeliveries(Deliveries):
    """Taking rows, settling them, recovering them."""

    def __init__(self, session: Session) -> None:
        """Use the tables of this session."""
        self._session = session

    def begin(self, keys: Sequence[str], at: int, lease_until: int) -> list[Parcel]:
        """Take the pending rows with due_at <= at among ``keys``, and return them as they are now."""
        with self._session.change():
            wanted = dict.fromkeys(keys)
            taken = [key for key in wanted if self._session.each(_BEGIN, [(lease_until, key, at)])]
            found = {one.key: one for one in map(_parcel, self._session.rows(_OF, in_list(taken)))}
            return [found[key] for key in taken]

    def settle(self, parcel: Parcel) -> bool:
        """Write what became of a row; False: somebody else has it."""
        with self._session.change():
            return self._session.each(_SETTLE, [_values(parcel)]) == 1

    def recover(self, at: int, limit: int) -> list[Parcel]:
        """Make up to ``limit`` sending rows with lease_until <= at unknown, and return them."""
        with self._session.change():
            rows = [_parcel(row) for row in self._session.rows(_ENDED, at, max(limit, 0))]
            found = [
                evolve(
                    one,
                    state=ParcelState.UNKNOWN,
                    counted_attempts=one.counted_attempts + 1,
                    unknowns=one.unknowns + 1,
                    recoveries=one.recoveries + 1,
                )
                for one in rows
            ]
            self._session.each(_SETTLE, map(_values, found))
            return found


def _values(parcel: Parcel) -> tuple[object, ...]:
    state, *others = (getattr(parcel, name) for name in _NAMES)
    return (state.value, *others, parcel.key, parcel.token)


def _parcel(row: tuple[Any, ...]) -> Parcel:
    body, token, state, *others = row
    words = dict(zip(_NAMES[1:], others, strict=True))
    return Parcel(action=read_action(body), token=token, state=ParcelState(state), **words)
