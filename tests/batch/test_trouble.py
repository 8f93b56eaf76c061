"""Faults of providers and networks: nothing is lost, nothing is paid twice, and everything has a name."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from batch_server import Batch, BatchServer
from batch_world import DAY, KEY, PROVIDERS, World, faults, requests_of, sums, texts, tier_of, todo_of

from harness import batch, prices
from harness.providers.batches.anthropic import AnthropicBatches
from harness.values import Failure

each_provider = pytest.mark.parametrize("provider", PROVIDERS)


SUBMITTING = {
    "429": "rate limit",
    "500": "server fault",
    "529": "overloaded",
    "refuse": "connection lost",
    "page": "unreadable reply",
    "drop": "taken",
    "cut": "taken",
}


@pytest.mark.parametrize("act", SUBMITTING)
@each_provider
def test_a_fault_while_handing_in_neither_loses_nor_doubles_a_batch(
    server: BatchServer, world: World, provider: str, act: str
) -> None:
    server.plan["submit"].append(int(act) if act.isdecimal() else act)
    server.hint = "33"
    todo = todo_of(server, provider)

    results = world.ask(todo)

    assert texts(results) == sums(todo)
    assert set(server.paid.values()) == {1}
    assert server.calls["submit"] == (1 if SUBMITTING[act] == "taken" else 2)
    # A refusal is sure; after anything else the batch is looked for before it is sent again.
    assert (server.calls["list"] == 0) == (act == "429")
    assert (sum(world.clock.naps) >= 120) == (act != "429")
    assert (33.0 in world.clock.naps) == (act == "429")
    assert world.tickets() == []


@each_provider
def test_a_refused_key_ends_its_tier_and_no_other(server: BatchServer, world: World, provider: str) -> None:
    other = next(name for name in PROVIDERS if name != provider)
    mine, theirs = todo_of(server, provider), todo_of(server, other)
    server.plan["upload" if provider == "openai" else "submit"].append(401)

    results = world.ask([*mine, *theirs])

    assert {result.why for result in map(results.get, sums(mine)) if isinstance(result, Failure)} == {
        f"{provider}/{mine[0][0].model}: the key was refused (401); check it"
    }
    assert {key: text for key, text in texts(results).items() if key in sums(theirs)} == sums(theirs)
    assert world.tickets() == []
    assert world.spending.reserved == 0


def test_a_refused_key_is_not_tried_again_for_the_rest(
    server: BatchServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnthropicBatches, "most", 2)
    server.plan["submit"].extend(["ok", 401])
    todo = todo_of(server, "anthropic", 7)

    results = world.ask(todo)

    assert {key: text for key, text in texts(results).items() if key in sums(todo[:2])} == sums(todo[:2])
    assert faults({request.key: results[request.key] for _, request in todo[2:]}) == {"key refused"}
    assert server.calls["submit"] == 2
    assert world.spending.reserved == 0


@each_provider
def test_a_batch_that_cannot_be_handed_in_is_given_up_after_a_while(
    server: BatchServer, world: World, provider: str
) -> None:
    server.plan["submit"].extend([429] * 6)

    results = world.ask(todo_of(server, provider))

    assert faults(results) == {"rate limit"}
    assert server.calls["submit"] == 6
    assert not server.paid
    assert world.tickets() == []


@each_provider
def test_a_batch_that_may_have_been_taken_is_looked_for_by_the_next_run(
    server: BatchServer, world: World, provider: str
) -> None:
    # Taken, but neither the reply nor any list comes through.
    server.plan["submit"].append("drop")
    server.plan["list"].extend([500] * 5)
    todo = todo_of(server, provider)

    results = world.ask(todo)
    assert faults(results) == {"server fault"}
    assert all("the next run looks for it" in text for text in texts(results).values())
    assert set(batch.under_way(world.folder)) == set(sums(todo))

    assert texts(world.ask(todo)) == sums(todo)
    assert set(server.paid.values()) == {1}
    assert server.calls["submit"] == 1


@each_provider
def test_what_was_never_taken_is_handed_in_anew_as_far_as_this_runs_budget_reaches(
    server: BatchServer, world: World, provider: str
) -> None:
    server.plan["submit"].append("refuse")
    server.plan["list"].extend([500] * 5)
    todo = todo_of(server, provider)
    world.ask(todo)
    assert len(batch.under_way(world.folder)) == 5
    worst = [prices.worst_case(request, tier, "USD", DAY, "batch") for tier, request in todo]

    results = world.ask(todo, budget=str(sum(worst[:2])))

    assert texts(results) == sums(todo[:2])
    assert world.spending.refused
    assert server.sizes == [2]
    assert world.tickets() == []
    assert texts(world.ask(todo[2:])) == sums(todo[2:])


@each_provider
def test_faults_while_waiting_and_fetching_are_waited_out(server: BatchServer, world: World, provider: str) -> None:
    server.polls = 2
    server.plan["state"].extend([429, 500, "ok", "refuse", 404, "page", "cut", 503])
    server.plan["results"].extend([500, "cut", "refuse", "page", 404])
    server.hint = "33"
    todo = todo_of(server, provider)

    results = world.ask(todo)

    assert texts(results) == sums(todo)
    assert set(server.paid.values()) == {1}
    assert 33.0 in world.clock.naps
    assert any(line.endswith("trying on") for line in world.said)


@each_provider
def test_results_that_are_gone_are_told_as_lost_money_and_can_be_asked_again(
    server: BatchServer, world: World, provider: str
) -> None:
    todo = todo_of(server, provider)
    server.polls = 1
    world.ask(todo, wait=False)
    worst = sum(prices.worst_case(request, tier, "USD", DAY, "batch") for tier, request in todo)

    world.clock.time += timedelta(days=32)
    server.gone = True
    results = world.ask(todo)

    assert faults(results) == {"expired"}
    assert all("is lost, run again to ask anew" in text for text in texts(results).values())
    assert world.spending.spent == 0
    assert world.spending.uncertain == worst
    assert world.tickets() == []
    server.gone = False
    assert texts(world.ask(todo)) == sums(todo)


def test_results_that_anthropic_has_archived_are_gone_at_once(server: BatchServer, world: World) -> None:
    todo = todo_of(server, "anthropic")
    server.polls = 1
    world.ask(todo, wait=False)
    next(iter(server.batches.values())).archived = True

    assert "were removed on 2026-11-22; what the batch of" in texts(world.ask(todo))[todo[0][1].key]
    assert world.tickets() == []


@each_provider
def test_a_batch_that_the_provider_does_not_know_yet_is_never_given_up(
    server: BatchServer, world: World, provider: str
) -> None:
    todo = todo_of(server, provider)
    server.plan["state"].extend([404] * 10)

    results = world.ask(todo)

    assert faults(results) == {"no such model"}
    (ticket, *_) = world.tickets()
    assert all(f"is kept: run again, or delete {ticket} to give it up" in text for text in texts(results).values())
    assert texts(world.ask(todo)) == sums(todo)
    assert set(server.paid.values()) == {1}


@pytest.mark.parametrize("provider", ["openai", "google"])
def test_a_batch_that_is_turned_down_costs_nothing_and_says_why(
    server: BatchServer, world: World, provider: str
) -> None:
    server.turned_down = "a line is not JSON"
    todo = todo_of(server, provider)

    results = world.ask(todo)

    assert faults(results) == {"bad request"}
    assert all("a line is not JSON; nothing of it was asked" in text for text in texts(results).values())
    assert world.spending.spent == world.spending.reserved == 0
    assert world.tickets() == []


def test_replies_without_their_keys_are_never_guessed(server: BatchServer, world: World) -> None:
    server.keyless = True
    todo = todo_of(server, "google")

    results = world.ask(todo)

    assert faults(results) == {"unreadable reply"}
    assert all("came back without their keys" in text for text in texts(results).values())
    assert world.stored() == {}
    assert world.tickets() != []


def strangers(server: BatchServer, count: int, created: datetime) -> Batch:
    """Somebody else's batch of the same size in the same account."""
    tier = tier_of("anthropic", server.url("anthropic"), model="claude-opus-5-5")
    prompts = {request.key: request.prompt for _, request in requests_of(tier, count, 900)}
    made = Batch(id="msgbatch_theirs", provider="anthropic", model=tier.model, prompts=prompts, created=created)
    server.batches[made.id] = made
    return made


@pytest.mark.parametrize("act", ["refuse", "drop"])
def test_somebody_elses_batch_is_not_taken_for_ours(server: BatchServer, world: World, act: str) -> None:
    todo = todo_of(server, "anthropic")
    strangers(server, len(todo), world.clock.now() + timedelta(seconds=1))
    server.plan["submit"].append(act)
    server.taken = lambda: setattr(
        list(server.batches.values())[-1], "created", world.clock.now() + timedelta(minutes=1)
    )

    results = world.ask(todo)

    assert texts(results) == sums(todo)
    assert world.stored() == results
    assert set(server.paid.values()) == {1}
    assert server.calls["submit"] == (2 if act == "refuse" else 1)


@each_provider
def test_no_key_reaches_a_file_or_a_message(server: BatchServer, world: World, provider: str) -> None:
    server.words = f"the key {KEY} is odd"
    server.plan["state"].extend([500, 400])
    todo = todo_of(server, provider)

    results = world.ask(todo)

    said = "".join([*world.said, *texts(results).values()])
    assert server.secrets in ({KEY}, {f"Bearer {KEY}"})
    assert "the key [key] is odd" in said
    assert KEY not in said
    files = [path.read_bytes() for path in world.folder.rglob("*") if path.is_file()]
    assert len(world.tickets()) == 2
    assert not any(KEY.encode() in data for data in files)
