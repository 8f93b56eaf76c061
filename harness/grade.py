"""Stored answers become outcomes. Free, offline and repeatable: a checker that changes judges again at no cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from decimal import Decimal
from typing import Final

from .checkers.answers import Unreadable, read_json_object
from .errors import CheckerError
from .records import line
from .values import Answer, Ask, Failure, Outcome, Plan, Response, Score, Suite, Tier, canonical, digest

__all__ = ["combine", "grade", "grade_all"]

TOGETHER: Final = 8

Cost = Callable[[Tier, Response], Decimal]


def combine(ask: Ask, replies: Sequence[Response]) -> Answer:
    """One answer from a strategy's replies: the only one, or the commonest of a vote (the earliest on a tie).

    Replies are the same vote when they hold the same JSON object, or else the same words.
    """
    chosen = replies[0]
    if ask.tier.vote > 1:
        votes = [_vote(reply.text) for reply in replies if reply.finish == "ok"]
        if votes:
            winner = Counter(votes).most_common(1)[0][0]
            chosen = next(reply for reply in replies if reply.finish == "ok" and _vote(reply.text) == winner)
    return Answer(text=chosen.text, finish=chosen.finish, responses=tuple(replies))


def grade(ask: Ask, suite: Suite, replies: Sequence[Response | Failure], cost: Cost) -> Outcome:
    """Judge one ask. A failed reply and a checker that breaks are errors, never wrong answers."""
    held = [reply for reply in replies if isinstance(reply, Response)]
    failures = [reply.why for reply in replies if isinstance(reply, Failure)]
    if failures:
        return _outcome(ask, suite, held, cost, verdict="error", why=failures[0])
    return _judge(ask, suite, held, cost, combine(ask, held))


def _judge(ask: Ask, suite: Suite, held: Sequence[Response], cost: Cost, answer: Answer) -> Outcome:
    if answer.finish != "ok":
        return _outcome(ask, suite, held, cost, verdict="fail", why=answer.finish, answer=answer)
    try:
        score = suite.check(ask.sample, answer.text)
    except CheckerError as error:
        return _outcome(ask, suite, held, cost, verdict="error", why=str(error), answer=answer)
    except Exception as error:  # noqa: BLE001 - a stranger's checker may raise anything
        why = f"checker broke: {type(error).__name__}: {error}"
        return _outcome(ask, suite, held, cost, verdict="error", why=why, answer=answer)
    return _outcome(ask, suite, held, cost, verdict=None, why=score.why, answer=answer, score=score)


def grade_all(
    plan: Plan,
    replies: Mapping[str, Response | Failure],
    cost: Cost,
    *,
    known: Iterable[Outcome] = (),
    pool: Executor,
) -> tuple[Outcome, ...]:
    """The outcome of every ask of the plan that was answered or failed, in its order; what was not asked has none.

    An outcome in `known` for the same answer, sample and checker is taken over instead of being judged again; errors
    never are.
    """
    suites = {suite.id: suite for suite in plan.suites}
    memory = {outcome.graded: outcome for outcome in known if outcome.verdict != "error"}

    def one(ask: Ask) -> Outcome | None:
        mine = [replies[request.key] for request in ask.requests if request.key in replies]
        held = [reply for reply in mine if isinstance(reply, Response)]
        if len(mine) < len(ask.requests) and len(held) == len(mine):
            return None
        suite = suites[ask.suite]
        if len(held) < len(mine):
            return grade(ask, suite, mine, cost)
        answer = combine(ask, held)
        old = memory.get(_graded(ask, suite, answer)) if memory else None
        if old is None:
            return _judge(ask, suite, held, cost, answer)
        new = _outcome(ask, suite, held, cost, verdict="fail", why="", answer=answer)
        return replace(new, verdict=old.verdict, score=old.score, why=old.why, details=old.details)

    def several(some: Sequence[Ask]) -> list[Outcome | None]:
        return [one(ask) for ask in some]

    # Handing over one by one would cost more than most checkers.
    slices = [plan.asks[start : start + TOGETHER] for start in range(0, len(plan.asks), TOGETHER)]
    return tuple(outcome for some in pool.map(several, slices) for outcome in some if outcome is not None)


def _vote(text: str) -> str:
    try:
        return canonical(read_json_object(text))
    except Unreadable:
        return " ".join(text.split())


def _graded(ask: Ask, suite: Suite, answer: Answer) -> str:
    return digest([suite.checker_hash, line(ask.sample), answer.finish, answer.text])


def _latency(replies: Sequence[Response]) -> int | None:
    spans = [reply.latency_ms for reply in replies if reply.latency_ms is not None]
    return sum(spans) if len(spans) == len(replies) else None


def _outcome(
    ask: Ask,
    suite: Suite,
    replies: Sequence[Response],
    cost: Cost,
    *,
    verdict: str | None,
    why: str,
    answer: Answer | None = None,
    score: Score | None = None,
) -> Outcome:
    value = score.value if score else 0.0
    return Outcome(
        suite=suite.id,
        sample=ask.sample.id,
        level=ask.sample.level,
        template=ask.sample.template,
        tier=ask.tier.name,
        epoch=ask.epoch,
        verdict="error" if verdict == "error" else "pass" if value >= 1 else "fail",
        score=value,
        why=why,
        details=score.details if score else "",
        finish=answer.finish if answer else None,
        cost=sum((cost(ask.tier, reply) for reply in replies), Decimal(0)),
        input_tokens=sum(reply.usage.input for reply in replies),
        output_tokens=sum(reply.usage.output for reply in replies),
        latency_ms=_latency(replies),
        keys=tuple(request.key for request in ask.requests),
        graded=_graded(ask, suite, answer) if answer else "",
    )
