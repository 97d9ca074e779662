"""A web framework takes our classes as bodies, and answers hostile ones with 422."""

# Without ``from __future__ import annotations``: the framework reads them when the routes are made.

from typing import Annotated, Any

import pytest

from retention_engine.facts import Order
from retention_engine.facts.codec import to_plain
from retention_engine.intake import AnyFact
from tests.facts._facts import LINE, ORDER, plain

fastapi = pytest.importorskip("fastapi", reason="fastapi is not installed: it is no dependency of ours")


@pytest.fixture
def client() -> Any:
    """Return a client of a small web application."""
    testclient = pytest.importorskip("fastapi.testclient", reason="the test client needs httpx", exc_type=Exception)
    app = fastapi.FastAPI()

    @app.post("/order")
    def order(order: Annotated[Order, fastapi.Body()]) -> Order:
        return order

    @app.post("/fact")
    def fact(fact: Annotated[AnyFact, fastapi.Body()]) -> AnyFact:
        return fact

    @app.post("/facts")
    def some(facts: list[AnyFact]) -> int:
        return len(facts)

    return testclient.TestClient(app)


def test_our_classes_are_bodies(client: Any) -> None:
    """An order and a fact go in and come out; a list of facts needs no more than its annotation."""
    assert client.post("/order", json=to_plain(ORDER)).json() == to_plain(ORDER)
    assert client.post("/fact", json=plain("sale_started")).json() == plain("sale_started") | {"v": 1}
    assert client.post("/facts", json=[plain("tagged"), plain("sale_started")]).json() == 2


def test_the_documentation_describes_them(client: Any) -> None:
    """OpenAPI lists the nouns and every kind of fact."""
    assert {"Order", "Line", "Money", "Tagged", "Fact"} <= set(
        client.get("/openapi.json").json()["components"]["schemas"]
    )


HOSTILE = [
    '{"id": NaN}',
    '{"id": "\\ud800"}',
    '{"\\ud800": 1}',
    '{"at": ' + "[" * 300 + "]" * 300 + "}",
    "[]",
    "{}",
    "5",
]


@pytest.mark.parametrize("path", ["/order", "/fact", "/facts"])
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_the_senders_fault(client: Any, path: str, body: str) -> None:
    """Even what cannot be sent back, such as NaN, is answered with 422."""
    content = f"[{body}]" if path == "/facts" else body
    answer = client.post(path, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, len(answer.text) < 10_000) == (422, True)


def test_the_answer_names_the_field(client: Any) -> None:
    """The location leads to the field inside the body."""
    raw = to_plain(ORDER) | {"lines": [to_plain(LINE) | {"quantity": True}]}
    answer = client.post("/order", json=raw)
    assert [error["loc"] for error in answer.json()["detail"]] == [["body", "lines", 0, "quantity"]]
