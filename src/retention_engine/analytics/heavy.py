"""The one place that loads scipy and numpy, and says what to install when they are absent."""

from __future__ import annotations

from typing import Any

from retention_engine.errors import MissingExtra


def special() -> Any:
    """Return ``scipy.special``.

    Raises:
        MissingExtra: scipy is not installed.
    """
    try:
        import scipy.special as found
    except ModuleNotFoundError as error:
        raise MissingExtra("analytics", "scipy") from error
    return found


def hypergeometric() -> Any:
    """Return ``scipy.stats.fisher_exact``.

    Raises:
        MissingExtra: scipy is not installed.
    """
    try:
        from scipy.stats import fisher_exact
    except ModuleNotFoundError as error:
        raise MissingExtra("analytics", "scipy") from error
    return fisher_exact


def numbers() -> Any:
    """Return ``numpy``.

    Raises:
        MissingExtra: numpy is not installed.
    """
    try:
        import numpy as found
    except ModuleNotFoundError as error:
        raise MissingExtra("analytics", "numpy") from error
    return found
