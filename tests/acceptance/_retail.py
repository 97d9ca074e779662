"""Online Retail 2009-10 as a shop with a club would report it, and what plain SQL says of it.

The export holds cancellations as invoices of their own, without the order they belong to. Here a cancelled line belongs
to the latest earlier order of the same customer with the same item at the same price, as long as there is something
left of it; the others are set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field

from retention_engine.clubs import Club, Earning, Programme, SpendMetric, Tiers, per_money
from retention_engine.facts import Fact, OrderRefunded, Returned
from retention_engine.intake import orders_from_rows, read_rows
from retention_engine.loyalty import Lasts, Unit, Vesting
from retention_engine.loyalty.tiers import Level, TierProgramme
from retention_engine.money import Money
from retention_engine.timing import days, to_instant
from tests.intake._exports import RETAIL

ZONE = "Europe/London"
START = to_instant("2009-12-01T00:00:00+00:00")
MONTHS = tuple(
    to_instant(f"{year}-{month:02}-01T00:00:00+00:00")
    for year, month in [(2009, 12), *((2010, month) for month in range(1, 13)), (2011, 1), (2011, 2), (2011, 3)]
)
END = MONTHS[-1]
NEW_YEAR = to_instant("2010-12-31T12:00:00+00:00")
PENDING, LASTS = 14, 180
SILVER, GOLD = 50_000, 200_000
PTS = Unit("pts")
CLUB = Club(
    programmes=[
        Programme(
            id="club",
            unit=PTS,
            currency="GBP",
            earning=[
                Earning(
                    "base", per_money(1, 100), vesting=Vesting(after=days(PENDING)), validity=Lasts(span=days(LASTS))
                )
            ],
        )
    ],
    tiers=[
        Tiers(
            programme=TierProgramme(
                name="tiers",
                levels=[Level("base", entry=0), Level("silver", entry=SILVER), Level("gold", entry=GOLD)],
                zone=ZONE,
            ),
            metric=SpendMetric("GBP"),
            pending=days(PENDING),
        )
    ],
)
"""One point for each pound, spendable after 14 days and for 180; three levels by the money of a year."""

_PREPARED = f"""
create table sold as
    select *, sum(amount) over (partition by invoice) as lines, sum(quantity) over before as first,
        count(distinct pence) over (partition by invoice, sku) as prices
    from (
        select invoice, customer_id::varchar as customer, stock_code as sku, quantity, file_row_number as row,
            cast(price as decimal(14, 4)) * 100 as pence, pence * quantity as amount, instant
        from export where not starts_with(invoice, 'C') and not list_contains({list(RETAIL.charges)}, stock_code)
    ) window before as (
        partition by invoice, sku order by pence, quantity, row rows between unbounded preceding and 1 preceding
    );
create table orders as
    select invoice, customer, instant, lines, total, instant + 86400000000 * {PENDING} as vests,
        vests + 86400000000 * {LASTS} as ends, least(lines, total) as worth
    from (select invoice, any_value(customer) as customer, any_value(instant) as instant, any_value(lines) as lines
          from sold group by invoice)
    join (select invoice, sum(cast(price as decimal(14, 4)) * quantity * 100) as total
          from export group by invoice) using (invoice);
create table refunded as
    select * from (
        select *, sum(quantity) over (partition by invoice, sku order by instant, cancellation, row) as up_to
        from (
            select c.invoice as cancellation, c.instant, c.file_row_number as row, o.invoice, o.customer, o.sku,
                -c.quantity as quantity, -c.quantity * o.pence as amount, o.bought
            from (select * from export where starts_with(invoice, 'C') and quantity < 0) c
            asof join (
                select s.invoice, s.customer, s.sku, s.instant, s.pence, sum(s.quantity) as bought
                from sold s join orders using (invoice) where s.prices = 1 and orders.total >= orders.lines
                group by all
            ) o on o.customer = c.customer_id::varchar and o.sku = c.stock_code
                and o.pence = cast(c.price as decimal(14, 4)) * 100 and o.instant < c.instant
        )
    ) where up_to <= bought;
create table shares as
    select *, net // 100 + (place <= worth // 100 - sum(net // 100) over (partition by invoice))::int as points
    from (
        select s.invoice, s.sku, s.quantity, s.first, s.amount::bigint as net, o.worth::bigint as worth,
            row_number() over (
                partition by s.invoice order by s.amount::bigint % 100 desc, s.sku, s.pence, s.quantity, s.row
            ) as place
        from sold s join orders o using (invoice)
        where s.amount > 0 and s.invoice in (select invoice from refunded)
    );
"""
"""Lines, orders, refunds; and of orders with refunds the points of each line, by the largest remainders."""

_KEPT = """
    select invoice, sum(points * (net - back * net // quantity) // net)::bigint as kept
    from (
        select s.*, least(s.quantity, greatest(0, coalesce(r.quantity, 0) - coalesce(s.first, 0))) as back
        from shares s left join (
            select invoice, sku, sum(refunded.quantity) as quantity
            from refunded join orders using (invoice) where refunded.instant <= {upto} group by all
        ) r using (invoice, sku)
    ) group by invoice
"""
"""The points that remain of orders with refunds after those up to an instant, line by line, rounded down."""

_BALANCES = f"""
    select customer,
        sum(granted)::bigint, sum(granted - alive)::bigint, sum(case when ends <= $at then alive else 0 end)::bigint,
        sum(case when vests <= $at and $at < ends then alive else 0 end)::bigint,
        sum(case when $at < vests then alive else 0 end)::bigint
    from (
        select customer, vests, ends, worth::bigint // 100 as granted, coalesce(kept, granted) as alive
        from orders left join ({_KEPT.format(upto="least($at, ends - 1)")}) using (invoice) where instant <= $at
    ) group by customer
"""
"""Of each customer: points granted, taken back, expired, available, pending; nothing is ever spent."""

_LEVELS = f"""
    select customer, max(case when spent >= {GOLD} then 2 when spent >= {SILVER} then 1 else 0 end)
    from (
        select customer, sum(sum(amount)) over (partition by customer, year order by counts) as spent
        from (
            select customer, vests as counts, total as amount, year(make_timestamp(instant)) as year from orders
            union all
            select o.customer, greatest(o.vests, r.instant), -r.amount, year(make_timestamp(o.instant))
            from refunded r join orders o using (invoice)
        ) where counts <= $at group by customer, year, counts
    ) group by customer
"""
"""The highest level that the money of a calendar year reached at any instant; it stays for the year that follows."""


@define
class Retail:
    """A sample of the customers of the export: what happened, and what SQL says about their points.

    Attributes:
        file: of the export.
        every: one customer in so many is in the sample, by the number.
    """

    file: Path
    every: int
    _base: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Prepare the tables."""
        import duckdb  # heavy, and an extra

        self._base = duckdb.connect(":memory:")
        summer = "invoice_date >= '2010-03-28 01:00' and invoice_date < '2010-10-31 02:00'"
        self._base.execute(
            f"""create table export as
            select *, epoch_us(invoice_date) - case when {summer} then 3600000000 else 0 end as instant
            from read_parquet('{self.file}', file_row_number = true)
            where customer_id % {self.every} = 0 and not list_contains({list(RETAIL.ignored)}, stock_code);
            {_PREPARED}"""
        )

    def _asked(self, query: str, **words: Any) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._base.execute(query, words).fetchall()
        return found

    def orders(self, since: int = START) -> Iterator[Fact]:
        """Yield the orders from an instant on, read from the export itself."""
        rows: Iterable[Any] = read_rows(self.file)
        mine = (row for row in rows if row["customer_id"] is not None and row["customer_id"] % self.every == 0)
        return (fact for fact in orders_from_rows(mine, RETAIL) if fact.at >= since)

    def refunds(self, since: int = START) -> Iterator[Fact]:
        """Yield the refunds from an instant on: of each cancellation one an order."""
        query = """select cancellation, invoice, customer, instant, sum(amount)::bigint
            from refunded where instant >= $since group by all order by all"""
        pieces = dict[tuple[str, str], list[Returned]]()
        for cancellation, invoice, sku, quantity in self._asked(
            "select cancellation, invoice, sku, sum(quantity)::bigint from refunded group by all order by all"
        ):
            pieces.setdefault((cancellation, invoice), []).append(Returned(sku=sku, quantity=quantity))
        for cancellation, invoice, customer, at, amount in self._asked(query, since=since):
            yield OrderRefunded(
                id=f"{cancellation}:{invoice}",
                customer=customer,
                at=at,
                order_id=invoice,
                amount=Money(amount, "GBP"),
                lines=pieces[cancellation, invoice],
            )

    def facts(self, since: int = START) -> list[Fact]:
        """Return orders and refunds from an instant on."""
        return [*self.orders(since), *self.refunds(since)]

    def balances(self, at: int) -> dict[str, tuple[int, ...]]:
        """Return what SQL says of each customer's points when none is ever spent, at an instant."""
        return {customer: tuple(rest) for customer, *rest in self._asked(_BALANCES, at=at)}

    def levels(self, at: int) -> dict[str, int]:
        """Return what SQL says of each customer's level within the first year, 0 to 2."""
        return dict(self._asked(_LEVELS, at=at))

    def counts(self) -> tuple[int, ...]:
        """Return how many orders, matched cancelled lines, and cancelled lines there are."""
        (found,) = self._asked(
            """select (select count(*) from orders), (select count(*) from refunded),
                (select count(*) from export where starts_with(invoice, 'C') and quantity < 0)"""
        )
        return tuple(found)
