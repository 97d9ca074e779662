"""Raffles that anyone can check: commit before opening, freeze the tickets at the close, reveal, draw, prove.

The winners follow from the tickets, a seed that was committed to before the opening, and a public value that did not
exist before the close. So neither the shop nor a customer can choose them. A shop that names a public value of its own
could still have tried lists of tickets: take one from a source that it cannot influence.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from attrs import field, frozen

from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.keys import framed
from retention_engine.loyalty.games.opening import Opening, as_tuple
from retention_engine.timing import to_instant
from retention_engine.values import is_printable

SEED_BYTES = 32
MOST_TICKETS = 1_000_000


def commitment(server_seed: bytes) -> str:
    """Return what is published before the opening: it tells nothing about the seed, and binds to it.

    Raises:
        LedgerError: the seed has not 32 bytes.
    """
    if not isinstance(server_seed, bytes) or len(server_seed) != SEED_BYTES:
        raise LedgerError(f"a server seed is {SEED_BYTES} bytes, drawn anew for each raffle", code="bad_seed")
    return sha256(server_seed).hexdigest()


def is_digest(value: object) -> bool:
    """Tell whether it is a digest as we write them: 64 hexadecimal digits in lower case."""
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


@frozen(kw_only=True)
class Raffle(Opening):
    """The rules of a raffle, published before it opens.

    Attributes:
        prizes: best first; each customer gets one at most.
        commitment: of the server seed.
        beacon: which public value is used, in words: ``drand round 4000000``.
        beacon_at: when that value comes out: after the close, so that nobody knows it while tickets can change.
    """

    prizes: tuple[str, ...] = field(converter=as_tuple)
    commitment: str = field()
    beacon: str = field()
    beacon_at: int = field(converter=to_instant)

    def __attrs_post_init__(self) -> None:
        """Refuse no prizes, no commitment, and a public value that is known before the close."""
        if not self.prizes:
            raise DefinitionError("a raffle needs at least one prize, not 0")
        for text in (*self.prizes, self.beacon):
            if not is_printable(text):
                raise DefinitionError(
                    f"prizes and beacon are printable texts of 1 to 200 characters, not {shown(text)}"
                )
        if not is_digest(self.commitment):
            raise DefinitionError(f"commitment is the text that commitment() returns, not {shown(self.commitment)}")
        if self.beacon_at <= self.closes_at:
            raise DefinitionError(f"beacon_at lies after closes_at, {self.closes_at}, not at {self.beacon_at}")


@frozen
class Tickets:
    """The tickets as they were frozen at the close.

    Attributes:
        entries: customer and number of tickets, sorted by customer.
    """

    entries: tuple[tuple[str, int], ...]

    @classmethod
    def freeze(cls, counts: Mapping[str, int]) -> Tickets:
        """Return the tickets of a mapping from customer to number; those with zero have none.

        Raises:
            LedgerError: a name or a number is wrong, or there are too many.
        """
        for customer, count in counts.items():
            if not is_printable(customer) or type(count) is not int or count < 0:
                wanted = "customers have zero or more whole tickets"
                raise LedgerError(f"{wanted}, not {shown(customer)}: {shown(count)}", code="bad_tickets")
        if sum(counts.values()) > MOST_TICKETS:
            raise LedgerError(f"a raffle has at most {MOST_TICKETS} tickets", code="bad_tickets")
        return cls(tuple(sorted((customer, count) for customer, count in counts.items() if count)))

    def digest(self) -> str:
        """Return the hash that is published at the close."""
        parts = (part for customer, count in self.entries for part in (customer, str(count)))
        return sha256(framed(*parts, width=8)).hexdigest()


def draw_seed(server_seed: bytes, beacon_value: str, raffle: str, tickets_digest: str) -> bytes:
    """Return the seed of the draw."""
    return sha256(framed(server_seed, beacon_value, raffle, tickets_digest, width=8)).digest()


def ticket_id(customer: str, number: int) -> str:
    """Return the id of a customer's ticket, numbered from 1."""
    return f"{number}:{customer}"


def ranking(seed: bytes, tickets: Tickets) -> list[tuple[str, str]]:
    """Return (customer, best ticket), lowest hash first: the order in which prizes are offered.

    Every ticket has its own place, so that more tickets are a better chance; a customer stands where the best one does.
    """
    best: list[tuple[bytes, str, str]] = []
    for customer, count in tickets.entries:
        names = (ticket_id(customer, number) for number in range(1, count + 1))
        hashed, name = min((hmac.digest(seed, name.encode(), "sha256"), name) for name in names)
        best.append((hashed, customer, name))
    return [(customer, name) for _, customer, name in sorted(best)]


@frozen
class Win:
    """A prize and who gets it; ``rank`` is the place in the ranking, from 1."""

    prize: str
    customer: str
    ticket: str
    rank: int


@frozen
class Draw:
    """The result of a raffle.

    Attributes:
        seed: of the draw.
        ranking: every customer with their best ticket, best first.
        winners: one for each prize, as far as there are customers.
        alternates: who would be next, best first.
    """

    seed: bytes
    ranking: tuple[tuple[str, str], ...]
    winners: tuple[Win, ...]
    alternates: tuple[str, ...]


def draw(
    raffle: Raffle, tickets: Tickets, *, server_seed: bytes, beacon_value: str, excluded: Iterable[str] = ()
) -> Draw:
    """Draw the winners.

    Args:
        raffle: the rules.
        tickets: as frozen at the close.
        server_seed: the seed that was committed to.
        beacon_value: the public value that the rules name.
        excluded: customers who may not win: the next in the ranking move up.

    Raises:
        LedgerError: the seed is not the committed one, the public value no text, or an excluded customer has no ticket.
    """
    if not hmac.compare_digest(commitment(server_seed), raffle.commitment):
        raise LedgerError(f"this is not the seed that raffle {shown(raffle.id)} committed to", code="other_seed")
    if not is_printable(beacon_value):
        raise LedgerError(f"the public value is a printable text, not {shown(beacon_value)}", code="bad_beacon")
    out = set(excluded)
    unknown = sorted(out - {customer for customer, _ in tickets.entries})
    if unknown:
        raise LedgerError(f"{shown(unknown[0])} is excluded but has no ticket", code="bad_tickets")
    seed = draw_seed(server_seed, beacon_value, raffle.id, tickets.digest())
    ranked = ranking(seed, tickets)
    fit = [(rank, *one) for rank, one in enumerate(ranked, 1) if one[0] not in out]
    wins = [Win(prize, customer, name, rank) for prize, (rank, customer, name) in zip(raffle.prizes, fit, strict=False)]
    return Draw(seed, tuple(ranked), tuple(wins), tuple(customer for _, customer, _ in fit[len(wins) :]))


def rules_of(raffle: Raffle) -> dict[str, Any]:
    """Return the rules as plain values, as they are published."""
    return {
        "id": raffle.id,
        "opens_at": raffle.opens_at,
        "closes_at": raffle.closes_at,
        "prizes": list(raffle.prizes),
        "commitment": raffle.commitment,
        "beacon": raffle.beacon,
        "beacon_at": raffle.beacon_at,
    }
