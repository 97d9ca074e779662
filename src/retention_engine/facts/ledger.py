"""Facts that the loyalty ledger makes: what was posted to an account, and what it had to refuse by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen

from retention_engine.errors import FactError, shown
from retention_engine.facts.base import Fact, check_count, check_integer, check_text, kind
from retention_engine.keys import fingerprint

_LONGEST_ENTRY = 10_000_000


def _check_entry(_: Any, __: Any, value: Any) -> None:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_ENTRY or not value.isprintable():
        raise FactError(f"entry is the JSON text of a ledger entry, not {shown(value)}")


@kind("ledger_posted")
@frozen(kw_only=True)
class LedgerPosted(Fact):
    """An entry was posted to an account of the customer; made by the engine.

    Attributes:
        programme: the programme of the account.
        unit: the code of its unit.
        seq: the place of the entry in the account, from 1.
        key: the idempotency key of the command.
        what: the kind of the command, such as ``earn`` or ``redeem``.
        amount: by how much the units that the customer has became more, or fewer (negative); of vesting 0.
        entry: the whole entry, as ``loyalty.to_json`` writes it.
    """

    MADE_BY_ENGINE: ClassVar[bool] = True
    programme: str = field(validator=check_text)
    unit: str = field(validator=check_text)
    seq: int = field(validator=check_count)
    key: str = field(validator=check_text)
    what: str = field(validator=check_text)
    amount: int = field(validator=check_integer)
    entry: str = field(validator=_check_entry, repr=False)

    @staticmethod
    def name(programme: str, unit: str, customer: str, seq: int) -> str:
        """Return the id: the same place in an account is the same fact, so that nobody fills it twice."""
        return f"ledger:{fingerprint(programme, unit, customer)}:{seq:09}"


@kind("ledger_refused")
@frozen(kw_only=True)
class LedgerRefused(Fact):
    """What a fact or a rule asked of the ledger was refused; somebody should look at it. Made by the engine.

    Attributes:
        key: the idempotency key of the command.
        what: the kind of the command.
        code: a stable code, such as ``insufficient``.
        text: one line for people.
    """

    MADE_BY_ENGINE: ClassVar[bool] = True
    programme: str = field(validator=check_text)
    unit: str = field(validator=check_text)
    key: str = field(validator=check_text)
    what: str = field(validator=check_text)
    code: str = field(validator=check_text)
    text: str = field(validator=check_text)
