"""Sizing a suite at the command line."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from worlds import response, write_suite

from harness import plan, sizing, stats, suites, tiers
from harness.answers import write_answers
from harness.cli import main
from harness.values import Rule, Usage

DOCS = Path(__file__).parent.parent.parent / "docs"

LADDER = """
title = "Toy"
unit = "credits"
[[tier]]
name = "cheap"
provider = "openai-compatible"
model = "cheap"
base_url = "http://localhost/v1"
price = { input = "100", output = "100", unit = "credits", on = "2026-11-22", source = "declared" }
[[tier]]
name = "dear"
provider = "openai-compatible"
model = "dear"
base_url = "http://localhost/v1"
price = { input = "900", output = "900", unit = "credits", on = "2026-11-22", source = "declared" }
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's repository with one suite and one ladder."""
    write_suite(tmp_path)
    monkeypatch.chdir(tmp_path)
    Path("toy.toml").write_text(LADDER)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        code = main(["power", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_the_whole_output(run: Run) -> None:
    code, out, err = run("sums", "--sizes", "20,80", "--quality", "0.95", "--quality", "0.7")

    assert code == 0
    assert (
        out
        == """\
tier         passes  units  sufficient  insufficient  inconclusive  of these futile  expected units
passes 0.95  0.95    20     0%          0%            100%          0%               20
passes 0.95  0.95    40 *   45%         0%            55%           17%              35
passes 0.95  0.95    80     82%         0%            18%           3%               53
passes 0.7   0.7     20     0%          23%           77%           0%               19
passes 0.7   0.7     40 *   0%          6%            94%           94%              20
passes 0.7   0.7     80     0%          0%            100%          100%             25

* sums has 40 units; no tier is ever proved with fewer than 29 (margin 0.10, alpha 0.05, bar 0.80)
proved soonest, if tier and reference pass everything: after 36 units
proved with a chance of 80%, if the tier passes 0.95 and the reference 0.95: with about 78 units
"""
    )
    assert err == (
        "assumed: failures correlated at 0.4, one pass or fail a unit, a horizon of all units; "
        "2000 simulated runs, so chances are good to about 1 point\n"
    )
    assert run("sums", "--sizes", "20,80", "--quality", "0.95", "--quality", "0.7")[1] == out


@pytest.mark.parametrize(
    ("words", "said"), [(("--sizes", "20"), "not with 40 units\n"), (("--sizes", "120,90"), "with about 81 units\n")]
)
def test_what_is_enough_is_said_within_the_sizes_compared(run: Run, words: tuple[str, ...], said: str) -> None:
    assert run("sums", *words)[1].endswith(said)


def test_the_smallest_size_may_be_more_than_enough(run: Run) -> None:
    assert run("sums", "--bar", "0.5", "--margin", "0.3", "--sizes", "60")[1].endswith(": with 40 or fewer units\n")


def test_options_replace_the_suites_rule(run: Run) -> None:
    words = ("--margin", "0.05", "--alpha", "0.1", "--bar", "0.9", "--reference", "0.97", "--correlation", "0.1")

    code, out, _ = run("sums", "--sizes", "100", *words, "--format", "json")

    first, *_ = records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [record["units"] for record in records] == [40, 100] * 3
    assert [record["quality"] for record in records[::2]] == [0.97, 0.92, 0.87]
    assert (first["margin"], first["alpha"], first["bar"], first["least_units"]) == ("0.05", "0.1", "0.9", 45)
    assert (first["reference"], first["correlation"], first["own"], first["unit"]) == (0.97, 0.1, True, None)


def test_a_ladder_says_what_it_costs_by_the_lengths_of_its_answers(run: Run) -> None:
    made = plan.plan(tiers.load("toy.toml"), [suites.load(suites.find("sums"))])
    answers = [
        (ask.requests[0], response(ask.sample.target, usage=Usage(input=90, output=10)))
        for ask in made.asks
        if ask.tier.name == "cheap"
    ]
    write_answers(Path("results/toy/answers/sums.jsonl"), answers)
    Path("results/toy/manifest.json").write_text("{}")

    _, out, err = run("sums", "--ladder", "toy.toml", "--sizes", "80", "--format", "json")
    text = run("sums", "--ladder", "toy.toml", "--sizes", "80")[1]

    record = json.loads(out.splitlines()[0])
    # A hundred tokens, for 100 and 900 credits a million.
    assert float(record["expected_cost"]["cheap"]) == pytest.approx(0.1 * record["expected_units"], rel=0.02)
    assert record["unit"] == "credits"
    assert "costs are of the tier and of dear together, live, at the prices of " in err
    assert "lengths of cheap: 40 answers and other tiers' answers\n" in err
    assert text.splitlines()[0].endswith("expected units  cheap (credits)")


def test_a_ladder_that_starts_with_its_cheapest_tier_shares_alpha(run: Run) -> None:
    middle = LADDER.split("[[tier]]")[1].replace("cheap", "middle")
    Path("three.toml").write_text(
        f"{LADDER}\n[[tier]]{middle}".replace("[[tier]]", 'floors = "cheap-first"\n[[tier]]', 1)
    )

    _, out, err = run("sums", "--ladder", "three.toml", "--sizes", "80")

    assert "fewer than 36 (margin 0.10, alpha 0.025, bar 0.80)" in out
    assert "three: the cheapest tier is tried first, so alpha is shared by 2 tiers\n" in err
    assert "alpha 0.05" in run("sums", "--ladder", "toy.toml", "--sizes", "80")[1]


def test_a_ladder_that_shares_alpha_between_rows_says_so(run: Run) -> None:
    Path("rows.toml").write_text(LADDER.replace("[[tier]]", "table_alpha = true\n[[tier]]", 1))

    assert (
        "rows: its alpha is shared by all rows of a table" in run("sums", "--ladder", "rows.toml", "--sizes", "80")[2]
    )


def test_samples_of_one_template_are_one_unit(run: Run) -> None:
    data = Path("suites/sums/data/sums.public.jsonl")
    data.write_text(data.read_text().replace('"template":"l1-1"', '"template":"l1-0"'))

    _, out, err = run("sums", "--sizes", "80")

    assert "39 *" in out
    assert "sums: its horizon is 40, not its 39 units\n" in err
    assert "sums: units average several answers" in err


def test_the_page_shows_what_the_command_prints(run: Run) -> None:
    text = (DOCS / "power.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^    tierfloor power (.+)$", text, re.MULTILINE)

    code, out, _ = run(*shlex.split(command))

    assert code == 0
    assert f"-->\n```\n{out}```\n<!-- end of output -->" in text


def test_the_picture_of_the_page_is_of_the_numbers_it_shows() -> None:
    suite = suites.load(suites.find("classification"))
    made = sizing.forecast(suite, suite.rule, sizing.scenarios(suite.rule, 0.95, 0.4), sizing.sizes(suite.rule, 150))

    assert f"inputs {sizing.fingerprint(made)}" in (DOCS / "power.svg").read_text(encoding="utf-8")


def test_the_least_units_of_the_page_are_those_of_the_rule() -> None:
    text = (DOCS / "power.md").read_text(encoding="utf-8")
    rule = Rule(margin=Decimal("0.1"), alpha=Decimal("0.05"), bar=Decimal("0.5"), horizon=1, method="sequential")

    shown = re.findall(r"^\| (0\.\d\d) \| (\d+) \| (\d+) \|$", text, re.MULTILINE)

    assert len(shown) == 4
    for margin, full, half in shown:
        needed = [
            stats.least_units(replace(rule, margin=Decimal(margin), alpha=Decimal(alpha)))
            for alpha in ("0.05", "0.025")
        ]
        assert needed == [int(full), int(half)]
    bars = [stats.least_units(replace(rule, margin=Decimal("0.5"), bar=Decimal(bar))) for bar in ("0.8", "0.9", "0.95")]
    assert f"0.80 for {bars[0]} units, 0.90 for {bars[1]}, 0.95 for {bars[2]} at alpha 0.05" in text


@pytest.mark.slow
@pytest.mark.parametrize(("name", "start"), [("chances.svg", b"<?xml"), ("chances.png", b"\x89PNG")])
def test_the_plot_is_written(run: Run, name: str, start: bytes) -> None:
    code, _, err = run("sums", "--sizes", "40,80", "--plot", name)

    assert code == 0
    assert err.endswith(f"{name}: written\n")
    assert Path(name).read_bytes().startswith(start)


@pytest.mark.slow
@pytest.mark.parametrize("margin", ["0.02", "0.10"])
def test_the_answer_comes_at_once(run: Run, margin: str) -> None:
    started = time.process_time()

    assert run("sums", "--margin", margin)[0] == 0

    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--sizes", "50,x"), "tierfloor power: argument --sizes: '50,x': not numbers; write them as 50,100,200"),
        (("--sizes", "0"), "tierfloor power: argument --sizes: 0: each must be between 1 and 5000"),
        (("--quality", "1.2"), "tierfloor power: argument --quality: 1.2: must be between 0 and 1"),
        (("--reference", "nan"), "tierfloor power: argument --reference: nan: must be between 0 and 1"),
        (("--margin", "1.5"), "rule.margin: 1.5 is not between 0 and 1"),
        (("--bar", "high"), "--bar: not a decimal: 'high'"),
        (("--plot", "chances.pdf"), "--plot chances.pdf: neither .svg nor .png"),
        (("--ladder", "nowhere"), "ladder: no ladder named 'nowhere'"),
    ],
)
def test_misuse_is_one_line(run: Run, words: tuple[str, ...], message: str) -> None:
    code, out, err = run("sums", *words)

    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert err.count("\n") == 1
