"""What is promised about facts, customers and their interests."""

from __future__ import annotations

from retention_engine.errors import FactConflict
from retention_engine.facts import Event
from retention_engine.testing.conformance.base import Suite, expect, refused
from retention_engine.testing.conformance.samples import append, sale, stock, viewed


class FactTests(Suite):
    """The ports ``FactLog`` and ``Roster``."""

    def test_facts_come_back_by_effective_at_and_id(self) -> None:
        """The facts of a customer are in order, whatever the order they came in, ties by at, then by id."""
        wanted = [viewed("b", at=1), viewed("z", at=2), viewed("y", at=1, learned=3), viewed("a", at=3)]
        tied = [viewed("c", at=3), viewed("d", at=3), viewed("é", at=3)]
        with self.opened() as store:
            append(store, tied[2], wanted[3], wanted[0])
            append(store, tied[1], wanted[2], tied[0], wanted[1])
            expect(store.facts.of(["ann"]), {"ann": wanted + tied})

    def test_each_customer_has_their_own_facts(self) -> None:
        """Every customer asked for is answered, an unknown one by an empty list, and nobody else."""
        ann, bob, cid = viewed("1"), viewed("2", customer="bob"), viewed("3", customer="cid")
        with self.opened() as store:
            append(store, ann, bob, cid)
            expect(store.facts.of(["bob", "nobody", "ann", "bob"]), {"bob": [bob], "nobody": [], "ann": [ann]})
            expect(store.facts.of([]), {})

    def test_a_fact_comes_back_as_it_was(self) -> None:
        """Instants, when it was learned and the kinds of its values are kept exactly."""
        data = {"f": 1.0, "i": 1, "no": None, "text": "a'\"\\\n\u2028\U0001f600", "yes": True}
        fact = Event(id="e", customer="ann", at=-5, learned=7, name="quiz", data=data)
        with self.opened() as store:
            append(store, fact)
            (found,) = store.facts.of(["ann"])["ann"]
            expect((found, repr(found)), (fact, repr(fact)))

    def test_appending_returns_what_is_new(self) -> None:
        """New facts are returned in the order given; known ones are passed over, also within the batch."""
        first, second, third = viewed("1", at=3), viewed("2", at=2), viewed("3", at=1)
        with self.opened() as store:
            expect(append(store, second), [second])
            expect(append(store, third, second, first, third), [third, first])
            expect(append(store), [])
            expect(store.facts.of(["ann"])["ann"], [third, second, first])

    def test_when_it_was_learned_is_no_content(self) -> None:
        """A repeat that was learned later is passed over; the first one stays."""
        fact = viewed("1", at=1, learned=5)
        with self.opened() as store:
            append(store, fact)
            expect(append(store, fact.learned_at(9)), [])
            expect(store.facts.of(["ann"])["ann"], [fact])

    def test_another_content_is_a_conflict(self) -> None:
        """A known id with another content raises, in the batch or in the store, and nothing of the batch is kept."""
        fact, other = viewed("1"), viewed("1", sku="b")
        number = Event(id="1", customer="ann", at=0, name="quiz", data={"score": 1})
        with self.opened() as store:
            with refused(FactConflict):
                append(store, fact, other)
            expect(store.facts.of(["ann"])["ann"], [])
            append(store, number)
            truth = Event(id="1", customer="ann", at=0, name="quiz", data={"score": True})
            for wrong in (fact, truth):
                with refused(FactConflict):
                    append(store, viewed("2", customer="bob"), wrong)
            expect(store.facts.of(["ann", "bob"]), {"ann": [number], "bob": []})

    def test_facts_about_the_catalogue_are_found_by_subject(self) -> None:
        """They are found by what they mention, each once, in order; a customer's facts are not among them."""
        started, mine, other = sale("z", at=1), stock("y", at=2), stock("x", at=1, sku="b")
        with self.opened() as store:
            append(store, mine, started, other, viewed("v"))
            append(store, started)
            expect(store.facts.about(["sku:a", "category:soap", "sku:a", "sku:none"]), [started, mine])
            expect(store.facts.about(["sku:b", "sku:a"]), [other, mine])
            expect(store.facts.about([]), [])

    def test_customers_are_listed_in_pages(self) -> None:
        """Customers with a fact are listed once, by code points, after the given one."""
        with self.opened() as store:
            append(store, *(viewed(f"{name}{n}", customer=name) for name in ("b", "é", "a", "Z") for n in (1, 2)))
            append(store, sale("s"))
            with store.transaction():
                store.roster.note([("sku:a", "only noted")])
            expect(store.roster.customers("", 3), ["Z", "a", "b"])
            expect(store.roster.customers("b", 3), ["é"])
            expect(store.roster.customers("aa", 1), ["b"])
            expect((store.roster.customers("", 0), store.roster.customers("", -1)), ([], []))

    def test_interests_are_remembered_once(self) -> None:
        """Customers noted for one of the subjects are listed once, in ascending order."""
        with self.opened() as store:
            with store.transaction():
                store.roster.note(iter([("sku:a", "b"), ("sku:a", "b"), ("sku:b", "a"), ("sku:c", "c")]))
            with store.transaction():
                store.roster.note([("sku:a", "b"), ("sku:b", "b"), ("sku:b", "é")])
            expect(store.roster.interested(["sku:b", "sku:a"]), ["a", "b", "é"])
            expect(store.roster.interested(["sku:none"]), [])
