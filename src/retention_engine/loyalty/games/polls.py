"""Polls and surveys: one vote for each customer, which may be changed until the close; and the score of promoters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from attrs import field, frozen

from retention_engine.errors import DefinitionError, LedgerError, shown
from retention_engine.facts import Answered
from retention_engine.loyalty.games.opening import Opening, as_tuple, check_number, unique
from retention_engine.values import is_printable

KINDS = ("single", "multi", "scale")
SEPARATOR = "|"
"""Between the options of one vote in a poll that allows several: ``tea|coffee``."""

Choice = str | int
Vote = tuple[Choice, ...]


@frozen(kw_only=True)
class Poll(Opening):
    """A question to many customers; a survey is several of them under one id.

    Attributes:
        question: which one of a survey, None for a poll of a single question.
        kind: ``single``, ``multi`` or ``scale``.
        options: what can be chosen; none for a scale.
        lowest: of a scale.
        highest: of a scale.
        least: as long as fewer voted nothing is shown, so that nobody can be recognised.
    """

    question: str | None = None
    kind: str = "single"
    options: tuple[str, ...] = field(default=(), converter=as_tuple)
    lowest: int = field(default=0, validator=check_number(-1000, 1000))
    highest: int = field(default=10, validator=check_number(-1000, 1000))
    least: int = field(default=5, validator=check_number(1))

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown kind, options that cannot be told apart, and a scale of one number."""
        if self.kind not in KINDS:
            raise DefinitionError(f"kind is one of {', '.join(KINDS)}, not {shown(self.kind)}")
        if self.kind == "scale":
            if self.options:
                raise DefinitionError(f"a scale has no options, not {shown(self.options)}")
            if self.highest <= self.lowest:
                raise DefinitionError(f"highest is above lowest, {self.lowest}, not {self.highest}")
            return
        unique(self.options, "the options of a poll")
        for option in self.options:
            if not is_printable(option) or SEPARATOR in option:
                raise DefinitionError(f"an option is a printable text without {SEPARATOR!r}, not {shown(option)}")

    def read(self, said: Answered) -> Vote | None:
        """Return the vote in an answer; None: it is to another poll, too late, or not among what can be chosen."""
        if (said.survey, said.question) != (self.id, self.question) or not self.is_open(said.at):
            return None
        if self.kind == "scale":
            score = said.score
            return (score,) if type(score) is int and self.lowest <= score <= self.highest else None
        chosen: tuple[str, ...] = () if said.choice is None else (said.choice,)
        if self.kind == "multi" and said.choice is not None:
            chosen = tuple(dict.fromkeys(said.choice.split(SEPARATOR)))
        return chosen if chosen and set(chosen) <= set(self.options) else None


@frozen
class Tally:
    """The result of a poll.

    Attributes:
        voters: how many have voted.
        counts: how often each option or number was chosen, zeros included; empty while the result is hidden.
    """

    voters: int
    counts: dict[Choice, int]

    @property
    def is_hidden(self) -> bool:
        """Whether too few have voted."""
        return not self.counts


def votes(poll: Poll, said: Iterable[Answered], customer: str) -> list[tuple[int, Vote]]:
    """Return every vote of one customer, oldest first: the last one counts."""
    own = ((one, poll.read(one)) for one in _in_order(said) if one.customer == customer)
    return [(one.at, vote) for one, vote in own if vote is not None]


def tally(poll: Poll, said: Iterable[Answered]) -> Tally:
    """Return the result: the last vote of each customer."""
    latest: dict[str | None, Vote] = {}
    for one in _in_order(said):
        vote = poll.read(one)
        if vote is not None:
            latest[one.customer] = vote
    if len(latest) < poll.least:
        return Tally(len(latest), {})
    counted = Counter(choice for vote in latest.values() for choice in vote)
    choices: Iterable[Choice] = poll.options or range(poll.lowest, poll.highest + 1)
    return Tally(len(latest), {choice: counted[choice] for choice in choices})


def _in_order(said: Iterable[Answered]) -> list[Answered]:
    return sorted(said, key=lambda one: (one.at, one.id))


@frozen
class NetPromoter:
    """The net promoter score: how many answer 9 or 10 of 10, less how many answer 0 to 6, out of all, in percent."""

    promoters: int
    passives: int
    detractors: int

    @property
    def score(self) -> Fraction:
        """From -100 to 100, exact."""
        return Fraction(100 * (self.promoters - self.detractors), self.promoters + self.passives + self.detractors)


def net_promoter(result: Tally) -> NetPromoter:
    """Return the net promoter score of a poll on the scale from 0 to 10.

    Raises:
        LedgerError: the result is hidden, or the poll has another scale.
    """
    if set(result.counts) != set(range(11)):
        wanted = "a result that is shown, on the scale from 0 to 10"
        raise LedgerError(f"a net promoter score needs {wanted}, not {shown(result)}", code="bad_scale")
    count = [result.counts[number] for number in range(11)]
    return NetPromoter(sum(count[9:]), sum(count[7:9]), sum(count[:7]))
