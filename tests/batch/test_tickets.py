"""A ticket is whole or not there, belongs to its user alone, and is read with suspicion."""

from __future__ import annotations

import asyncio
import fcntl
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from batch_world import Clock, requests_of, tier_of

from harness import batch
from harness.batch.tickets import Drawer, Ticket
from harness.errors import BadInput
from harness.values import Request

TAG = "0123456789abcdef"
MOMENT = "2026-11-22T10:11:00+00:00"


def ticket_of(requests: list[Request], tag: str = TAG) -> Ticket:
    return Ticket(
        tag=tag,
        tier=tier_of("anthropic", "https://example.org", temperature=Decimal("0.5")),
        keys=tuple(request.key for request in requests),
        unit="USD",
        worst=Decimal("0.0100"),
        intended=MOMENT,
        tried=MOMENT,
    )


@pytest.fixture
def requests() -> list[Request]:
    return [request for _, request in requests_of(tier_of("anthropic", "https://example.org"), 3)]


@pytest.fixture
def drawer(tmp_path: Path) -> Drawer:
    return Drawer(tmp_path)


def test_what_is_put_in_comes_out(drawer: Drawer, requests: list[Request]) -> None:
    ticket = ticket_of(requests)
    drawer.add(ticket, requests)
    assert (drawer.all(), drawer.get(TAG), drawer.requests(ticket)) == ([ticket], ticket, requests)

    taken = replace(ticket, batch="msgbatch_1")
    drawer.put(taken)
    assert drawer.all() == [taken]

    drawer.remove(taken)
    assert (drawer.all(), drawer.get(TAG), list(drawer.folder.iterdir())) == ([], None, [])


def test_the_oldest_comes_first(drawer: Drawer, requests: list[Request]) -> None:
    late = replace(ticket_of(requests[:1], "a"), intended="2026-11-23T00:00:00+00:00")
    early = ticket_of(requests[1:], "b")
    for ticket, part in ((late, requests[:1]), (early, requests[1:])):
        drawer.add(ticket, part)
    assert drawer.all() == [early, late]
    assert batch.notice(batch.under_way(drawer.folder.parent).values()) == (
        "3 answers are under way in 2 batches, the first handed in on 2026-11-22 10:11 UTC"
    )


def test_nobody_else_may_read_it(drawer: Drawer, requests: list[Request]) -> None:
    drawer.add(ticket_of(requests), requests)
    assert drawer.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in drawer.folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"batch":null', '"batch":null,"color":"red"', "color: unknown key"),
        ('"unit":"USD",', "", "unit: missing"),
        ('"version":1', '"version":2', "version: input should be 1: 2"),
        ('"worst":"0.0100"', '"worst":"much"', "worst: "),
        ('"intended":"2026', '"intended":"soon', "Invalid isoformat string"),
        ("+00:00", "", "not the ticket of"),
        (f'"tag":"{TAG}"', '"tag":"../other"', "not the ticket of"),
        ('{"batch', '{"batch":null}\n{"batch', ":1: "),
    ],
)
def test_a_damaged_ticket_is_told_by_its_name(
    drawer: Drawer, requests: list[Request], before: str, after: str, problem: str
) -> None:
    drawer.add(ticket_of(requests), requests)
    path = drawer.folder / f"{TAG}.json"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))

    with pytest.raises(BadInput) as error:
        batch.under_way(drawer.folder.parent)
    assert str(error.value).startswith(str(path))
    assert problem in str(error.value)


def test_an_empty_ticket_is_told_with_a_remedy(drawer: Drawer, requests: list[Request]) -> None:
    drawer.add(ticket_of(requests), requests)
    (drawer.folder / f"{TAG}.json").write_text("")
    with pytest.raises(BadInput, match="holds 0 tickets instead of one; a batch may be under way under it"):
        drawer.all()


def test_requests_that_are_not_the_tickets_are_refused(drawer: Drawer, requests: list[Request]) -> None:
    ticket = ticket_of(requests)
    drawer.add(ticket, requests[:2])
    with pytest.raises(BadInput, match="not the requests of the batch"):
        drawer.requests(ticket)


def test_what_a_killed_process_left_half_written_is_swept_away(drawer: Drawer, requests: list[Request]) -> None:
    ticket = ticket_of(requests)
    drawer.add(ticket, requests)
    for name in ("f00.requests.jsonl", ".abc.part"):
        (drawer.folder / name).write_text("{")
    drawer.sweep()
    assert sorted(path.name for path in drawer.folder.iterdir()) == [f"{TAG}.json", f"{TAG}.requests.jsonl"]
    assert drawer.requests(ticket) == requests


def test_a_full_disk_or_a_closed_folder_is_one_line(tmp_path: Path, requests: list[Request]) -> None:
    (tmp_path / "batches").write_text("in the way")
    with pytest.raises(BadInput, match="cannot keep the record of a batch: File exists"):
        Drawer(tmp_path).add(ticket_of(requests), requests)


def test_one_at_a_time_and_whoever_waits_says_so_once(drawer: Drawer) -> None:
    clock, said, order = Clock(), list[str](), list[str]()
    drawer.folder.mkdir()
    descriptor = os.open(drawer.folder / "lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)

    def let_go() -> None:
        if len(clock.naps) == 3:
            order.append("other")
            os.close(descriptor)

    async def wait() -> None:
        async with drawer.locked(said.append, clock.sleep):
            order.append("mine")

    clock.waking = let_go
    asyncio.run(wait())
    assert order == ["other", "mine"]
    assert said == ["batches: another run is handing in or fetching; waiting for it"]


def test_tasks_of_one_process_take_turns_without_a_word(drawer: Drawer) -> None:
    said, inside = list[str](), list[int]()

    async def enter(number: int) -> None:
        async with drawer.locked(said.append, asyncio.sleep):
            inside.append(number)
            await asyncio.sleep(0)
            assert inside[-1] == number

    async def both() -> None:
        await asyncio.gather(*(enter(number) for number in range(5)))

    asyncio.run(both())
    assert (inside, said) == ([0, 1, 2, 3, 4], [])
