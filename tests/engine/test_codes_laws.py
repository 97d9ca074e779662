"""The laws of code uses, played against a plain list; and each fault that is planted breaks them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from retention_engine.clubs.promotions import Promotion
from retention_engine.engine.codes import Basket, CodeDesk, Codes, weighing
from retention_engine.engine.codes.weighing import Weigher
from retention_engine.errors import RetentionError
from retention_engine.loyalty.codes import Applied, CodeKeys, Counter, Refusal, Use, body_of, check_symbol, discounts
from tests.engine._codes import START, WORLD, Played, basket, codes, given, play, promotion

SEEDS = 5_000 if os.environ.get("RETENTION_NIGHTLY") else 300


def test_code_limit_reentrant_timeout_zero() -> None:
    """CODE-LIMIT, CODE-REENTRANT, CODE-TIMEOUT, CODE-ZERO over random days; every move works often enough."""
    played = Played()
    for seed in range(SEEDS):
        play(codes(*WORLD), seed, played=played)
    ratios = {move: played.worked[move] / count for move, count in played.tried.items()}
    assert min(ratios.values()) >= 0.15, ratios


def race(service: Any) -> None:
    """Let two orders go for the last use, move by move in both orders: exactly one gets it."""
    first, second = basket("o1", "anna"), basket("o2", "bob")
    steps = [
        service.steps(order) if hasattr(service, "steps") else _one_step(service, order) for order in (first, second)
    ]
    found = [next(steps[0]), next(steps[1])]
    found = [next(steps[1]), next(steps[0])]
    assert sum(one is not None and bool(one.applied) for one in found) == 1


def _one_step(service: Codes, order: Any) -> Iterator[Basket | None]:
    yield None
    yield service.hold(order, ["spring-code"], at=START)


class TwoSteps:
    """X32: looks first, counts in a second transaction."""

    def __init__(self, service: Codes) -> None:
        """Wrap the service."""
        self._service = service

    def steps(self, order: Any) -> Iterator[Basket | None]:
        """Look; count without looking again."""
        looked = self._service.quote(order, ["spring-code"], at=START)
        yield None
        if not looked.applied:
            yield looked
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Weigher, "full", lambda *_: None)
            held = self._service.hold(order, ["spring-code"], at=START)
        yield held


def test_x32_looking_and_counting_are_one() -> None:
    """Two who look before either counts: with the fault both get the last use."""
    limited = promotion(limits=[weighing.Limit(uses=1)])
    race(codes(limited))
    with pytest.raises(AssertionError):
        race(TwoSteps(codes(limited)))


def _own_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Counter, "_others", lambda self, at, _: [one for one in self.held.values() if at < one.until])
    patch.setattr(weighing, "live", lambda *_: False)


def _never_free(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Counter, "_others", lambda self, _, order: [one for n, one in self.held.items() if n != order])


def _inclusive(patch: pytest.MonkeyPatch) -> None:
    def others(self: Counter, at: int, order: str) -> list[Any]:
        return [one for name, one in self.held.items() if name != order and at <= one.until]

    patch.setattr(Counter, "_others", others)


def _late_unchecked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CodeDesk, "_again", lambda *_: None)


def _zero_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Applied, "counts", property(lambda _: True))
    patch.setattr(discounts, "_worth", lambda way: (sum(one.cost for one in way), len(way)))


def _nobody_counted(patch: pytest.MonkeyPatch) -> None:
    keys = Promotion.keys

    def fewer(*given: Any, **words: Any) -> Any:
        return (pair for pair in keys(*given, **words) if pair[0].per != "customer")

    patch.setattr(Promotion, "keys", fewer)


def _none_is_zero(patch: pytest.MonkeyPatch) -> None:
    def full(self: Use, counters: Any, order: str, at: int) -> str | None:
        over = (
            counters[name].uses(at, order) + 1 > (uses or 0)
            for name, (uses, _) in zip(self.counters, self.room, strict=True)
        )
        return "uses" if any(over) else None

    patch.setattr(Use, "full", full)


def _never_released(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CodeDesk, "_released", lambda *_: False)


def _released_for_abuse(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CodeDesk, "_released", lambda *given: given[-1].stage == "used")


FAULTS = {
    "x33-own-hold-counts": _own_counts,
    "x34-never-free": _never_free,
    "x34-one-too-late": _inclusive,
    "x34-late-unchecked": _late_unchecked,
    "x35-zero-counts": _zero_counts,
    "x35-nobody-counted": _nobody_counted,
    "x35-none-is-zero": _none_is_zero,
    "never-released": _never_released,
    "released-for-abuse": _released_for_abuse,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_breaks_a_law(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each within as many days as the laws are played."""
    plant: Callable[[pytest.MonkeyPatch], None] = FAULTS[fault]
    plant(monkeypatch)
    with pytest.raises((AssertionError, RetentionError)):
        _days()


def _days() -> None:
    for seed in range(SEEDS):
        play(codes(*WORLD), seed)


def issued_twice(service: Codes) -> None:
    """CODE-DET, CODE-UNIQ: issuing again gives the same codes, and no two customers have one."""
    people = [f"customer-{number}" for number in range(50)]
    made = service.issue_all("gift", people, "july", at=START)
    assert service.issue_all("gift", people, "july", at=START + 5) == made
    assert len(set(made.values())) == 50
    for who, code in made.items():
        assert service.quote(basket("q", who), [code.lower()], at=START).discount == 500


def test_code_det_issued_again() -> None:
    """On one store, and on another one with the same secret."""
    issued_twice(codes(given()))
    assert codes(given()).issue("gift", "anna", "july", at=0) == codes(given()).issue("gift", "anna", "july", at=9)


def test_x36_codes_from_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random source breaks CODE-DET."""
    chance = random.Random(1)

    def derive(*_: Any, length: int, key: str | None = None) -> Iterator[str]:
        while True:
            value = chance.getrandbits(5 * length)
            if last := check_symbol(value):
                yield body_of(value, length) + last

    monkeypatch.setattr(CodeKeys, "derive", derive)
    with pytest.raises(AssertionError):
        issued_twice(codes(given()))


def test_code_public_the_answers_are_the_same() -> None:
    """CODE-PUBLIC: unknown, used, held, foreign, revoked and locked codes have one answer, in both languages."""
    service = codes(given(), promotion(limits=[weighing.Limit(uses=1)]))
    used, foreign, revoked = (service.issue("gift", who, who, at=0) for who in ("anna", "bob", "carl"))
    service.hold(basket("o1"), [used], at=1)
    service.capture("o1", at=2)
    service.hold(basket("o2", "dora"), ["spring-code"], at=3)
    service.revoke(revoked, at=3)
    asked = [used, foreign, revoked, "spring-code", "GIFT-0000-0000-000"]
    found = service.quote(basket("o3"), asked, at=4)
    assert set(found.refused.values()) == {
        *(Refusal.USED_UP, Refusal.BOUND, Refusal.HELD, Refusal.UNKNOWN),
    }
    for language in ("en", "ru", None):
        assert len(set(found.answers(language).values())) == 1
    locked = service.quote(basket("o4"), [service.issue("gift", "anna", "new", at=4)], at=5)
    assert set(locked.refused.values()) == {Refusal.LOCKED}
    assert set(locked.answers().values()) == set(found.answers().values())
