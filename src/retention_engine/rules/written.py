"""What triggers and steps have in common: they write themselves, as the language and as Python."""

from __future__ import annotations


class Written:
    """A value that is written as the call that builds it."""

    __slots__ = ()

    def write(self, *, python: bool) -> str:
        """Return the call; predicates inside with ``& | ~`` for Python, with ``and or not`` otherwise."""
        raise NotImplementedError  # every concrete value writes itself

    def text(self) -> str:
        """Return the form used in rule files, which ``read_trigger`` and ``read_step`` read back to an equal value."""
        return self.write(python=False)

    def __str__(self) -> str:
        """Return the text form."""
        return self.text()

    def __repr__(self) -> str:
        """Return the Python expression that builds the value."""
        return self.write(python=True)
