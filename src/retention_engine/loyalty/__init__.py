"""Loyalty: a ledger of lots that conserves every unit; values in, values out, no clock and no storage.

A command becomes an entry, the state of an account is a fold of its entries, and time alone does the rest: units vest,
expire, come back from holds and settle debts at their instants, whether or not anything runs.
"""

from retention_engine.loyalty.codec import from_json, to_json
from retention_engine.loyalty.granting import Adjust, CancelPending, Earn, Extend, Reverse, VestAt, VestNow
from retention_engine.loyalty.ledger import Ledger, Posted, apply, decide, replay
from retention_engine.loyalty.lots import Bucket, Hold, Lot, Redemption, Reversal, Slice, Stock
from retention_engine.loyalty.orders import Basis, Cell, OrderLine, Receipt, Split, Status, share_out
from retention_engine.loyalty.questions import Line, balance_at, balance_effective, state_at, statement
from retention_engine.loyalty.reconcile import OrderRecord, ReconcileOrder, order_command
from retention_engine.loyalty.reports import RollForward, roll_forward, split_revenue
from retention_engine.loyalty.sharing import Merge, Transfer
from retention_engine.loyalty.spending import Capture, OpenHold, Redeem, Restore, Void
from retention_engine.loyalty.state import Balance, Journal, Movement, State
from retention_engine.loyalty.terms import OWN_REVERSAL, Fresh, GiveBack, Grace, Original, Terms
from retention_engine.loyalty.timeline import Step, advance, expiring, project
from retention_engine.loyalty.units import Account, Unit
from retention_engine.loyalty.validity import Lasts, Until, Validity, WhileActive
from retention_engine.loyalty.verify import Violation, entry_violations, global_violations, state_violations, verify
from retention_engine.loyalty.work import Command, Entry

__all__ = [
    "OWN_REVERSAL",
    "Account",
    "Adjust",
    "Balance",
    "Basis",
    "Bucket",
    "CancelPending",
    "Capture",
    "Cell",
    "Command",
    "Earn",
    "Entry",
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
    "Receipt",
    "ReconcileOrder",
    "Redeem",
    "Redemption",
    "Restore",
    "Reversal",
    "Reverse",
    "RollForward",
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
    "Violation",
    "Void",
    "WhileActive",
    "advance",
    "apply",
    "balance_at",
    "balance_effective",
    "decide",
    "entry_violations",
    "expiring",
    "from_json",
    "global_violations",
    "order_command",
    "project",
    "replay",
    "roll_forward",
    "share_out",
    "split_revenue",
    "state_at",
    "state_violations",
    "statement",
    "to_json",
    "verify",
]
