"""Whatever happens to both, the store in a file and the store in memory give the same answers."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import evolve
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from retention_engine.errors import FactConflict, StoreError
from retention_engine.facts import Event, Fact, SaleStarted, StockChanged, Viewed
from retention_engine.ports import Store
from retention_engine.stores import MemoryStore, SqliteStore
from retention_engine.testing.conformance.samples import acted, action, decision

NAMES = ["a", "b", "é", "\U0001f600", "'"]
SUBJECTS = [f"sku:{name}" for name in NAMES] + ["category:soap"]
INSTANTS = st.integers(-3, 6) | st.sampled_from([600_000_000, 900_000_000, 2**61])
ATS = st.integers(-3, 6)

name = st.sampled_from(NAMES)
values = st.sampled_from([1, 1.0, True, "1", None])
facts: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Viewed, id=name, customer=name, at=ATS, learned=st.none() | ATS, sku=name, category=st.none() | name),
    st.builds(Event, id=name, customer=name, at=ATS, name=st.just("quiz"), data=st.fixed_dictionaries({"v": values})),
    st.builds(StockChanged, id=name.map("s".__add__), at=ATS, sku=name, pieces=st.just(1), was=st.just(0)),
    st.builds(SaleStarted, id=name.map("s".__add__), at=ATS, category=st.just("soap"), percent=st.just(5)),
)
decisions = st.one_of(
    st.builds(decision, at=ATS, customer=name, step=name),
    st.builds(acted, at=ATS, customer=name, occasion=name),
)
actions = st.builds(action, customer=name, occasion=name, due=ATS, valid_until=st.none() | ATS)

Step = tuple[str, str, Any]
steps = st.one_of(
    st.tuples(st.just("facts"), st.just("append"), st.lists(facts, max_size=4)),
    st.tuples(st.just("roster"), st.just("note"), st.lists(st.tuples(st.sampled_from(SUBJECTS), name), max_size=3)),
    st.tuples(st.just("wakes"), st.just("lower"), st.dictionaries(name, INSTANTS)),
    st.tuples(st.just("wakes"), st.just("set"), st.dictionaries(name, st.none() | INSTANTS)),
    st.tuples(st.just("journal"), st.just("add"), st.lists(decisions, max_size=3)),
    st.tuples(st.just("outbox"), st.just("put"), st.lists(actions, max_size=2)),
)


class Interrupted(Exception):
    """What a failing block raises."""


def run(store: Store, work: list[Step], *, fails: bool, swallows: bool) -> list[Any]:
    """Do the steps in one transaction; return what they returned, and how it ended."""
    answers: list[Any] = []
    try:
        with store.transaction():
            answers.extend(take(store, step, swallows=swallows) for step in work)
            store.settings.put("steps", str(len(work)))
            if fails:
                raise Interrupted
    except (FactConflict, StoreError, Interrupted) as error:
        answers.append(type(error))
    return answers


def take(store: Store, step: Step, *, swallows: bool) -> Any:
    """Take one step; a refusal comes out, or is swallowed and returned."""
    port, method, value = step
    try:
        return getattr(getattr(store, port), method)(value)
    except (FactConflict, StoreError) as error:
        if not swallows:
            raise
        return type(error)


def answers(store: Store) -> list[Any]:
    """Return everything a store can be asked; facts and decisions as texts, which tell 1 from True."""
    return [
        {customer: list(map(repr, found)) for customer, found in store.facts.of([*NAMES, "x"]).items()},
        [list(map(repr, store.facts.about(asked))) for asked in (SUBJECTS, SUBJECTS[:1], SUBJECTS[-1:], [])],
        [store.roster.customers(after, limit) for after in ("", "b", "z") for limit in (1, 99)],
        [store.roster.interested(asked) for asked in (SUBJECTS, SUBJECTS[:2], [])],
        [store.wakes.due(to, limit) for to in (-2, 2, 10**9, 2**62) for limit in (0, 2, 99)],
        {customer: list(map(repr, found)) for customer, found in store.journal.of([*NAMES, "x"]).items()},
        [list(map(repr, store.journal.read(*ends))) for ends in ((-9, 9), (0, 3), (3, 0))],
        [[repr(one) for one in store.outbox.pending(at, limit)] for at in (-1, 2, 9) for limit in (1, 99)],
        [store.settings.get(each) for each in ("steps", "x")],
    ]


class Twins(RuleBasedStateMachine):
    """The same transactions on both stores; some are interrupted, some swallow a refusal; the file is reopened."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.memory = MemoryStore()
        self.file = self.opened()

    def opened(self) -> Store:
        return SqliteStore(Path(self.folder.name) / "shop.db")

    @rule(work=st.lists(steps, max_size=5), fails=st.booleans(), swallows=st.booleans())
    def transact(self, work: list[Step], fails: bool, swallows: bool) -> None:
        ends = [run(store, work, fails=fails, swallows=swallows) for store in (self.memory, self.file)]
        assert ends[0] == ends[1]

    @rule(one=facts)
    def repeat(self, one: Fact) -> None:
        known = self.memory.facts.of([one.customer])[one.customer] if one.customer else []
        again = [evolve(each, learned=9) for each in known]
        for store in (self.memory, self.file):
            assert run(store, [("facts", "append", again)], fails=False, swallows=False) == [[]]

    @rule()
    def reopen(self) -> None:
        self.file.close()
        self.file = self.opened()

    @invariant()
    def they_agree(self) -> None:
        assert answers(self.memory) == answers(self.file)

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()


TestTwins = Twins.TestCase
TestTwins.settings = settings(
    max_examples=max(settings().max_examples // 4, 1),
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
