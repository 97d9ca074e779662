"""The proof of a raffle: a file from which anyone can compute the draw again; a single changed byte is found."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from retention_engine.errors import LedgerError, RetentionError, shown
from retention_engine.loyalty.games.raffles import Draw, Raffle, Tickets, draw, rules_of

FORMAT = "retention-engine raffle proof 1"
LARGEST_PROOF = 100_000_000
_PARTS = {"digest", "draw", "excluded", "format", "rules", "seeds", "tickets"}


def rules_digest(raffle: Raffle) -> str:
    """Return the hash of the rules, published with them before the opening."""
    return _digest(rules_of(raffle))


def proof(
    raffle: Raffle, tickets: Tickets, *, server_seed: bytes, beacon_value: str, excluded: Iterable[str] = ()
) -> str:
    """Draw, and return the proof file; arguments and errors as of ``draw``."""
    seeds = {"server": server_seed.hex(), "beacon": beacon_value}
    return _drawn(raffle, tickets, seeds, sorted(set(excluded)))[1]


def _drawn(raffle: Raffle, tickets: Tickets, seeds: dict[str, str], excluded: list[str]) -> tuple[Draw, str]:
    seed, beacon = bytes.fromhex(seeds["server"]), seeds["beacon"]
    made = draw(raffle, tickets, server_seed=seed, beacon_value=beacon, excluded=excluded)
    content = {
        "format": FORMAT,
        "rules": {**rules_of(raffle), "digest": rules_digest(raffle)},
        "tickets": {"entries": [list(one) for one in tickets.entries], "digest": tickets.digest()},
        "seeds": {"server": seed.hex(), "beacon": beacon, "draw": made.seed.hex()},
        "excluded": excluded,
        "draw": {
            "winners": [[win.prize, win.customer, win.ticket, win.rank] for win in made.winners],
            "alternates": list(made.alternates),
        },
    }
    content["digest"] = _digest(content)
    return made, f"{json.dumps(content, indent=1, sort_keys=True)}\n"


def verify_proof(
    text: str | bytes,
    *,
    commitment: str | None = None,
    rules: str | None = None,
    tickets: str | None = None,
) -> Draw:
    """Compute a draw again from its proof and return it.

    Args:
        text: the file, as it was published.
        commitment: what was published before the opening.
        rules: the digest of the rules, published with them.
        tickets: the digest of the tickets, published at the close.

    Raises:
        LedgerError: anything in the file differs from what follows from it, or from what was published.
    """
    raw, given = _read(text)
    try:
        told = given["rules"]
        raffle = Raffle(**{name: value for name, value in told.items() if name != "digest"})
        frozen = Tickets.freeze(dict(given["tickets"]["entries"]))
        made, again = _drawn(raffle, frozen, given["seeds"], given["excluded"])
    except (RetentionError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise _bad(f"it does not hold together: {shown(str(error))}") from None
    if not hmac.compare_digest(again.encode(), raw):
        raise _bad("what follows from it is something else")
    published = (
        ("commitment", commitment, raffle.commitment),
        ("rules", rules, rules_digest(raffle)),
        ("tickets", tickets, frozen.digest()),
    )
    for name, wanted, found in published:
        if wanted is not None and wanted != found:
            raise _bad(f"its {name} are not what was published")
    return made


def _read(text: str | bytes) -> tuple[bytes, dict[str, Any]]:
    try:
        raw = text.encode() if isinstance(text, str) else text
        if len(raw) > LARGEST_PROOF:
            raise ValueError(f"more than {LARGEST_PROOF} bytes")
        given = json.loads(raw)
    except (ValueError, TypeError, RecursionError) as error:
        raise _bad(f"it cannot be read: {shown(str(error))}") from None
    if not isinstance(given, dict) or set(given) != _PARTS:
        raise _bad(f"it has the parts {', '.join(sorted(_PARTS))}")
    return raw, given


def _bad(why: str) -> LedgerError:
    return LedgerError(f"this proof is not valid: {why}", code="bad_proof")


def _digest(content: dict[str, Any]) -> str:
    return sha256(json.dumps(content, separators=(",", ":"), sort_keys=True).encode()).hexdigest()
