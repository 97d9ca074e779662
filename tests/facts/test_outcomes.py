"""Facts about what became of our messages."""

from __future__ import annotations

from typing import Any

import pytest

from retention_engine.errors import FactError
from retention_engine.facts import (
    Exposed,
    Fact,
    MessageClicked,
    MessageDelivered,
    MessageFailed,
    MessageOpened,
    MessageSent,
)
from retention_engine.values import PURPOSES

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


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_sent_message_has_a_purpose_and_items(purpose: str) -> None:
    """Marketing unless it says otherwise; items become a tuple."""
    sent = MessageSent(**COMMON, **OUTCOMES[0][1], purpose=purpose, items=["sku-1", "sku-1"])
    assert (sent.purpose, sent.items) == (purpose, ("sku-1", "sku-1"))
    assert MessageSent(**COMMON, **OUTCOMES[0][1]).purpose == "marketing"


@pytest.mark.parametrize("purpose", ["", "Marketing", None, 5, ["marketing"]])
def test_another_purpose_is_refused(purpose: Any) -> None:
    """The message says which there are."""
    with pytest.raises(FactError, match="unknown purpose"):
        MessageSent(**COMMON, **OUTCOMES[0][1], purpose=purpose)


def test_an_exposure_names_experiment_and_variant() -> None:
    """The rule that showed it may be missing."""
    who: dict[str, Any] = {"id": "f1", "customer": "c7", "at": 0}
    assert Exposed(**who, experiment="subject", variant="b").rule is None
    with pytest.raises(FactError, match="variant"):
        Exposed(**who, experiment="subject", variant="")
