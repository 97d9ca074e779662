"""Statements for customers: every lot with its cause, its state and its end, and why the balance is what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from retention_engine.loyalty.lots import Bucket, Stock
from retention_engine.loyalty.state import State
from retention_engine.loyalty.timeline import advance
from retention_engine.loyalty.words import (
    about_text,
    amount_text,
    cause_of,
    cause_text,
    day_text,
    in_number,
    number_text,
    words_of,
)
from retention_engine.timing import local_date, start_of_day, to_text, to_utc, zone


@frozen(kw_only=True)
class Line:
    """One lot in a statement.

    Attributes:
        source: what it was granted for.
        units: how many are in each bucket that holds any, by its name.
    """

    lot: str
    source: str
    earned_at: int
    issued: int
    vests_at: int | None
    expires_at: int | None
    units: dict[str, int]


def statement(state: State) -> list[Line]:
    """Return every lot of an account with its cause, its state and its end, the first granted first."""
    return [
        Line(
            lot=stock.lot.id,
            source=stock.lot.source,
            earned_at=stock.lot.earned_at,
            issued=stock.lot.issued,
            vests_at=stock.vests_at,
            expires_at=stock.expires_at,
            units={bucket.name.lower(): stock[bucket] for bucket in Bucket if stock[bucket]},
        )
        for stock in _by_seq(state)
    ]


def _by_seq(state: State) -> list[Stock]:
    return sorted(state.lots.values(), key=lambda each: (each.lot.seq, each.lot.id))


@frozen
class Reason:
    """One part of why a balance is what it is.

    Attributes:
        kind: units that came: ``earned`` or ``received``; that went: ``spent``, ``converted``, ``expired``,
            ``ended`` (by hand), ``taken_back`` (with what is still owed), ``settled`` or ``given``; that are there:
            ``held``, ``pending`` or ``waiting``; of the available ones: ``expires``.
        about: the source or the purpose; None: several older ones together.
        at: when it happened, or will.
    """

    kind: str
    amount: int
    about: str | None = ""
    at: int | None = None


def reasons(state: State, *, most: int = 5) -> list[Reason]:
    """Return why the balance is what it is: what came, less what went and what is not spendable, is available or owed.

    Args:
        most: how many of a kind that is over are told one by one, the last ones; those before are one reason.
    """
    found: dict[tuple[str, str, int | None], int] = {}
    for kind, amount, about, at in (*_came(state), *_went(state), *_open(state)):
        if amount:
            found[kind, about, at] = found.get((kind, about, at), 0) + amount
    parts = [Reason(kind, amount, about, at) for (kind, about, at), amount in found.items()]
    told: list[Reason] = []
    for kind in dict.fromkeys(each.kind for each in parts):
        same = [each for each in parts if each.kind == kind]
        first = len(same) - most if kind in _OVER else 0
        if first > 0:
            told.append(Reason(kind, sum(each.amount for each in same[:first]), None))
        told += same[max(0, first) :]
    return told


_OVER = frozenset({"earned", "spent", "converted", "expired"})
_Part = tuple[str, int, str, int | None]


def _came(state: State) -> Iterator[_Part]:
    for stock in _by_seq(state):
        if stock.lot.parent is None:
            yield "earned", stock.lot.issued, cause_of(stock.lot.source), None
        elif stock.lot.parent not in state.lots:
            yield "received", stock.lot.issued, "", None


def _went(state: State) -> Iterator[_Part]:
    for one in state.redemptions.values():
        about = f"order:{one.purpose}" if one.purpose in state.orders else one.purpose
        yield "converted" if one.final else "spent", one.amount - one.restored, about, None
    over = sorted(state.lots.values(), key=lambda each: each.order)
    for stock in over:
        kind, end = ("expired", stock.expires_at) if stock.is_over(state.at) else ("ended", None)
        yield kind, stock[Bucket.EXPIRED], "", end
    inside = sum(each.lot.issued for each in state.lots.values() if each.lot.parent in state.lots)
    yield "taken_back", _sum(over, Bucket.REVOKED) + state.debt, "", None
    yield "settled", _sum(over, Bucket.SETTLED), "", None
    yield "given", _sum(over, Bucket.MOVED) - inside, "", None


def _open(state: State) -> Iterator[_Part]:
    for hold in sorted(state.holds.values(), key=lambda each: (each.expires_at, each.id)):
        about = hold.purpose if ":" in hold.purpose else f"order:{hold.purpose}"  # what is held is held for an order
        yield "held", hold.amount, about, hold.expires_at
    stocks = sorted(state.lots.values(), key=lambda each: (each.vests_at is None, each.vests_at or 0))
    for stock in stocks:
        yield "waiting" if stock.vests_at is None else "pending", stock[Bucket.PENDING], "", stock.vests_at
    for stock in state.spendable():
        if stock.expires_at is not None:
            yield "expires", stock[Bucket.AVAILABLE], "", stock.expires_at


def _sum(stocks: Iterable[Stock], bucket: Bucket) -> int:
    return sum(each[bucket] for each in stocks)


class _Reader:
    """Who reads: in a language, on the clock of a zone, now."""

    def __init__(self, state: State, language: str, where: str, causes: Mapping[str, str] | None) -> None:
        self.state = state
        self.unit = state.account.unit
        self.words = {**words_of(language), **{f"cause_{name}": text for name, text in (causes or {}).items()}}
        self.zone = zone(where)
        self.today = local_date(state.at, self.zone)

    def clock(self, instant: int) -> str | None:
        """Return the time of day, None at the first instant of a date."""
        if start_of_day(local_date(instant, self.zone), self.zone) == instant:
            return None
        return to_utc(instant).astimezone(self.zone).strftime("%H:%M")

    def day(self, instant: int) -> str:
        """Return the date of an instant in words."""
        return day_text(local_date(instant, self.zone), self.today, self.words)

    def since(self, instant: int) -> str:
        """Return from when something holds."""
        time = self.clock(instant)
        return self.day(instant) if time is None else f"{self.day(instant)}, {time}"

    def end(self, instant: int) -> str:
        """Return when units end: with a date, or within it."""
        time = self.clock(instant)
        if time is None:
            return self.words["through"].format(day=self.day(instant - 1))
        return self.words["moment"].format(day=self.day(instant), time=time)

    def sentence(self, reason: Reason) -> str:
        """Return a reason in words."""
        ends = reason.kind in {"expired", "expires"}
        when = "" if reason.at is None else (self.end if ends else self.since)(reason.at)
        about = self.words["others"] if reason.about is None else about_text(reason.about, self.words)
        number = number_text(self.unit, reason.amount, self.words)
        text = in_number(self.words[reason.kind], self.unit, reason.amount)
        return text.format(number=number, about=about, day=when or self.words["others"])

    def headline(self, forms: Sequence[str] | None) -> str:
        """Return the number itself."""
        debt = self.state.debt
        amount = amount_text(self.unit, debt or self.state.balance.available, self.words, forms)
        return self.words["owe" if debt else "have"].format(units=amount)

    def cell(self, instant: int | None, *, last: bool = False) -> str:
        """Return a date in digits: with the time, or for the end of units the last date, when it is a midnight."""
        if instant is None:
            return ""
        time = self.clock(instant)
        day = local_date(instant - 1 if last and time is None else instant, self.zone).isoformat()
        return day if time is None else f"{day} {time}"

    def row(self, line: Line) -> list[str]:
        """Return a lot as the cells of a table."""
        states = [
            f"{number_text(self.unit, n, self.words)} {self.words[f'state_{name}']}" for name, n in line.units.items()
        ]
        waits = line.vests_at is None
        return [
            self.cell(line.earned_at),
            cause_text(line.source, self.words),
            number_text(self.unit, line.issued, self.words),
            ", ".join(states),
            self.cell(line.vests_at) or self.words["later"],
            self.cell(line.expires_at, last=True) or self.words["later" if waits else "never"],
        ]


def why(
    state: State,
    at: int | None = None,
    *,
    language: str = "en",
    where: str = "UTC",
    causes: Mapping[str, str] | None = None,
    forms: Sequence[str] | None = None,
    most: int = 5,
) -> list[str]:
    """Return why a customer has what they have: the balance, and a line for each reason.

    Args:
        at: when it is read; None: at the instant of the state.
        language: ``en`` or ``ru``; any other one is English.
        where: the zone of the dates.
        causes: words of the shop for its sources: ``{"photo": "review with a photo"}`` is for ``photo:17``.
        forms: what the points are called: one and several; in Russian one, two and five.
        most: as for ``reasons``.
    """
    now = state if at is None else advance(state, at)
    reader = _Reader(now, language, where, causes)
    return [reader.headline(forms), *(reader.sentence(each) for each in reasons(now, most=most))]


def statement_table(
    state: State,
    at: int | None = None,
    *,
    language: str = "en",
    where: str = "UTC",
    causes: Mapping[str, str] | None = None,
) -> str:
    """Return every lot as an aligned text; the arguments are those of ``why``."""
    now = state if at is None else advance(state, at)
    reader = _Reader(now, language, where, causes)
    heads = ("day", "about", "issued", "state", "from", "until")
    rows = [[reader.words[f"column_{name}"] for name in heads], *(reader.row(line) for line in statement(now))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(heads))]
    rows.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(_aligned(row, widths)).rstrip() for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for place, (text, width) in enumerate(zip(row, widths, strict=True)):
        yield text.rjust(width) if place == _NUMBER else text.ljust(width)


_NUMBER = 2


def statement_record(
    state: State,
    at: int | None = None,
    *,
    language: str = "en",
    where: str = "UTC",
    causes: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Return the whole statement as plain values for JSON: amounts in minor units, instants as UTC text.

    The arguments are those of ``why``.
    """
    now = state if at is None else advance(state, at)
    reader = _Reader(now, language, where, causes)
    return {
        "programme": now.account.programme,
        "holder": now.account.holder,
        "unit": now.account.unit.code,
        "at": to_text(now.at),
        "balance": now.balance._asdict(),
        "why": why(now, language=language, where=where, causes=causes),
        "lots": [_lot_record(reader, line) for line in statement(now)],
    }


def _lot_record(reader: _Reader, line: Line) -> dict[str, object]:
    instants = {"earned_at": line.earned_at, "vests_at": line.vests_at, "expires_at": line.expires_at}
    return {
        "lot": line.lot,
        "source": line.source,
        "about": cause_text(line.source, reader.words),
        "issued": line.issued,
        "units": line.units,
        **{name: None if instant is None else to_text(instant) for name, instant in instants.items()},
    }
