"""Reports of mail servers become facts: by the table of replies, each once, and garbage is refused in one way."""

from __future__ import annotations

from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention_engine.errors import DefinitionError, FactError
from retention_engine.facts import AddressSuppressed, ConsentWithdrawn, Fact, MessageDelivered, MessageFailed
from retention_engine.integrations import COMPLAINT, mail, mail_to_facts
from retention_engine.stores import MemoryStore
from retention_engine.testing.fakes import FakeSmtp
from retention_engine.testing.transports import SMTP_ROWS, an_envelope
from retention_engine.timing import to_instant
from retention_engine.transports import Security, Sender, Server, SmtpTransport, mail_of

KEY = "0123456789abcdef0123456789abcdef"
WRITTEN, LATER = to_instant("2026-01-02T03:04:05Z"), "2026-01-03T00:00:00Z"
SHOP = Sender("shop@shop.example", bounces="bounces@shop.example")
OURS = mail_of(an_envelope(channel="email", address="anna@example.org", name="Анна, a@b.example"), SHOP)


def known(key: str) -> str | None:
    """Know one message."""
    return "anna" if key == KEY else None


def facts(report: bytes, **more: Any) -> list[Fact]:
    """Return the facts of a report."""
    return mail_to_facts(report, **({"customer_of": known, "learned": LATER} | more))


def told(found: list[Fact]) -> list[tuple[str, Any]]:
    """Return the kinds of facts, and their reasons."""
    return [(each.KIND, getattr(each, "reason", None)) for each in found]


def recipient(status: str, diagnostic: str = "", action: str = "failed", to: str = "anna@example.org") -> str:
    """Return the block about one recipient."""
    lines = [f"Final-Recipient: rfc822; {to}", f"Action: {action}", f"Status: {status}"]
    return "\n".join(lines + ([f"Diagnostic-Code: smtp; {diagnostic}"] if diagnostic else [])) + "\n"


def bounce(
    *blocks: str, returned: bytes | None = OURS.data, kind: str = "message/rfc822", to: str = "shop@shop.example"
) -> bytes:
    """Return a report as RFC 3464 shows one: words, fields, and what came back."""
    head = f"From: MAILER-DAEMON@mx.example.org\nTo: {to}\nDate: Fri, 02 Jan 2026 03:04:05 +0000\n"
    head += 'Subject: Undelivered Mail\nMIME-Version: 1.0\nContent-Type: multipart/report; boundary="=_b";\n'
    head += " report-type=delivery-status\n\nThis is a MIME-encapsulated message.\n\n"
    words = "--=_b\nContent-Type: text/plain\n\nIt could not be delivered.\n\n"
    fields = "--=_b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n"
    fields += "Arrival-Date: Fri, 02 Jan 2026 03:04:00 +0000\n\n" + "\n".join(blocks) + "\n"
    text = (head + words + fields).encode()
    if returned is not None:
        text += f"--=_b\nContent-Type: {kind}\n\n".encode() + returned.replace(b"\r\n", b"\n") + b"\n"
    return text + b"--=_b--\n"


def complaint(kind: str = "abuse", *, headers_only: bool = False) -> bytes:
    """Return a complaint as RFC 5965 shows one."""
    outer = MIMEMultipart("report", boundary="=_c", report_type="feedback-report")
    outer["From"], outer["Date"] = "fbl@provider.example", "Fri, 02 Jan 2026 03:04:05 -0000"
    outer.attach(MIMEText("This is an abuse report."))
    fields = f"Feedback-Type: {kind}\nUser-Agent: Loop/1.0\nVersion: 1\nOriginal-Rcpt-To: <anna@example.org>\n"
    text = outer.as_bytes().rpartition(b"--=_c--")[0] + b"--=_c\nContent-Type: message/feedback-report\n\n"
    text += fields.encode() + b"\n"
    if headers_only:
        return (
            text + b"--=_c\nContent-Type: text/rfc822-headers\n\n" + OURS.data.partition(b"\r\n\r\n")[0] + b"\n--=_c--"
        )
    return text + b"--=_c\nContent-Type: message/rfc822\n\n" + OURS.data + b"\n--=_c--"


def test_a_mail_that_was_not_delivered_is_told() -> None:
    """SM16: the message failed, and an address that is none is suppressed: that to which we wrote."""
    failed, suppressed = facts(bounce(recipient("5.1.1", "550 5.1.1 No such user", to="moved@other.example")))
    assert isinstance(failed, MessageFailed)
    assert isinstance(suppressed, AddressSuppressed)
    assert (failed.message, failed.customer, failed.at, failed.reason) == (
        KEY,
        "anna",
        WRITTEN,
        "smtp_no_such_address",
    )
    assert (suppressed.channel, suppressed.address, suppressed.reason) == (
        "email",
        "anna@example.org",
        "smtp_no_such_address",
    )
    assert failed.learned == to_instant(LATER)


STATUSES = [
    ("5.1.1", "", "smtp_no_such_address", True),
    ("5.0.0", "550 5.1.1 <anna@example.org>: no", "smtp_no_such_address", True),
    ("5.0.0", "551 moved away", "smtp_no_such_address", True),
    ("5.0.0", "", "smtp_permanent", False),
    ("5.2.1", "550 5.2.1 disabled", "smtp_disabled", True),
    ("5.2.2", "552 5.2.2 full", "smtp_mailbox_full", False),
    ("5.7.1", "550 5.7.1 spam", "smtp_policy", False),
    ("5.7.26", "550-5.7.26 unauthenticated", "smtp_not_authentic", False),
    ("5.3.4", "", "smtp_bad_content", False),
    ("4.4.7", "", "smtp_try_again", False),
    ("4.0.0", "421 4.4.2 timed out", "smtp_broken_off", False),
    ("5.4.4", "450 4.1.1 odd", "smtp_permanent", False),
]


@pytest.mark.parametrize(("status", "diagnostic", "reason", "suppresses"), STATUSES)
def test_a_status_means_what_it_means_at_once(status: str, diagnostic: str, reason: str, suppresses: bool) -> None:
    """An exact status in the words goes before a vague one in the field."""
    found = told(facts(bounce(recipient(status, diagnostic))))
    assert found == [("message_failed", reason)] + [("address_suppressed", reason)] * suppresses


FINAL = [row for row in SMTP_ROWS if row.phase == "rcpt" and row.reply.startswith("5")]


@pytest.mark.parametrize("row", FINAL, ids=lambda row: f"{row.row} {row.reply}")
def test_the_table_of_replies_holds_for_reports(row: Any) -> None:
    """What a server says to RCPT, told later by a report, has the same reason."""
    words = row.reply.split()
    status = words[1] if words[1][:2] == "5." else "5.0.0"
    found = told(facts(bounce(recipient(status, row.reply))))
    assert {reason for _, reason in found} == {row.wanted.code}
    gone = row.wanted.fields.get("scope") == "address" and row.wanted.fields["permanent"]
    assert len(found) == 1 + gone


def test_a_delay_is_nothing_and_an_arrival_is_told() -> None:
    """Only what is final counts."""
    for action in ("delayed", "relayed", "expanded"):
        assert facts(bounce(recipient("4.4.1", action=action))) == []
    (fact,) = facts(bounce(recipient("2.1.5", action="Delivered")))
    assert isinstance(fact, MessageDelivered)
    assert fact.message == KEY


@pytest.mark.parametrize("headers_only", [False, True])
@pytest.mark.parametrize("kind", ["abuse", "Fraud", "opt-out"])
def test_a_complaint_ends_the_channel(kind: str, headers_only: bool) -> None:
    """SM17: every consent on it is withdrawn, and it is suppressed whatever the address."""
    withdrawn, suppressed = facts(complaint(kind, headers_only=headers_only))
    assert isinstance(withdrawn, ConsentWithdrawn)
    assert isinstance(suppressed, AddressSuppressed)
    assert (withdrawn.customer, withdrawn.channel, withdrawn.topic, withdrawn.at) == ("anna", "email", None, WRITTEN)
    assert (suppressed.channel, suppressed.address, suppressed.reason) == ("email", None, COMPLAINT)


@pytest.mark.parametrize("kind", ["not-spam", "virus", "auth-failure", ""])
def test_what_is_no_complaint_ends_nothing(kind: str) -> None:
    """Others use the same form to say something else."""
    assert facts(complaint(kind)) == []


def test_a_report_is_matched_by_what_it_brings_back() -> None:
    """By the Message-ID, in a whole mail or in headers alone; else by the key in the address it was sent to."""
    lost, there = recipient("5.1.1"), [("message_failed", "smtp_no_such_address")]
    suppressed = [*there, ("address_suppressed", "smtp_no_such_address")]
    headers = OURS.data.partition(b"\r\n\r\n")[0] + b"\r\n"
    assert told(facts(bounce(lost, returned=headers, kind="text/rfc822-headers"))) == suppressed
    assert told(facts(bounce(lost, returned=None, to=OURS.sender))) == suppressed
    assert (
        told(facts(bounce(lost, returned=None).replace(b"To:", f"Delivered-To: {OURS.sender}\nTo:".encode())))
        == suppressed
    )
    assert facts(bounce(lost, returned=None)) == []
    assert facts(bounce(lost, returned=OURS.data.replace(KEY.encode(), b"f" * 32))) == []


def test_the_key_is_where_the_server_sends_reports() -> None:
    """``MAIL FROM`` is the address for reports with the key in it; the sender people see stays as it is."""
    with FakeSmtp() as server:
        how = Server(host="127.0.0.1", port=server.port, security=Security.NONE, timeout=5.0)
        SmtpTransport(how, SHOP).send(an_envelope(channel="email", address="anna@example.org"))
        assert f"mail from:<bounces+{KEY}@shop.example>" in [line.lower() for line in server.commands]
        assert str(server.mails[0].message["From"]) == "shop@shop.example"


@pytest.mark.parametrize("bounces", ["b" * 24 + "@shop.example", "bounces", "b@shop.example\r\nX: y"])
def test_an_address_for_reports_has_room_for_a_key(bounces: str) -> None:
    """An address has 64 characters before its @."""
    with pytest.raises(DefinitionError):
        Sender("shop@shop.example", bounces=bounces)


def test_the_same_report_twice_changes_nothing() -> None:
    """Whenever it is read; another one about the same mail is another fact."""
    store = MemoryStore()
    report, other = bounce(recipient("5.1.1")), bounce(recipient("5.2.1"))
    for each, count in ((report, 2), (report, 0), (other, 2)):
        with store.transaction():
            assert len(store.facts.append(facts(each, learned="2026-02-01T00:00:00Z" if count else LATER))) == count


@pytest.mark.parametrize(
    "date",
    [b"", b"Date: yesterday\n", b"Date: Fri, 02 Jan 2099 03:04:05 +0000\n", b"Date: Fri, 02 Jan 1904 03:04:05 +0000\n"],
)
def test_a_date_that_cannot_be_is_the_day_it_came(date: bytes) -> None:
    """A report from the future does not become a fact of the future."""
    report = bounce(recipient("5.1.1")).replace(b"Date: Fri, 02 Jan 2026 03:04:05 +0000\n", date, 1)
    assert {each.at for each in facts(report)} == {to_instant(LATER)}


def plain_mail(text: str = "I am on holiday") -> bytes:
    """Return a mail of a person."""
    found = EmailMessage()
    found["Subject"], found["In-Reply-To"] = "Re: Your cart", f"<{KEY}@shop.example>"
    found.set_content(text)
    return found.as_bytes()


GARBAGE: list[Any] = [
    b"",
    b"\x00\xff" * 100,
    plain_mail(),
    OURS.data,
    "a text",
    b"x" * 1_000_001,
    bounce(),
    bounce("Action: failed\n"),
    bounce(recipient("nonsense")),
    bounce(recipient("5.1.1", action="exploded")),
    bounce(recipient("5.1.1")).replace(b"multipart/report", b"multipart/mixed"),
    b'Content-Type: multipart/report; boundary="a"\n\n--a\nContent-Type: message/delivery-status\n',
    b"Content-Type: multipart/report; report-type=delivery-status\n\n",
    b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3_000)),
]


@pytest.mark.parametrize("report", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_report_is_refused(report: Any) -> None:
    """In one way, whatever is wrong with it; the answer of somebody on holiday suppresses nobody."""
    with pytest.raises(FactError):
        facts(report)


def outcome(report: bytes) -> list[str]:
    """Return the kinds of facts, or nothing when it is refused."""
    try:
        return [each.KIND for each in facts(report)]
    except FactError:
        return []


REPORTS = [bounce(recipient("5.1.1", "550 5.1.1 <anna@example.org> no")), complaint(), complaint(headers_only=True)]


@given(st.sampled_from(REPORTS), st.data())
def test_a_report_with_scars_is_read_or_refused(report: bytes, data: st.DataObject) -> None:
    """Whatever letters are lost, doubled or changed."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(report)))
        end = data.draw(st.integers(start, min(len(report), start + 40)))
        report = report[:start] + data.draw(st.binary(max_size=8)) + report[end:]
    outcome(report)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(raw: bytes) -> None:
    """No other error comes out, whatever the fields hold."""
    assert outcome(raw) == []
    head, tail = bounce(recipient("5.1.1")).split(b"5.1.1", 1)
    outcome(head + raw + tail)


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids without the instant, and words that do not count, break the tests above."""
    with monkeypatch.context() as patch:
        patch.setattr(mail, "fingerprint", lambda *_: "same")
        with pytest.raises(Exception, match=r"different content|two facts|same"):
            test_the_same_report_twice_changes_nothing()
    monkeypatch.setattr(mail, "_STATUS", mail.re.compile(r"^([245])\.\d+\.\d+$"))
    with pytest.raises(AssertionError):
        test_a_status_means_what_it_means_at_once(*STATUSES[1])
