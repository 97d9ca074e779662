"""The commands under one name, and the way from errors to exit codes."""

from __future__ import annotations

import logging
import os
import sys

from cyclopts import App, CycloptsError, Parameter

from retention_engine.cli.advancing import advance
from retention_engine.cli.backtesting import backtest_
from retention_engine.cli.checking import check
from retention_engine.cli.demo import demo
from retention_engine.cli.exits import Exit, code_of, line_of
from retention_engine.cli.explaining import explain
from retention_engine.cli.importing import import_
from retention_engine.cli.previewing import preview
from retention_engine.cli.resolving import unresolved
from retention_engine.cli.running import deliver
from retention_engine.cli.running import run as run_
from retention_engine.cli.segments import segment
from retention_engine.errors import RetentionError

app = App(
    name="retention-engine",
    help="Facts in, due actions out: exact, explainable, replayable customer retention.",
    help_format="plaintext",
    default_parameter=Parameter(negative="", show_default=False),
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.command(demo)
app.command(import_, name="import")
app.command(check)
app.command(segment)
app.command(advance)
app.command(backtest_, name="backtest")
app.command(explain)
app.command(preview)
app.command(run_, name="run")
app.command(deliver)
app.command(unresolved)
_SILENT = logging.NullHandler()


def run(arguments: list[str]) -> int:
    """Run one command; errors become one line on standard error and an exit code."""
    logging.getLogger("retention_engine").addHandler(_SILENT)  # what matters is printed
    try:
        done = app(arguments, exit_on_error=False, print_error=False, verbose=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail("interrupted; what was committed stays, and the same command goes on", Exit.INTERRUPTED)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except (CycloptsError, RetentionError, OSError) as error:
        return _fail(line_of(error), code_of(error))
    return int(done) if isinstance(done, int) else Exit.OK


def _fail(text: str, code: Exit) -> int:
    sys.stderr.write(f"error: {text}\n")
    return code
