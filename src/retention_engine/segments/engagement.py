"""Who reads and answers: our messages, consent, reachability, reviews, surveys, referrals, tags."""

from __future__ import annotations

from retention_engine.predicates import (
    Truth,
    answers,
    consents,
    contacts,
    item,
    messages,
    orders,
    referrals,
    reviews,
    tags,
    visits,
)
from retention_engine.timing import Span


def messaged_within(span: Span) -> Truth:
    """Was sent a message of ours in the last ``span``.

    >>> print(messaged_within(days(7)))
    messages.within(days(7)).exists()
    """
    return messages.within(span).exists()


def messaged_at_least(count: int, span: Span) -> Truth:
    """Was sent ``count`` messages or more in the last ``span``.

    >>> print(messaged_at_least(3, days(7)))
    messages.within(days(7)).count() >= 3
    """
    return messages.within(span).count() >= count


def opened_within(span: Span) -> Truth:
    """Opened a message sent in the last ``span``; opens are weak evidence, mail clients pre-load pictures.

    >>> print(opened_within(days(90)))
    messages.where(opened=True).within(days(90)).exists()
    """
    return messages.where(opened=True).within(span).exists()


def clicked_within(span: Span) -> Truth:
    """Clicked in a message sent in the last ``span``.

    >>> print(clicked_within(days(90)))
    messages.where(clicked=True).within(days(90)).exists()
    """
    return messages.where(clicked=True).within(span).exists()


def ignores_us(count: int, span: Span) -> Truth:
    """Was sent ``count`` messages or more in the last ``span``, and opened or clicked none of them.

    >>> print(ignores_us(3, days(30)))
    messages.within(days(30)).count() >= 3 and not messages.where(opened=True).within(days(30)).exists() \
and not messages.where(clicked=True).within(days(30)).exists()
    """
    return messaged_at_least(count, span) & ~opened_within(span) & ~clicked_within(span)


def heard_from(span: Span) -> Truth:
    """Gave a sign of life in the last ``span``: bought, visited, or clicked in a message.

    >>> print(heard_from(days(30)))
    orders.within(days(30)).exists() or visits.within(days(30)).exists() \
or messages.where(clicked=True).within(days(30)).exists()
    """
    return orders.within(span).exists() | visits.within(span).exists() | clicked_within(span)


def agreed_to(topic: str, *, channel: str) -> Truth:
    """Gave consent to messages of a topic on a channel, and did not withdraw it.

    >>> print(agreed_to("offers", channel="email"))
    consents.where(channel='email').where(topic='offers').exists()
    """
    return consents.where(channel=channel).where(topic=topic).exists()


def reachable_on(channel: str) -> Truth:
    """Can be reached on a channel.

    >>> print(reachable_on("telegram"))
    contacts.where(channel='telegram').exists()
    """
    return contacts.where(channel=channel).exists()


def tagged(tag: str) -> Truth:
    """Carries a tag.

    >>> print(tagged("vip"))
    tags.where(tag='vip').exists()
    """
    return tags.where(tag=tag).exists()


def reviewed_within(span: Span) -> Truth:
    """Wrote a review in the last ``span``.

    >>> print(reviewed_within(days(30)))
    reviews.within(days(30)).exists()
    """
    return reviews.within(span).exists()


def unhappy_review(score: int, *, within: Span) -> Truth:
    """Wrote a review of ``score`` or worse in the last span.

    >>> print(unhappy_review(2, within=days(7)))
    reviews.where(item.score <= 2).within(days(7)).exists()
    """
    return reviews.where(item.score <= score).within(within).exists()


def detractors(survey: str, *, at_most: int = 6) -> Truth:
    """Answered a survey with ``at_most`` or less the last time (6 of 10 for a net promoter score).

    >>> print(detractors("nps"))
    answers.where(survey='nps').last('score') <= 6
    """
    return answers.where(survey=survey).last("score") <= at_most


def promoters(survey: str, *, at_least: int = 9) -> Truth:
    """Answered a survey with ``at_least`` or more the last time (9 of 10 for a net promoter score).

    >>> print(promoters("nps"))
    answers.where(survey='nps').last('score') >= 9
    """
    return answers.where(survey=survey).last("score") >= at_least


def brought_friends(count: int) -> Truth:
    """Brought ``count`` friends or more.

    >>> print(brought_friends(3))
    referrals.count() >= 3
    """
    return referrals.count() >= count
