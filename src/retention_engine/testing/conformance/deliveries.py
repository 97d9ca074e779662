"""What is promised about actions on their way: taken once, settled by who took them, recovered from who is gone."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from retention_engine.actions import Action, Parcel, ParcelState
from retention_engine.ports import Store
from retention_engine.testing.conformance.base import Suite, expect
from retention_engine.testing.conformance.samples import action, put

_SENT: dict[str, Any] = {
    "state": ParcelState.SENT,
    "reason": "sent",
    "transport_message_id": "m\u00e91",
    "counted_attempts": 1,
}


def _begin(store: Store, *keys: str, at: int = 0, lease_until: int = 10) -> list[Parcel]:
    with store.transaction():
        return store.deliveries.begin(keys, at, lease_until)


def _settle(store: Store, parcel: Parcel, **words: Any) -> bool:
    with store.transaction():
        return store.deliveries.settle(evolve(parcel, **words))


def _overrule(store: Store, parcel: Parcel, **words: Any) -> bool:
    with store.transaction():
        return store.outbox.overrule(evolve(parcel, **words))


def _recover(store: Store, at: int, limit: int = 9) -> list[Parcel]:
    with store.transaction():
        return store.deliveries.recover(at, limit)


def _key(action: Action) -> str:
    return action.key


def _row(store: Store, key: str) -> Parcel:
    return store.parcels.of([key])[key]


class DeliveryTests(Suite):
    """The ports ``Parcels`` and ``Deliveries``, and ``Outbox.overrule``."""

    def test_messages_wait_in_order(self) -> None:
        """Waiting is due_at <= at, by (due_at, key), complete; other kinds are left out, ended validity is not."""
        ties = sorted((action(due=1, occasion=name) for name in "abc"), key=lambda each: each.key)
        ended, tag = action(valid_until=1), evolve(action(occasion="t"), kind="tag")
        rows = [Parcel(action=one, due_at=one.due) for one in (ended, *ties)]
        with self.opened() as store:
            put(store, *reversed(ties), tag, ended)
            expect(store.parcels.waiting(1, 9), rows)
            expect(store.parcels.waiting(0, 9), rows[:1])
            expect([store.parcels.waiting(*asked) for asked in ((1, 2), (1, 0), (1, -1))], [rows[:2], [], []])
            expect(store.parcels.of([tag.key, "x"]), {tag.key: Parcel(action=tag, due_at=0)})

    def test_channels_and_kinds_wait_apart(self) -> None:
        """Rows of channels in ``without`` are left out, those without a channel never; kinds are those asked for."""
        mail, chat = action(), evolve(action(occasion="c", due=-1), channel="chat")
        any_, tag = evolve(action(occasion="n", due=2), channel=None), evolve(action(occasion="t"), kind="tag")
        with self.opened() as store:
            put(store, mail, any_, tag, chat)
            asked: list[tuple[dict[str, Any], list[Action]]] = [
                ({}, [chat, mail, any_]),
                ({"without": ["email"]}, [chat, any_]),
                ({"without": {"chat", "", "x"}}, [mail, any_]),
                ({"without": ("chat", "email")}, [any_]),
                ({"kinds": ["tag"], "without": ["chat"]}, [tag]),
                ({"kinds": ["tag"], "without": ["email"]}, []),
                ({"kinds": {"send", "tag"}, "without": ["chat"]}, [*sorted([mail, tag], key=_key), any_]),
                ({"kinds": []}, []),
            ]
            for words, wanted in asked:
                expect([one.action for one in store.parcels.waiting(2, 9, **words)], wanted)
            expect([one.action for one in store.parcels.waiting(1, 9, without=["chat"])], [mail])
            expect([one.action for one in store.parcels.waiting(2, 1, without=["chat"])], [mail])
            _begin(store, mail.key)
            expect([one.action for one in store.parcels.waiting(2, 9)], [chat, any_])

    def test_a_row_is_taken_once(self) -> None:
        """Beginning marks a row, counts the attempt, gives a token and a lease; nobody else gets it."""
        first, later, other = action(), action(due=5, occasion="o2"), action(occasion="o3")
        with self.opened() as store:
            put(store, first, later, other)
            taken = _begin(store, other.key, later.key, first.key, "x", other.key)
            expect([one.key for one in taken], [other.key, first.key])
            wanted: dict[str, Any] = {
                "state": ParcelState.SENDING,
                "attempt_no": 1,
                "lease_until": 10,
                "token": taken[1].token,
            }
            expect(taken[1], evolve(Parcel(action=first, due_at=0), **wanted))
            expect((_row(store, first.key), taken[1].token != 0), (taken[1], True))
            expect(_begin(store, first.key, other.key, at=99), [])
            expect((store.parcels.waiting(4, 9), store.outbox.pending(4, 9)), ([], []))

    def test_who_took_a_row_settles_it(self) -> None:
        """What became of it is kept, every field; the token decides who may say so."""
        with self.opened() as store:
            put(store, action())
            (taken,) = _begin(store, action().key)
            expect(_settle(store, evolve(taken, token=taken.token + 1), **_SENT), False)
            expect(_row(store, taken.key), taken)
            expect(_settle(store, taken, **_SENT), True)
            expect(_row(store, taken.key), evolve(taken, **_SENT))
            expect(_settle(store, taken, state=ParcelState.DEAD), False)
            expect(store.parcels.listed(ParcelState.SENT, "", 9), [evolve(taken, **_SENT)])

    def test_a_row_that_comes_back_has_another_token(self) -> None:
        """After a try that failed the row waits for its next instant; the former holder has lost it."""
        with self.opened() as store:
            put(store, action(), action(occasion="o2", due=6))
            (old,) = _begin(store, action().key)
            expect(_settle(store, old, state=ParcelState.PENDING, due_at=7, reason="refused"), True)
            expect([one.due_at for one in store.parcels.waiting(9, 9)], [6, 7])
            expect((store.outbox.pending(6, 9), _begin(store, old.key, at=6)), ([action(occasion="o2", due=6)], []))
            (new,) = _begin(store, old.key, at=7)
            expect((new.attempt_no, new.token != old.token), (2, True))
            expect((_settle(store, old, **_SENT), _row(store, old.key)), (False, new))

    def test_a_lease_that_ended_is_recovered(self) -> None:
        """Rows of who is gone become unknown, never pending, once; the earliest lease first."""
        with self.opened() as store:
            put(store, action(), action(occasion="o2"), action(occasion="o3"))
            (late,) = _begin(store, action().key, lease_until=12)
            (early,) = _begin(store, action(occasion="o2").key, lease_until=11)
            (held,) = _begin(store, action(occasion="o3").key, lease_until=13)
            counted: dict[str, Any] = {
                "state": ParcelState.UNKNOWN,
                "counted_attempts": 1,
                "unknowns": 1,
                "recoveries": 1,
            }
            expect((_recover(store, 10), _recover(store, 12, 0)), ([], []))
            expect(_recover(store, 12, 1), [evolve(early, **counted)])
            expect(_recover(store, 12), [evolve(late, **counted)])
            expect((_recover(store, 12), _row(store, held.key)), ([], held))
            listed = store.parcels.listed(ParcelState.UNKNOWN, "", 9)
            expect(listed, sorted([evolve(early, **counted), evolve(late, **counted)], key=lambda one: one.key))
            expect(store.parcels.listed(ParcelState.UNKNOWN, listed[0].key, 9), listed[1:])
            expect(store.parcels.listed(ParcelState.UNKNOWN, "", 1), listed[:1])
            expect(_settle(store, listed[0], **_SENT), True)

    def test_who_decides_about_a_free_row_takes_it_from_all(self) -> None:
        """A pending or unknown row is overruled with its token, and gets a new one; a held or ended one is not."""
        with self.opened() as store:
            put(store, action())
            row = _row(store, action().key)
            expect(_overrule(store, evolve(row, token=row.token + 1), due_at=5), False)
            expect(_overrule(store, row, due_at=5, reason="quiet_hours"), True)
            expect(_overrule(store, row, due_at=6), False)
            (taken,) = _begin(store, row.key, at=5)
            expect((taken.due_at, taken.reason), (5, "quiet_hours"))
            expect(_overrule(store, taken, state=ParcelState.CANCELLED), False)
            (lost,) = _recover(store, 10)
            expect(_overrule(store, lost, state=ParcelState.PENDING), True)
            expect((_settle(store, lost, **_SENT), _row(store, row.key).token != lost.token), (False, True))
            expect(_overrule(store, _row(store, row.key), state=ParcelState.EXPIRED), True)
            expect(_overrule(store, _row(store, row.key), state=ParcelState.PENDING), False)
