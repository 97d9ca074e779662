"""What customers read about their level, in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from retention_engine.loyalty.tiers.programme import TierProgramme
from retention_engine.loyalty.tiers.standing import Standing
from retention_engine.timing import local_date

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "next": "{amount} to {level}",
        "keep": "keep {level}: {amount} by {day}",
        "kept": "{level} is kept",
        "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "thousands": ",",
        "decimals": ".",
    },
    "ru": {
        "next": "{amount} до уровня «{level}»",
        "keep": "чтобы сохранить «{level}», ещё {amount} до {day}",
        "kept": "уровень «{level}» сохранён",
        "months": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "thousands": "\N{NO-BREAK SPACE}",
        "decimals": ",",
    },
}
"""Language -> name -> text; both languages have the same names."""


def next_text(programme: TierProgramme, standing: Standing, language: str = "en", *, scale: int = 0) -> str:
    """Return how much is missing to the next level, such as ``2,400 to Gold``; an empty text at the top.

    Args:
        programme: whose levels they are.
        standing: of the customer.
        language: such as ``ru`` or ``ru-RU``; English when there are no texts in it.
        scale: decimals of the amount: 2 for money in hundredths.
    """
    if standing.to_next is None:
        return ""
    texts = _texts(language)
    level = programme.levels[programme.index(standing.level.name) + 1]
    return texts["next"].format(amount=_amount(standing.to_next, texts, scale), level=level.name)


def keep_text(programme: TierProgramme, standing: Standing, language: str = "en", *, at: int, scale: int = 0) -> str:
    """Return what keeps the level, such as ``keep Gold: 1,200 by 31 Dec``; an empty text when nothing is reviewed.

    The arguments are those of ``next_text``, and the instant at which it is read: a day of another year has its year.
    """
    if standing.to_keep is None or standing.review_at is None:
        return ""
    texts, level = _texts(language), standing.earned.name
    if not standing.to_keep:
        return texts["kept"].format(level=level)
    last = local_date(standing.review_at - 1, programme.where)
    day = f"{last.day} {texts['months'].split()[last.month - 1]}"
    if last.year != local_date(at, programme.where).year:
        day = f"{day} {last.year}"
    return texts["keep"].format(level=level, amount=_amount(standing.to_keep, texts, scale), day=day)


def _texts(language: str) -> Mapping[str, str]:
    return TEXTS.get(language.replace("_", "-").split("-")[0].lower(), TEXTS["en"])


def _amount(amount: int, texts: Mapping[str, str], scale: int) -> str:
    whole, part = divmod(amount, 10**scale)
    text = f"{whole:,}".replace(",", texts["thousands"])
    return f"{text}{texts['decimals']}{part:0{scale}}" if part else text
