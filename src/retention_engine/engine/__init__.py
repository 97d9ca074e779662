"""The loop: the pure walk of one customer, the engine around it, stories and backtests."""

from retention_engine.engine.backtest import Backtest, Difference, backtest, difference
from retention_engine.engine.decide import Decided, decide
from retention_engine.engine.engine import Advance, Engine
from retention_engine.engine.membership import Member, histories, members
from retention_engine.engine.plan import Plan
from retention_engine.engine.recording import Recorded
from retention_engine.engine.story import Story, line_of

__all__ = [
    "Advance",
    "Backtest",
    "Decided",
    "Difference",
    "Engine",
    "Member",
    "Plan",
    "Recorded",
    "Story",
    "backtest",
    "decide",
    "difference",
    "histories",
    "line_of",
    "members",
]
