"""The loop: the pure walk of one customer, the engine around it, stories and backtests."""

from retention_engine.engine.advance import Advance
from retention_engine.engine.audit import Breach, breaches
from retention_engine.engine.backtest import Backtest, Difference, backtest, difference
from retention_engine.engine.checks import Block, Week, blocked, check, worst_week
from retention_engine.engine.decide import Decided, decide
from retention_engine.engine.engine import Engine
from retention_engine.engine.goals import Attempt, attempts, exposures
from retention_engine.engine.guard import BlastGuard
from retention_engine.engine.manners import Weighed
from retention_engine.engine.membership import Member, histories, members
from retention_engine.engine.plan import Plan, check_asked
from retention_engine.engine.recording import Recorded
from retention_engine.engine.shop import Shop, dump_shop, load_shop
from retention_engine.engine.story import Story, line_of

__all__ = [
    "Advance",
    "Attempt",
    "Backtest",
    "BlastGuard",
    "Block",
    "Breach",
    "Decided",
    "Difference",
    "Engine",
    "Member",
    "Plan",
    "Recorded",
    "Shop",
    "Story",
    "Week",
    "Weighed",
    "attempts",
    "backtest",
    "blocked",
    "breaches",
    "check",
    "check_asked",
    "decide",
    "difference",
    "dump_shop",
    "exposures",
    "histories",
    "line_of",
    "load_shop",
    "members",
    "worst_week",
]
