"""How many requests may be under way at once at one model: found by trying, as TCP finds a line's width.

Slow start doubles the limit per window of answers until the first refusal, then it grows by one a window; a refusal cuts
it to four fifths, once per cooldown, so that one jam counts once (Chiu & Jain 1989; Jacobson 1988). Nothing here waits
or looks at a clock: whoever calls says what time it is, in seconds.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Pace"]

START: Final = 10
MOST: Final = 200
COOLDOWN: Final = 15.0
_CUT: Final = 0.8
# A limit that was not reached has not been tried: growing it would say nothing.
_SATURATED: Final = 0.8
# Rounding must not leave a wait that is too short for any timer.
_INSTANT: Final = 1e-6


class Pace:
    """The limit on requests under way (`under_way`) at one model, and the pauses its provider asks for.

    `fixed` sets the limit for good; else it stays between 1 and `MOST`. No pause is longer than `longest`. Every
    `start` is followed by one of `answered`, `refused` or `ended`.
    """

    def __init__(self, fixed: int | None = None, *, longest: float = 120.0, cooldown: float = COOLDOWN) -> None:
        self.fixed = fixed
        self.limit = fixed or START
        self.under_way = 0
        self._longest = longest
        self._cooldown = cooldown
        self._slow_start = True
        self._window = 0
        self._peak = 0
        self._cut = -math.inf
        # After a refusal, what went through beside it is known to fit: from there back to the limit in a cooldown.
        self._fits = 0
        self._refused = -math.inf
        self._held = (-math.inf, "")
        self._used_up = (-math.inf, "")
        self._requests: int | None = None
        self._tokens: float | None = None
        self._reset = -math.inf
        self._usual = 0.0

    def wait(self, now: float, *, again: bool = False) -> float | None:
        """Seconds until one more may be sent, if none ends before that; None if one has to end first.

        After a refusal, requests that are sent `again` get the room that is known, and new ones find out about the rest:
        so no request is refused time and again.
        """
        if self.under_way >= self.limit:
            return None
        until = max(self.paused(now)[0], self._room(again) - now)
        return until if until > _INSTANT else 0.0

    def paused(self, now: float) -> tuple[float, str]:
        """How many seconds nothing may be sent, and why."""
        until, why = max(self._held, self._used_up)
        return (until - now, why) if until > now else (0.0, "")

    def start(self, now: float) -> None:
        """A request is sent."""
        self.under_way += 1
        self._peak = max(self._peak, self.under_way)
        if self._requests is not None:
            self._requests -= 1
        if self._tokens is not None:
            self._tokens -= self._usual
        self._count(now)

    def answered(self, now: float, tokens: int) -> None:
        """It was answered; the answer and its question took so many tokens."""
        self.under_way -= 1
        self._usual += (tokens - self._usual) / 8 if self._usual else tokens
        if self.fixed is not None or now < self._cut + self._cooldown:
            return
        self._window += 1
        if self._window < self.limit:
            return
        if self._peak >= _SATURATED * self.limit:
            self.limit = min(MOST, self.limit * 2 if self._slow_start else self.limit + 1)
        self._window, self._peak = 0, self.under_way

    def refused(self, now: float, hint: float | None) -> None:
        """It met a rate limit or an overload; `hint`: for how many seconds the provider wants nothing more."""
        self.under_way -= 1
        self._fits, self._refused = max(1, self.under_way), now
        if hint is not None:
            self._held = max(self._held, (now + min(hint, self._longest), "rate limit"))
        if self.fixed is None and now >= self._cut + self._cooldown:
            self.limit = max(1, int(self.limit * _CUT))
            self._slow_start, self._cut = False, now
            self._window, self._peak = 0, self.under_way

    def ended(self) -> None:
        """It ended in a way that says nothing about limits."""
        self.under_way -= 1

    def told(self, now: float, *, requests: int | None, tokens: int | None, reset: float) -> None:
        """The provider's headers: so many requests and tokens are left until `reset` seconds from now."""
        self._requests, self._tokens = requests, tokens
        self._reset = now + min(reset, self._longest)
        self._used_up = (-math.inf, "")
        self._count(now)

    def _room(self, again: bool) -> float:
        """When one more is allowed on the way from what is known to fit back to the limit."""
        if self.under_way < self._fits or self.limit <= self._fits:
            return self._refused
        step = 1.0 if again else (self.under_way + 1 - self._fits) / (self.limit - self._fits)
        return self._refused + self._cooldown * step

    def _count(self, now: float) -> None:
        """Pause when the next request would exceed what is left; after the reset nothing is known."""
        none_left = self._requests is not None and self._requests < 1
        too_few = self._tokens is not None and self._tokens < max(1.0, self._usual)
        if not (none_left or too_few):
            return
        if now < self._reset:
            self._used_up = (self._reset, "request limit" if none_left else "token limit")
        self._requests = self._tokens = None
