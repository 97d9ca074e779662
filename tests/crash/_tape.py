"""All that was written to a disk, in order: what is there at any moment, and what a power cut may leave of it."""

from __future__ import annotations

from pathlib import Path
from random import Random

from attrs import define, field

from tests.crash._disk import Change, Do

SECTOR = 512
KEPT, TORN = (0.3, 0.3, 0.9), 0.1
"""The shares of unsynced changes that survive a power cut, one of them each time; and that of writes that are torn."""


@define
class File:
    """One file.

    Attributes:
        safe: what is on the platter.
        unsynced: what was changed since the last sync, in order.
    """

    safe: bytearray = field(factory=bytearray)
    unsynced: list[Change] = field(factory=list)

    def sync(self) -> None:
        """Bring everything to the platter."""
        for change in self.unsynced:
            apply(self.safe, change)
        self.unsynced.clear()

    def now(self) -> bytes:
        """Return what whoever reads the file sees."""
        return self._after(self.unsynced)

    def after_a_cut(self, dice: Random) -> bytes:
        """Return what is left when the power fails now: each unsynced change is there, or is not, or in parts."""
        share = dice.choice(KEPT)
        kept = [change for change in self.unsynced if dice.random() < share]
        return self._after([part for change in kept for part in _parts(change, dice)])

    def _after(self, changes: list[Change]) -> bytes:
        content = bytearray(self.safe)
        for change in changes:
            apply(content, change)
        return bytes(content)


def apply(content: bytearray, change: Change) -> None:
    """Write, or cut or lengthen."""
    if change.kind == "truncate":
        del content[change.place :]
        content.extend(bytes(change.place - len(content)))
        return
    content.extend(bytes(max(0, change.place - len(content))))
    content[change.place : change.place + len(change.data)] = change.data


def _parts(change: Change, dice: Random) -> list[Change]:
    """Return a write as it is, or some of its sectors."""
    if change.kind != "write" or dice.random() >= TORN:
        return [change]
    cuts = range(0, len(change.data), SECTOR)
    sectors = [Change("write", change.name, change.place + cut, change.data[cut : cut + SECTOR]) for cut in cuts]
    return [sector for sector in sectors if dice.random() < 0.5]


@define
class Tape:
    """What happened on a disk.

    Attributes:
        folder: what is compared with the tape now and then; None: nothing.
        compared: how often the files in it were what the tape says.
    """

    folder: str | None = None
    changes: list[Change] = field(factory=list)
    compared: int = 0

    def note(self, change: Change, do: Do) -> int:
        """Note a change and make it; a handler of a disk."""
        code = do(change.data)
        assert code == 0, change
        self.changes.append(change)
        if self.folder is not None and len(self.changes) % 7 == 0:
            self._compare(self.folder)
        return code

    def _compare(self, folder: str) -> None:
        told = {name: file.now() for name, file in self.files(len(self.changes)).items()}
        found = {each.name: each.read_bytes() for each in Path(folder).iterdir() if not each.name.endswith("-shm")}
        assert {name: text for name, text in found.items() if text} == told, "the tape tells another story"
        self.compared += 1

    def files(self, count: int) -> dict[str, File]:
        """Return the files after so many changes; what is outside of SQLite is always synced."""
        files: dict[str, File] = {}
        for change in self.changes[:count]:
            if change.kind == "delete":
                files.pop(change.name, None)
                continue
            file = files.setdefault(change.name, File())
            if change.kind == "append":
                file.safe += change.data
            elif change.kind == "sync":
                file.sync()
            else:
                file.unsynced.append(change)
        return {name: file for name, file in files.items() if file.now()}

    def cut(self, count: int, dice: Random, folder: str) -> None:
        """Leave in a folder what a power cut after so many changes leaves."""
        for name, file in self.files(count).items():
            Path(folder, name).write_bytes(file.after_a_cut(dice))
