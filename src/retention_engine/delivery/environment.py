"""Whose store this is: a copy of it, such as a backup or a staging clone, must not write to customers."""

from __future__ import annotations

from retention_engine.delivery.base import Office
from retention_engine.errors import StoreError, shown

ENVIRONMENT = "environment"


def check_environment(office: Office, name: str | None) -> None:
    """Let a store pass that carries this name; one that carries none is given it.

    Raises:
        StoreError: the store carries another name, or one while none was given.
    """
    with office.exclusively():
        carried = office.store.settings.hold(ENVIRONMENT, change=name is not None) or None
        if carried is None and name is not None:
            office.store.settings.put(ENVIRONMENT, name)
    if carried is not None and carried != name:
        given = "none was given" if name is None else f"not to {shown(name)}"
        raise StoreError(
            f"nothing is sent: this store belongs to the environment {shown(carried)}, {given}; "
            "if it is no copy of a store that still sends, adopt it"
        )


def adopt_environment(office: Office, name: str | None) -> None:
    """Give a store another name, or none: from now on this environment sends from it, and no other one."""
    with office.exclusively():
        office.store.settings.put(ENVIRONMENT, name or "")
