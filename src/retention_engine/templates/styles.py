"""Style sheets of a mail written into its tags, since many mail programs read them nowhere else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from retention_engine.errors import MissingExtra, TemplateError

if TYPE_CHECKING:
    import css_inline


def inlined_styles(html: str) -> str:
    """Return a whole page whose ``<style>`` went into its tags; ``@media`` and the like stay. Needs ``email``.

    Nothing is opened: a ``<link>`` to a style sheet is dropped.

    Raises:
        TemplateError: the styles cannot be read.
        MissingExtra: css-inline is not installed.
    """
    try:
        return _inliner().inline(html)
    except ValueError as error:
        raise TemplateError(f"style: {error}") from None


@cache
def _inliner() -> css_inline.CSSInliner:
    try:
        import css_inline
    except ImportError:
        raise MissingExtra("email", "css-inline") from None
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)
