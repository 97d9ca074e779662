"""What a definition file says as a whole: rules, their segments, and the policies above them."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

from attrs import evolve, field, frozen

from retention_engine.arbitration import Arbiter, Policy, dump_policies, load_policies, segments_in
from retention_engine.errors import DefinitionError
from retention_engine.rules import Rule, RuleSet, dump_rules, load_rules
from retention_engine.texts import sections


def _rules(given: Iterable[Rule] | RuleSet) -> RuleSet:
    return RuleSet.of(given)


def _policies(given: Iterable[Policy]) -> tuple[Policy, ...]:
    found = tuple(given)
    Arbiter(found)  # refuses what is no policy
    return found


@frozen
class Shop:
    """The rules of a shop and the policies above them.

    Attributes:
        rules: a rule set; its segments include those that the policies name.
        policies: in their order, without those of ``courtesy()``, which an engine adds.
    """

    rules: RuleSet = field(converter=_rules)
    policies: tuple[Policy, ...] = field(converter=_policies, default=())

    def __attrs_post_init__(self) -> None:
        """Gather the segments.

        Raises:
            DefinitionError: one name stands for two predicates.
        """
        named, known = segments_in(self.policies), self.rules.segments
        for name, predicate in named.items():
            if known.get(name, predicate) != predicate:
                raise DefinitionError(f"two segments are called {name!r}: policies and rules mean different ones")
        if not named.keys() <= known.keys():
            object.__setattr__(self, "rules", evolve(self.rules, segments={**known, **named}))


def load_shop(source: str | PathLike[str]) -> Shop:
    """Read rules and policies from one TOML file, or from TOML text.

    Args:
        source: a path, or a text; a text of one line that ends with ``.toml`` is taken as a path. At most 1 MB, UTF-8.

    Raises:
        DefinitionError: anything wrong; the message starts with the place, such as ``rules[2].trigger`` or
            ``policies[0]``. Wrong expressions raise its kind ``ExpressionError``. Nothing is half-loaded.
    """
    rules = load_rules(source)
    return Shop(rules, load_policies(source, rules.segments))


def dump_shop(shop: Shop) -> str:
    """Write rules and policies as TOML; ``load_shop`` reads an equal shop back.

    Raises:
        DefinitionError: it cannot be read back: a trigger or policy of one's own, or more than 1 MB.
    """
    text = "\n".join(part for part in (dump_policies(shop.policies), dump_rules(shop.rules)) if part)
    try:
        sections(text)
    except DefinitionError as error:
        raise DefinitionError(f"this shop cannot be written to one file: {error}") from None
    return text
