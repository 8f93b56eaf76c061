"""The money of a run: what is spent, what is promised, and what nobody knows."""

from __future__ import annotations

import asyncio
from collections import deque
from decimal import Decimal

__all__ = ["Spending"]


class Spending:
    """A budget that holds: the most that a request can cost is reserved before it is sent, and settled afterwards.

    `spent + uncertain + reserved` never exceeds `budget` (None: no limit). `uncertain` is what `unanswered` tries may
    have cost at most: they ended without an answer, and the provider may have billed them. `refused` says that something
    was not sent for want of money.
    """

    def __init__(self, budget: Decimal | None) -> None:
        self.budget = budget
        self.spent = Decimal(0)
        self.reserved = Decimal(0)
        self.uncertain = Decimal(0)
        self.unanswered = 0
        self.refused = False
        self._claims: deque[tuple[Decimal, asyncio.Future[bool]]] = deque()

    def reserve(self, amount: Decimal) -> bool:
        """Reserve at once, or refuse."""
        if self._fits(amount):
            self.reserved += amount
            return True
        self.refused = True
        return False

    def claim(self, amount: Decimal) -> asyncio.Future[bool]:
        """Reserve as soon as it fits, first come first served; refused only when nothing is reserved that might help."""
        claimed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._claims.append((amount, claimed))
        self._serve()
        return claimed

    def settle(self, reserved: Decimal, paid: Decimal | None) -> None:
        """End a reservation with what was paid in fact; None: nobody knows, so that all of it counts as uncertain."""
        self.reserved -= reserved
        if paid is None:
            self.uncertain += reserved
            self.unanswered += 1
        else:
            self.spent += paid
        self._serve()

    def _fits(self, amount: Decimal) -> bool:
        return self.budget is None or self.spent + self.uncertain + self.reserved + amount <= self.budget

    def _serve(self) -> None:
        while self._claims:
            amount, claimed = self._claims[0]
            if not claimed.done():
                if not self._fits(amount) and self.reserved:
                    return
                claimed.set_result(self.reserve(amount))
            self._claims.popleft()
