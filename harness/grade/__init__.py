"""Stored answers become outcomes. Free, offline and repeatable: a checker that changes judges again at no cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..checkers.answers import Unreadable, read_json_object
from ..judgements import Judgement
from ..records import line
from ..values import Answer, Ask, Failure, Outcome, Plan, Response, Suite, Tier, canonical, digest
from .judging import Grading, Waiting, holds, judge, judge_elsewhere

__all__ = ["Grading", "combine", "grade_all", "judge_elsewhere"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What came back for one ask: an answer, by the name of its judgement, or why there is none."""

    ask: Ask
    suite: Suite
    replies: tuple[Response, ...]
    answer: Answer | None = None
    graded: str = ""
    failure: str = ""


def grade_all(
    plan: Plan,
    replies: Mapping[str, Response | Failure],
    cost: Cost,
    *,
    known: Iterable[Outcome] = (),
    grading: Grading | None = None,
) -> tuple[Outcome, ...]:
    """The outcome of every ask of the plan that was answered or failed, in its order; what was not asked has none.

    A failed reply and a checker that breaks are errors, never wrong answers. An outcome in `known` for the same answer,
    sample and checker is taken over instead of being judged again; errors never are. Raises BadInput where code would
    have to run and this machine offers no isolation for it.
    """
    by_id = {suite.id: suite for suite in plan.suites}
    heard = [each for ask in plan.asks if (each := _heard(ask, by_id[ask.suite], replies)) is not None]
    found = {
        outcome.graded: Judgement(
            verdict=outcome.verdict,
            score=outcome.score,
            why=outcome.why,
            details=outcome.details,
            isolation=outcome.isolation,
        )
        for outcome in known
        if outcome.verdict != "error" and holds(outcome.isolation)
    }
    waiting = {
        each.graded: Waiting(suite=each.suite, sample=each.ask.sample, text=each.answer.text)
        for each in heard
        if each.answer and each.answer.finish == "ok" and each.graded not in found
    }
    found |= judge(waiting, grading or Grading())
    return tuple(_outcome(each, found, cost) for each in heard)


def _heard(ask: Ask, suite: Suite, replies: Mapping[str, Response | Failure]) -> _Heard | None:
    mine = [replies[request.key] for request in ask.requests if request.key in replies]
    held = tuple(reply for reply in mine if isinstance(reply, Response))
    failures = [reply.why for reply in mine if isinstance(reply, Failure)]
    if failures:
        return _Heard(ask=ask, suite=suite, replies=held, failure=failures[0])
    if len(held) < len(ask.requests):
        return None
    answer = combine(ask, held)
    graded = digest([suite.checker_hash, line(ask.sample), answer.finish, answer.text])
    return _Heard(ask=ask, suite=suite, replies=held, answer=answer, graded=graded)


def _vote(text: str) -> str:
    try:
        return canonical(read_json_object(text))
    except Unreadable:
        return " ".join(text.split())


def _latency(replies: Sequence[Response]) -> int | None:
    spans = [reply.latency_ms for reply in replies if reply.latency_ms is not None]
    return sum(spans) if len(spans) == len(replies) else None


def _outcome(heard: _Heard, found: Mapping[str, Judgement], cost: Cost) -> Outcome:
    ask, replies, judgement = heard.ask, heard.replies, _judgement(heard, found)
    return Outcome(
        suite=heard.suite.id,
        sample=ask.sample.id,
        level=ask.sample.level,
        template=ask.sample.template,
        tier=ask.tier.name,
        epoch=ask.epoch,
        verdict=judgement.verdict,
        score=judgement.score,
        why=judgement.why,
        details=judgement.details,
        finish=heard.answer.finish if heard.answer else None,
        cost=sum((cost(ask.tier, reply) for reply in replies), Decimal(0)),
        input_tokens=sum(reply.usage.input for reply in replies),
        output_tokens=sum(reply.usage.output for reply in replies),
        latency_ms=_latency(replies),
        keys=tuple(request.key for request in ask.requests),
        graded=heard.graded,
        isolation=judgement.isolation,
    )


def _judgement(heard: _Heard, found: Mapping[str, Judgement]) -> Judgement:
    """An answer that did not finish fails by that; one that is not there is an error; the rest is as judged."""
    if heard.answer is None:
        return Judgement(verdict="error", score=0.0, why=heard.failure, details="")
    if heard.answer.finish != "ok":
        return Judgement(verdict="fail", score=0.0, why=heard.answer.finish, details="")
    return found[heard.graded]
