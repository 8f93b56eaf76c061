"""The limit on requests under way grows while answers come, is cut once a jam, and pauses when a provider says so."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.pace import COOLDOWN, MOST, START, Pace

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["answered", "refused", "ended", "told"]),
        st.floats(0.0, 20.0),
        st.one_of(st.none(), st.floats(0.0, 4000.0)),
        st.integers(0, 5),
    ),
    max_size=300,
)


def fill(pace: Pace, now: float) -> int:
    """Send as much as the pace allows."""
    sent = 0
    while pace.wait(now) == 0:
        pace.start(now)
        sent += 1
        assert pace.under_way <= pace.limit
    return sent


def round_of(pace: Pace, now: float) -> None:
    """As many as may be under way are sent and answered."""
    fill(pace, now)
    while pace.under_way:
        pace.answered(now, 10)


def play(pace: Pace, steps: list[tuple[str, float, float | None, int]]) -> list[tuple[float, int]]:
    """Every step of a made-up run, with sends in between; returns when the limit fell, and to what."""
    now, cuts = 0.0, []
    for what, seconds, hint, left in steps:
        now += seconds
        fill(pace, now)
        before = pace.limit
        if what == "told":
            pace.told(now, requests=left, tokens=None if hint is None else left * 100, reset=seconds)
        elif pace.under_way:
            pace.answered(now, 10) if what == "answered" else None
            pace.refused(now, hint) if what == "refused" else None
            pace.ended() if what == "ended" else None
        if pace.limit < before:
            cuts.append((now, pace.limit))
        assert pace.under_way >= 0
        assert 1 <= pace.limit <= (pace.fixed or MOST)
        assert pace.paused(now)[0] <= 120.001
    return cuts


@given(STEPS)
def test_the_limit_stays_in_bounds_and_is_cut_once_a_cooldown(steps: list[Any]) -> None:
    cuts = play(Pace(), steps)

    moments = [moment for moment, _ in cuts]
    assert all(later - sooner > COOLDOWN - 0.001 for sooner, later in itertools.pairwise(moments))


@given(STEPS, st.integers(1, 300))
def test_a_fixed_limit_never_changes(steps: list[Any], fixed: int) -> None:
    pace = Pace(fixed)

    assert play(pace, steps) == []
    assert pace.limit == fixed


@given(STEPS)
def test_it_always_goes_on(steps: list[Any]) -> None:
    """Whatever happened: once nothing is under way, one more may be sent after a bounded time."""
    pace = Pace()
    play(pace, steps)
    now = sum(seconds for _, seconds, _, _ in steps)
    while pace.under_way:
        pace.ended()

    wait = pace.wait(now)

    assert wait is not None
    assert wait <= 120.001
    assert pace.wait(now + wait) == 0


def test_it_doubles_until_the_first_refusal_and_then_grows_by_one() -> None:
    pace = Pace()
    limits = []
    for now in range(3):
        round_of(pace, now)
        limits.append(pace.limit)
    fill(pace, 3)
    pace.refused(3, None)
    limits.append(pace.limit)
    while pace.under_way:
        pace.answered(4, 10)
    for now in (20, 21, 22):
        round_of(pace, now)
        limits.append(pace.limit)

    assert limits == [20, 40, 80, 64, 65, 66, 67]


def test_a_limit_that_is_not_reached_does_not_grow() -> None:
    pace = Pace()
    for now in range(100):
        for _ in range(7):
            pace.start(now)
        for _ in range(7):
            pace.answered(now, 10)
    assert pace.limit == START
    for now in range(100, 110):
        for _ in range(8):
            pace.start(now)
        for _ in range(8):
            pace.answered(now, 10)

    assert pace.limit > START


def test_a_jam_counts_once_and_a_hint_does_not_prolong_its_cooldown() -> None:
    pace = Pace()
    fill(pace, 0)
    for second in range(5):
        pace.refused(second, hint=60.0)
    assert pace.limit == 8
    fill(pace, 64.0)

    pace.refused(COOLDOWN + 50, None)

    assert pace.limit == 6


@pytest.mark.parametrize("fixed", [None, 20])
def test_after_a_refusal_what_fitted_is_the_start_of_the_way_back(fixed: int | None) -> None:
    pace = Pace(fixed)
    round_of(pace, 0)
    assert fill(pace, 0) == 20
    for _ in range(12):
        pace.refused(1, None)

    later = [(second, pace.under_way + fill(pace, second)) for second in (1, 4, 8, 16)]

    top = pace.limit
    assert top == (16 if fixed is None else 20)
    assert later[0] == (1, 8)
    assert later[-1] == (16, top)
    assert 8 < later[1][1] < later[2][1] < top


def test_what_is_sent_again_gets_only_the_room_that_is_known() -> None:
    pace = Pace()
    fill(pace, 0)
    for _ in range(4):
        pace.refused(0, None)
    assert pace.under_way == 6

    assert pace.wait(10) == 0
    assert pace.wait(10, again=True) == 5
    pace.ended()
    assert pace.wait(10, again=True) == 0


def test_a_hint_pauses_all_sending_but_not_longer_than_the_longest_wait() -> None:
    pace = Pace(longest=60.0)
    pace.start(0)

    pace.refused(0, hint=3600.0)

    assert pace.wait(1) == 59.0
    assert pace.paused(1) == (59.0, "rate limit")
    assert pace.wait(60) == 0
    assert pace.paused(60) == (0.0, "")


def test_the_announced_requests_are_counted_down_and_then_it_waits_for_the_reset() -> None:
    pace = Pace()

    pace.told(0, requests=3, tokens=None, reset=30.0)

    assert fill(pace, 1) == 3
    assert pace.paused(1) == (29.0, "request limit")
    assert fill(pace, 30) == 7


def test_the_announced_tokens_are_counted_down_by_what_a_request_usually_takes() -> None:
    pace = Pace()
    pace.start(0)
    pace.answered(0, 400)

    pace.told(0, requests=None, tokens=1000, reset=30.0)

    assert fill(pace, 1) == 2
    assert pace.paused(1) == (29.0, "token limit")


def test_a_later_word_of_the_provider_ends_the_wait() -> None:
    pace = Pace()
    pace.told(0, requests=0, tokens=None, reset=30.0)
    assert pace.wait(1) == 29.0

    pace.told(2, requests=5, tokens=None, reset=30.0)

    assert fill(pace, 2) == 5


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.integers(3, 60))
def test_it_settles_near_what_a_server_takes(seed: int, capacity: int) -> None:
    """A server that refuses beyond `capacity` at once; steps of 50 ms, in each of which some answers come."""
    pace, dice = Pace(), random.Random(seed)
    inside, answered, refused = 0, 0, 0
    for step in range(20 * 240):
        now = step / 20
        for _ in range(sum(dice.random() < 0.1 for _ in range(inside))):
            pace.answered(now, 10)
            inside, answered = inside - 1, answered + 1
        while pace.wait(now) == 0:
            pace.start(now)
            if inside < capacity:
                inside += 1
            else:
                pace.refused(now, None)
                refused += 1

    assert 0.6 * capacity <= pace.limit <= capacity + max(2, 0.25 * capacity)
    assert refused <= 0.05 * answered
