"""``manage.py retention_run``: decide and send, for as long as it runs, or once."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand

from retention_engine.delivery import Runner
from retention_engine.integrations.django import runner


class Command(BaseCommand):
    """Decides what is due and sends it."""

    help = "Decide what is due and send it, until it is interrupted; with --once, what is due now."

    def add_arguments(self, parser: Any) -> None:
        """Take ``--once``."""
        parser.add_argument("--once", action="store_true", help="do what is due now, and end")

    def handle(self, *, once: bool = False, **_: Any) -> None:
        """Run."""
        if once:
            self.stdout.write(str(runner().tick_sync()))
        else:
            asyncio.run(_serve(runner()))


async def _serve(one: Runner) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError, RuntimeError, ValueError):  # elsewhere than in the main thread
            loop.add_signal_handler(each, one.halt)
    await one.run()
