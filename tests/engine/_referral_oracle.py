"""What referrals must come to, told day by day by somebody who sees everybody's facts at once; no folds, no mirrors."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from attrs import define, field

from retention_engine import facts as f
from retention_engine.timing import DAY
from tests.engine._referrals import ADVOCATE, END, FRIEND, HOLD, LEAST, LINKS, NEAR, WINDOW, World, story

NAMES = {LINKS.token(name): name for name in ("ann", "bob", "f0", "f1", "f2")}


@define
class Bought:
    """One purchase as it stands today."""

    day: int
    order: str
    left: int
    unfit: bool
    lost: bool = False


@define
class Friend:
    """One referral as it stands today."""

    touched: int
    bought: list[Bought] = field(factory=list)
    live: Bought | None = None
    over: bool = False
    vested: int | None = None
    verdict: str = ""
    approved: int | None = None

    def vests(self, doubts: Iterable[int]) -> int | None:
        """Return the day on which the live purchase brings something for good."""
        assert self.live is not None
        matures = self.live.day + HOLD
        if not any(day < matures for day in doubts):
            return matures
        return None if self.approved is None else max(matures, self.approved)


def brought(facts: Sequence[f.Fact]) -> dict[str, tuple[str, int]]:
    """Return who was brought by whom, and the day of the touch, of those who may bring something."""
    found: dict[str, tuple[str, int]] = {}
    for friend in sorted({str(fact.customer) for fact in facts if isinstance(fact, f.ReferralTouched)}):
        start = min(fact.at for fact in facts if isinstance(fact, f.Registered) and fact.customer == friend)
        touches = [fact for fact in facts if isinstance(fact, f.ReferralTouched) and fact.customer == friend]
        for touch in sorted(touches, key=lambda each: (each.at, each.id)):
            above = who = NAMES[touch.token]
            while above in found:
                above = found[above][0]
            if touch.at <= start < touch.at + WINDOW * DAY and who != friend and above != friend:
                chain, up = set(), who
                while up in found:
                    up = found[up][0]
                    chain.add(up)
                if friend not in chain:
                    found[friend] = (who, touch.at // DAY)
                    break
    return found


def expected(facts: Sequence[f.Fact]) -> dict[str, int]:
    """Return what must be left of the rewards in the end, by key."""
    bans = [fact.at // DAY for fact in facts if isinstance(fact, f.AdvocateBanned)]
    found = {}
    for friend, (advocate, day) in brought(facts).items():
        vests = outcome([fact for fact in facts if fact.customer == friend], same(facts, friend, advocate), day)
        if vests is not None:
            found[f"ref:friends:{friend}:friend"] = FRIEND
            if not (advocate == "ann" and bans and bans[0] < vests):
                found[f"ref:friends:{friend}:advocate"] = ADVOCATE
    return found


def same(facts: Sequence[f.Fact], friend: str, advocate: str) -> dict[str, list[int]]:
    """Return the days on which it was found that both have something in common."""
    seen = [fact for fact in facts if isinstance(fact, f.Fingerprinted)]
    found: dict[str, list[int]] = {"email": [], "device": []}
    for theirs in (fact for fact in seen if fact.customer == friend):
        for mine in (fact for fact in seen if fact.customer == advocate):
            near = theirs.sort == "email" or abs(mine.at - theirs.at) <= NEAR * DAY
            if near and (mine.sort, mine.digest) == (theirs.sort, theirs.digest):
                found[mine.sort].append(max(mine.at, theirs.at) // DAY)
    return found


def outcome(facts: Sequence[f.Fact], found: dict[str, list[int]], touched: int) -> int | None:
    """Return the day on which the reward is theirs for good, None when there is none in the end."""
    told, one, orders = list(facts), Friend(touched), dict[str, int]()
    if was_customer(told, touched):
        return None
    for day in range(END + 1):
        todays = [fact for fact in told if fact.at // DAY == day]
        doubts = [each for each in found["device"] if each <= day]
        for fact in todays:
            if isinstance(fact, f.OrderPlaced):
                orders[fact.order.id] = fact.order.total.amount
        review(one, sorted(fact.verdict for fact in todays if isinstance(fact, f.ReferralJudged)), day)
        vest(one, doubts, day)
        for fact in todays:
            lose(one, fact)
        for fact in todays if day >= touched else ():
            pay(one, fact, orders, day)
        if one.live is not None and one.live.lost and one.vested is not None:
            return None
        choose(one, touched)
        if one.over:
            return None
    if one.live is None or one.verdict == "rejected":
        return None
    last = one.vests(found["device"])
    return None if last is None or any(each < last for each in found["email"]) else last


def was_customer(facts: Sequence[f.Fact], touched: int) -> bool:
    """Tell whether something was bought before, and not cancelled by then."""
    placed = {fact.order.id: fact.at // DAY for fact in facts if isinstance(fact, f.OrderPlaced) and fact.paid}
    paid = [(fact.order_id, fact.at // DAY) for fact in facts if isinstance(fact, f.OrderPaid)]
    gone = [(fact.order_id, fact.at // DAY) for fact in facts if isinstance(fact, f.OrderCancelled)]
    bought = [(order, day) for order, day in [*placed.items(), *paid] if day < touched]
    return any(not any(order == other and day < end < touched for other, end in gone) for order, day in bought)


def review(one: Friend, verdicts: list[str], day: int) -> None:
    """Take note of verdicts."""
    for verdict in verdicts:
        one.verdict = verdict
        if verdict == "approved" and one.approved is None:
            one.approved = day


def vest(one: Friend, doubts: list[int], day: int) -> None:
    """Let time make it theirs, or a doubt take it back into the balance."""
    last = None if one.live is None else one.vests(doubts)
    one.vested = last if last is not None and last <= day else None


def lose(one: Friend, fact: f.Fact) -> None:
    """Take back what was bought."""
    for each in one.bought:
        if isinstance(fact, f.OrderCancelled) and each.order == fact.order_id:
            each.lost = True
        elif isinstance(fact, f.OrderRefunded) and each.order == fact.order_id:
            each.left = 0 if fact.amount is None else max(0, each.left - fact.amount.amount)
            each.lost = each.lost or each.left < LEAST


def pay(one: Friend, fact: f.Fact, orders: dict[str, int], day: int) -> None:
    """Buy something."""
    if isinstance(fact, f.OrderPaid) or (isinstance(fact, f.OrderPlaced) and fact.paid):
        order = fact.order.id if isinstance(fact, f.OrderPlaced) else fact.order_id
        if not any(each.order == order and not each.lost for each in one.bought):
            one.bought.append(Bought(day, order, orders[order], orders[order] < LEAST))


def choose(one: Friend, touched: int) -> None:
    """Find the purchase that counts: the first that was not taken back in time."""
    one.live = None
    for each in sorted(one.bought, key=lambda each: (each.day, each.order)):
        if each.day >= touched + WINDOW:
            return
        if each.unfit:
            one.over = True
            return
        if not each.lost:
            one.live = each
            return


def check(rng: random.Random) -> World:
    """Tell a story, walk through it, and hold it against everything that must be true; return the world."""
    told = story(rng)
    world = World()
    world.record(*told)
    world.walk(ticks=rng.sample(range(END), rng.randint(0, 3)))
    counted: dict[str, int] = {}
    for key, amount in world.net().items():
        short = ":".join(key.split(":")[:4])
        assert short not in counted, f"{short} stands twice"
        counted[short] = amount
    assert counted == expected(told)
    return world
