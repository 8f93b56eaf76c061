"""What is handed in as a batch comes back whole, is paid once and costs half, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from batch_bodies import total
from batch_server import BatchServer
from batch_world import CONNECT, DAY, PROVIDERS, Clock, World, requests_of, sums, texts, tier_of, todo_of
from worlds import FakeProvider

from harness import batch, prices
from harness.batch.counter import CHUNK
from harness.errors import BadInput
from harness.providers import Connection
from harness.providers.batches.anthropic import AnthropicBatches
from harness.values import Failure, Response, Tier

each_provider = pytest.mark.parametrize("provider", PROVIDERS)


@each_provider
def test_every_request_gets_its_own_answer_though_they_come_in_any_order(
    server: BatchServer, world: World, provider: str
) -> None:
    server.polls = 2
    todo = todo_of(server, provider, 30)

    results = world.ask(todo)

    assert texts(results) == sums(todo)
    assert world.stored() == results
    for result in results.values():
        assert isinstance(result, Response)
        assert (result.processing, result.latency_ms, result.on) == ("batch", None, "2026-11-22")
    assert server.paid == dict.fromkeys(sums(todo), 1)
    assert world.tickets() == []
    assert world.clock.naps == [5.0, 7.5]
    assert world.said[0].startswith("small: handed in a batch of 30 requests")
    assert "done, handed in 2026-11-22 10:11 UTC" in world.said[1]
    assert world.said[-1].startswith("small: batch fetched, 30 answers, 0.0")


FATES = ("ok", "refusal", "truncated", "bad", "overloaded", "expired", "canceled", "broken", "silent")
NAMED = {
    "ok": "ok",
    "refusal": "refusal",
    "truncated": "truncated",
    "bad": "bad request",
    "overloaded": "overloaded",
    "expired": "expired",
    "canceled": "expired",
    "broken": "unreadable reply",
    "silent": "expired",
}


@each_provider
def test_what_becomes_of_a_request_is_named_and_only_answers_are_stored_and_paid(
    server: BatchServer, world: World, provider: str
) -> None:
    kinds = FATES if provider != "anthropic" else FATES[:-1]
    named = NAMED | ({"refusal": "filtered"} if provider == "google" else {})
    todo = todo_of(server, provider, len(kinds))
    server.fate = lambda prompt: kinds[int(prompt.split()[0])]

    results = world.ask(todo)

    found = [results[request.key] for _, request in todo]
    assert [
        result.finish if isinstance(result, Response) else result.failed[0].fault for result in found
    ] == [named[kind] for kind in kinds]  # fmt: skip
    assert set(world.stored()) == {request.key for _, request in todo[:3]}
    assert world.spending.spent == 3 * prices.cost(
        found[0].usage, todo[0][0], "USD", DAY, "batch"  # type: ignore[union-attr]
    )  # fmt: skip
    assert world.spending.reserved == world.spending.uncertain == 0
    assert world.tickets() == []

    # The others can be asked again.
    server.fate = lambda _: "ok"
    server.paid.clear()
    assert texts(world.ask(todo[3:])) == sums(todo[3:])
    assert server.paid.keys() == sums(todo[3:]).keys()


@each_provider
def test_a_batch_costs_half_to_the_cent(server: BatchServer, world: World, provider: str) -> None:
    server.usage = 10_000, 1_000
    tier = tier_of(provider, server.url(provider))
    todo = requests_of(tier, 10, system="x" * 10_000)

    world.ask(todo)

    # 10,000 tokens in and 1,000 out: $0.0015 live for the first two, $0.01125 for the third until 2027.
    assert world.spending.spent == {
        "anthropic": Decimal("0.0075"),
        "openai": Decimal("0.0075"),
        "google": Decimal("0.05625"),
    }[provider]  # fmt: skip
    live = sum(prices.cost(response.usage, tier, "USD", DAY) for response in world.stored().values())
    assert world.spending.spent * 2 == live


@each_provider
def test_without_waiting_a_batch_stays_under_way_until_a_later_run_fetches_it(
    server: BatchServer, world: World, provider: str
) -> None:
    server.polls = 1
    todo = todo_of(server, provider)

    assert world.ask(todo, wait=False) == {}
    under_way = batch.under_way(world.folder)
    assert set(under_way) == set(sums(todo))
    assert batch.notice(under_way.values()) == "5 answers are under way in a batch handed in on 2026-11-22 10:11 UTC"
    assert world.clock.naps == []

    world.clock.time += timedelta(days=3)
    assert texts(world.ask(todo, wait=False)) == sums(todo)
    assert batch.under_way(world.folder) == {}
    assert server.calls["submit"] == 1


def test_without_waiting_a_provider_that_does_not_answer_is_left_alone(server: BatchServer, world: World) -> None:
    todo = todo_of(server, "openai")
    server.plan["state"].extend([500] * 3)

    assert world.ask(todo, wait=False) == {}
    assert "stays under way" in world.said[-1]
    assert texts(world.ask(todo)) == sums(todo)


def test_batches_keep_to_the_providers_limits(
    server: BatchServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = todo_of(server, "anthropic", 7)
    monkeypatch.setattr(AnthropicBatches, "most", 3)
    assert texts(world.ask(todo)) == sums(todo)
    assert server.sizes == [3, 3, 1]

    bigger = todo_of(server, "anthropic", 7, start=100)
    monkeypatch.setattr(AnthropicBatches, "most", 100)
    monkeypatch.setattr(AnthropicBatches, "most_bytes", 1_000)
    server.batches.clear()
    assert texts(world.ask(bigger)) == sums(bigger)
    bytes_of = [sum(len(json.dumps(item)) for item in each.items) for each in server.batches.values()]
    assert server.sizes == [4, 3]
    assert max(bytes_of) < 1_000


def test_more_answers_than_are_stored_at_a_time(server: BatchServer, world: World) -> None:
    todo = todo_of(server, "openai", CHUNK + 3)
    assert texts(world.ask(todo)) == sums(todo)
    assert len(world.stored()) == CHUNK + 3


@each_provider
def test_a_budget_hands_in_only_what_it_can_pay_for(server: BatchServer, world: World, provider: str) -> None:
    todo = todo_of(server, provider, 10)
    worst = [prices.worst_case(request, tier, "USD", DAY, "batch") for tier, request in todo]
    budget = str(sum(worst[:6]))
    server.polls = 10_000

    world.ask(todo, budget=budget, wait=False)
    assert server.sizes == [6]
    assert world.spending.refused

    # What is under way counts against the next run's budget too.
    world.ask(todo, budget=budget, wait=False)
    assert server.sizes == [6]
    assert world.spending.refused
    assert world.spending.reserved == Decimal(budget)

    server.polls = 0
    results = world.ask(todo, budget=budget)
    assert texts(results) == sums(todo[:6])
    world.ask(todo[6:], budget=budget)
    assert server.sizes == [6, 4]
    assert set(server.paid.values()) == {1}


def test_what_is_under_way_is_reserved_in_the_unit_of_this_runs_ladder(server: BatchServer, world: World) -> None:
    todo = todo_of(server, "anthropic")
    server.polls = 10_000
    world.ask(todo, wait=False, unit="credits", worst=lambda *_: Decimal(100))
    assert world.spending.reserved == 500

    world.ask(todo, wait=False)
    worst = [prices.worst_case(request, tier, "USD", DAY, "batch") for tier, request in todo]
    assert world.spending.reserved == sum(worst)


def test_what_is_under_way_is_not_handed_in_again_by_another_selection(server: BatchServer, world: World) -> None:
    todo = todo_of(server, "anthropic", 8)
    server.polls = 10_000
    world.ask(todo[:5], wait=False)
    world.ask(todo[3:], wait=False)
    assert server.sizes == [5, 3]

    server.polls = 0
    results = world.ask(todo[3:])
    assert texts(results) == sums(todo[3:])
    assert set(world.stored()) == set(sums(todo))
    assert set(server.paid.values()) == {1}


def test_another_selections_batch_is_fetched_in_passing_and_not_paid_for(server: BatchServer, world: World) -> None:
    theirs, mine = todo_of(server, "google", 5), todo_of(server, "google", 2, start=50)
    server.polls = 1
    world.ask(theirs, wait=False)

    results = world.ask(mine)

    assert texts(results) == sums(mine)
    assert set(world.stored()) == set(sums(theirs)) | set(sums(mine))
    assert world.spending.spent == sum(
        prices.cost(each.usage, mine[0][0], "USD", DAY, "batch")
        for each in results.values()
        if isinstance(each, Response)
    )
    assert world.tickets() == []


def test_another_selections_batch_whose_key_is_missing_stops_nobody(
    server: BatchServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THEIR_KEY", "sk-other-0123456789")
    theirs = requests_of(tier_of("openai", server.url("openai"), key_env="THEIR_KEY"), 3)
    mine = todo_of(server, "anthropic")
    server.polls = 10_000
    world.ask(theirs, wait=False)
    monkeypatch.delenv("THEIR_KEY")
    server.polls = 0

    assert texts(world.ask(mine)) == sums(mine)
    assert any("another selection's batch cannot be fetched: openai: no key" in line for line in world.said)
    assert len(batch.under_way(world.folder)) == 3


def test_a_tier_without_batches_is_asked_live(server: BatchServer, world: World) -> None:
    fake = FakeProvider(lambda request: total(request.prompt))
    live = requests_of(
        Tier(name="live", provider="fake", model="claude-haiku-5-5", priced_as="anthropic/claude-haiku-5-5"), 3
    )
    mine = todo_of(server, "anthropic")

    def connect(tier: Tier) -> AbstractAsyncContextManager[Connection]:
        return fake.connect(tier) if tier.provider == "fake" else CONNECT[tier.provider](tier)

    results = world.ask([*mine, *live], connect=connect, budget="1")

    assert texts(results) == sums([*mine, *live])
    assert len(fake.asked) == 3
    assert "live: no batches there, asking 3 requests one by one" in world.said
    cost = sum(
        prices.cost(each.usage, tier, "USD", DAY, each.processing)
        for tier, request in [*mine, *live]
        if isinstance(each := results[request.key], Response)
    )
    assert world.spending.spent == cost
    assert server.paid.keys() == sums(mine).keys()


def test_nothing_is_handed_in_where_a_key_is_missing(
    server: BatchServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyless = requests_of(tier_of("openai", server.url("openai"), key_env="NO_SUCH_KEY"), 3)
    with pytest.raises(BadInput, match="set NO_SUCH_KEY"):
        world.ask([*todo_of(server, "anthropic"), *keyless])
    assert not server.paid
    assert world.tickets() == []


def test_an_interruption_while_waiting_loses_nothing(server: BatchServer, world: World) -> None:
    todo = todo_of(server, "openai")
    server.polls = 10_000

    def interrupt() -> None:
        if len(world.clock.naps) == 3:
            for task in asyncio.all_tasks():
                task.cancel()

    world.clock.waking = interrupt
    with pytest.raises(asyncio.CancelledError):
        world.ask(todo)
    assert world.said[-1] == "batches go on at their providers; the same command fetches them"

    server.polls = 0
    assert texts(world.ask(todo)) == sums(todo)
    assert server.calls["submit"] == 1


def test_what_another_run_has_fetched_since_this_one_was_planned_is_not_asked(
    server: BatchServer, world: World
) -> None:
    todo = todo_of(server, "google")
    first = world.ask(todo[:3])
    orphan = world.folder / "batches" / "f00.requests.jsonl"
    orphan.write_text("{")

    results = world.ask(todo)

    assert texts(results) == sums(todo)
    assert {key: results[key] for key in first} == first
    assert server.sizes == [3, 2]
    assert not orphan.exists()


@each_provider
def test_two_runs_at_once_pay_once(server: BatchServer, world: World, provider: str) -> None:
    todo = todo_of(server, provider, 12)
    server.polls = 3
    assert world.stored() == {}
    others = [World(world.folder, clock=Clock(world.clock.time, real=True)) for _ in range(2)]
    found: list[Mapping[str, Response | Failure]] = []
    threads = [threading.Thread(target=lambda each=each: found.append(each.ask(todo))) for each in others]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [texts(each) for each in found] == [sums(todo)] * 2
    assert set(server.paid.values()) == {1}
    assert server.calls["submit"] == 1
    assert sum(each.spending.spent for each in others) == max(each.spending.spent for each in others)
    assert [each.spending.reserved for each in others] == [0, 0]
    assert world.tickets() == []


@pytest.mark.parametrize("days", [0, 32])
def test_a_batch_that_another_run_replaced_meanwhile_is_followed(server: BatchServer, world: World, days: int) -> None:
    todo = todo_of(server, "anthropic")
    server.polls = 1
    world.ask(todo, wait=False)
    ((name, first),) = server.batches.items()

    def replaced() -> None:
        """Just before the first batch is asked for: the other run has found out that it was somebody else's."""
        del server.on["state"]
        second = replace(first, id="msgbatch_second", prompts=dict.fromkeys(first.prompts, "500 + 1 = ?"))
        server.batches[second.id] = second
        path = world.tickets()[0]
        path.write_text(path.read_text().replace(name, second.id))

    world.clock.time += timedelta(days=days)
    server.on["state"] = replaced
    server.plan["state"].extend([404] if days else [])

    assert set(texts(world.ask(todo)).values()) == {"501"}
    assert world.tickets() == []
