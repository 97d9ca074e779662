"""Whatever happens to workers and the channel, the promises hold; without any one of the safeguards they do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from retention_engine.actions import Parcel, ParcelState
from retention_engine.arbitration import ALLOW
from retention_engine.delivery import Delivery, Limits, delivery, machine
from tests.delivery._world import Broken, World, forgetful

HISTORIES, BATCH = 3_000, 300


@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_the_promises_hold(first: int) -> None:
    """One row a key, no call without a mark, class bounds, no message after a stop, everything ends."""
    for seed in range(first, first + BATCH):
        World.of(seed).run()


def test_the_histories_are_worth_something() -> None:
    """Workers die in them, outcomes are doubtful, and messages end in every way."""
    worlds = [World.of(seed).run() for seed in range(100)]
    states = Counter(world.row(action.key).state for world in worlds for action in world.actions)
    assert set(states) == set(ParcelState) - {ParcelState.PENDING, ParcelState.SENDING, ParcelState.CANCELLED}
    assert sum(world.kills for world in worlds) > 40
    assert sum(count > 1 for world in worlds for count in world.delivered.values()) > 0


@pytest.mark.parametrize("seed", range(12))
def test_a_file_tells_the_same_history(seed: int, tmp_path: Path) -> None:
    """Over SQLite the promises hold as well, and every row ends the same."""
    memory, file = World.of(seed).run(), World.of(seed, f"sqlite:///{tmp_path / 'shop.db'}").run()
    assert [memory.row(one.key) for one in memory.actions] == [file.row(one.key) for one in file.actions]
    file.engine.close()


Plant = Callable[[pytest.MonkeyPatch, World], object]


def no_mark(_: pytest.MonkeyPatch, world: World) -> None:
    """Begin without writing anything."""
    store: Any = world.engine.store

    def begin(keys: list[str], at: int, lease_until: int) -> list[Parcel]:
        rows = [store.parcels.of([key])[key] for key in keys]
        return [evolve(row, state=ParcelState.SENDING, attempt_no=1, lease_until=lease_until) for row in rows]

    store.deliveries.begin = begin


def no_fencing(_: pytest.MonkeyPatch, world: World) -> None:
    """Let whoever comes settle."""
    store: Any = world.engine.store
    settle = store.deliveries.settle
    store.deliveries.settle = lambda parcel: settle(
        evolve(parcel, token=store.parcels.of([parcel.key])[parcel.key].token)
    )


def no_limit(patch: pytest.MonkeyPatch, _: World) -> None:
    """Send whatever is unknown again and again."""
    patch.setattr(machine, "_unknown", lambda row, reason, **_: forgetful(row))


def back_to_pending(patch: pytest.MonkeyPatch, _: World) -> None:
    """Take a message whose holder is gone for one that was not sent."""
    patch.setattr(delivery, "recovered", forgetful)


def no_validity(patch: pytest.MonkeyPatch, _: World) -> None:
    """Forget until when a message may be sent."""
    patch.setattr(Limits, "end_of", lambda *_: 2**60)


def no_second_look(patch: pytest.MonkeyPatch, world: World) -> None:
    """Believe what was decided long ago."""
    clear = world.engine.clear
    patch.setattr(world.engine, "clear", lambda *asked: evolve(clear(*asked), ruling=ALLOW), raising=False)


def no_recovery(patch: pytest.MonkeyPatch, _: World) -> None:
    """Leave what the dead hold with them."""
    patch.setattr(Delivery, "_recover", lambda *_: None)


def no_lease_check(_: pytest.MonkeyPatch, world: World) -> None:
    """Call without a look at the clock."""
    world.checks_lease = False


PLANTS = [
    (no_mark, "I5"),
    (no_fencing, "I5"),
    (no_limit, "I6"),
    (back_to_pending, "I6"),
    (no_validity, "I9"),
    (no_second_look, "I7"),
    (no_recovery, "I9"),
    (no_lease_check, "I5"),
]


@pytest.mark.parametrize(("plant", "name"), PLANTS)
def test_a_missing_safeguard_is_noticed(plant: Plant, name: str) -> None:
    """Without it some history breaks the invariant named here."""
    broken: set[str] = set()
    for seed in range(300):
        with pytest.MonkeyPatch.context() as patch:
            world = World.of(seed)
            plant(patch, world)
            try:
                world.run()
            except Broken as error:
                broken.add(error.args[0])
        if name in broken:
            return
    raise AssertionError(f"{plant.__name__} broke {sorted(broken)} only")
