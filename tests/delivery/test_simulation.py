"""Whatever happens to workers, clocks and the channel, the promises hold; without any one safeguard they do not.

``RETENTION_NIGHTLY=1`` tells a hundred thousand histories instead of two thousand.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from retention_engine.actions import Parcel, ParcelState, Reason
from retention_engine.arbitration import ALLOW
from retention_engine.delivery import Limits, calls, clock, machine
from retention_engine.facts import ContactAdded
from retention_engine.timing import seconds
from tests.delivery._world import DAY, START, Broken, World, forgetful

HISTORIES, BATCH = (100_000, 2_000) if os.environ.get("RETENTION_NIGHTLY") == "1" else (2_000, 250)


@pytest.mark.parametrize("first", range(0, HISTORIES, BATCH))
def test_the_promises_hold(first: int) -> None:
    """One row a key, no call without a mark, class bounds, no message after a stop, in the night or above a cap."""
    totals: Counter[str] = Counter()
    for seed in range(first, first + BATCH):
        try:
            totals += World.of(seed).run().totals()
        except Broken as error:
            raise AssertionError(f"seed {seed}") from error
    print(f"{BATCH} histories from {first}: {dict(totals)}")
    for name, least in {"calls": 3, "kills": 0.6, "stalls": 0.9, "ambiguous": 1.2, "leaps": 0.3}.items():
        assert totals[name] > least * BATCH, f"histories are worth less than they were: {name} {totals[name]}"


def test_messages_end_in_every_way() -> None:
    """The histories reach every end that there is, and the one duplicate that class ``retry`` allows."""
    worlds = [World.of(seed).run() for seed in range(200)]
    states = Counter(row.state for world in worlds for row in world.rows.values())
    assert set(states) == set(ParcelState) - {ParcelState.PENDING, ParcelState.SENDING}
    assert sum(count > 1 for world in worlds for count in world.delivered.values()) > 0
    assert {len(world.workers) for world in worlds} == set(range(2, 9))


@pytest.mark.parametrize("seed", range(12))
def test_a_file_tells_the_same_history(seed: int, tmp_path: Path) -> None:
    """Over SQLite the promises hold as well, and every row ends the same."""
    memory, file = World.of(seed).run(), World.of(seed, f"sqlite:///{tmp_path / 'shop.db'}").run()
    assert memory.rows == file.rows
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
    patch.setattr(calls, "recovered", forgetful)


def no_validity(patch: pytest.MonkeyPatch, _: World) -> None:
    """Forget until when a message may be sent."""
    patch.setattr(Limits, "end_of", lambda *_: 2**60)


def not_weighed(patch: pytest.MonkeyPatch, world: World, *reasons: Reason) -> None:
    """Believe what was decided long ago, as far as these reasons are concerned."""
    clear = world.engine.clear

    def believe(*asked: Any) -> Any:
        found = clear(*asked)
        if getattr(found.ruling, "reason", None) not in reasons:
            return found
        return evolve(found, ruling=ALLOW, channel="telegram", address=found.address or asked[0].customer)

    patch.setattr(world.engine, "clear", believe, raising=False)


def no_consent_check(patch: pytest.MonkeyPatch, world: World) -> None:
    """Send to those who opted out meanwhile."""
    not_weighed(patch, world, Reason.NO_CONSENT)


def no_switch(patch: pytest.MonkeyPatch, world: World) -> None:
    """Do not look at the kill switch."""
    not_weighed(patch, world, Reason.STOPPED, Reason.RULE_PAUSED, Reason.CHANNEL_PAUSED)


def no_exit(patch: pytest.MonkeyPatch, world: World) -> None:
    """Do not ask whether the journey is over."""
    not_weighed(patch, world, Reason.EXITED)


def no_quiet_hours(patch: pytest.MonkeyPatch, world: World) -> None:
    """Send in the night what was decided in the evening."""
    not_weighed(patch, world, Reason.QUIET_HOURS)


def no_cap(patch: pytest.MonkeyPatch, world: World) -> None:
    """Let all go that waited, whatever was sent meanwhile."""
    not_weighed(patch, world, Reason.FREQUENCY_CAP)


def no_suppression(patch: pytest.MonkeyPatch, world: World) -> None:
    """Write to an address that is gone."""
    not_weighed(patch, world, Reason.SUPPRESSED)


def no_new_address(patch: pytest.MonkeyPatch, _: World) -> None:
    """Forget where a customer moved to."""
    moved = machine._moved

    def forget(*words: Any) -> ContactAdded:
        fact: Any = moved(*words)
        return ContactAdded(id=fact.id, customer=fact.customer, at=START - DAY, channel="telegram", address="gone")

    patch.setattr(machine, "_moved", forget)


def no_recovery(patch: pytest.MonkeyPatch, _: World) -> None:
    """Leave what the dead hold with them."""
    patch.setattr(calls.Caller, "_recover", lambda *_: None)


def no_lease_check(_: pytest.MonkeyPatch, world: World) -> None:
    """Call without a look at the clock."""
    world.checks_lease = False


def no_dedupe(_: pytest.MonkeyPatch, world: World) -> None:
    """Take a fact that comes again for another one."""
    world.repeats = False


def raw_clock(patch: pytest.MonkeyPatch, _: World) -> None:
    """Believe the wall clock, also when it goes back."""
    patch.setattr(clock, "moved", lambda _, wall, monotonic, *__, **___: clock.Stand(at=wall, monotonic=monotonic))


def high_water_clock(patch: pytest.MonkeyPatch, _: World) -> None:
    """Never go back, but stand still until the wall clock has caught up."""

    def moved(stand: clock.Stand, wall: int, monotonic: int, *_: object, **__: object) -> clock.Stand:
        return clock.Stand(at=max(wall, stand.at), monotonic=monotonic)

    patch.setattr(clock, "moved", moved)


def no_hold(patch: pytest.MonkeyPatch, _: World) -> None:
    """Believe a clock that leapt by a year."""
    patch.setattr(clock, "_HELD", frozenset())


def no_duplicate_alarm(_: pytest.MonkeyPatch, world: World) -> None:
    """Tell a customer the same for another reason."""
    world.limits = evolve(world.limits, repeat=seconds(0))
    world.workers = [world.worker() for _ in world.workers]


def unmarked_end(_: pytest.MonkeyPatch, world: World) -> None:
    """Keep no reason for an end."""
    store: Any = world.engine.store
    settle = store.deliveries.settle
    store.deliveries.settle = lambda parcel: settle(evolve(parcel, reason=None))


PLANTS = [
    (no_mark, "I5"),
    (no_fencing, "I5"),
    (no_limit, "I6"),
    (back_to_pending, "I6"),
    (no_validity, "I9"),
    (no_consent_check, "I7"),
    (no_switch, "I7"),
    (no_exit, "I7"),
    (no_quiet_hours, "I8"),
    (no_cap, "I8"),
    (no_suppression, "I7"),
    (no_new_address, "I7"),
    (no_recovery, "I9"),
    (no_lease_check, "I5"),
    (no_dedupe, "I1"),
    (raw_clock, "I12"),
    (high_water_clock, "I12"),
    (no_hold, "I12"),
    (no_duplicate_alarm, "F21"),
    (unmarked_end, "I11"),
]


@pytest.mark.parametrize(("plant", "name"), PLANTS)
def test_a_missing_safeguard_is_noticed(plant: Plant, name: str) -> None:
    """Without it some history breaks the invariant named here."""
    broken: set[str] = set()
    for seed in range(1_000):
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
