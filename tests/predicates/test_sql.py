"""The SQL text: its shape, its dialects, the source it reads from, and what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import sqlglot
from sqlglot import ErrorLevel, exp

from retention_engine import predicates as p
from retention_engine.errors import DefinitionError, MissingExtra
from retention_engine.predicates import (
    Node,
    Quantity,
    Truth,
    Verdict,
    customer,
    item,
    orders,
    purchases,
    reviews,
    views,
)
from retention_engine.predicates.sql import DIALECTS, UNSUPPORTED, Columns, Source, Table, literals, query, zone_query
from retention_engine.predicates.sql.source import stored_name
from retention_engine.timing import days, hours
from tests.parity._sql import CASES, NOW, SHOP, database

ZONES = ["Asia/Tokyo", "Europe/Moscow", "Pacific/Apia"]
SHOP_TABLE = Table(name="shop.orders", customer="client", at="epoch_us(ts)", fields={"total": "amount", "items": "n"})


def flat(predicates: Any, **more: Any) -> str:
    """Return the text of a query on one line."""
    return re.sub(r"\s+", " ", query(predicates, at=NOW, **more).sql)


def parsed(text: str, dialect: str) -> exp.Expr:
    """Return the syntax tree of a text."""
    return sqlglot.parse_one(text, read=dialect)


def test_one_predicate_asks_for_its_members() -> None:
    """One predicate without a name becomes the condition of the query."""
    asked = query(customer.city == "Rome", at=NOW)
    assert (asked.columns, asked.predicates) == (("customer",), ("customer.city == 'Rome'",))
    assert flat(customer.city == "Rome").endswith("""WHERE COALESCE("c"."city_text" = 'Rome', FALSE)""")


def test_several_predicates_become_columns_under_safe_names() -> None:
    """Names that read well stay, all others are numbered; the order is that of the mapping."""
    names = ["lapsed", "Win back!", "customer", "predicate_0", 'x"; DROP TABLE y']
    asked = query(dict.fromkeys(names, customer.vip == True), at=NOW)  # noqa: E712 - the language compares so
    assert asked.columns == ("customer", "lapsed", "predicate_1", "predicate_2", "predicate_3", "predicate_4")
    assert asked.predicates == tuple(names)
    assert "DROP" not in asked.sql


FUNCTIONS = {
    *("And", "Or", "Case", "If", "Cast", "Coalesce", "Count", "Sum", "Min", "Max", "ArgMax", "ArgMin", "Chr", "Floor"),
    *("Lag", "RowNumber", "MD5", "MD5Digest", "LowerHex", "Hex", "Lower", "Substring", "StrPosition", "ArrayAgg"),
    *("Collate", "TryCast"),  # TryCast: so Spark's CAST is read
}
BANNED = (exp.Div, exp.IntDiv, exp.Interval, exp.Filter, exp.Like, exp.Placeholder, exp.Parameter, exp.Subquery)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("start", range(0, len(CASES), 60))
def test_every_text_is_read_back_and_uses_little(dialect: str, start: int) -> None:
    """A text is read again as the same in its dialect: few functions, no division, FILTER, LIKE or parameter."""
    named = {str(number): case for number, case in enumerate(CASES[start : start + 60])}
    tree = parsed(query(named, at=NOW, dialect=dialect, shop_zone=SHOP, zones=ZONES).sql, dialect)
    again = parsed(tree.sql(dialect, identify=True, unsupported_level=ErrorLevel.RAISE), dialect)
    assert again == tree
    assert {type(each).__name__ for each in tree.find_all(exp.Func)} - {"Anonymous"} <= FUNCTIONS
    assert {each.name for each in tree.find_all(exp.Anonymous)} <= {"toNullable"}
    assert all(isinstance(each.parent, exp.From | exp.Join) for each in tree.find_all(*BANNED))


def test_dialects_differ_where_they_must() -> None:
    """PostgreSQL has no MAX_BY and orders texts by language; ClickHouse gives 0 for nothing."""
    last, hashed = orders.last("channel") == "app", p.bucket("a") < 5
    assert "[1]" in flat(last, dialect="postgres")
    assert 'COLLATE "C"' in flat(hashed, dialect="postgres")
    assert 'MAX(toNullable("t"."at"))' in flat(orders.last().age < days(1), dialect="clickhouse")
    assert "MAX_BY(" in flat(last, dialect="snowflake")
    assert "TO_HEX(MD5(" in flat(hashed, dialect="bigquery")


def test_windows_leave_out_their_older_edge() -> None:
    """``within`` is after the older edge, ``before`` up to it; the future never counts."""
    edge = NOW - days(90).micros
    assert f'WHERE "t"."at" > {edge} AND "t"."at" <= {NOW}' in flat(orders.within(days(90)).exists())
    assert f'CASE WHEN "t"."at" <= {edge} THEN 1 END' in flat(orders.before(days(90)).exists())


def test_records_that_make_no_difference_are_not_read() -> None:
    """A lower bound is asked of the table only when every aggregate has one."""
    young, old = orders.last().age < days(7), orders.last().age >= days(7)
    assert f'"t"."at" > {NOW - days(7).micros - 1} AND' in flat(young)
    assert f'"t"."at" > {NOW - days(30).micros} AND' in flat(young & orders.within(days(30)).exists())
    assert 'WHERE "t"."at" <= ' in flat(young & old)


def test_equal_aggregates_are_computed_once() -> None:
    """Two questions about the last order share one column, and all of one table one sub-query."""
    text = flat((orders.last().age >= days(1)) & (orders.last().age < days(9)) & (orders.sum("total") > 5))
    assert (text.count("MAX("), text.count("GROUP BY")) == (1, 1)


def test_collections_in_one_table_share_a_sub_query() -> None:
    """Orders and purchases may lie in one table; each keeps its own instant."""
    both = {"orders": Table(name="o", at="ordered"), "purchases": Table(name="o", at="ordered", fields={"sku": "sku"})}
    apart = both | {"purchases": Table(name="o", at="sent", fields={"sku": "sku"})}
    asked = orders.exists() & purchases.where(sku="a").exists()
    assert flat(asked, source=Source(collections=both)).count("GROUP BY") == 1
    text = flat(asked, source=Source(collections=apart))
    assert text.count("GROUP BY") == 1
    assert f'COUNT(CASE WHEN "t"."sent" <= {NOW} AND "t"."sku" = ' in text


def test_the_zone_is_joined_only_where_days_differ() -> None:
    """One zone needs no join; several give each customer the first instant of their day."""
    asked = orders.on_calendar_days(2).exists()
    assert "JOIN (SELECT" not in flat(asked, zones=[]).replace("LEFT JOIN ( SELECT", "", 1)
    assert 'AS "cut_0" FROM "customers" AS "c" ) AS "z"' in flat(asked, zones=ZONES)


def test_a_calendar_question_needs_the_zones() -> None:
    """Without zones a query that asks for the customer's calendar is refused, any other is not."""
    with pytest.raises(DefinitionError, match=r"local\.hour >= 9 asks for the customer's calendar: say which zones="):
        query(p.local.hour >= 9, at=NOW)
    assert query(orders.exists(), at=NOW).sql
    no_zone = Source(customers=Table(name="c", fields={}))
    assert flat(p.local.hour >= 9, source=no_zone).endswith("WHERE TRUE")


def test_zones_are_listed_by_the_database() -> None:
    """The text that lists the zones reads the same column as the calendar; without one there is none."""
    text = zone_query(source=Source(customers=Table(name="people", fields={"zone": Columns(text="tz")})))
    assert re.sub(r"\s+", " ", str(text)) == 'SELECT DISTINCT "c"."tz" AS "zone" FROM "people" AS "c"'
    assert zone_query(source=Source(customers=Table(name="people", fields={}))) is None


def test_a_source_reads_the_users_own_columns() -> None:
    """Names stand as stored, expressions in the table's columns, each under the alias of its table."""
    text = flat(orders.where(item.items > 2).sum("total") > 5, source=Source(collections={"orders": SHOP_TABLE}))
    assert 'SUM(CASE WHEN "t"."n" > 2 THEN "t"."amount" END)' in text
    assert 'FROM "shop"."orders" AS "t" WHERE EPOCH_US("t"."ts") <= ' in text
    assert 'ON "r0"."customer" = "c"."customer"' in text


def test_a_key_that_is_no_text_becomes_one_where_the_id_is_asked() -> None:
    """The bucket and ``customer.id`` take the key as a text unless the source says where the id lies."""
    assert """CAST("c"."key" AS TEXT) = '7'""" in flat(
        customer.id == "7", source=Source(customers=Table(name="c", customer="key", fields={}))
    )


EXPRESSIONS = [
    ("postgres", "(extract(epoch from ts) * 1000000)::bigint", 'EXTRACT(EPOCH FROM "t"."ts")'),
    ("clickhouse", "toUnixTimestamp64Micro(ts)", 'toUnixTimestamp64Micro("t"."ts")'),
    ("bigquery", "UNIX_MICROS(ts)", "UNIX_MICROS(`t`.`ts`)"),
    ("snowflake", "DATE_PART(epoch_microsecond, TS)", 'DATE_PART(epoch_microsecond, "t"."TS")'),
    ("spark", "unix_micros(ts)", "UNIX_MICROS(`t`.`ts`)"),
    ("duckdb", "meta.at", '"t"."meta"."at"'),
    ("duckdb", '"Order Date"', '"t"."Order Date"'),
]


@pytest.mark.parametrize(("dialect", "written", "printed"), EXPRESSIONS)
def test_expressions_are_read_in_the_dialect_of_the_source(dialect: str, written: str, printed: str) -> None:
    """An instant may be any expression over a row."""
    source = Source(collections={"orders": Table(name="o", at=written)})
    assert printed in flat(orders.last().age < days(1), source=source, dialect=dialect)


BAD_SOURCES = [
    (Table(name="o", at="max(ts)"), r"an expression over one row is needed, not 'max\(ts\)'"),
    (Table(name="o", at="(select 1)"), "an expression over one row is needed"),
    (Table(name="o", at="ts; drop table o"), "no SQL expression: 'ts; drop table o'"),
    (Table(name="o", at=""), "no SQL expression: ''"),
    (Table(name="o", at="?"), "an expression over one row is needed"),
    (Table(name="o."), "a table is called name, schema.name or database.schema.name, not 'o.'"),
    (Table(name="a.b.c.d"), "a table is called"),
    (Table(name="o", fields={"totals": "x"}), r"the source has no orders\.total \(did you mean 'totals'\?\)"),
]


@pytest.mark.parametrize(("table", "message"), BAD_SOURCES)
def test_a_bad_table_is_refused(table: Table, message: str) -> None:
    """A source is checked when it is read, with the name that is wrong."""
    with pytest.raises(DefinitionError, match=message):
        query(orders.within(days(1)).sum("total") > 5, at=NOW, source=Source(collections={"orders": table}))


BAD_QUESTIONS = [
    (reviews.exists(), r"the source has no 'reviews' \(did you mean 'views'\?\)"),
    (views.first("sku") == "a", "the source has neither id nor sequence of views"),
    (views.gaps().last("gap") < days(1), "neither id nor sequence"),
    (views.where(id="a").exists(), "the source does not say where views has 'id'"),
    (customer.city == "Rome", r"the source has no customer\.city \(allowed: age\)"),
    (customer.age > 5, r"customer\.age has no kind of its own: say Columns\(text='x'\) or another kind"),
]


@pytest.mark.parametrize(("asked", "message"), BAD_QUESTIONS)
def test_what_the_source_does_not_hold_is_refused(asked: Truth, message: str) -> None:
    """A question about something unmapped names it, and what is nearest."""
    known = Source(
        customers=Table(name="c", fields={"age": "x"}), collections={"views": Table(name="v", fields={"sku": "s"})}
    )
    with pytest.raises(DefinitionError, match=message):
        query(asked, at=NOW, source=known)


def test_gaps_of_records_without_ids_are_known_as_long_as_their_order_is_not_asked() -> None:
    """Which of two records of one instant comes first makes no difference to the gaps as a whole."""
    known = Source(collections={"views": Table(name="v", fields={})})
    assert 'ORDER BY "t"."at"' in flat(views.gaps().mean("gap") < days(1), source=known)


def test_the_order_of_records_is_computed_where_it_is_not_stored() -> None:
    """Without a sequence the records are numbered by instant and id, in code points."""
    known = Source(collections={"views": Table(name="v", id="key", fields={"sku": "s"})})
    text = flat(views.last("sku") == "a", source=known, dialect="postgres")
    order = 'ORDER BY "t"."at" NULLS FIRST, "t"."key" COLLATE "C" NULLS FIRST ) AS "rank_0"'
    assert f'"t".*, ROW_NUMBER() OVER (PARTITION BY "t"."customer" {order}' in text.replace("OVER ( ", "OVER (")


def test_a_condition_of_the_source_keeps_its_rows() -> None:
    """``where`` limits records and customers."""
    kept = {"orders": Table(name="o", where="status = 'paid'")}
    text = flat(orders.exists(), source=Source(customers=Table(name="c", where="not deleted"), collections=kept))
    assert """WHERE ( "t"."status" = 'paid' ) AND "t"."at" <=""" in text
    assert 'WHERE (NOT "c"."deleted") AND' in text.replace("( NOT", "(NOT").replace('deleted" )', 'deleted")')


def concrete(cls: type[Any]) -> set[type[Any]]:
    """Return the classes of nodes that can be written down."""
    below = {each for sub in cls.__subclasses__() for each in concrete(sub)}
    return below | ({cls} if cls.__module__.startswith("retention_engine") and cls.write is not Node.write else set())


def test_every_node_has_a_reading_or_a_reason() -> None:
    """Whatever can be written has SQL; the list of exceptions names the rest."""
    read = {type(part) for case in CASES for part in walk(case)}
    read |= {type(case.anchor) for case in CASES if isinstance(case, p.Yearly)}
    assert {cls.__name__ for cls in concrete(Node)} == {cls.__name__ for cls in read}
    assert set(UNSUPPORTED) == {"Entry"}


def walk(node: Node) -> list[Node]:
    """Return a node and all inside of it."""
    return [node, *(below for part in node.parts() for below in walk(part))]


def test_a_journeys_entry_has_no_sql() -> None:
    """The one unsupported word is refused by its name."""
    with pytest.raises(DefinitionError, match=r"orders\.since\(entry\) has no SQL reading"):
        query(orders.since(p.entry).exists(), at=NOW)


class Mine(Truth):
    """A predicate of the user's own."""

    def verdict(self, view: Any) -> Verdict:
        """Hold always."""
        return Verdict(holds=True, until=None)

    def write(self, *, python: bool) -> str:
        """Write its name."""
        return "mine()"


def test_a_predicate_of_the_users_own_is_refused_not_approximated() -> None:
    """A node that SQL does not know is named, however deep it lies."""
    with pytest.raises(DefinitionError, match=r"Mine has no SQL reading: mine\(\)"):
        query({"a": ~(orders.exists() & Mine())}, at=NOW)


class Height(Quantity):
    """A quantity of the user's own."""

    def sort(self) -> str:
        """Return number."""
        return "number"

    def write(self, *, python: bool) -> str:
        """Write its name."""
        return "height"

    def _key(self) -> tuple[Any, ...]:
        return ()


def test_a_quantity_of_the_users_own_is_refused() -> None:
    """A quantity that SQL does not know is named with its comparison."""
    with pytest.raises(DefinitionError, match=r"Height has no SQL reading: height > 5"):
        query(Height() > 5, at=NOW)


UNMAPPED = [
    (p.answers.sum("score") > 5, "COALESCE(0, 0) > 5"),
    (p.answers.mean("score") > 5, "COALESCE(FALSE, FALSE)"),
    (p.answers.distinct("survey") > 5, "COALESCE(0, 0) > 5"),
    (customer.joined.age < days(5), "COALESCE(FALSE, FALSE)"),
    (customer.joined == "text", "COALESCE(FALSE, FALSE)"),
    (p.yearly(customer.joined), "COALESCE(FALSE, FALSE)"),
]


@pytest.mark.parametrize(("asked", "printed"), UNMAPPED)
def test_a_kind_that_is_not_mapped_never_occurs(asked: Truth, printed: str) -> None:
    """Values of a kind without a column do not exist: no value, or 0 where nothing is counted."""
    people = Table(name="c", fields={"joined": Columns(real="height")})
    held = {"answers": Table(name="a", fields={"score": Columns(real="s"), "survey": Columns()})}
    text = flat(asked, source=Source(customers=people, collections=held), zones=[])
    assert text.endswith(f'FROM "c" AS "c" WHERE {printed}')


def test_flags_and_fractions_are_counted_together() -> None:
    """True, 1 and 1.0 are one value in any mixture of columns."""
    held = {"answers": Table(name="a", fields={"score": Columns(real="s", flag="f")})}
    text = flat(p.answers.distinct("score") > 1, source=Source(collections=held))
    assert 'COUNT( DISTINCT CASE WHEN "t"."f" THEN 1 WHEN NOT "t"."f" THEN 0 WHEN' in text


def test_flags_and_whole_numbers_are_counted_together() -> None:
    """Without a column of fractions there is nothing besides whole numbers."""
    held = {"answers": Table(name="a", fields={"score": Columns(whole="n", flag="f")})}
    text = flat(p.answers.distinct("score") > 1, source=Source(collections=held))
    assert 'WHEN "t"."f" THEN 1 WHEN NOT "t"."f" THEN 0 END' in text


def test_a_bare_name_has_the_kind_that_the_language_gives_it() -> None:
    """Numbers are whole, texts are texts, flags are flags."""
    held = {"orders": Table(name="o", fields={"total": "a", "channel": "b", "delivered": "c"})}
    asked = orders.where(item.total > 1, delivered=True).where(channel="app").exists()
    assert '"t"."c" AND "t"."b" = \'app\'' in flat(asked, source=Source(collections=held))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"predicates": {}}, "at least one predicate is needed, not 0"),
        ({"predicates": {"a": True}}, "a needs a predicate, not True"),
        ({"dialect": "mysql"}, "unknown dialect 'mysql'"),
        ({"shop_zone": "Mars/Base"}, "unknown time zone 'Mars/Base'"),
        ({"at": "2024-01-01T00:00:00"}, "naive datetime"),
    ],
)
def test_wrong_arguments_are_refused(given: dict[str, Any], message: str) -> None:
    """Each wrong argument is named."""
    with pytest.raises(ValueError, match=message):
        query(**({"predicates": {"a": orders.exists()}, "at": NOW} | given))


def test_long_and_deep_predicates_have_sql_that_runs() -> None:
    """240 parts side by side and 28 levels of alternation stay below the limits of the database."""
    parts = [orders.last().age < hours(number) for number in range(1, 241)]
    deep: Truth = orders.exists()
    for level in range(14):
        deep = ~((deep & parts[level]) if level % 2 else (deep | parts[level]))
    asked = {"wide": p.all_of(*parts), "some": p.at_least(200, *parts), "deep": deep}
    database().execute("CREATE OR REPLACE TABLE customers (customer VARCHAR)")
    database().execute('CREATE OR REPLACE TABLE orders (customer VARCHAR, "at" BIGINT)')
    assert database().execute(query(asked, at=NOW).sql).fetchall() == []


def test_sqlglot_is_loaded_only_when_a_text_is_asked_for() -> None:
    """Importing the reading loads nothing heavy."""
    code = "import sys, retention_engine.batch; sys.exit('sqlglot' in sys.modules or 'duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_sqlglot_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error says what to install."""
    for name in [each for each in sys.modules if each.startswith("retention_engine.predicates.sql.")]:
        if "sqlglot" in vars(sys.modules[name]) or "exp" in vars(sys.modules[name]):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys.modules["retention_engine.predicates.sql"], "compiler", None)
    monkeypatch.delattr(sys.modules["retention_engine.predicates.sql"], "compiler")
    monkeypatch.setitem(sys.modules, "sqlglot", None)
    with pytest.raises(MissingExtra, match=r"'sqlglot' is needed here: pip install \"retention-engine\[sql\]\""):
        query(orders.exists(), at=NOW)


HARMLESS = re.compile(r"[^'\\$\"`;:?%{}\x00-\x1f\x7f]*")


@pytest.mark.parametrize(
    "text", ["", "it's", "a\\b", "${env:HOME}", "--x", "a--b", "/*", ";%s?:a{{b}}", "чай 🎁", "a-b"]
)
def test_a_text_needs_no_escaping(text: str) -> None:
    """Between quotes stand only characters that mean themselves everywhere; the rest goes by its number."""
    tree = literals.text(text)
    assert all(HARMLESS.fullmatch(each.name) and "--" not in each.name for each in tree.find_all(exp.Literal))
    assert database().execute(f"SELECT {tree.sql('duckdb')}").fetchone() == (text,)


BOUNDS = [(op, number) for op in ("<", "<=", ">", ">=", "==", "!=") for number in (2, 2.5, -2.5, 2**53 + 1, 0.1)]


@pytest.mark.parametrize(("op", "number"), BOUNDS)
def test_a_number_is_compared_exactly_in_either_type(op: str, number: float) -> None:
    """The bound that is printed means the same for integers, and for doubles, as the constant itself."""
    compare = p.compare.test
    near = [0, 1, 2, 3, -2, -3, 2**53, 2**53 + 1, 2**53 + 2]
    whole, real = literals.whole_bound(op, number), literals.real_bound(op, number)
    for value in near:
        expected = compare(op, value, number)
        assert (op == "!=" if whole is None else compare(whole[0], value, whole[1])) == expected
    for value in [*map(float, near), 2.5, -2.5, 0.1, 0.30000000000000004]:
        assert (op == "!=" if real is None else compare(real[0], value, real[1])) == compare(op, value, number)


def test_capitals_are_marked_in_stored_names() -> None:
    """Names that differ in capitals only stay different where a database ignores capitals."""
    names = ["city", "City", "cITY", "city_x1", "City_x1", "x", "_x0"]
    assert len({stored_name(name).lower() for name in names}) == len(names)
    assert stored_name("city") == "city"
