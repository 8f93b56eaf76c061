"""The whole flow, one function a command: what `cli` calls once it has parsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from . import floors as floors_
from . import grade, kinds, ledger, prices, registry, report, rounds, savings, suites, table, tiers, weights
from . import plan as plan_
from .answers import answers_text
from .cache import Cache
from .errors import BadInput, Incomplete
from .values import Failure, Floor, Ladder, Outcome, Plan, Registered, Request, Response, Row, Suite, Tier

__all__ = [
    "Measured",
    "Selection",
    "Stored",
    "choose",
    "collect",
    "files",
    "known_lengths",
    "measure",
    "out_of_money",
    "out_of_reach",
    "paid",
    "published",
    "register",
    "registered",
    "require",
    "save_answers",
    "saved_by",
    "suite_floors",
    "widened",
]

Stored = Mapping[str, tuple[Request, Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a command line selects. Empty means all; `fresh` asks for new samples made with that seed."""

    suites: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    limit: int | None = None
    fresh: str | None = None
    epochs: int | None = None

    @property
    def partial(self) -> bool:
        """Whether it leaves out samples or tiers or makes its own, so that no published table can follow from it."""
        return bool(self.tiers or self.levels or self.limit or self.fresh is not None or self.epochs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that follows from a plan and its answers."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    rows: tuple[Row, ...]
    floors: tuple[Floor, ...]
    evidence: report.Evidence
    registered: Mapping[str, Registered] = field(default_factory=dict)

    @property
    def typical(self) -> tuple[Outcome, ...]:
        """The outcomes that tiers can be compared on, whatever a lazy reference was asked for."""
        return kinds.typical(self.outcomes, self.plan.suites, self.plan.ladder, self.registered)

    @property
    def errors(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.verdict == "error"]


def choose(selection: Selection, ladder: Ladder, registered: Mapping[str, Registered] | None = None) -> Plan:
    """The plan of a selection; raises BadInput for unknown suites, tiers or levels and for an empty selection.

    What is `registered`, by suite, fixes the order of the samples; new ones follow. Verdicts of a part, which are not
    published, are not held against it.
    """
    whole = [suites.load(suites.find(name), fresh=selection.fresh) for name in selection.suites or suites.names()]
    if ladder.mix:
        tiers.check_mix(ladder, whole, suites.categories())
    kept = {suite.id: (registered or {}).get(suite.id) for suite in whole if selection.fresh is None}
    chosen = tuple(
        suites.narrow(registry.placed(suite, kept.get(suite.id)), levels=selection.levels, limit=selection.limit)
        for suite in whole
    )
    if not any(suite.samples for suite in chosen):
        raise BadInput("selection", "no samples left; widen --level or --limit")
    only = {tier.name for tier in tiers.select(ladder, selection.tiers).tiers}
    made = plan_.plan(ladder, chosen, epochs=selection.epochs, only=only)
    return made if selection.partial else replace(made, registered={id_: one for id_, one in kept.items() if one})


def published(results: Path, ladder: Ladder) -> tuple[str, ...]:
    """The suites that a results folder covers, or those of the shipped recording when there is none here."""
    for folder in (results, ledger.shipped(ladder.name)):
        if found := ledger.covered(folder):
            return found
    raise BadInput(str(results), f"no results of the ladder {ladder.name!r} yet; start with: tierfloor run")


def registered(results: Path, ladder: Ladder, cache: Path | None = None) -> dict[str, Registered]:
    """What runs fixed before their answers came, by suite: those in a results folder, or that only left answers so far.

    One under which nobody has seen an answer gives way to what was fixed later.
    """
    published = ledger.registered([results, ledger.shipped(ladder.name)])
    kept = {} if cache is None else ledger.kept_registered(cache, ladder.name)
    return {**published, **{id_: one for id_, one in kept.items() if id_ not in published or not published[id_].seen}}


def register(plan: Plan, stored: Stored, *, lazy: bool) -> Plan:
    """The plan with what is fixed before its first request is sent, as far as no earlier run has fixed it."""
    models: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    touched: dict[str, set[str]] = defaultdict(set)
    for ask in plan.asks:
        if served := {stored[request.key][1].model for request in ask.requests if request.key in stored}:
            models[ask.suite][ask.tier.name] |= served
            touched[ask.suite].add(ask.sample.template)
    return replace(
        plan,
        registered={
            suite.id: registry.stand(
                suite, plan.ladder, models[suite.id], touched[suite.id], plan.registered.get(suite.id), lazy=lazy
            ).registered
            for suite in plan.suites
        },
    )


def collect(plan: Plan, results: Path, cache: Cache | None) -> dict[str, tuple[Request, Response]]:
    """The answers that the plan needs and that are stored: recorded ones first, then the cache."""
    recorded = ledger.answers([results, ledger.shipped(plan.ladder.name)])
    wanted = dict.fromkeys(request.key for ask in plan.asks for request in ask.requests)
    found = {key: recorded[key] for key in wanted if key in recorded}
    if cache is not None:
        found |= cache.get_all(key for key in wanted if key not in found)
    return found


def known_lengths(plan: Plan, results: Path, stored: Stored) -> Stored:
    """The answers to learn lengths from: those stored for the plan, and the recorded ones of every ladder."""
    bases = (results.parent, ledger.shipped(plan.ladder.name).parent)
    recorded = sorted(manifest.parent for base in bases for manifest in base.glob("*/manifest.json"))
    return {**ledger.answers(recorded), **stored}


def out_of_reach(plan: Plan, stored: Stored) -> set[str]:
    """The requests that a recording has not reached and this machine cannot ask: its local weights are not here.

    They count only where the recording holds some answers of the same tier to the same suite.
    """
    gone = {tier.name for tier in plan.ladder.tiers if tier.weights and not weights.present(tier.weights)}
    begun = {(ask.suite, ask.tier.name) for ask in plan.asks if all(r.key in stored for r in ask.requests)}
    return {
        request.key
        for ask in plan.asks
        if ask.tier.name in gone and (ask.suite, ask.tier.name) in begun
        for request in ask.requests
        if request.key not in stored
    }


def measure(
    plan: Plan,
    stored: Stored,
    failures: Mapping[str, Failure] | None = None,
    *,
    known: Iterable[Outcome] = (),
    on: date | None = None,
    grading: grade.Grading | None = None,
) -> Measured:
    """Grade, tabulate and decide, from stored answers and from the requests that failed.

    Prices are of the day `on`, by default the day of the latest answer, so that the same answers give the same table.
    An outcome's cost is that of a live answer on that day; what is spent was paid on each answer's own day, live or in a
    batch.
    """
    last = max((response.on for _, response in stored.values()), default=date.today().isoformat())
    day = on or date.fromisoformat(last)
    unit = plan.ladder.unit
    replies: dict[str, Response | Failure] = {key: response for key, (_, response) in stored.items()}
    replies.update(failures or {})

    def cost(tier: Tier, response: Response) -> Decimal:
        return prices.cost(response.usage, tier, unit, day)

    outcomes = grade.grade_all(plan, replies, cost, known=known, grading=grading)
    served = {key: response.model for key, (_, response) in stored.items()}
    standings = _standings(plan, outcomes, served)
    evident = registry.counted(outcomes, served, {id_: each.registered for id_, each in standings.items()})
    rows = table.table(evident, plan.suites, plan.ladder, standings)
    by_key = {request.key: ask.tier for ask in plan.asks for request in ask.requests}
    evidence = report.Evidence(
        answers=stored,
        priced_on=day.isoformat(),
        price_source=prices.source(plan.ladder),
        spent=sum((paid(by_key[key], response, unit) for key, (_, response) in stored.items()), Decimal(0)),
        isolation={
            suite.id: sorted({each.isolation for each in outcomes if each.suite == suite.id and each.isolation})
            for suite in plan.suites
        },
    )
    return Measured(
        plan=plan,
        outcomes=outcomes,
        rows=rows,
        floors=floors_.floors(rows, plan.suites, plan.ladder),
        evidence=evidence,
        registered={id_: each.registered for id_, each in standings.items()},
    )


def out_of_money(measured: Measured, open_: Iterable[rounds.Question]) -> Measured:
    """The measurement, in which verdicts that stay open because a budget ended say so, the reference's among them."""
    reference = measured.plan.ladder.reference.name
    stopped = {(question.suite, tier) for question in open_ for tier in (question.tier, reference)}
    names = {suite.category: suite.id for suite in measured.plan.suites}
    rows = tuple(
        replace(row, verdict=replace(row.verdict, why="budget"))
        if row.level is None and row.verdict.kind == "inconclusive" and (names[row.category], row.tier) in stopped
        else row
        for row in measured.rows
    )
    return replace(measured, rows=rows, floors=floors_.floors(rows, measured.plan.suites, measured.plan.ladder))


def _standings(plan: Plan, outcomes: Iterable[Outcome], served: Mapping[str, str]) -> dict[str, registry.Standing]:
    """How every suite stands to what was registered before, now that these answers have come."""
    behind = registry.models(outcomes, served)
    touched: dict[str, set[str]] = defaultdict(set)
    for outcome in outcomes:
        touched[outcome.suite].add(outcome.template)
    return {
        suite.id: registry.stand(
            suite, plan.ladder, behind.get(suite.id, {}), touched[suite.id], plan.registered.get(suite.id)
        )
        for suite in plan.suites
    }


def paid(tier: Tier, response: Response, unit: str) -> Decimal:
    """What an answer cost on its own day, in the way it was asked."""
    return prices.cost(response.usage, tier, unit, date.fromisoformat(response.on), response.processing)


def widened(measured: Measured, results: Path, cache: Cache, grading: grade.Grading | None = None) -> Measured:
    """The measurement together with the other suites that the results folder covers, which must not be lost from it."""
    own = [suite.id for suite in measured.plan.suites]
    others = [name for name in ledger.covered(results) if name not in own]
    if not others:
        return measured
    ladder = measured.plan.ladder
    before = {**registered(results, ladder, cache.folder), **measured.registered}
    plan = choose(Selection(suites=tuple(sorted([*own, *others]))), ladder, before)
    stored = collect(plan, results, cache)
    known = [*measured.outcomes, *ledger.outcomes([results])]
    return measure(plan, stored, known=known, grading=grading)


def files(measured: Measured) -> dict[str, str]:
    """The texts of a results folder, curves apart: the same measurement gives the same bytes."""
    chosen, ladder = measured.plan.suites, measured.plan.ladder
    saved = saved_by(measured, chosen)
    texts = {
        "routing.json": report.routing_json(measured.floors, chosen, ladder, measured.evidence, saved),
        "routing.md": report.routing_md(measured.floors, chosen, ladder, measured.evidence, saved),
        "table.csv": table.csv_text(measured.rows),
        "manifest.json": report.manifest(chosen, ladder, measured.evidence, measured.registered),
    }
    for suite in chosen:
        keys = {request.key for ask in measured.plan.asks if ask.suite == suite.id for request in ask.requests}
        texts[f"outcomes/{suite.id}.jsonl"] = ledger.outcomes_text(
            outcome for outcome in measured.outcomes if outcome.suite == suite.id
        )
        texts[f"answers/{suite.id}.jsonl"] = answers_text(
            pair for key, pair in measured.evidence.answers.items() if key in keys
        )
    return texts


def saved_by(measured: Measured, chosen: Sequence[Suite]) -> report.Savings:
    """What floors and cascades save on suites whose costs are known, without anything told of failures and volumes."""
    ladder = measured.plan.ladder
    played = savings.replays(measured.typical, measured.floors, chosen, ladder)
    made = savings.savings(played, measured.floors, chosen, ladder)
    return report.Savings(
        headline=savings.headline(made),
        head=savings.head(ladder.unit),
        cells=savings.cells(made),
        remarks=[*savings.notes(made, ladder.unit), savings.legend()],
        records=savings.as_json(made),
    )


def save_answers(results: Path, used: Stored, cache: Cache) -> None:
    """Before recorded answers leave a results folder because nothing asks for them any more, keep them in the cache."""
    cache.add_all([pair for key, pair in ledger.answers([results]).items() if key not in used])


def require(plan: Plan, stored: Stored) -> None:
    """Raise Incomplete, saying what is missing and what it would cost, unless every answer is stored."""
    if not plan_.missing(plan, stored):
        return
    rows = [row for row in plan_.estimate(plan, stored.keys(), date.today(), answers=stored) if row.to_ask]
    whole = plan_.total(rows)
    where = ", ".join(f"{row.suite}/{row.tier} {row.to_ask}" for row in rows[:6]) + (", ..." if len(rows) > 6 else "")
    raise Incomplete(
        "offline",
        f"{whole.to_ask} answers are not stored ({where}); asking them would cost about {report.money(whole.expected)} "
        f"and at most {report.money(whole.worst)} {plan.ladder.unit}; run without --offline, or import them",
    )


def suite_floors(measured: Measured, suite: Suite) -> list[Floor]:
    """The floors of one suite's category."""
    return [floor for floor in measured.floors if floor.category == suite.category]
