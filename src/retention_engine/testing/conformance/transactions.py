"""What is promised about transactions, about everything at once, and about files."""

from __future__ import annotations

from collections.abc import Callable

from retention_engine.errors import FactConflict, StoreError
from retention_engine.ports import Store
from retention_engine.testing.conformance.base import Suite, expect, refused
from retention_engine.testing.conformance.samples import (
    ODD,
    acted,
    action,
    add,
    append,
    change,
    contents,
    fill,
    put,
    viewed,
)


class TransactionTests(Suite):
    """All ports behind one transaction."""

    def test_everything_is_kept_when_the_block_ends(self) -> None:
        """Changes are seen inside their transaction and after it."""
        with self.opened() as store:
            before = contents(store)
            with store.transaction():
                fill(store)
                inside = contents(store)
            expect(contents(store), inside)
            expect([name for name, found in inside.items() if found == before[name]], [])

    def test_an_exception_takes_everything_back(self) -> None:
        """Whatever is raised in the block, every port answers as before it, and the exception comes out."""
        with self.opened() as store:
            _check_undone(store, fill, ValueError("ours"))
            _commit(store, fill)
            _check_undone(store, change, KeyboardInterrupt("yours"))
            _check_undone(store, change, StoreError("theirs"))
            expect(append(store, viewed("3", customer="cid")), [viewed("3", customer="cid")])
            add(store, acted(occasion="o2"))
            put(store, action(occasion="o2"))

    def test_a_conflict_takes_everything_back(self) -> None:
        """A change that is refused ends the transaction: what stands before it in the block is not kept."""
        with self.opened() as store:
            _commit(store, fill)
            before = contents(store)
            for error, wrong in _WRONG:
                with refused(error):
                    _commit(store, change, wrong)
                expect(contents(store), before)

    def test_a_swallowed_conflict_keeps_nothing(self) -> None:
        """A block that goes on after a refused change cannot commit."""
        with self.opened() as store:
            _commit(store, fill)
            before = contents(store)
            for error, wrong in _WRONG:
                with refused(StoreError), store.transaction():
                    change(store)
                    with refused(error):
                        wrong(store)
                expect(contents(store), before)

    def test_changes_need_a_transaction(self) -> None:
        """Outside of a transaction every change is refused, and changes nothing."""
        with self.opened() as store:
            before = contents(store)
            for each in _CHANGES:
                with refused(StoreError):
                    each(store)
            expect(contents(store), before)

    def test_transactions_do_not_nest(self) -> None:
        """A second one inside the first is refused, and the first is neither committed nor ended by it."""
        with self.opened() as store:
            before = contents(store)
            with refused(ZeroDivisionError), store.transaction():
                fill(store)
                with refused(StoreError), store.transaction():
                    pass
                raise ZeroDivisionError
            expect(contents(store), before)

    def test_answers_belong_to_the_caller(self) -> None:
        """Changing a list or mapping that was returned changes nothing in the store."""
        with self.opened() as store:
            _commit(store, fill)
            before = contents(store)
            store.facts.of(["ann"])["ann"].clear()
            store.journal.of(["ann"])["ann"].clear()
            for found in (
                store.facts.about(["sku:a"]),
                store.roster.customers("", 9),
                store.roster.interested(["sku:a"]),
            ):
                found.clear()
            store.wakes.due(99, 9).clear()
            store.outbox.pending(99, 9).clear()
            expect(contents(store), before)

    def test_odd_ids_are_texts_like_others(self) -> None:
        """Quotes, escapes, other scripts and long ids are kept, found and sorted by code points."""
        with self.opened() as store:
            with store.transaction():
                store.facts.append([viewed(f"f{name}"[:200], customer=name, sku=name) for name in ODD])
                store.roster.note([(f"sku:{name}", name) for name in ODD])
                store.wakes.set(dict.fromkeys(ODD, 7))
                store.journal.add([acted(customer=name, occasion=name) for name in ODD])
                store.outbox.put([action(customer=name, occasion=name) for name in ODD])
            expect([found[0].customer for found in store.facts.of(ODD).values()], ODD)
            expect(store.roster.customers("", 99), sorted(ODD))
            expect([store.roster.interested([f"sku:{name}"]) for name in ODD], [[name] for name in ODD])
            expect(store.wakes.due(7, 99), [(name, 7) for name in sorted(ODD)])
            expect([found[0].customer for found in store.journal.of(ODD).values()], ODD)
            expect(
                [each.key for each in store.outbox.pending(0, 99)],
                sorted(action(customer=name, occasion=name).key for name in ODD),
            )

    def test_closing_twice_is_harmless(self) -> None:
        """Closing a closed store does nothing."""
        with self.opened() as store:
            store.close()

    def test_a_file_keeps_what_was_committed(self) -> None:
        """After closing and opening again all answers are the same, and what was known is still known."""
        if not self.durable:
            return
        with self.opened() as store:
            _commit(store, fill)
            _commit(store, change)
            before = contents(store)
            _check_undone(store, lambda one: one.settings.put("cursor", "lost"), ValueError("ours"))
        with self.opened() as store:
            expect(contents(store), before)
            expect(append(store, viewed("1")), [])
            with refused(StoreError):
                add(store, acted())
            with refused(StoreError):
                put(store, action())


_CHANGES: list[Callable[[Store], object]] = [
    lambda store: store.facts.append([viewed("1")]),
    lambda store: store.roster.note([("sku:a", "ann")]),
    lambda store: store.wakes.lower({"ann": 1}),
    lambda store: store.wakes.set({"ann": 1}),
    lambda store: store.journal.add([acted()]),
    lambda store: store.outbox.put([action()]),
    lambda store: store.settings.put("cursor", "1"),
]
_WRONG: list[tuple[type[Exception], Callable[[Store], object]]] = [
    (FactConflict, lambda store: store.facts.append([viewed("new"), viewed("1", sku="other")])),
    (StoreError, lambda store: store.journal.add([acted(occasion="new"), acted()])),
    (StoreError, lambda store: store.outbox.put([action(occasion="new"), action()])),
]


def _commit(store: Store, *works: Callable[[Store], object]) -> None:
    with store.transaction():
        for work in works:
            work(store)


def _check_undone(store: Store, work: Callable[[Store], object], error: BaseException) -> None:
    before = contents(store)
    try:
        with store.transaction():
            work(store)
            contents(store)  # what a store remembers from reading must be taken back, too
            raise error
    except type(error) as found:
        expect(found, error)
    else:
        raise AssertionError(f"the transaction swallowed {error!r}")
    expect(contents(store), before)
