"""Manners: whatever happens, no message breaks what the policies and the customer say, and none that waits is lost.

Their planted faults are in ``test_manner_teeth.py``.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from retention_engine import arbitration as a
from retention_engine.testing import Scenario, scenarios
from retention_engine.testing.strategies import busy_rules
from tests.laws._manners import check_held, check_manners, journal_of, standing

FAMILIES: dict[str, tuple[type[a.Policy], ...]] = {
    "pressure": (a.AtMost, a.CalendarCap, a.CoolDown, a.Variety),
    "time": (a.QuietHours, a.BestHour, a.HoldWhile),
    "permission": (a.Consent, a.Holdout, a.Choices, a.Channels),
}


def polite(scenario: Scenario) -> None:
    """Check a scenario."""
    journal = journal_of(scenario)
    check_manners(scenario, journal)
    check_held(scenario, journal)


@pytest.mark.parametrize("kinds", FAMILIES.values(), ids=FAMILIES.keys())
def test_no_message_breaks_a_manner_and_none_is_lost(kinds: tuple[type[a.Policy], ...]) -> None:
    """Consent, choices, addresses, switches, quiet hours, caps, cool-down, variety, holdout, validity; and the end."""

    @settings(max_examples=300, suppress_health_check=list(HealthCheck))
    @given(scenarios(rules=busy_rules(), policies=standing(*kinds), max_orders=3, max_others=4))
    def law(scenario: Scenario) -> None:
        polite(scenario)

    law()


@given(scenarios(max_others=4))
def test_rules_of_every_shape_have_manners(scenario: Scenario) -> None:
    """Branches, splits, waits and all other actions between the messages."""
    polite(scenario)
