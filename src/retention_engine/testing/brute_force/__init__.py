"""A brute-force oracle: what a rule set decides, found by asking every rule wherever anything could change.

It shares nothing with the engine but the words, the fold and the truth of a predicate (never its ``until``): no walk,
no plan, no compiled function, no horizon, no store. Slow and simple on purpose.
"""

from retention_engine.testing.brute_force.judge import essence, oracle

__all__ = ["essence", "oracle"]
