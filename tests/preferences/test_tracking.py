"""Links that tell when they are used: they lead where the message led, and nobody can bend them."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.envelopes import Button, Content, Envelope, compose
from retention_engine.envelopes.content import Styled
from retention_engine.errors import DefinitionError, TokenError
from retention_engine.facts import MessageClicked, MessageOpened
from retention_engine.preferences import Keyring, read_click, read_open, tracked_links, tracking, unsubscribe_links
from tests.preferences._shop import KEYS, NOW, OLD, WHO

PAGE = "https://shop.example/c"
KEY = "0123456789abcdef0123456789abcdef"
CART = "https://shop.example/cart?a=1&b=Ж#top"
LEAVE = unsubscribe_links(KEYS, "https://shop.example/leave")(WHO, "email", "news")


def a_mail(html: str | None = None, text: str = "Hi", **more: Any) -> Envelope:
    """Return an envelope with a mail in it."""
    content = Content(subject="Hi", text=text, html=html)
    given: dict[str, Any] = {"key": KEY, "customer": WHO, "channel": "email", "address": "a@shop.example", "at": NOW}
    return Envelope(content=content, unsubscribe_url=LEAVE, **given | more)


class Parts(HTMLParser):
    """What stands in HTML: tags with their attributes, and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if tag == "a" and name == "href"][:1]
        self.found.append((tag, [pair for pair in attrs if (tag, pair[0]) != ("a", "href")]))

    def handle_data(self, data: str) -> None:
        self.found.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", data))


def query_of(url: str) -> dict[str, str]:
    """Return the parameters as a framework hands them out."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def followed(url: str, keys: Keyring = KEYS, **more: Any) -> Any:
    """Return the click that a link means."""
    return read_click(query_of(url), keyring=keys, at=NOW, **more)


def test_a_followed_link_is_a_click_and_leads_where_it_led() -> None:
    """The fact names the action, and the same request gives the same fact."""
    found = tracked_links(KEYS, PAGE)(a_mail(f'<p>Hi <a class="x" href="{CART.replace("&", "&amp;")}">cart</a></p>'))
    (link,) = Parts(found.content.html or "").links
    assert link.startswith(f"{PAGE}?")
    click = followed(link)
    assert click.url == CART
    assert isinstance(click.fact, MessageClicked)
    assert (click.fact.customer, click.fact.message, click.fact.link) == (WHO, KEY, CART)
    assert followed(link) == click


def test_every_kind_of_link_is_replaced_but_that_for_unsubscription() -> None:
    """Buttons, styled texts, and the text of a mail; not what merely looks like one."""
    text, entities = compose("Look ", Styled("text_link", "here", CART), " or https://shop.example/a")
    content = Content(text=text, entities=entities, buttons=[Button("Go", url=CART), Button("App", url="tg://app")])
    chat = tracked_links(KEYS, PAGE)(evolve(a_mail(), channel="telegram", content=content)).content
    assert chat.text == text
    assert [followed(each or "").url for each in (chat.entities[0].url, chat.buttons[0].url)] == [CART, CART]
    assert chat.buttons[1].url == "tg://app"
    mail = tracked_links(KEYS, PAGE)(a_mail(text=f"See https://shop.example/a, or ({LEAVE}).")).content.text
    first, rest = mail.removeprefix("See ").split(", or ")
    assert followed(first).url == "https://shop.example/a"
    assert rest == f"({LEAVE})."


def test_what_is_replaced_twice_leads_there_once() -> None:
    """A link of ours is not wrapped again."""
    finish = tracked_links(KEYS, PAGE)
    once = finish(a_mail(f'<a href="{CART}">x</a>', text=CART))
    assert finish(once) == once


def test_a_mail_without_links_stays_as_it_is() -> None:
    """Letter by letter, without a picture unless it is asked for."""
    mail = a_mail('<P>Hi<br/>&nbsp;<!-- <a href="https://a.example"> --><a href="mailto:a@b.example" >x</A>')
    assert tracked_links(KEYS, PAGE)(mail) == mail


def test_a_loaded_picture_is_an_opening() -> None:
    """It stands at the end of the body."""
    found = tracked_links(KEYS, f"{PAGE}?v=1", opens=True)(a_mail("<body><p>Hi</p></BODY></html>")).content.html or ""
    source = found.partition('<img src="')[2].partition('"')[0].replace("&amp;", "&")
    assert found.endswith('alt=""></BODY></html>')
    fact = read_open(query_of(source), keyring=KEYS, at=NOW)
    assert isinstance(fact, MessageOpened)
    assert (fact.customer, fact.message) == (WHO, KEY)
    assert tracked_links(KEYS, PAGE, opens=True)(a_mail("<p>Hi")).content.html.startswith("<p>Hi<img ")  # type: ignore[union-attr]  # a mail
    with pytest.raises(TokenError):
        read_click(query_of(source) | {"to": CART}, keyring=KEYS, at=NOW)


LINK = tracked_links(KEYS, PAGE, tenant="t1")(a_mail(text=CART)).content.text


@pytest.mark.parametrize(
    "change",
    [
        {"to": "https://evil.example/"},
        {"to": "//evil.example"},
        {"to": "javascript:alert(1)"},
        {"to": f"{CART}\r\nSet-Cookie: a=b"},
        {"to": f"{CART} "},
        {"to": f"{CART}\\@evil.example"},
        {"m": KEY[::-1]},
        {"t": "x"},
        {"t": KEYS.sign("unsubscribe", customer=WHO, tenant="t1")},
        {"to": None},
        {"m": 7},
        {"t": None},
    ],
)
def test_a_bent_link_leads_nowhere(change: dict[str, Any]) -> None:
    """There is no open redirect: only what was signed is followed."""
    query = query_of(LINK)
    assert followed(LINK, tenant="t1").url == CART
    with pytest.raises(TokenError):
        read_click(query | change, keyring=KEYS, at=NOW, tenant="t1")
    with pytest.raises(TokenError):
        read_click(query, keyring=KEYS, at=NOW)
    with pytest.raises(TokenError):
        read_open({"m": change.get("m", 7)}, keyring=KEYS, at=NOW)


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "https://a.example/\u200b", "https://a.example/" + "x" * 2_000]
)
def test_a_target_that_is_none_is_followed_by_nobody(target: str) -> None:
    """Even with a token for it: whoever may sign still cannot send readers to a script."""
    token = KEYS.sign(tracking._click_purpose(KEY, target), customer=WHO)
    with pytest.raises(TokenError):
        read_click({"m": KEY, "to": target, "t": token}, keyring=KEYS, at=NOW)


def test_no_bit_of_a_link_can_be_turned() -> None:
    """Neither in the message, nor in the target, nor in the token."""
    query = query_of(LINK)
    for name, value in query.items():
        for place, letter in enumerate(value):
            for bit in range(7):
                turned = value[:place] + chr(ord(letter) ^ (1 << bit)) + value[place + 1 :]
                with pytest.raises(TokenError):
                    read_click(query | {name: turned}, keyring=KEYS, at=NOW, tenant="t1")


@pytest.mark.parametrize("url", ["http://shop.example/c", "shop.example", "https://shop.example/c#x", None])
def test_the_page_has_an_https_address(url: Any) -> None:
    """A wrong one is found when the shop starts."""
    for make in (tracked_links, unsubscribe_links):
        with pytest.raises(DefinitionError, match="an https URL"):
            make(KEYS, url)


pieces = st.sampled_from(
    (
        *(
            "<p>",
            "</p>",
            "<a>",
            "</a>",
            "<br/>",
            "\n",
            "Ж & 1 < 2",
            "&amp;&lt;",
            "👩",
            "<a name=x href>",
            "<b title='>'>",
        ),
        *("<!-- <a href='https://c.example'> -->", '<A HREF="https://a.example/?a=1&amp;b=2&apos;" class="é">'),
        *(
            "<a\n href='https://b.example/'\n>",
            "<style>a>b{}</style>",
            "<a href=https://d.example/x/>",
            "<a href='#'/>",
        ),
        *('<area href="https://e.example">', "<script>'<a href=\"https://f.example\">'</script>", "<"),
    )
)


def law_of_html(finish: Callable[[Envelope], Envelope], html: str) -> None:
    """Only links change; each of them leads where it led."""
    before, after = Parts(html), Parts(finish(a_mail(html)).content.html or "")
    assert [each for each in after.found if not _is_area(each)] == [each for each in before.found if not _is_area(each)]
    assert len(before.links) == len(after.links)
    for old, new in zip(before.links, after.links, strict=True):
        assert followed(new).url == old if old.startswith("https://") else new == old


def _is_area(part: Any) -> bool:
    return isinstance(part, tuple) and part[0] == "area"


@given(st.lists(pieces, max_size=12).map("".join))
def test_only_links_change(html: str) -> None:
    """Whatever stands around them."""
    law_of_html(tracked_links(KEYS, PAGE), html)


def test_a_planted_fault_breaks_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributes written without escaping, and a signature that leaves out the target, are found."""
    with monkeypatch.context() as patch:
        patch.setattr(tracking, "escape", str)
        with pytest.raises(AssertionError):
            law_of_html(tracked_links(KEYS, PAGE), '<a title="&quot; x=&quot;" href="https://a.example">')
    monkeypatch.setattr(tracking, "_click_purpose", lambda message, _: f"click:{message}")
    link = tracked_links(KEYS, PAGE)(a_mail(text=CART)).content.text
    assert read_click(query_of(link) | {"to": "https://evil.example"}, keyring=KEYS, at=NOW).url  # the hole
    with pytest.raises(pytest.fail.Exception):
        test_a_token_of_one_target_opens_no_other()


def test_a_token_of_one_target_opens_no_other() -> None:
    """A token for one target opens no other."""
    link = tracked_links(KEYS, PAGE)(a_mail(text=CART)).content.text
    with pytest.raises(TokenError):
        read_click(query_of(link) | {"to": "https://evil.example"}, keyring=KEYS, at=NOW)


def test_a_link_of_another_key_opens_nothing() -> None:
    """The keyring of another shop signs otherwise."""
    with pytest.raises(TokenError):
        followed(LINK, Keyring({"k2": OLD}, current="k2"), tenant="t1")
