"""The calibration with few runs: the promises hold within three standard errors, and the page can be made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calibration import calibrate, draws, measures, page, rivals
from calibration.page import Results

from harness.stats import bet_lazily, lazy_log_wealth, tango_z, wilson
from harness.stats.comparison import mcnemar_p, wald

SMALL = calibrate.Effort(runs=800, sizes=(100,), horizons=(200,))


@pytest.fixture(scope="module")
def results() -> Results:
    return calibrate.measure(SMALL)


@pytest.mark.slow
def test_our_tests_err_no_more_than_promised_and_show_what_they_showed(results: Results) -> None:
    assert calibrate.faults(results, deviations=3) == []


@pytest.mark.slow
def test_a_test_that_errs_too_often_is_found(results: Results) -> None:
    (first, *rest) = results.rates["0.05"]
    broken = replace(results, rates={"0.05": [replace(first, ours=True), *rest]})

    assert calibrate.faults(broken, deviations=3) == [
        f"{first.rule}, {first.world}, n = 100: wrong in {first.rate:.2%}"
    ]


@pytest.mark.slow
def test_other_rules_err_as_often_as_they_are_known_to(results: Results) -> None:
    rates = {(rate.rule, rate.world): rate.rate for rate in results.rates["0.05"]}
    trap = {each.procedure: each.wrong for each in results.routed[200] if each.world == "trap .91/.91/.96"}

    assert rates["not significantly worse (McNemar)", "passes and fails"] == pytest.approx(0.908, abs=5e-4)
    assert rates["Wald limit", "passes and fails"] == pytest.approx(0.118, abs=5e-4)
    assert rates[measures.EXACT, "passes and fails"] == pytest.approx(0.044, abs=5e-4)
    assert trap["point estimate within the margin"] == pytest.approx(0.709, abs=0.08)
    assert trap["not significantly worse (McNemar)"] == pytest.approx(0.988, abs=0.03)
    assert trap["e-process, cheap-first, alpha not shared"] == pytest.approx(0.079, abs=0.05)


@pytest.mark.slow
def test_the_page_and_the_figure_are_the_same_twice(results: Results, tmp_path: Path) -> None:
    for name in ("one.svg", "two.svg"):
        page.figure(results, tmp_path / name)

    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    text = page.text(results)
    assert text.count("| **betting e-process** |") == 8
    assert "trap .91/.91/.96" in text


@pytest.mark.slow
def test_the_check_sees_a_page_or_a_figure_that_would_change(results: Results, tmp_path: Path) -> None:
    path, drawn = tmp_path / "calibration.md", tmp_path / "calibration.svg"
    path.write_text(page.text(results))
    page.figure(results, drawn)
    assert calibrate.stale(results, tmp_path) == []

    path.write_text(page.text(results).replace("At most 5 % is right.", "At most 6 % is right.", 1))
    drawn.unlink()

    (first, second) = calibrate.stale(results, tmp_path)
    number = page.text(results).splitlines().index(next(x for x in page.text(results).splitlines() if "At most" in x))
    assert first.startswith(f"{path}:{number + 1}: would change from 'At most 6 % is right.")
    assert second.startswith(f"{drawn}: was drawn from other figures")


def test_rules_on_many_rows_say_what_they_say_of_one() -> None:
    n, margin = 60, 0.05
    counts = np.random.default_rng(1).multinomial(n, [0.05, 0.1, 0.85], size=200).astype(float)
    wins, losses = counts[:, 0], counts[:, 1]

    rows = {
        "tango": rivals.tango(wins, losses, n, margin).tolist(),
        "wald": rivals.wald(wins, losses, n, margin).tolist(),
        "mcnemar": rivals.not_significant(wins, losses).tolist(),
    }

    pairs = list(zip(wins, losses, strict=True))
    assert rows["tango"] == [tango_z(won, lost, n, -margin) >= rivals.ONE_SIDED for won, lost in pairs]
    assert rows["wald"] == [wald(won, lost, n, 0.9)[0] >= -margin for won, lost in pairs]
    assert rows["mcnemar"] == [mcnemar_p(int(won), int(lost)) > 0.05 or won >= lost for won, lost in pairs]
    assert all(len(set(found)) == 2 for found in rows.values())


def test_rules_on_rates_alone() -> None:
    passes = np.arange(41.0)

    assert rivals.hits_target(passes, 40).argmax() == 38
    assert rivals.keeps_share(passes, np.full(41, 40.0), 40).argmax() == 38
    assert not rivals.keeps_share(passes[:10], passes[:10], 9).any()
    assert wilson(int(rivals.wilson_low(passes, 40).argmax()), 40, 0.95)[0] >= 0.9


def test_lazy_rows_are_filled_as_one_is() -> None:
    rule = replace(measures.RULE, horizon=90)
    passes = draws.ladder(np.random.default_rng(3), 40, 90, (0.97, 0.95))

    alone = [max(lazy_log_wealth(list(row[:, 0]), list(row[:, 1]), rule).filled) >= np.log(20) for row in passes]

    assert measures.filled_share(passes, rule) == np.mean(alone)
    assert 0 < np.mean(alone) < 1


def test_rows_end_laziness_as_a_run_does() -> None:
    rule = replace(measures.RULE, horizon=90)
    passes = draws.ladder(np.random.default_rng(3), 60, 90, (0.97, 0.95))

    alone = [
        max(lazy_log_wealth(tier, list(row[:, 1]), rule, lazily=bet_lazily(tier)).filled) >= np.log(20)
        for row in passes
        for tier in [row[:, 0].tolist()]
    ]

    assert measures.filled_share(passes, rule, ending=True) == np.mean(alone)
    assert 0 < np.mean(alone) < 1


@pytest.mark.parametrize("make", ["ladder", "epochs", "templates", "mixed", "disasters"])
def test_worlds_have_the_truth_that_they_are_said_to_have(make: str) -> None:
    rng = np.random.default_rng(8)
    if make == "mixed":
        gaps, shares = draws.mixed(rng, 400, 500, 0.05)
        assert np.average(gaps, weights=shares) == pytest.approx(-0.05, abs=0.003)
        return
    if make == "disasters":
        assert draws.disasters(rng, 400, 500, 0.05).mean() == pytest.approx(-0.05, abs=0.003)
        return
    drawn = {
        "ladder": lambda: draws.ladder(rng, 400, 500, (0.85, 0.9)),
        "epochs": lambda: draws.epochs(rng, 200, 300, (0.85, 0.9), 3),
        "templates": lambda: draws.templates(rng, 200, 300, 5, (0.85, 0.9)),
    }[make]()
    assert drawn.reshape(-1, 2).mean(axis=0) == pytest.approx([0.85, 0.9], abs=0.004)
