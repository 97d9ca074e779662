"""Faults of earning are planted; the law that is there for each of them must fail."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve

from retention_engine import loyalty as lo
from retention_engine.clubs import earning, order_lines, programme, reconciling
from retention_engine.errors import LedgerError
from retention_engine.loyalty import caps, granting, reconcile, spending
from retention_engine.loyalty.earning import Stack, offers
from retention_engine.timing import Span
from tests.clubs import test_earning as facts_laws
from tests.clubs import test_earning_bonuses as bonus_laws
from tests.loyalty.earning import test_arithmetic as sums
from tests.loyalty.earning import test_caps as cap_laws

Patch = pytest.MonkeyPatch


def floored_each_time(patch: Patch) -> None:
    """X12: each refund takes its own rounded part of the grant, not what is missing to the target."""
    seen: dict[int, tuple[Any, int]] = {}

    def take_back(self: Any, kept: dict[str, int]) -> int:
        first, total = self.record.receipt, 0
        if first is None:
            return 0
        whole, back = sum(line.net for line in first.lines), sum(line.returned for line in self.command.receipt.lines)
        _, known = seen.get(id(first), (first, 0))
        seen[id(first)] = (first, back)
        for rule, _, lot in self.record.grants:
            granted = sum(cell.amount for cell in first.cells if cell.rule == rule)
            if part := granted * (back - known) // whole:
                granting.reverse(self._as(f"reverse:{rule}"), lot, part)
                total += part
        return total

    patch.setattr(reconcile._Desk, "take_back", take_back)
    patch.setattr(reconcile._Desk, "grant", _once(reconcile._Desk.grant))


def _once(sound: Any) -> Any:
    """Let an order be granted something only the first time."""
    return lambda self, kept: 0 if self.record.grants else sound(self, kept)


def rounded_by_line(patch: Patch) -> None:
    """X16: each line is rounded by itself."""

    def cells(lines: Any, found: Any, rounding: Any) -> Any:
        return tuple(evolve(cell, amount=rounding.of(cell.exact)) for cell in found)

    patch.setattr(offers, "whole_cells", cells)


def floats(patch: Patch) -> None:
    """X16: a float on the way."""
    sound = offers.exact_cells
    patch.setattr(
        offers,
        "exact_cells",
        lambda lines, found: [evolve(cell, exact=Fraction(float(cell.exact or 0))) for cell in sound(lines, found)],
    )


def both_pay(patch: Patch) -> None:
    """X17: every rule of a group pays."""
    sound = offers.exact_cells

    def cells(lines: Any, found: Any) -> Any:
        return sound(lines, [evolve(one, group=None) for one in found])

    patch.setattr(offers, "exact_cells", cells)


def best_of_the_order(patch: Patch) -> None:
    """BEST is decided for the whole order, not line by line."""
    sound = offers.exact_cells

    def cells(lines: Any, found: Any) -> Any:
        alone = {one.award.rule: sum(c.exact or 0 for c in sound(lines, [one])) for one in found}
        groups: dict[Any, Any] = {}
        for one in found:
            best = groups.get(one.group)
            if best is None or alone[one.award.rule] > alone[best.award.rule]:
                groups[one.group] = one
        best_group = {one.group for one in found if one.group and one.group.stack is Stack.BEST}
        return sound(lines, [one for one in found if one.group not in best_group or groups[one.group] is one])

    patch.setattr(offers, "exact_cells", cells)


def first_gets_the_rest(patch: Patch) -> None:
    """What rounding leaves goes to the first cells, whatever their fractions."""

    def cells(lines: Any, found: Any, rounding: Any) -> Any:
        total = rounding.of(sum((cell.exact for cell in found), Fraction(0)))
        down = [evolve(cell, amount=int(cell.exact)) for cell in found]
        rest = total - sum(cell.amount for cell in down)
        return tuple(evolve(one, amount=one.amount + (place < rest)) for place, one in enumerate(down))

    patch.setattr(offers, "whole_cells", cells)


def usage_never_falls(patch: Patch) -> None:
    """X22: a cancelled order goes on using its cap."""

    def grants(self: Any, state: Any, rule: str) -> Any:
        lots = [state.lots[name].lot for name in state.grants]
        owners = [(lot, lot.source.partition("@")[0]) for lot in lots if "@" in lot.source]
        return [(lot.earned_at, lot.issued) for lot, owner in owners if self.whole or owner == rule]

    patch.setattr(caps.Cap, "_grants", grants)


def later_refunds_free(patch: Patch) -> None:
    """X22: what is taken back lowers the usage of the window of today, whenever it had been granted."""

    def grants(self: Any, state: Any, rule: str) -> Any:
        found = [(state.lots[name].lot, one.reversed) for name, one in state.grants.items()]
        return [each for lot, back in found for each in ((lot.earned_at, lot.issued), (state.at, -back))]

    patch.setattr(caps.Cap, "_grants", grants)


def looks_back_only(patch: Patch) -> None:
    """A late order is weighed against the rolling window that ends with it, not against those that follow."""

    def used(self: Any, state: Any, rule: str, at: int) -> int:
        spans = isinstance(self.window, Span)
        start, end = (at - self.window.micros + 1, at + 1) if spans else self.bounds(at)
        return sum(units for when, units in self._grants(state, rule) if start <= when < end)

    patch.setattr(caps.Cap, "used", used)


def each_alone(patch: Patch) -> None:
    """Rules of one order do not see each other under a cap of the whole programme."""
    sound = lo.Receipt.capped

    def capped(self: Any, state: Any, at: int) -> Any:
        parts = [sound(evolve(self, awards=(award,)), state, at) for award in self.awards]
        cells = tuple(c for part in parts for c in part.cells if c.rule == part.awards[0].rule)
        return evolve(self, awards=tuple(part.awards[0] for part in parts), cells=cells)

    patch.setattr(lo.Receipt, "capped", capped)


def largest_remainder(patch: Patch) -> None:
    """A refund is shared anew by largest remainder each time: a part may fall while the whole grows."""

    def with_refunds(draft: Any) -> Any:
        found = order_lines.bought(draft.placed.order)
        lines = list(found.lines)
        for refund in draft.standing:
            left = [one.net - one.returned for one in lines]
            amount = sum(left) if refund.amount is None else min(sum(left), refund.amount.amount)
            parts = lo.share_out(amount, left)
            lines = [evolve(one, returned=one.returned + part) for one, part in zip(lines, parts, strict=True)]
        return evolve(found, lines=tuple(lines))

    patch.setattr(reconciling, "with_refunds", with_refunds)


def forgets_the_hold(patch: Patch) -> None:
    """A hold that timed out is forgotten: the discount is free."""
    patch.setattr(reconciling, "promise_to", spending.hold_for)


def charges_twice(patch: Patch) -> None:
    """A redemption made for the order before is not seen."""
    sound = reconcile._Desk.__init__

    def init(self: Any, work: Any, command: Any, record: Any) -> None:
        sound(self, work, command, record)
        self.record = record

    patch.setattr(reconcile._Desk, "__init__", init)


def keeps_what_is_gone(patch: Patch) -> None:
    """A line that was removed goes on earning."""
    sound = offers.added

    def added(receipt: Any, lines: Any) -> Any:
        names = {line.id for line in lines}
        return sound(receipt, [*lines, *(line for line in receipt.lines if line.id not in names)])

    patch.setattr(reconciling, "added", added)


def rates_of_today(patch: Patch) -> None:
    """Lines that came later earn by the rules of today."""
    sound = earning.later_cells

    def cells(rules: Any, receipt: Any, found: Any, lines: Any) -> Any:
        today = {one.id: one for one in rules}
        awards = tuple(
            evolve(a, version=today[a.rule].version, rate=today[a.rule].rate, multiplier=Fraction(1))
            for a in receipt.awards
            if a.rule in today
        )
        return sound(rules, evolve(receipt, awards=awards, cells=()), found, lines)

    patch.setattr(reconciling, "later_cells", cells)


def one_for_all(patch: Patch) -> None:
    """Every rule of an order vests like the first."""
    sound = reconcile._Desk._award
    patch.setattr(
        reconcile._Desk,
        "_award",
        lambda self, rule: evolve(
            sound(self, rule) or self.record.receipt.awards[0], vesting=self.record.receipt.awards[0].vesting
        ),
    )


def never_told(patch: Patch) -> None:
    """A delivery lets nothing vest."""
    patch.setattr(reconcile._Desk, "vest", lambda self: 0)


def key_with_zone(patch: Patch) -> None:
    """A yearly bonus is known by its instant, not by its year."""
    patch.setattr(
        programme, "_new", lambda commands, state: [evolve(c, key=f"{c.key}:{c.effective_at}") for c in commands]
    )


def any_way_to_refund() -> None:
    """The law with fixed parts: a search for them takes long."""
    law: Any = facts_laws.test_any_way_to_refund_the_same_ends_alike
    for seed in range(50):
        dice = random.Random(seed)
        law.hypothesis.inner_test([dice.randrange(1, 900) for _ in range(9)], ())


FAULTS: list[tuple[Callable[[Patch], None], Callable[..., None]]] = [
    (floored_each_time, facts_laws.test_split_refunds_leave_nothing_and_restore_every_point),
    (rounded_by_line, sums.test_cutting_an_order_into_lines_changes_no_grant),
    (floats, sums.test_exact_cells_are_what_the_rules_say),
    (both_pay, sums.test_the_best_rule_is_chosen_line_by_line),
    (best_of_the_order, sums.test_the_best_rule_is_chosen_line_by_line),
    (first_gets_the_rest, sums.test_the_largest_fraction_gets_the_unit_then_the_first_line),
    (usage_never_falls, cap_laws.test_a_cancelled_order_frees_its_window_and_a_later_refund_no_other),
    (later_refunds_free, cap_laws.test_a_cancelled_order_frees_its_window_and_a_later_refund_no_other),
    (each_alone, cap_laws.test_rules_of_one_order_share_a_whole_cap_by_priority_and_the_receipt_says_so),
    (largest_remainder, any_way_to_refund),
    (forgets_the_hold, facts_laws.test_points_of_a_hold_that_timed_out_are_spent_or_missed),
    (charges_twice, facts_laws.test_points_that_were_redeemed_for_an_order_count_once_and_never_above_its_value),
    (one_for_all, facts_laws.test_rules_of_one_order_vest_expire_and_are_named_each_in_its_own_way),
    (never_told, facts_laws.test_rules_of_one_order_vest_expire_and_are_named_each_in_its_own_way),
    (rates_of_today, facts_laws.test_lines_that_came_later_keep_the_terms_of_the_receipt),
    (key_with_zone, bonus_laws.test_a_birthday_is_given_once_a_year_wherever_the_customer_moves),
]


@pytest.mark.parametrize(("fault", "law"), FAULTS, ids=lambda one: getattr(one, "__name__", None))
def test_a_planted_fault_is_found(fault: Any, law: Any, monkeypatch: Patch) -> None:
    """Each fault breaks the law that is there for it."""
    monkeypatch.setattr(facts_laws, "ROUNDS", 60)
    fault(monkeypatch)
    if fault in {rounded_by_line, floats, both_pay, best_of_the_order, first_gets_the_rest}:
        for name in ("exact_cells", "whole_cells", "receipt_for"):
            if hasattr(sums, name):
                monkeypatch.setattr(sums, name, getattr(offers, name))
    with pytest.raises((AssertionError, LedgerError, pytest.fail.Exception)):
        law()


@pytest.mark.parametrize("fault", [keeps_what_is_gone], ids=lambda one: one.__name__)
@pytest.mark.parametrize("case", [0, 6])
def test_a_fault_of_changed_orders_is_found(fault: Any, case: int, monkeypatch: Patch) -> None:
    """Of those that change an order."""
    fault(monkeypatch)
    with pytest.raises(AssertionError):
        facts_laws.test_a_paid_order_may_change(*facts_laws.EDITS[case])


def test_a_window_that_only_looks_back_is_found(monkeypatch: Patch) -> None:
    """By late facts."""
    looks_back_only(monkeypatch)
    with pytest.raises(AssertionError):
        cap_laws.test_no_window_holds_more_than_the_cap(cap_laws.WINDOWS[-1], "UTC")


def test_the_laws_hold_without_a_fault(monkeypatch: Patch) -> None:
    """Nothing is found where nothing was planted."""
    monkeypatch.setattr(facts_laws, "ROUNDS", 60)
    for law in dict.fromkeys(law for _, law in FAULTS):
        law()
