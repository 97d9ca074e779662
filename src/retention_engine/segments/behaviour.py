"""Who looks around: visits, and looks at products."""

from __future__ import annotations

from retention_engine.predicates import Refinable, Truth, purchases, views, visits
from retention_engine.timing import Span


def visited_within(span: Span) -> Truth:
    """Visited the site or the bot in the last ``span``.

    >>> print(visited_within(days(7)))
    visits.within(days(7)).exists()
    """
    return visits.within(span).exists()


def not_seen_for(span: Span) -> Truth:
    """Visited before, and not for ``span``.

    >>> print(not_seen_for(days(30)))
    visits.exists() and visits.last().age >= days(30)
    """
    return visits.exists() & (visits.last().age >= span)


def came_from(source: str, *, within: Span | None = None) -> Truth:
    """Visited by a link with a UTM source: ever, or in the last span.

    >>> print(came_from("instagram"))
    visits.where(source='instagram').exists()
    """
    found = visits.where(source=source)
    return (found if within is None else found.within(within)).exists()


def came_by(campaign: str) -> Truth:
    """Visited by a link with a UTM campaign.

    >>> print(came_by("spring-sale"))
    visits.where(campaign='spring-sale').exists()
    """
    return visits.where(campaign=campaign).exists()


def viewed(*, sku: str | None = None, category: str | None = None, within: Span) -> Truth:
    """Looked in the last span at an item, at a category, or at anything.

    >>> print(viewed(category="cosmetics", within=days(7)))
    views.where(category='cosmetics').within(days(7)).exists()
    """
    return _about(views, sku, category).within(within).exists()


def viewed_often(count: int, sku: str, *, within: Span) -> Truth:
    """Looked ``count`` times or more at one item in the last span.

    >>> print(viewed_often(3, "cream-50", within=days(7)))
    views.where(sku='cream-50').within(days(7)).count() >= 3
    """
    return views.where(sku=sku).within(within).count() >= count


def viewed_not_bought(*, sku: str | None = None, category: str | None = None, within: Span) -> Truth:
    """Looked in the last span at an item, a category or anything, and bought nothing of it in that span.

    >>> print(viewed_not_bought(category="cosmetics", within=days(7)))
    views.where(category='cosmetics').within(days(7)).exists() \
and not purchases.where(category='cosmetics').within(days(7)).exists()
    """
    return viewed(sku=sku, category=category, within=within) & ~_about(purchases, sku, category).within(within).exists()


def _about(records: Refinable, sku: str | None, category: str | None) -> Refinable:
    wanted = {"sku": sku, "category": category}
    for name, value in wanted.items():
        records = records if value is None else records.where(**{name: value})
    return records
