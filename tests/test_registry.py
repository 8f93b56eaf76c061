"""What was fixed beforehand stays fixed, and what was changed after data shows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from test_table import outcomes
from worlds import ladder, tier, write_suite

from harness import ledger, registry, report, suites, table
from harness.errors import BadInput
from harness.values import Outcome, Registered, Suite

LADDER = ladder()
ONE = {"cheap": {"cheap-1"}, "dear": {"dear-1"}}


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return suites.load(write_suite(tmp_path))


@pytest.fixture
def before(suite: Suite) -> Registered:
    return registry.stand(suite, LADDER, ONE, units(suite)).registered


def units(suite: Suite) -> list[str]:
    return [sample.template for sample in suite.samples]


def test_a_registration_says_what_verdicts_rest_on(suite: Suite, before: Registered) -> None:
    assert before.order == tuple(sample.template for sample in suites.ordered(suite))
    assert (before.rule, before.tiers, before.checker, before.seen) == (
        suite.rule,
        ("cheap", "dear"),
        suite.checker_hash,
        40,
    )
    assert before.levels == {"1": (20, 20), "2": (10, 10), "3": (10, 10)}
    assert before.models == {"cheap": ("cheap-1",), "dear": ("dear-1",)}


def test_nothing_changed_is_continued_however_often(suite: Suite, before: Registered) -> None:
    again = registry.stand(suite, LADDER, ONE, units(suite), before)

    assert (again.registered, again.post_hoc) == (before, None)


@pytest.mark.parametrize(
    ("rule", "how", "said"),
    [
        ({"margin": Decimal("0.15")}, {}, "margin 0.10 became 0.15"),
        ({"alpha": Decimal("0.1"), "horizon": 60}, {}, "alpha 0.05 became 0.1; horizon 40 became 60"),
        ({}, {"floors": "cheap-first"}, "floors top-down became cheap-first"),
        ({}, {"table_alpha": True}, "table_alpha was changed"),
        ({}, {"mix": {"sums.1": Decimal(1)}}, "mix was changed"),
        ({}, {"tiers": (tier("dear"), tier("cheap"))}, "tiers cheap, dear became dear, cheap"),
        ({"margin": Decimal("0.100")}, {"mix": {"sums": Decimal(1), "other.1": Decimal(2)}}, None),
    ],
)
def test_a_change_after_data_is_told_until_it_is_taken_back(
    suite: Suite, before: Registered, rule: dict[str, Any], how: dict[str, Any], said: str | None
) -> None:
    changed = replace(suite, rule=replace(suite.rule, **rule))

    first = registry.stand(changed, replace(LADDER, **how), ONE, units(suite), before)
    second = registry.stand(changed, replace(LADDER, **how), ONE, units(suite), first.registered)

    assert (first.post_hoc, second.post_hoc) == (said, said)
    assert second.registered == first.registered
    assert registry.stand(suite, LADDER, ONE, units(suite), second.registered).post_hoc is None


def test_a_change_before_data_is_none(suite: Suite) -> None:
    before = registry.stand(suite, LADDER, {}, ()).registered
    changed = replace(suite, rule=replace(suite.rule, margin=Decimal("0.2")))

    again = registry.stand(changed, LADDER, {}, (), before)
    now = registry.stand(changed, LADDER, ONE, units(suite), again.registered)

    assert (now.post_hoc, now.registered.rule) == (None, changed.rule)


def test_answers_that_came_after_a_registration_are_held_against_a_change(suite: Suite) -> None:
    before = registry.stand(suite, LADDER, {}, ()).registered
    changed = replace(suite, rule=replace(suite.rule, margin=Decimal("0.2")))

    now = registry.stand(changed, LADDER, ONE, units(suite), before)

    assert (now.post_hoc, now.registered.rule) == ("margin 0.10 became 0.2", before.rule)


@pytest.mark.parametrize(("method", "lazy"), [("sequential", True), ("fixed", False)])
def test_laziness_is_decided_with_the_first_registration(
    suite: Suite, method: Literal["sequential", "fixed"], lazy: bool
) -> None:
    suite = replace(suite, rule=replace(suite.rule, method=method))

    first = registry.stand(suite, LADDER, {}, (), lazy=True).registered
    eager = registry.stand(suite, LADDER, {}, ()).registered

    assert (first.lazy, eager.lazy) == (lazy, False)
    assert registry.stand(suite, LADDER, ONE, units(suite), first).registered.lazy is lazy
    assert registry.stand(suite, LADDER, ONE, units(suite), eager, lazy=True).registered.lazy is False


def test_a_new_version_of_a_suite_starts_anew(suite: Suite, before: Registered) -> None:
    other = replace(suite, version="2-A", rule=replace(suite.rule, margin=Decimal("0.2")))

    assert registry.stand(other, LADDER, ONE, (), before).registered.rule == other.rule
    assert registry.placed(other, before).order == ()


def test_another_checker_judges_anew_under_the_rule_as_it_was(suite: Suite, before: Registered) -> None:
    other = replace(suite, checker_hash="other", rule=replace(suite.rule, margin=Decimal("0.2")))

    now = registry.stand(other, LADDER, ONE, units(suite), before)

    assert (now.registered.checker, now.registered.rule) == ("other", before.rule)
    assert now.post_hoc == "margin 0.10 became 0.2"


def test_another_model_retires_the_answers_before_it(suite: Suite, before: Registered) -> None:
    both = {**ONE, "cheap": {"cheap-1", "cheap-2"}}

    now = registry.stand(suite, LADDER, both, units(suite), before)
    again = registry.stand(suite, LADDER, both, units(suite), now.registered)

    assert now.registered.models == {"cheap": ("cheap-2",), "dear": ("dear-1",)}
    assert now.registered.retired == {"cheap": ("cheap-1",)}
    assert again == now


def test_a_tier_answered_for_the_first_time_is_no_other_model(suite: Suite) -> None:
    before = registry.stand(suite, LADDER, {"dear": {"dear-1"}}, units(suite)).registered

    now = registry.stand(suite, LADDER, ONE, units(suite), before).registered

    assert (now.models["cheap"], now.retired) == (("cheap-1",), {})


def test_where_every_tier_has_another_model_the_rule_may_be_another_too(suite: Suite, before: Registered) -> None:
    changed = replace(suite, rule=replace(suite.rule, margin=Decimal("0.2")))
    served = {"cheap": {"cheap-2"}, "dear": {"dear-2"}}

    now = registry.stand(changed, LADDER, served, units(suite), before)

    assert (now.post_hoc, now.registered.rule) == (None, changed.rule)
    assert now.registered.retired == {"cheap": ("cheap-1",), "dear": ("dear-1",)}


def test_evidence_of_another_model_starts_where_it_was_first_asked(suite: Suite, before: Registered) -> None:
    def of(tier: str, model: str, start: int, stop: int) -> list[Outcome]:
        return [
            replace(each, keys=(f"{tier}-{model}-{number}",))
            for number, each in enumerate(outcomes(suite, tier))
            if start <= number < stop
        ]

    given = [*of("cheap", "1", 0, 25), *of("cheap", "2", 25, 40), *of("dear", "1", 0, 40)]
    served = {key: key.rpartition("-")[0] for outcome in given for key in outcome.keys}
    behind = registry.models(given, served)["sums"]

    now = registry.stand(suite, LADDER, behind, units(suite), before)
    evident = registry.counted(given, served, {"sums": now.registered})
    row = table.table(evident, [suite], LADDER, {"sums": now})[0]

    assert behind == {"cheap": {"cheap-1", "cheap-2"}, "dear": {"dear-1"}}
    assert (row.n, row.read, row.holes) == (15, 15, 0.0)


def test_a_registration_survives_the_manifest(tmp_path: Path, suite: Suite, before: Registered) -> None:
    evidence = report.Evidence(answers={}, priced_on="2026-11-22", price_source="x", spent=Decimal(0))
    kept = replace(before, mix={"sums.1": Decimal("0.10")})
    ledger.save(tmp_path / "r", {"manifest.json": report.manifest([suite], LADDER, evidence, {"sums": kept})})

    assert ledger.registered([tmp_path / "none", tmp_path / "r"]) == {"sums": kept}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"suites": [{"id": "sums"}]}', '{"suites": [5]}', "nonsense"])
def test_a_manifest_without_registrations_has_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)

    assert ledger.registered([tmp_path]) == {}


def test_a_registration_that_is_none_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text('{"suites": [{"id": "sums", "registered": {"version": "1-A", "ordre": []}}]}')

    with pytest.raises(BadInput) as caught:
        ledger.registered([tmp_path])

    assert str(caught.value) == f"{path}: sums.registered: ordre: unknown key (did you mean 'order'?)"
