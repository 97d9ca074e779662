"""What the commands are given: rules, stores, instants."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import date
from importlib import import_module
from pathlib import Path

from cyclopts import CycloptsError

from retention_engine import Engine
from retention_engine.clubs import Club
from retention_engine.engine import Shop, load_shop
from retention_engine.errors import StoreError, nearest, shown
from retention_engine.ports import Store
from retention_engine.stores import open_store
from retention_engine.timing import start_of_day, to_instant, zone

_SQLITE = "sqlite:///"


def shop_in(path: Path) -> Shop:
    """Return the rules of a TOML file, and the policies above them.

    Raises:
        DefinitionError: the file cannot be read, or says something that is no rule or no policy.
    """
    return load_shop(path)


def club_at(name: str | None) -> Club | None:
    """Return the club that a Python module has, named ``module:NAME``; looked for from the working directory, too.

    Raises:
        CycloptsError: there is no such module or name, or it is no club.
    """
    if name is None:
        return None
    module, _, attribute = name.partition(":")
    sys.path.insert(0, "")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise CycloptsError(f"--club is module:NAME, such as shop.club:CLUB; {shown(name)}: {error}") from None
    finally:
        sys.path.remove("")
    if not isinstance(found, Club):
        raise CycloptsError(f"--club {shown(name)} is {shown(found)}, no Club")
    return found


def store_at(db: str, *, new: bool = False) -> Store:
    """Open the store in a file, or the one that a URL names.

    Args:
        new: make the file when there is none.

    Raises:
        StoreError: there is no such file, or it cannot be used.
    """
    url = db if "://" in db else f"{_SQLITE}{db}"
    path = Path(url.removeprefix(_SQLITE))
    if not new and url.startswith(_SQLITE) and not path.is_file():
        raise StoreError(f"there is no store at {shown(str(path))}: make it with retention-engine import")
    return open_store(url)


def instant_of(text: str, option: str, where: str = "UTC") -> int:
    """Return microseconds UTC of ISO 8601 with an offset, or of the first instant of a date in the shop's zone.

    Raises:
        TimeError: it is neither. CycloptsError: the message names the option.
    """
    try:
        return start_of_day(date.fromisoformat(text), zone(where)) if len(text) == 10 else to_instant(text)
    except ValueError as error:
        raise CycloptsError(f"{option} is an instant such as 2026-11-21T12:00:00+00:00 or a date: {error}") from None


def moment_of(engine: Engine, text: str | None, where: str) -> int:
    """Return the instant asked about: ``--at``, or where the store's time stands.

    Raises:
        CycloptsError: neither is there.
    """
    if text is not None:
        return instant_of(text, "--at", where)
    if engine.now is None:
        raise CycloptsError("--at is needed: this store was never advanced, so it has no now")
    return to_instant(engine.now)


def one_of(name: str, option: str, allowed: Iterable[str]) -> str:
    """Return a name that is there.

    Raises:
        CycloptsError: it is not; the message names the nearest one.
    """
    names = list(allowed)
    if name not in names:
        raise CycloptsError(f"{option} {shown(name)} is not there{nearest(name, names)}")
    return name
