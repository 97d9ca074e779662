"""Loyalty: a ledger of lots that conserves every unit; values in, values out, no clock and no storage.

A command becomes an entry, the state of an account is a fold of its entries, and time alone does the rest: units vest,
expire, come back from holds and settle debts at their instants, whether or not anything runs.
"""

from retention_engine.loyalty.awards import AT_ONCE, DELIVERED, PAID, Award, Basis, Rate, Vesting, source
from retention_engine.loyalty.caps import Cap, Room
from retention_engine.loyalty.codec import from_json, to_json
from retention_engine.loyalty.correcting import Adjust, ExpireNow, Extend
from retention_engine.loyalty.granting import CancelPending, Earn, Reverse, VestAt, VestNow
from retention_engine.loyalty.horizons import balance_steps, expiring_steps, vesting_steps
from retention_engine.loyalty.ledger import Ledger, Posted, apply, decide, replay
from retention_engine.loyalty.lots import Bucket, Hold, Lot, Redemption, Reversal, Slice, Stock
from retention_engine.loyalty.orders import Cell, OrderLine, OrderRecord, Receipt, Rounding, Split, Status, share_out
from retention_engine.loyalty.questions import balance_at, balance_effective, state_at
from retention_engine.loyalty.reconcile import ReconcileOrder, order_command, step_key
from retention_engine.loyalty.reports import RollForward, roll_forward, split_revenue
from retention_engine.loyalty.sharing import Convert, Merge, Transfer
from retention_engine.loyalty.spending import Capture, OpenHold, Redeem, Restore, Void, promise_to
from retention_engine.loyalty.state import Balance, Journal, Movement, State
from retention_engine.loyalty.statement import Line, Reason, reasons, statement, statement_record, statement_table, why
from retention_engine.loyalty.terms import OWN_REVERSAL, Fresh, GiveBack, Grace, Original, Terms
from retention_engine.loyalty.timeline import Step, advance, expiring, project
from retention_engine.loyalty.units import Account, Unit
from retention_engine.loyalty.validity import Lasts, Until, Validity, WhileActive
from retention_engine.loyalty.verify import (
    Violation,
    entry_violations,
    global_violations,
    state_violations,
    stream_violations,
    verify,
    verify_streams,
)
from retention_engine.loyalty.work import Command, Entry, Result

__all__ = [
    "AT_ONCE",
    "DELIVERED",
    "OWN_REVERSAL",
    "PAID",
    "Account",
    "Adjust",
    "Award",
    "Balance",
    "Basis",
    "Bucket",
    "CancelPending",
    "Cap",
    "Capture",
    "Cell",
    "Command",
    "Convert",
    "Earn",
    "Entry",
    "ExpireNow",
    "Extend",
    "Fresh",
    "GiveBack",
    "Grace",
    "Hold",
    "Journal",
    "Lasts",
    "Ledger",
    "Line",
    "Lot",
    "Merge",
    "Movement",
    "OpenHold",
    "OrderLine",
    "OrderRecord",
    "Original",
    "Posted",
    "Rate",
    "Reason",
    "Receipt",
    "ReconcileOrder",
    "Redeem",
    "Redemption",
    "Restore",
    "Result",
    "Reversal",
    "Reverse",
    "RollForward",
    "Room",
    "Rounding",
    "Slice",
    "Split",
    "State",
    "Status",
    "Step",
    "Stock",
    "Terms",
    "Transfer",
    "Unit",
    "Until",
    "Validity",
    "VestAt",
    "VestNow",
    "Vesting",
    "Violation",
    "Void",
    "WhileActive",
    "advance",
    "apply",
    "balance_at",
    "balance_effective",
    "balance_steps",
    "decide",
    "entry_violations",
    "expiring",
    "expiring_steps",
    "from_json",
    "global_violations",
    "order_command",
    "project",
    "promise_to",
    "reasons",
    "replay",
    "roll_forward",
    "share_out",
    "source",
    "split_revenue",
    "state_at",
    "state_violations",
    "statement",
    "statement_record",
    "statement_table",
    "step_key",
    "stream_violations",
    "to_json",
    "verify",
    "verify_streams",
    "vesting_steps",
    "why",
]
