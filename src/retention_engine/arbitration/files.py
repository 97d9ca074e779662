"""Policies in rule files: the list ``policies`` that stands before the segments and the rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os import PathLike

from attrs import fields

from retention_engine.arbitration.base import Policy
from retention_engine.arbitration.text import read_policy
from retention_engine.errors import DefinitionError, shown
from retention_engine.predicates import Node, Segment, Truth, read_segments
from retention_engine.texts import quoted_list, read_at, sections


def load_policies(source: str | PathLike[str], segments: Mapping[str, Truth] | None = None) -> tuple[Policy, ...]:
    """Read the policies of a TOML file, or of TOML text; the rules that stand there are left unread.

    Args:
        source: a path, or a text; a text of one line that ends with ``.toml`` is taken as a path. At most 1 MB, UTF-8.
        segments: the predicates behind ``segment("name")``; None: those of the file.

    Raises:
        DefinitionError: anything wrong; the message starts with the place, such as ``policies[2]``.
            Wrong calls raise its kind ``ExpressionError``. Nothing is half-loaded.
    """
    given = sections(source)
    named = read_segments(given.segments) if segments is None else segments
    return tuple(
        read_at(f"policies[{number}]", lambda text: read_policy(text, segments=named), text)
        for number, text in enumerate(given.policies)
    )


def dump_policies(policies: Iterable[Policy]) -> str:
    """Write policies as TOML, to stand at the top of a rule file; ``load_policies`` reads equal ones back.

    Segments are written by their names: the predicates behind them stand with the rules.

    Raises:
        DefinitionError: they cannot be read back: one that is no policy of ours, or more than 1 MB.
    """
    given = tuple(policies)
    for policy in given:
        if not isinstance(policy, Policy):
            raise DefinitionError(f"a policy is needed, such as AtMost(3, per=days(7)), not {shown(policy)}")
    text = f"policies = {quoted_list([policy.text() for policy in given])}\n" if given else ""
    try:
        same = load_policies(text, segments_in(given)) == given
    except DefinitionError as error:
        raise DefinitionError(f"these policies cannot be written to a file: {error}") from None
    if not same:
        raise DefinitionError("these policies cannot be written to a file: they read back as others")
    return text


def segments_in(policies: Iterable[Policy]) -> dict[str, Truth]:
    """Return the segments that the predicates of policies name, each after those that it names itself."""
    found: dict[str, Truth] = {}
    for policy in policies:
        values = (getattr(policy, each.name) for each in fields(type(policy)))
        for value in values:
            found |= dict(_named(value)) if isinstance(value, Truth) else {}
    return found


def _named(node: Node) -> Iterator[tuple[str, Truth]]:
    for part in node.parts():
        yield from _named(part)
    if isinstance(node, Segment):
        yield node.name, node.inner
