"""What is promised about wake-ups, decisions, actions and settings."""

from __future__ import annotations

from retention_engine.errors import StoreError
from retention_engine.testing.conformance.base import Suite, expect, refused
from retention_engine.testing.conformance.samples import acted, action, add, decision, put


class DecisionTests(Suite):
    """The ports ``Wakes``, ``Journal``, ``Outbox`` and ``Settings``."""

    def test_wakes_are_due_in_order(self) -> None:
        """Those at or before the instant come, the earliest first, ties by customer, not more than asked for."""
        with self.opened() as store:
            with store.transaction():
                store.wakes.set({"d": -1, "c": 5, "a": 5, "b": 6, "é": 5, "far": 2**60})
            expect(store.wakes.due(5, 9), [("d", -1), ("a", 5), ("c", 5), ("é", 5)])
            expect(store.wakes.due(2**62, 3), [("d", -1), ("a", 5), ("c", 5)])
            expect((store.wakes.due(-2, 9), store.wakes.due(5, 0), store.wakes.due(5, -1)), ([], [], []))
            expect(store.wakes.due(5, 9, among=["c", "a", "b", "none"]), [("a", 5), ("c", 5)])
            expect((store.wakes.due(5, 1, among=["c", "a"]), store.wakes.due(5, 9, among=[])), ([("a", 5)], []))
            expect(store.wakes.due(2**62, 9)[-2:], [("b", 6), ("far", 2**60)])

    def test_lowering_keeps_the_earlier_wake(self) -> None:
        """A wake moves to an earlier instant only, and is set where there was none."""
        with self.opened() as store:
            with store.transaction():
                store.wakes.set({"a": 10, "b": 10})
                store.wakes.lower({"a": 9, "b": 11, "c": 12})
            expect(store.wakes.due(99, 9), [("a", 9), ("b", 10), ("c", 12)])

    def test_setting_moves_and_removes_a_wake(self) -> None:
        """A wake moves either way; None removes it, also where there is none; it can be set again."""
        steps: list[tuple[dict[str, int | None], list[tuple[str, int]]]] = [
            ({"a": 10, "b": 10, "c": 10}, [("a", 10), ("b", 10), ("c", 10)]),
            ({"a": 12, "b": None, "c": 8, "d": None}, [("c", 8), ("a", 12)]),
            ({"b": 9, "c": 10}, [("b", 9), ("c", 10), ("a", 12)]),
        ]
        with self.opened() as store:
            for wakes, due in steps:
                with store.transaction():
                    store.wakes.set(wakes)
                expect(store.wakes.due(99, 9), due)

    def test_decisions_come_back_in_the_order_they_were_added(self) -> None:
        """The decisions about a customer come as they were added, whatever their instants, complete."""
        decisions = [decision(at=2, step="s2"), acted(at=1), decision(at=2, step="s1"), decision(at=2, step="s1")]
        with self.opened() as store:
            with store.transaction():
                store.journal.add([*decisions[:2], decision(customer="bob")])
                store.journal.add(decisions[2:])
            expect(store.journal.of(["ann", "nobody"]), {"ann": decisions, "nobody": []})

    def test_the_journal_is_read_by_instant_and_customer(self) -> None:
        """Reading yields start <= at < end, by (at, customer), then as added, across all customers."""
        late, early = decision(at=3), decision(at=1, customer="bob")
        ties = [decision(at=2, step="s2"), decision(at=2, step="s1"), decision(at=2, customer="é")]
        with self.opened() as store:
            with store.transaction():
                store.journal.add([late, ties[2], ties[0], early, ties[1]])
            expect(list(store.journal.read(1, 3)), [early, *ties])
            expect(list(store.journal.read(2, 4)), [*ties, late])
            expect(list(store.journal.read(4, 1)), [])

    def test_a_long_journal_is_read_whole(self) -> None:
        """No decision is lost or doubled where a store reads in pages, also within one instant."""
        decisions = [decision(at=number // 1500, step=f"s{number}") for number in range(2500)]
        with self.opened() as store:
            with store.transaction():
                store.journal.add(decisions)
            expect(list(store.journal.read(0, 9)) == decisions, True)

    def test_an_action_is_in_the_journal_once(self) -> None:
        """A second action of the same identity raises, in the batch or in the journal; nothing of it is kept."""
        other = acted(at=9, occasion="o2")
        with self.opened() as store:
            with refused(StoreError):
                add(store, acted(), other, acted(at=7))
            add(store, acted())
            with refused(StoreError):
                add(store, other, acted(at=8))
            expect(store.journal.of(["ann"])["ann"], [acted()])
            add(store, other)

    def test_pending_actions_are_those_valid_now(self) -> None:
        """Pending is due <= at < valid_until, by (due, key), complete, not more than asked for."""
        limited = action(valid_until=5)
        ties = sorted((action(due=1, occasion=name) for name in "abcdef"), key=lambda each: each.key)
        with self.opened() as store:
            put(store, *ties[3:], limited, *ties[:3])
            expect(store.outbox.pending(1, 9), [limited, *ties])
            expect(store.outbox.pending(4, 2), [limited, ties[0]])
            expect(store.outbox.pending(5, 9), ties)
            expect(
                [store.outbox.pending(*asked) for asked in ((-1, 9), (0, 9), (1, 0), (1, -1))], [[], [limited], [], []]
            )

    def test_an_action_is_in_the_outbox_once(self) -> None:
        """A second action of the same identity raises, in the batch or in the outbox; nothing of it is kept."""
        other = action(occasion="o2")
        with self.opened() as store:
            with refused(StoreError):
                put(store, other, action(), action(name="changed"))
            put(store, action())
            with refused(StoreError):
                put(store, other, action(name="changed"))
            expect(store.outbox.pending(0, 9), [action()])

    def test_settings_keep_the_last_text(self) -> None:
        """A text is kept as it is, the empty one too; what was never put is None."""
        with self.opened() as store:
            with store.transaction():
                store.settings.put("cursor", "1")
                store.settings.put("cursor", "")
                store.settings.put("rules", '{"a": "й\n\\"}')
            expect([store.settings.get(name) for name in ("cursor", "rules", "x")], ["", '{"a": "й\n\\"}', None])
            with store.transaction():
                held = [store.settings.hold("cursor"), store.settings.hold("x", change=True)]
                store.settings.put("x", "new")
                expect([*held, store.settings.hold("x", change=True)], ["", None, "new"])
