"""The small part of an Unleash client that the published cases of hashing need."""

from __future__ import annotations

from typing import Any

from retention_engine.experiments import in_rollout, unleash_variant

HASHING = {"flexibleRollout", "gradualRolloutUserId", "gradualRolloutSessionId", "default"}
Record = dict[str, Any]


def is_about_hashing(feature: Record) -> bool:
    """Tell whether a feature asks for nothing but rollouts and variants."""
    strategies = feature.get("strategies") or []
    plain = all(one["name"] in HASHING and not one.get("constraints") and not one.get("segments") for one in strategies)
    return plain and not feature.get("dependencies")


def enabled_by(feature: Record, context: Record) -> Record | None:
    """Return the strategy that lets a user in, or None; a feature without strategies lets everybody in."""
    strategies = feature.get("strategies") or [{"name": "default"}]
    return next((one for one in strategies if feature["enabled"] and _admits(feature, one, context)), None)


def variant(feature: Record, context: Record) -> str:
    """Return the name of the user's variant; ``disabled`` for none."""
    strategy = enabled_by(feature, context)
    if strategy is None:
        return "disabled"
    group = strategy.get("parameters", {}).get("groupId", feature["name"])
    if strategy.get("variants"):
        return _choose(strategy["variants"], group, _field(strategy["variants"][0], strategy), context)
    variants = feature.get("variants") or []
    return _choose(variants, feature["name"], _field(variants[0], {}), context) if variants else "disabled"


def _field(first: Record, strategy: Record) -> str:
    return str(first.get("stickiness") or strategy.get("parameters", {}).get("stickiness") or "default")


def _choose(variants: list[Record], group: str, field: str, context: Record) -> str:
    for one in variants:
        for override in one.get("overrides", ()):
            if context.get(override["contextName"]) in override["values"]:
                return str(one["name"])
    customer = _value(context, field) or ""
    return str(variants[unleash_variant(customer, group, [one["weight"] for one in variants])]["name"])


def _admits(feature: Record, strategy: Record, context: Record) -> bool:
    given = strategy.get("parameters", {})
    group = given.get("groupId", feature["name"])
    if strategy["name"] == "default":
        return True
    if strategy["name"] == "flexibleRollout":
        field, percent = given["stickiness"], int(given["rollout"])
    else:
        field = {"gradualRolloutUserId": "userId", "gradualRolloutSessionId": "sessionId"}[strategy["name"]]
        percent = int(given["percentage"])
    customer = _value(context, field)
    if customer is None:
        return field == "default" and percent == 100
    return in_rollout(customer, group, percent)


def _value(context: Record, field: str) -> str | None:
    if field == "default":
        return context.get("userId") or context.get("sessionId")
    return context.get(field) or context.get("properties", {}).get(field)
