"""Codes that were given to customers: one row each; found by what was typed, taken back one by one or by the batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import frozen

from retention_engine.clubs.promotions import Promotion
from retention_engine.engine.codes.books import Books, Row
from retention_engine.errors import DefinitionError, nearest, shown
from retention_engine.facts import CodeIssued, CodeRevoked, Fact
from retention_engine.keys import fingerprint
from retention_engine.loyalty.codes import BEARER, BOUND, CodeKeys, Refusal, canonical, read, spell
from retention_engine.ports import Store


@frozen
class Claim:
    """A promotion that somebody asks for, with the code they have, if it needs one."""

    promotion: Promotion
    code: str | None = None
    row: Row | None = None

    @property
    def ends(self) -> int | None:
        """The end of the code."""
        return None if self.row is None else self.row["ends"]

    @property
    def grace(self) -> int | None:
        """Until when the code counts, although its time is over."""
        return None if self.row is None else self.row["grace"]

    @property
    def owner(self) -> str | None:
        """To whom the code was given."""
        return None if self.row is None else str(self.row["customer"])

    def foreign(self, customer: str | None) -> Refusal | None:
        """Return why this customer cannot use the code, if so."""
        if self.row is None:
            return None
        if self.row["bound"] and self.row["customer"] != customer:
            return Refusal.BOUND
        return Refusal.REVOKED if self.row["revoked"] else None


def candidates(texts: Iterable[str]) -> set[str]:
    """Return the codes that texts may be."""
    return {spelling.symbols for text in texts for spelling in read(text)}


def claim(text: str, promotions: Mapping[str, Promotion], rows: Mapping[str, Row]) -> Claim | None:
    """Return what a text claims; None: there is no such code."""
    whole = canonical(text)
    for each in promotions.values():
        if any(canonical(vanity) == whole for vanity in each.vanity):
            return Claim(each, whole)
    for spelling in read(text):
        row = rows.get(spelling.symbols)
        promotion = None if row is None else promotions.get(row["promotion"])
        if row is None or promotion is None or promotion.automatic or canonical(row["prefix"]) != spelling.prefix:
            continue
        return Claim(promotion, spelling.symbols, row)
    return None


def issue(
    store: Store, keys: CodeKeys, promotion: Promotion, wanted: tuple[str, str], *, at: int
) -> tuple[str, list[Fact]]:
    """Return the code of a customer for an occasion, and the fact about it when it is new.

    Args:
        wanted: customer and occasion; the same ones give the same code.
    """
    if promotion.automatic:
        raise DefinitionError(f"promotion {promotion.id!r} is automatic, so it has no codes")
    customer, occasion = wanted
    books, reason = Books(store.settings), (promotion.id, customer, occasion)
    for key in keys.secrets:
        found = _known(books, keys, promotion, reason, key=key)
        row = books.rows.get(found)
        if row is not None:
            return spell(row["prefix"], found), []
        if key == keys.current:
            fresh = found
    ends = None if promotion.valid_for is None else at + promotion.valid_for.micros
    names = ("promotion", "customer", "occasion")
    row = {"prefix": promotion.prefix, "bound": promotion.bound, "ends": ends, "revoked": False, "grace": None}
    books.put_row(fresh, row | dict(zip(names, reason, strict=True)))
    store.roster.note((subject, customer) for subject in _subjects(promotion.id, occasion))
    text = spell(promotion.prefix, fresh)
    return text, [
        CodeIssued(
            id=f"code_issued:{fresh}",
            customer=customer,
            at=at,
            code=fresh,
            promotion=promotion.id,
            text=text,
            occasion=occasion,
            bound=promotion.bound,
            ends=ends,
        )
    ]


def _known(books: Books, keys: CodeKeys, promotion: Promotion, reason: tuple[str, str, str], *, key: str) -> str:
    """Return the first code of a key that this reason has, or that nobody has."""
    length = BOUND if promotion.bound else BEARER
    return next(code for code in keys.derive(*reason, length=length, key=key) if _free(books, code, reason))


def _free(books: Books, code: str, reason: tuple[str, str, str]) -> bool:
    books.open_rows([code], change=True)
    row = books.rows.get(code)
    return row is None or (row["promotion"], row["customer"], row["occasion"]) == reason


def _subjects(promotion: str, occasion: str) -> list[str]:
    return [f"codes:{fingerprint(promotion)}", f"codes:{fingerprint(promotion, occasion)}"]


def revoke(store: Store, code: str, at: int) -> list[Fact]:
    """Take one code back and return the fact about it; none when it is not there or was taken back before."""
    books = Books(store.settings)
    books.open_rows([code], change=True)
    row = books.rows.get(code)
    if row is None or row["revoked"]:
        return []
    books.put_row(code, {**row, "revoked": True})
    name = f"code_revoked:{code}"
    return [CodeRevoked(id=name, customer=row["customer"], at=at, code=code, promotion=row["promotion"])]


def issued(store: Store, promotion: str, occasion: str | None) -> Iterator[str]:
    """Yield the codes of a promotion, or of one of its occasions, in ascending order."""
    subject = _subjects(promotion, occasion or "")[occasion is not None]
    customers = store.roster.interested([subject])
    facts = (fact for found in store.facts.of(customers).values() for fact in found)
    given = (fact for fact in facts if isinstance(fact, CodeIssued) and fact.promotion == promotion)
    yield from sorted(fact.code for fact in given if occasion in (None, fact.occasion))


def promotion_of(promotions: Mapping[str, Promotion], name: str) -> Promotion:
    """Return a promotion by its id.

    Raises:
        DefinitionError: there is none.
    """
    if name not in promotions:
        raise DefinitionError(f"unknown promotion {shown(name)}{nearest(name, promotions)}")
    return promotions[name]
