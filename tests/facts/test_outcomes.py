"""Facts about what became of our messages."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import Fact, MessageClicked, MessageDelivered, MessageFailed, MessageOpened, MessageSent

COMMON: dict[str, Any] = {"id": "f1", "customer": "c7", "at": 0, "message": "win-back/c7/812/send"}
OUTCOMES: list[tuple[type[Fact], dict[str, Any]]] = [
    (MessageSent, {"rule": "win-back", "step": "send", "template": "miss-you"}),
    (MessageDelivered, {}),
    (MessageOpened, {}),
    (MessageClicked, {"link": None}),
    (MessageFailed, {"reason": "blocked"}),
]


@pytest.mark.parametrize(("cls", "own"), OUTCOMES)
def test_every_outcome_names_its_message(cls: type[Fact], own: dict[str, Any]) -> None:
    """Without the key of the action an outcome says nothing."""
    assert cls(**COMMON, **own).at == 0
    with pytest.raises(FactError, match="message"):
        cls(**{**COMMON, **own, "message": ""})


@pytest.mark.parametrize("field", ["rule", "step", "template"])
def test_a_sent_message_names_where_it_came_from(field: str) -> None:
    """Rule, step and template are needed."""
    with pytest.raises(FactError, match=field):
        MessageSent(**{**COMMON, **OUTCOMES[0][1], field: None})


def test_a_failure_has_a_reason() -> None:
    """The reason is a stable code, never empty."""
    with pytest.raises(FactError, match="reason"):
        MessageFailed(**COMMON, reason="")
