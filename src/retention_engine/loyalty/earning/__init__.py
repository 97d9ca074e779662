"""The arithmetic of earning and spending: what rules give for an order, exactly and rounded once; how much may pay."""

from retention_engine.loyalty.earning.limits import Limit, Spendable, Spending
from retention_engine.loyalty.earning.offers import Group, Offer, Stack, added, exact_cells, receipt_for, whole_cells

__all__ = [
    "Group",
    "Limit",
    "Offer",
    "Spendable",
    "Spending",
    "Stack",
    "added",
    "exact_cells",
    "receipt_for",
    "whole_cells",
]
