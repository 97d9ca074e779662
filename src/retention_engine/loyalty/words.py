"""What a customer reads in a statement, in Russian and English."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from retention_engine.errors import DefinitionError, shown
from retention_engine.loyalty.units import Unit

DEFAULT_LANGUAGE = "en"
_RULE = re.compile(r"^[^@]*@\d+:")
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "have": "You have {units}.",
        "owe": "You owe {units}.",
        "earned": "{number} earned: {about}",
        "received": "{number} received from another account",
        "spent": "{number} spent: {about}",
        "converted": "{number} exchanged: {about}",
        "expired": "{number} expired {day}",
        "ended": "{number} cancelled by the shop",
        "taken_back": "{number} taken back",
        "settled": "{number} went to pay a debt",
        "given": "{number} given to another account",
        "held": "{number} reserved until {day}: {about}",
        "pending": "{number} can be spent from {day}",
        "waiting": "{number} will be confirmed later",
        "expires": "{number} expires {day}|{number} expire {day}",
        "through": "at the end of {day}",
        "moment": "on {day} at {time}",
        "others": "earlier",
        "nothing": "without a reason given",
        "cause_ach": "achievement {name}",
        "cause_birthday": "birthday",
        "cause_code": "promo code",
        "cause_convert": "exchange of {rest}",
        "cause_game": "game {name}",
        "cause_gift": "gift {rest}",
        "cause_manual": "by hand",
        "cause_mission": "mission {name}",
        "cause_order": "order {rest}",
        "cause_quiz": "quiz {name}",
        "cause_raffle": "raffle {name}",
        "cause_referral": "invited friend",
        "cause_review": "review {rest}",
        "cause_rule": "gift",
        "cause_signup": "registration",
        "cause_subscription": "subscription",
        "cause_survey": "survey {name}",
        "cause_tier": "level {name}",
        "column_day": "Earned",
        "column_about": "For",
        "column_issued": "Units",
        "column_state": "State",
        "column_from": "From",
        "column_until": "Until",
        "never": "no end",
        "later": "not yet known",
        "state_pending": "pending",
        "state_available": "available",
        "state_held": "reserved",
        "state_redeemed": "spent",
        "state_expired": "expired",
        "state_revoked": "taken back",
        "state_settled": "paid a debt",
        "state_moved": "moved on",
        "months": "January,February,March,April,May,June,July,August,September,October,November,December",
        "units": "point,points",
        "mark": ".",
    },
    "ru": {
        "have": "У вас {units}.",
        "owe": "Ваш долг: {units}.",
        "earned": "{number} начислено: {about}",
        "received": "{number} получено с другого счёта",
        "spent": "{number} списано: {about}",
        "converted": "{number} обменяно: {about}",
        "expired": "{number} сгорело {day}",
        "ended": "{number} аннулировано магазином",
        "taken_back": "{number} отозвано",
        "settled": "{number} ушло в счёт долга",
        "given": "{number} передано на другой счёт",
        "held": "{number} в резерве до {day}: {about}",
        "pending": "{number} можно потратить с {day}",
        "waiting": "{number} подтвердим позже",
        "expires": "{number} сгорит {day}|{number} сгорят {day}|{number} сгорят {day}",
        "through": "в конце дня {day}",
        "moment": "{day} в {time}",
        "others": "ранее",
        "nothing": "причина не указана",
        "cause_ach": "достижение {name}",
        "cause_birthday": "день рождения",
        "cause_code": "промокод",
        "cause_convert": "обмен {rest}",
        "cause_game": "игра {name}",
        "cause_gift": "подарок {rest}",
        "cause_manual": "вручную",
        "cause_mission": "задание {name}",
        "cause_order": "заказ {rest}",
        "cause_quiz": "викторина {name}",
        "cause_raffle": "розыгрыш {name}",
        "cause_referral": "приглашённый друг",
        "cause_review": "отзыв {rest}",
        "cause_rule": "подарок",
        "cause_signup": "регистрация",
        "cause_subscription": "подписка",
        "cause_survey": "опрос {name}",
        "cause_tier": "уровень {name}",
        "column_day": "Начислено",
        "column_about": "За что",
        "column_issued": "Баллы",
        "column_state": "Состояние",
        "column_from": "С",
        "column_until": "По",
        "never": "бессрочно",
        "later": "пока не известно",
        "state_pending": "ожидает",
        "state_available": "доступно",
        "state_held": "в резерве",
        "state_redeemed": "списано",
        "state_expired": "сгорело",
        "state_revoked": "отозвано",
        "state_settled": "ушло в счёт долга",
        "state_moved": "перенесено",
        "months": "января,февраля,марта,апреля,мая,июня,июля,августа,сентября,октября,ноября,декабря",
        "units": "балл,балла,баллов",
        "mark": ",",
    },
}
"""Language -> name -> text, the same names in both.

A text that depends on a number has its forms between ``|``: of one and of several; in Russian of one, two and five.
``cause_order`` is for a source such as ``order:812``: ``{rest}`` is what follows the colon, ``{name}`` its first part.
"""


def words_of(language: str) -> Mapping[str, str]:
    """Return the words of a language such as ``ru`` or ``ru-RU``, English when there are none."""
    return WORDS.get(language.partition("-")[0].lower(), WORDS[DEFAULT_LANGUAGE])


def number_text(unit: Unit, amount: int, words: Mapping[str, str]) -> str:
    """Return an amount in the digits of a language."""
    whole, part = divmod(abs(amount), 10**unit.scale)
    digits = f"{whole}{words['mark']}{part:0{unit.scale}d}" if unit.scale else f"{whole}"
    return f"-{digits}" if amount < 0 else digits


def amount_text(unit: Unit, amount: int, words: Mapping[str, str], forms: Sequence[str] | None = None) -> str:
    """Return an amount with the name of what is counted: the currency of cashback, or points in the right form.

    Args:
        forms: the names of one and of several; in Russian of one, of two and of five.

    Raises:
        DefinitionError: there are more or fewer forms.
    """
    number = number_text(unit, amount, words)
    if unit.currency is not None:
        return f"{number} {unit.currency}"
    usual = words["units"].split(",")
    names = usual if forms is None else list(forms)
    if len(names) != len(usual):
        raise DefinitionError(f"the unit has {len(usual)} forms, such as {', '.join(usual)}, not {shown(names)}")
    return f"{number} {names[_form(unit, amount, len(names))]}"


def in_number(text: str, unit: Unit, amount: int) -> str:
    """Return the form of a text that fits an amount."""
    forms = text.split("|")
    return forms[_form(unit, amount, len(forms))] if len(forms) > 1 else text


def _form(unit: Unit, amount: int, count: int) -> int:
    whole, part = divmod(abs(amount), 10**unit.scale)
    if part:
        return 1
    if count == 2:
        return int(whole != 1)
    if whole % 10 == 1 and whole % 100 != 11:
        return 0
    return 1 if whole % 10 in {2, 3, 4} and whole % 100 not in {12, 13, 14} else 2


def day_text(day: date, today: date, words: Mapping[str, str]) -> str:
    """Return a date, with its year when that is not the year of today."""
    text = f"{day.day} {words['months'].split(',')[day.month - 1]}"
    return text if day.year == today.year else f"{text} {day.year}"


def cause_of(source: str) -> str:
    """Return the cause that a source names, without the rule that granted: ``order:812`` of ``base@3:order:812``."""
    return _RULE.sub("", source)


def cause_text(source: str, words: Mapping[str, str]) -> str:
    """Return what a lot was granted for in words; a source without words as it is."""
    return about_text(cause_of(source), words)


def about_text(source: str, words: Mapping[str, str]) -> str:
    """Return a cause, or what units were spent on, in words; what has none as it is."""
    kind, _, rest = source.partition(":")
    name = rest.partition(":")[0]
    text = words.get(f"cause_{kind}", "{source}").format(rest=rest, name=name, source=source)
    return "".join(each if each.isprintable() else " " for each in text).strip() or words["nothing"]
