"""The edge where untrusted input becomes facts: rows and files of a shop, and our classes in the eyes of pydantic.

Importing this package gives the attrs classes of ``facts`` and ``money`` the hook by which pydantic reads and writes
them. Neither pydantic nor DuckDB is loaded before it is needed.
"""

from retention_engine.intake.bridge import AnyFact, attach
from retention_engine.intake.files import read_facts, read_rows
from retention_engine.intake.mapping import OrderMapping
from retention_engine.intake.report import Problem, Reading, Report, Skip, Tally
from retention_engine.intake.rows import Row, orders_from_rows

__all__ = [
    "AnyFact",
    "OrderMapping",
    "Problem",
    "Reading",
    "Report",
    "Row",
    "Skip",
    "Tally",
    "attach",
    "orders_from_rows",
    "read_facts",
    "read_rows",
]

attach()
