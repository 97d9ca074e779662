"""Our attrs classes as pydantic citizens: parse, nest, dump, JSON Schema, bodies of a web framework.

Importing ``retention_engine.intake`` gives each class the hook that pydantic asks for; pydantic itself is loaded when
it asks. The JSON is that of ``facts.to_json``. Strict: no text for a number, no yes/no for a number, no NaN, no unknown
name, no naive datetime. Errors name the field and repeat at most 80 characters of the input, so that they can always be
sent back. Names given twice are the one thing only ``facts.from_json`` sees: other parsers keep the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from retention_engine.facts import Cart, Customer, Fact, Line, Order, Product, Returned
from retention_engine.money import Money

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

AnyFact: TypeAlias = Fact
"""Any kind of fact that may come from outside: to pydantic the base class is their union, told apart by ``kind``.

What only the engine makes, such as ``ledger_posted``, is refused; instances pass as they are.
"""


def attach() -> None:
    """Give our classes, and with ``Fact`` every kind of fact, pydantic's hook; repeating it is harmless."""
    for cls in (Fact, Order, Customer, Cart, Product, Line, Returned, Money):
        setattr(cls, "__get_pydantic_core_schema__", classmethod(_hook))  # noqa: B010  # unknown to the class itself


def _hook(cls: type[Any], _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    from retention_engine.intake.schemas import schema

    return schema(cls, handler)
