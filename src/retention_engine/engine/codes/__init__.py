"""Promotions and promo codes over a store: checked, held, counted and given in one transaction."""

from retention_engine.engine.codes.desk import CodeDesk
from retention_engine.engine.codes.service import Codes
from retention_engine.engine.codes.telling import Settled
from retention_engine.engine.codes.weighing import Basket

__all__ = ["Basket", "CodeDesk", "Codes", "Settled"]
