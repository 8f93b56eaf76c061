"""Runs in the sandbox: a gate that every SQL statement passes, so that two calls meet at a point that is chosen, not hit.

One of two calls runs at a time. The first is stopped before its k-th statement, the second runs until it ends or cannot
go on, then the first goes on, and so in turn. Nothing here looks at a clock.
"""

from __future__ import annotations

import threading

__all__ = ["Gate"]

FIRST, SECOND = 0, 1


class Gate:
    """Whose turn it is. Until `arm` and after `disarm` everything passes."""

    def __init__(self) -> None:
        # Made before the locks that answers see are replaced by ones that know the gate.
        self._changed = threading.Condition(threading.Lock())
        self._serial = 0
        self.disarm()

    def disarm(self) -> None:
        """Let everything pass."""
        with self._changed:
            self.armed = False
            self._stop = 0
            self._turn = FIRST
            self._begun: set[int] = set()
            self._ended: set[int] = set()
            self._stuck: dict[int, int] = {}
            self._moves = 0
            self.seen = 0
            self.stopped = False
            self.blocked = False

    def arm(self, stop: int) -> None:
        """Stop the call that begins next before its statement number `stop`."""
        self.disarm()
        with self._changed:
            self.armed = True
            self._stop = stop

    def serial_on(self, thread: int) -> None:
        """Never stop on this thread: all calls are served on it, so no other one could run meanwhile."""
        self._serial = thread

    def begin(self) -> int:
        """A call begins; its number."""
        with self._changed:
            self._turn = party = SECOND if FIRST in self._begun else FIRST
            self._begun.add(party)
            return party

    def end(self, party: int) -> None:
        """The call has ended: the other one's turn."""
        with self._changed:
            self._ended.add(party)
            self._moves += 1
            self._turn = 1 - party
            self._changed.notify_all()

    def wait_first(self) -> None:
        """Return when the first call is stopped or has ended."""
        with self._changed:
            self._changed.wait_for(lambda: self.stopped or FIRST in self._ended)

    def wait_second(self) -> None:
        """Return when the second call has ended or waits for the first."""
        with self._changed:
            self._changed.wait_for(lambda: SECOND in self._ended or (SECOND in self._begun and self._turn == FIRST))

    def wait_both(self) -> None:
        """Let the first call go on; return when both have ended."""
        with self._changed:
            self._stop = 0
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended == {FIRST, SECOND})

    def passing(self) -> None:
        """A statement is about to run: stop here if it is the one to stop before."""
        if not self.armed:
            return
        with self._changed:
            if self._stop == 0 or self._turn == SECOND:
                return
            self.seen += 1
            if self.seen != self._stop or threading.get_ident() == self._serial:
                return
            self.stopped = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._stop == 0 and self._turn == FIRST)

    def moved(self) -> None:
        """A statement has run, or a connection was closed."""
        if not self.armed:
            return
        with self._changed:
            self._moves += 1
            self._changed.notify_all()

    def give_way(self, *, waits: bool = True) -> bool:
        """The call whose turn it is cannot go on: let the other one move. False if that has nothing to move.

        One that does not wait, but only handles its error later, holds nobody up for good.
        """
        with self._changed:
            serial = threading.get_ident() == self._serial
            party = SECOND if serial and SECOND in self._begun else self._turn
            other = 1 - party
            absent = not self.armed or other not in self._begun or other in self._ended
            if absent or self._stuck.get(other) == self._moves:
                return False
            self.blocked = True
            since = self._moves
            if waits:
                self._stuck[party] = since
            self._turn = other
            self._changed.notify_all()
            # The other call cannot end while the thread that sends its response is held up here: any move will do.
            self._changed.wait_for(lambda: self._turn == party or (serial and self._moves != since))
            self._stuck.pop(party, None)
            return True

    def park(self) -> None:
        """The second call waits for the first on a thread that must not be held up: only note it."""
        with self._changed:
            if self.armed and self._turn == SECOND:
                self.blocked = True
                self._turn = FIRST
                self._changed.notify_all()
