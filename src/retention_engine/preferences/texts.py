"""What customers read on a preference page and in a bot menu, in Russian and English; hosts may use their own."""

from __future__ import annotations

from collections.abc import Mapping

from retention_engine.errors import DefinitionError, nearest

DEFAULT_LANGUAGE = "en"
TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Your messages",
        "intro": "Choose what you want to hear from us, where and how often.",
        "topics": "Topics",
        "channels": "Where to write first",
        "frequency": "How often",
        "frequency_any": "As it comes",
        "frequency_daily": "At most once a day",
        "frequency_weekly": "At most once a week",
        "frequency_monthly": "At most once a month",
        "pause": "Take a break",
        "pause_week": "No messages for a week",
        "pause_month": "No messages for a month",
        "pause_until": "No messages until {date}",
        "resume": "Write to me again",
        "unsubscribe_all": "Unsubscribe from everything",
        "save": "Save",
        "saved": "Your choice is saved.",
        "unsubscribe_title": "Unsubscribe",
        "unsubscribe_question": "Do you want to unsubscribe?",
        "unsubscribe_topic": "Do you want to unsubscribe from “{topic}”?",
        "unsubscribe_button": "Unsubscribe",
        "unsubscribed": "You are unsubscribed. Messages about your orders may still come.",
        "confirm_title": "Confirm your subscription",
        "confirm_question": "Do you want to get our messages about “{topic}”?",
        "confirm_button": "Yes, I do",
        "confirmed": "Thank you, your subscription is confirmed.",
        "stopped": "We will not write to you here any more. To come back, send /start.",
        "started": "Welcome! To stop the messages, send /stop.",
        "invalid_link": "This link is not valid any more. Please open a newer one.",
    },
    "ru": {
        "title": "Ваши сообщения",
        "intro": "Выберите, что, где и как часто вы хотите от нас получать.",
        "topics": "Темы",
        "channels": "Куда писать в первую очередь",
        "frequency": "Как часто",
        "frequency_any": "По мере появления",
        "frequency_daily": "Не чаще раза в день",
        "frequency_weekly": "Не чаще раза в неделю",
        "frequency_monthly": "Не чаще раза в месяц",
        "pause": "Сделать перерыв",
        "pause_week": "Не писать неделю",
        "pause_month": "Не писать месяц",
        "pause_until": "Не писать до {date}",
        "resume": "Писать снова",
        "unsubscribe_all": "Отписаться от всего",
        "save": "Сохранить",
        "saved": "Ваш выбор сохранён.",
        "unsubscribe_title": "Отписка",
        "unsubscribe_question": "Вы хотите отписаться?",
        "unsubscribe_topic": "Вы хотите отписаться от темы «{topic}»?",
        "unsubscribe_button": "Отписаться",
        "unsubscribed": "Вы отписались. Сообщения о ваших заказах могут приходить и дальше.",
        "confirm_title": "Подтверждение подписки",
        "confirm_question": "Вы хотите получать наши сообщения на тему «{topic}»?",
        "confirm_button": "Да, хочу",
        "confirmed": "Спасибо, подписка подтверждена.",
        "stopped": "Мы больше не будем писать вам сюда. Чтобы вернуться, отправьте /start.",
        "started": "Добро пожаловать! Чтобы остановить сообщения, отправьте /stop.",
        "invalid_link": "Ссылка больше не действует. Откройте, пожалуйста, более новую.",
    },
}
"""Language -> name -> text; both languages have the same names. ``{topic}`` and ``{date}`` are filled in."""


def text(name: str, language: str | None = None, **values: str) -> str:
    """Return a text in a language such as ``ru`` or ``ru-RU``, in English when there is none; not escaped for HTML.

    Raises:
        DefinitionError: there is no such text, or one of its values is missing.
    """
    found = TEXTS.get((language or DEFAULT_LANGUAGE).replace("_", "-").split("-")[0].lower(), TEXTS[DEFAULT_LANGUAGE])
    if name not in found:
        raise DefinitionError(f"unknown text {name!r}{nearest(name, found)}")
    try:
        return found[name].format_map(values)
    except KeyError as error:
        raise DefinitionError(f"text {name!r} needs {error.args[0]}=") from None
