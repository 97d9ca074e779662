"""Tests for whoever writes a transport: every row of the error tables against a server that fails by script.

```python
class TestOurBot(TelegramConformance):
    def make_transport(self, url, token, timeout):
        return OurBot(token, base_url=url, timeout=timeout)
```

A transport may be synchronous or asynchronous. One for another channel takes ``TransportConformance``.
"""

from retention_engine.testing.transports.common import TransportConformance, an_envelope, sending
from retention_engine.testing.transports.mail import SMTP_ROWS, SmtpConformance, SmtpRow
from retention_engine.testing.transports.rows import Expected, expected, matches
from retention_engine.testing.transports.telegram import TELEGRAM_ROWS, TelegramConformance, TelegramRow

__all__ = [
    "SMTP_ROWS",
    "TELEGRAM_ROWS",
    "Expected",
    "SmtpConformance",
    "SmtpRow",
    "TelegramConformance",
    "TelegramRow",
    "TransportConformance",
    "an_envelope",
    "expected",
    "matches",
    "sending",
]
