"""Actions in a table, with what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from retention_engine.actions import Action, Parcel, ParcelState
from retention_engine.ports import Deliveries, Outbox, Parcels
from retention_engine.stores.codec import action_text, read_action
from retention_engine.stores.sql.decisions import Row, insert
from retention_engine.stores.sql.session import AMONG, SqlSession

_PUT = """INSERT INTO outbox (action, due, due_at, valid_until, kind, channel, on_unknown, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
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
# from one channel to the next along the index, without looking at the rows between
_NEXT = "SELECT channel FROM outbox WHERE state = 'pending' AND kind = ?"
_CHANNELS = f"""WITH RECURSIVE found (channel) AS (
        SELECT ({_NEXT} ORDER BY channel LIMIT 1)
        UNION ALL
        SELECT ({_NEXT} AND outbox.channel > found.channel ORDER BY channel LIMIT 1)
        FROM found WHERE found.channel IS NOT NULL
    ) SELECT channel FROM found WHERE channel IS NOT NULL"""
_WAITING = f"""SELECT due_at, action, {_COLUMNS} FROM outbox
    WHERE state = 'pending' AND kind = ? AND channel = ? AND due_at <= ? ORDER BY due_at, action LIMIT ?"""
_OF = f"SELECT {_COLUMNS} FROM outbox WHERE action {AMONG} ORDER BY action"
_FREE = f"SELECT {_COLUMNS} FROM outbox WHERE state = ? AND action > ? ORDER BY action LIMIT ?"
_LISTED = _FREE.replace("state = ?", "state = ? AND state <> 'pending'")  # so that the index of these is used
_ENDED = f"""SELECT {_COLUMNS} FROM outbox WHERE state = 'sending' AND lease_until <= ?
    ORDER BY lease_until, action LIMIT ?"""
# with IN the keys are looked up: an index of all that is pending would be walked instead
_CHOOSE = f"SELECT {_COLUMNS} FROM outbox WHERE action {AMONG} AND state IN ('pending', '') AND due_at <= ?"
_BEGIN = """UPDATE outbox SET state = 'sending', attempt_no = attempt_no + 1, token = token + 1, lease_until = ?
    WHERE action = ?"""


class SqlOutbox(Outbox):
    """One row per action; its key is unique."""

    def __init__(self, session: SqlSession) -> None:
        """Use the tables of this session."""
        self._session = session

    def put(self, actions: Sequence[Action]) -> None:
        """Store actions as pending.

        Raises:
            StoreError: an action of the same identity is there already.
        """
        insert(self._session, _PUT, ((one, _row(one)) for one in actions), "in the outbox")

    def pending(self, at: int, limit: int) -> list[Action]:
        """Return up to ``limit`` pending actions with due_at <= at < valid_until, by (due_at, key)."""
        return [read_action(body) for (body,) in self._session.rows(_PENDING, at, at, max(limit, 0))]

    def overrule(self, parcel: Parcel) -> bool:
        """Write what was decided about a row that nobody holds, and give it a new token."""
        with self._session.change():
            return self._session.each(_OVERRULE, [_values(parcel)]) == 1


class SqlParcels(Parcels):
    """The rows, for whoever sends them."""

    def __init__(self, session: SqlSession) -> None:
        """Use the tables of this session."""
        self._session = session

    def waiting(
        self, at: int, limit: int, *, kinds: Collection[str] = ("send",), without: Collection[str] = ()
    ) -> list[Parcel]:
        """Return up to ``limit`` pending rows of these kinds with due_at <= at, by (due_at, key)."""
        most = max(limit, 0)
        lanes = [(kind, one) for kind in set(kinds) for (one,) in self._session.rows(_CHANNELS, kind, kind)]
        wanted = [lane for lane in lanes if not lane[1] or lane[1] not in without]
        found = [row for lane in wanted for row in self._session.claimed(_WAITING, *lane, at, most)]
        return [_parcel(row[2:]) for row in sorted(found)[:most]]

    def of(self, keys: Sequence[str]) -> dict[str, Parcel]:
        """Return the rows of these keys; unknown keys are left out."""
        found = map(_parcel, self._session.held(_OF, self._session.texts(keys)))
        return {one.key: one for one in found}

    def listed(self, state: ParcelState, after: str, limit: int) -> list[Parcel]:
        """Return up to ``limit`` rows in a state with a key greater than ``after``, by key."""
        sql = _FREE if state is ParcelState.PENDING else _LISTED
        return [_parcel(row) for row in self._session.rows(sql, state.value, after, max(limit, 0))]


class SqlDeliveries(Deliveries):
    """Taking rows, settling them, recovering them."""

    def __init__(self, session: SqlSession) -> None:
        """Change the tables of this session."""
        self._session = session

    def begin(self, keys: Sequence[str], at: int, lease_until: int) -> list[Parcel]:
        """Take the pending rows with due_at <= at among ``keys``, and return them as they are now."""
        with self._session.change():
            rows = map(_parcel, self._session.claimed(_CHOOSE, self._session.texts(keys), at))
            free = {one.key: one for one in rows}
            self._session.each(_BEGIN, ((lease_until, key) for key in free))
            return [free[key].begun(lease_until) for key in dict.fromkeys(keys) if key in free]

    def settle(self, parcel: Parcel) -> bool:
        """Write what became of a row; False: somebody else has it."""
        with self._session.change():
            return self._session.each(_SETTLE, [_values(parcel)]) == 1

    def recover(self, at: int, limit: int) -> list[Parcel]:
        """Make up to ``limit`` sending rows with lease_until <= at unknown, and return them."""
        with self._session.change():
            found = [_parcel(row).recovered() for row in self._session.claimed(_ENDED, at, max(limit, 0))]
            self._session.each(_SETTLE, map(_values, found))
            return found


_action = lru_cache(maxsize=512)(read_action)  # a row is looked at again and again before its turn comes


def _row(action: Action) -> Row:
    instants = (action.due, action.due, action.valid_until)
    return (*instants, action.kind, action.channel or "", action.on_unknown, action_text(action))


def _values(parcel: Parcel) -> tuple[object, ...]:
    state, *others = (getattr(parcel, name) for name in _NAMES)
    return (state.value, *others, parcel.key, parcel.token)


def _parcel(row: tuple[Any, ...]) -> Parcel:
    body, token, state, *others = row
    words = dict(zip(_NAMES[1:], others, strict=True))
    return Parcel(action=_action(body), token=token, state=ParcelState(state), **words)
