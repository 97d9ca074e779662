"""Levels by example: the worked one, thresholds, zones, options, wrong declarations, bugs of other systems, words."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from retention_engine.errors import DefinitionError, LedgerError, TimeError
from retention_engine.loyalty import tiers as t
from retention_engine.timing import DAY, EARLIEST, days, local_days, to_instant, to_text

LEVELS = (
    t.Level("Base", 0),
    t.Level("Silver", 20_000, privileges={"multiplier": 2}),
    t.Level("Gold", 50_000, privileges={"multiplier": 3, "free_delivery": True}),
    t.Level("Platinum", 120_000),
)
ZONES = ("Europe/Moscow", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Pacific/Apia")
FOREVER = to_instant("2040-01-01T00:00:00Z")


def club(**options: Any) -> t.TierProgramme:
    """Return the programme of the worked example, in Moscow, counting at once."""
    return t.TierProgramme(
        **({"name": "club", "levels": LEVELS, "zone": "Europe/Moscow", "count_pending": True} | options)
    )


def at(text: str, zone: str = "Europe/Moscow") -> int:
    """Return the instant of a local time."""
    return to_instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def bought(text: str, amount: int, known: str | None = None, zone: str = "Europe/Moscow") -> t.Contribution:
    """Return what an order counts; its return window is 14 days."""
    placed = at(text, zone)
    return t.Contribution(placed if known is None else at(known, zone), placed, amount, placed + 14 * DAY)


def shown(
    programme: t.TierProgramme, told: list[t.Contribution], *given: t.Overlay
) -> list[tuple[str, str, str | None]]:
    """Return (instant, level, valid until or grace) of every change of these, in local time."""
    steps = t.standings(programme, told, given, at=FOREVER, joined=date(2020, 5, 10))
    assert len(steps) == 1
    walk = t.walk.Walk(programme, told, given, at=FOREVER, joined=date(2020, 5, 10))
    found = t.told(walk.run(EARLIEST), lambda each: (each.level.name, each.in_grace, each.valid_until))
    return [
        (local(when, programme), name + ("?" if grace else ""), local(end, programme))
        for when, (name, grace, end) in found[1:]
    ]


def local(instant: int | None, programme: t.TierProgramme) -> str | None:
    """Return an instant as people there write it, the date alone for midnight."""
    if instant is None:
        return None
    wall = datetime.fromisoformat(to_text(instant)).astimezone(programme.where).isoformat()[:16]
    return wall.removesuffix("T00:00")


@pytest.mark.parametrize("zone", ZONES)
def test_the_worked_example(zone: str) -> None:
    """Gold at once, valid through the next year; kept by 40,000, saved or lost in grace; all at local midnights."""
    programme = club(zone=zone)
    start = [bought("2026-05-10T12:00", 50_000, zone=zone)]
    gold = ("2026-05-10T12:00", "Gold", "2028-01-01")
    again = bought("2027-06-01T00:00", 50_000, zone=zone)
    assert shown(programme, [*start, again])[:2] == [gold, ("2027-06-01", "Gold", "2029-01-01")]
    enough, short = (bought("2027-06-01T00:00", amount, zone=zone) for amount in (40_000, 39_999))
    assert shown(programme, [*start, enough])[:2] == [gold, ("2028-01-01", "Gold", "2029-01-01")]
    assert shown(programme, [*start, short])[:4] == [
        gold,
        ("2028-01-01", "Gold?", "2028-01-01"),
        ("2028-01-31", "Silver", "2029-01-01"),
        ("2029-01-01", "Silver?", "2029-01-01"),
    ]
    saved = bought("2027-12-20T00:00", 1, known="2028-01-30T23:59", zone=zone)
    spent = bought("2028-01-30T23:59", 1, zone=zone)
    for one in (saved, spent):
        assert shown(programme, [*start, short, one])[2] == ("2028-01-31", "Gold", "2029-01-01")
    late = bought("2028-01-31T00:00", 1, zone=zone)
    assert shown(programme, [*start, short, late])[2] == ("2028-01-31", "Silver", "2029-01-01")


@pytest.mark.parametrize(
    ("spent", "name"),
    [
        (19_999, "Base"),
        (20_000, "Silver"),
        (20_001, "Silver"),
        (49_999, "Silver"),
        (50_000, "Gold"),
        (50_001, "Gold"),
        (119_999, "Gold"),
        (120_000, "Platinum"),
    ],
)
def test_b9_the_first_order_just_at_a_threshold(spent: int, name: str) -> None:
    """The right level, none skipped. https://github.com/frappe/erpnext/issues/14930
    https://github.com/frappe/erpnext/issues/22167 https://github.com/frappe/erpnext/issues/33550"""
    standing = t.standing(club(), [bought("2026-05-10T12:00", spent)], at=at("2026-05-10T12:00"))
    assert standing.level.name == name
    entries = [level.entry for level in LEVELS if level.entry > spent]
    assert standing.to_next == (min(entries) - spent if entries else None)


@pytest.mark.parametrize(("spent", "kept"), [(39_999, False), (40_000, True), (40_001, True)])
def test_the_review_compares_with_keep(spent: int, kept: bool) -> None:
    """One unit decides."""
    told = [bought("2026-05-10T12:00", 50_000), bought("2027-05-10T12:00", spent)]
    standing = t.standing(club(), told, at=at("2028-01-01T00:00"))
    assert standing.in_grace is not kept
    assert t.standing(club(), told, at=at("2028-01-01T00:00") - 1).in_grace is False


def test_b30_down_and_up_again_is_rewarded_once_per_period() -> None:
    """https://github.com/wouso/wouso/issues/770 https://github.com/wouso/wouso/issues/414 (200 gold by upgrading
    five times) https://github.com/wouso/wouso/issues/838"""
    programme = club(on_refund=t.OnRefund.REEVALUATE)
    told = [bought("2026-05-10T12:00", 50_000)]
    told += [bought("2026-05-10T12:00", (10, -10)[day % 2], known=f"2026-05-{day}T12:00") for day in range(11, 21)]
    walk = t.walk.Walk(programme, told, at=FOREVER, joined=date(2020, 1, 1))
    walk.run(EARLIEST)
    assert len(walk.reached) == 6
    (reward,) = t.rewards(programme, told, "anna", at=FOREVER)
    assert (reward.level, reward.period, reward.at) == ("Gold", "2026-01-01", at("2026-05-10T12:00"))
    told.append(bought("2027-05-10T12:00", 120_000))
    assert [each.level for each in t.rewards(programme, told, "anna", at=FOREVER)] == ["Gold", "Platinum"]
    others = t.rewards(programme, told, "bob", at=FOREVER)
    assert not {each.key for each in others} & {each.key for each in t.rewards(programme, told, "anna", at=FOREVER)}


def test_b37_a_level_given_for_a_while_restores_nothing() -> None:
    """A drawn week ends, and what was earned or given meanwhile stays. https://github.com/xiaomlove/nexusphp/issues/178"""
    drawn = t.Overlay("Platinum", at("2026-05-01T00:00"), at("2026-05-08T00:00"), reason="raffle")
    promoted = t.Overlay("Silver", at("2026-05-03T00:00"), reason="thanks")
    assert shown(club(), [], drawn, promoted) == [
        ("2026-05-01", "Platinum", None),
        ("2026-05-08", "Silver", None),
    ]
    told = [bought("2026-05-05T00:00", 50_000)]
    assert ("2026-05-08", "Gold", "2028-01-01") in shown(club(), told, drawn)
    taken = t.Overlay("Silver", at("2026-05-03T00:00"), ended=at("2026-05-04T00:00"))
    assert shown(club(), [], taken) == [("2026-05-03", "Silver", None), ("2026-05-04", "Base", None)]
    assert t.standing(club(), [], [taken], at=at("2026-05-03T12:00")).level.name == "Silver"


def test_a_refund_lowers_the_window_of_its_order() -> None:
    """Not the one in which the money went back."""
    told = [bought("2026-12-20T12:00", 50_000), bought("2027-06-01T12:00", 40_000)]
    told.append(bought("2026-12-20T12:00", -50_000, known="2027-06-02T12:00"))
    assert t.standing(club(), told, at=at("2027-06-03T00:00")).metric == 40_000
    assert t.standing(club(), told, at=at("2028-01-01T00:00")).valid_until == at("2029-01-01T00:00")


def test_an_order_of_last_year_that_counts_this_year_gives_the_level_of_last_year() -> None:
    """It was spent in 2026: the level is valid through 2027; an order of years ago gives none."""
    programme = club(count_pending=False)
    assert shown(programme, [bought("2026-12-25T12:00", 50_000)])[0] == ("2027-01-08T12:00", "Gold", "2028-01-01")
    assert shown(programme, [bought("2024-12-25T12:00", 50_000, known="2026-12-25T12:00")]) == []


def test_what_waits_for_its_return_window_is_no_pending_minus() -> None:
    """A refund within the window counts when the order does."""
    programme = club(count_pending=False)
    told = [bought("2026-05-10T12:00", 30_000), bought("2026-05-10T12:00", -9_000, known="2026-05-11T12:00")]
    assert [t.standing(programme, told, at=at(f"2026-05-{day}T12:00")).metric for day in (12, 23, 24)] == [0, 0, 21_000]
    unknown = t.Contribution(0, 0, 50_000)
    assert t.standing(programme, [unknown], at=FOREVER).level.name == "Base"
    assert t.standing(club(), [unknown], at=0).level.name == "Gold"


START = [bought("2026-05-10T12:00", 120_000), bought("2027-05-10T12:00", 30_000)]
REFUND = [*START, bought("2026-05-10T12:00", -100_000, known="2026-06-01T12:00")]
OPTIONS: dict[str, tuple[dict[str, Any], list[t.Contribution], list[tuple[str, str, str | None]]]] = {
    "default": (
        {},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum?", "2028-01-01"),
            ("2028-01-31", "Gold", "2029-01-01"),
        ],
    ),
    "half": (
        {"window": t.Calendar("half")},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2027-01-01"),
            ("2027-01-01", "Platinum?", "2027-01-01"),
            ("2027-01-31", "Gold", "2027-07-01"),
        ],
    ),
    "quarter": (
        {"window": t.Calendar("quarter")},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2026-10-01"),
            ("2026-10-01", "Platinum?", "2026-10-01"),
            ("2026-10-31", "Gold", "2027-01-01"),
        ],
    ),
    "month": (
        {"window": t.Calendar("month")},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2026-07-01"),
            ("2026-07-01", "Platinum?", "2026-07-01"),
            ("2026-07-31", "Gold", "2026-08-01"),
        ],
    ),
    "lifetime": ({"window": t.Lifetime()}, START, [("2026-05-10T12:00", "Platinum", None)]),
    "rolling": (
        {"window": t.Rolling(12), "validity": t.Months(12)},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2027-05-11"),
            ("2027-05-11", "Platinum?", "2027-05-11"),
            ("2027-06-10", "Gold", "2028-06-10"),
        ],
    ),
    "anniversary": (
        {"window": t.Anniversary()},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2028-05-10"),
            ("2028-05-10", "Platinum?", "2028-05-10"),
            ("2028-06-09", "Gold", "2029-05-10"),
        ],
    ),
    "period end": (
        {"validity": t.Valid.PERIOD_END},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2027-01-01"),
            ("2027-01-01", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum?", "2028-01-01"),
        ],
    ),
    "next anniversary": (
        {"validity": t.Valid.NEXT_ANNIVERSARY},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2027-05-10"),
            ("2027-05-10", "Platinum", "2028-05-10"),
            ("2028-05-10", "Platinum?", "2028-05-10"),
        ],
    ),
    "months": (
        {"validity": t.Months(18)},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2027-11-11"),
            ("2027-11-11", "Platinum?", "2027-11-11"),
            ("2027-12-11", "Gold", "2029-06-11"),
        ],
    ),
    "qualified": (
        {"drop": t.Drop.QUALIFIED},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum?", "2028-01-01"),
            ("2028-01-31", "Silver", "2029-01-01"),
        ],
    ),
    "base": (
        {"drop": t.Drop.BASE},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum?", "2028-01-01"),
            ("2028-01-31", "Base", None),
        ],
    ),
    "no grace": (
        {"grace": local_days(0)},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Gold", "2029-01-01"),
            ("2029-01-01", "Silver", "2030-01-01"),
        ],
    ),
    "kept on refund": (
        {},
        REFUND,
        [
            ("2026-05-10T12:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum?", "2028-01-01"),
            ("2028-01-31", "Gold", "2029-01-01"),
        ],
    ),
    "reevaluated": (
        {"on_refund": t.OnRefund.REEVALUATE},
        REFUND,
        [
            ("2026-05-10T12:00", "Platinum", "2028-01-01"),
            ("2026-06-01T12:00", "Silver", "2028-01-01"),
            ("2027-05-10T12:00", "Silver", "2029-01-01"),
        ],
    ),
    "pending": (
        {"count_pending": False},
        START,
        [
            ("2026-05-24T12:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum?", "2028-01-01"),
            ("2028-01-31", "Gold", "2029-01-01"),
        ],
    ),
    "zone": (
        {"zone": "Pacific/Apia"},
        START,
        [
            ("2026-05-10T22:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum?", "2028-01-01"),
            ("2028-01-31", "Gold", "2029-01-01"),
        ],
    ),
    "keep": (
        {"levels": (*LEVELS[:3], t.Level("Platinum", 120_000, 30_000))},
        START,
        [
            ("2026-05-10T12:00", "Platinum", "2028-01-01"),
            ("2028-01-01", "Platinum", "2029-01-01"),
            ("2029-01-01", "Platinum?", "2029-01-01"),
        ],
    ),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_changes_what_happens(name: str) -> None:
    """Each by hand, to the day."""
    options, told, expected = OPTIONS[name]
    assert shown(club(**options), told)[:3] == expected


def test_a_refund_never_takes_what_was_held_when_the_window_began() -> None:
    """Gold of 2026, Platinum of 2027; the refund of 2027 leaves Gold."""
    programme = club(on_refund=t.OnRefund.REEVALUATE)
    told = [bought("2026-05-10T12:00", 50_000), bought("2027-05-10T12:00", 120_000)]
    told.append(bought("2027-05-10T12:00", -120_000, known="2027-06-01T12:00"))
    assert shown(programme, told)[2] == ("2027-06-01T12:00", "Gold", "2028-01-01")
    told.append(bought("2026-05-10T12:00", -50_000, known="2027-06-02T12:00"))
    assert shown(programme, told)[3] == ("2028-01-01", "Gold?", "2028-01-01")


def test_what_is_missing_and_what_keeps() -> None:
    """In the window of the instant, and of the next review; a rolling window lets amounts go at midnight."""
    told = [bought("2026-05-10T12:00", 60_000)]
    standing = t.standing(club(), told, at=at("2026-06-01T00:00"))
    assert (standing.to_next, standing.to_keep, standing.metric) == (60_000, 40_000, 60_000)
    assert standing.level.privileges == {"multiplier": 3, "free_delivery": True}
    assert standing.since == at("2026-05-10T12:00")
    rolling = club(window=t.Rolling(1), validity=t.Months(12))
    steps = t.standings(rolling, [bought("2027-01-31T23:00", 60_000)], at=at("2027-02-01T00:00"))
    assert [(local(when, rolling), value) for when, value in t.told(steps, lambda each: each.metric)] == [
        ("2027-01-31T23:00", 60_000),
        ("2027-03-01", 0),
    ]


def test_the_review_comes_near() -> None:
    """On [valid_until - 7 days, valid_until), and not in grace."""
    steps = t.standings(club(), [bought("2026-05-10T12:00", 50_000)], at=at("2026-06-01T00:00"))
    assert [(local(when, club()), truth) for when, truth in t.review_within(steps, days(7))] == [
        ("2026-05-10T12:00", False),
        ("2027-12-25", True),
        ("2028-01-01", False),
        ("2028-12-25", True),
        ("2029-01-01", False),
    ]


def test_words() -> None:
    """English and Russian, decimals, the year when it is another one; nothing to say at the top or without a review."""
    programme = club()
    now = at("2027-06-01T00:00")
    told = [bought("2026-05-10T12:00", 50_000), bought("2027-05-10T12:00", 38_800)]
    standing = t.standing(programme, told, at=now)
    assert t.next_text(programme, standing) == "81,200 to Platinum"
    assert t.next_text(programme, standing, "ru-RU") == "81\u00a0200 до уровня «Platinum»"
    assert t.next_text(programme, standing, "ru", scale=2) == "812 до уровня «Platinum»"
    assert t.next_text(programme, standing, "de", scale=3) == "81.200 to Platinum"
    assert t.keep_text(programme, standing, at=now) == "keep Gold: 1,200 by 31 Dec"
    assert t.keep_text(programme, standing, "ru", at=now) == "чтобы сохранить «Gold», ещё 1\u00a0200 до 31 декабря"
    assert t.keep_text(programme, standing, at=at("2026-12-31T23:59")) == "keep Gold: 1,200 by 31 Dec 2027"
    enough = t.standing(programme, [*told, bought("2027-05-11T12:00", 1_200)], at=now)
    assert t.keep_text(programme, enough, at=now) == "Gold is kept"
    assert t.keep_text(programme, enough, "ru", at=now) == "уровень «Gold» сохранён"
    top = t.standing(programme, [bought("2026-05-10T12:00", 120_000)], at=now)
    assert t.next_text(programme, top) == ""
    assert t.keep_text(programme, t.standing(programme, [], at=now), at=now) == ""
    assert t.words.TEXTS["en"].keys() == t.words.TEXTS["ru"].keys()


def test_check_warns_of_what_is_hardly_meant() -> None:
    """A grace that ends before the last orders count; a higher level that is kept by less."""
    assert club(count_pending=False).check() == []
    (line,) = club(count_pending=False, grace=local_days(13)).check()
    assert line == "grace=local_days(13) ends before the last orders of a window count, days(14) later"
    assert club(count_pending=False, grace=local_days(14)).check() == []
    assert club(count_pending=False).check(days(31)) != []
    assert club(grace=local_days(0)).check() == []
    assert club(count_pending=False, grace=local_days(0), window=t.Lifetime()).check() == []
    (line,) = club(levels=(*LEVELS[:3], t.Level("Platinum", 120_000, 30_000))).check()
    assert line == "to keep 'Platinum' takes 30000, less than 'Gold': 40000"


WRONG: list[tuple[Any, str]] = [
    (lambda: t.Level("", 1), "name is a printable text of 1 to 60 characters"),
    (lambda: t.Level("A" * 61, 1), "name is a printable text"),
    (lambda: t.Level("A", -1), "entry of 'A' is a whole number from 0"),
    (lambda: t.Level("A", 1.5), "entry of 'A' is a whole number from 0"),
    (lambda: t.Level("A", 10, 11), "keep of 'A' is a whole number from 1 to its entry, 10, not 11"),
    (lambda: t.Level("A", 10, 0), "keep of 'A' is a whole number from 1"),
    (lambda: t.Level("A", 10, privileges={"x": []}), "privileges: x holds a text"),
    (lambda: t.Level("A", 10, privileges=3), "privileges: a flat mapping"),
    (lambda: club(levels=()), "the first level has entry 0"),
    (lambda: club(levels=5), "levels are Level values, not 5"),
    (lambda: club(levels=[t.Level("A", 5)]), "the first level has entry 0"),
    (lambda: club(levels=[t.Level("A", 0), "B"]), "levels are Level values, not 'B'"),
    (lambda: club(levels=[t.Level("A", 0), t.Level("B", 5), t.Level("C", 5)]), "entry of 'C', 5, is not above"),
    (lambda: club(levels=[t.Level("A", 0), t.Level("A", 5)]), "two levels have one name"),
    (lambda: club(window="year"), "window is one of Calendar, Anniversary, Lifetime, Rolling, not 'year'"),
    (lambda: club(validity=3), "validity is one of Valid, Months, not 3"),
    (lambda: club(drop="base"), "drop is one of Drop, not 'base'"),
    (lambda: club(grace=days(30)), r"grace is one of LocalDays, not days\(30\)"),
    (lambda: club(on_refund="keep"), "on_refund is one of OnRefund"),
    (lambda: club(name="\n"), "name is a printable text"),
    (lambda: club(window=t.Rolling(12)), "a rolling window has no periods"),
    (lambda: club(window=t.Lifetime(), validity=t.Months(1)), "levels of a lifetime are never reviewed"),
    (lambda: t.Calendar("yaer"), "unknown period 'yaer' .did you mean 'year'"),
    (lambda: t.Rolling(0), "months is a whole number from 1 to 1200, not 0"),
    (lambda: t.Months(1.5), "months is a whole number from 1 to 1200, not 1.5"),
    (lambda: club().index("Golf"), "no level 'Golf' .did you mean 'Gold'"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_wrong_declaration_is_refused(make: Any, message: str) -> None:
    """Where it is written, saying what is allowed."""
    with pytest.raises(DefinitionError, match=message):
        make()


def test_what_cannot_count_is_refused() -> None:
    """A fraction, an order of the future, a zone that is none."""
    with pytest.raises(LedgerError, match="a whole number, not 1") as caught:
        t.Contribution(0, 0, 1.5)  # type: ignore[arg-type]  # the fault
    assert caught.value.code == "bad_amount"
    with pytest.raises(LedgerError, match="before it was placed") as caught:
        t.Contribution(0, 1, 5)
    assert caught.value.code == "bad_window"
    with pytest.raises(TimeError, match="unknown time zone"):
        club(zone="Europe/Moskow")


def test_the_usual_keep_is_80_percent_rounded_up() -> None:
    """In whole numbers."""
    assert [t.Level("A", entry).keep for entry in (0, 1, 2, 3, 5, 6, 50_000)] == [0, 1, 2, 3, 4, 5, 40_000]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"window": t.Rolling(12), "validity": t.Months(1200)},
        {"window": t.Anniversary()},
        {"window": t.Lifetime()},
        {"validity": t.Valid.NEXT_ANNIVERSARY},
        {"window": t.Calendar("month")},
    ],
)
@pytest.mark.parametrize("when", [EARLIEST, to_instant("9998-11-01T00:00:00Z")])
def test_the_ends_of_time(options: dict[str, Any], when: int) -> None:
    """An order of the first year, or of the last, is an order."""
    one = t.Contribution(when, when, 120_000, when)
    steps = t.standings(club(**options), [one], at=when, joined=date(2024, 2, 29))
    assert steps[0][1].level.name == "Platinum"
