"""A worker that delivers what is in a file to a Bot API, eight calls at once, until nothing is left; may be killed."""

import asyncio
import sys
import time

from retention_engine import Engine
from retention_engine.delivery import Delivery, Limits
from retention_engine.envelopes import Pace, Rate
from retention_engine.templates import PlainRenderer
from retention_engine.testing.fakes.telegram import TOKEN
from retention_engine.timing import microseconds, seconds
from retention_engine.transports import AsyncTelegramTransport

AT_ONCE = 8
LIMITS = Limits(grace=seconds(1), turn=seconds(2), pause=seconds(1), rest=seconds(1), refused_share=50)
TIMEOUT = 0.4


def now() -> int:
    """Return the time of this machine, microseconds UTC."""
    return time.time_ns() // 1_000


async def work(path: str, url: str, span: int) -> None:
    """Deliver until nothing waits."""
    rate = microseconds(span)
    transport = AsyncTelegramTransport(TOKEN, base_url=url, timeout=TIMEOUT)
    transport.pace = Pace(overall=Rate(30, rate), address=Rate(1, rate), call=seconds(2))
    renderer = PlainRenderer({"en/hello.txt": "{number}"})
    with Engine([], store=f"sqlite:///{path}") as engine:
        delivery = Delivery(engine, {"telegram": transport}, renderer=renderer, limits=LIMITS)
        while (report := await delivery.deliver_async(now, at_once=AT_ONCE)).again is not None:
            await asyncio.sleep(max(0.0, min(report.again - now(), 500_000)) / 1_000_000)
    await transport.close()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
