"""Commands as a user types them: whole outputs, exit codes, and files left behind."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from batch_server import BatchServer
from batch_world import KEY, MODELS
from batch_world import LADDER as BATCH_LADDER
from loopback import SumServer
from worlds import response, write_suite

from harness import plan, suites, tiers
from harness.cache import Cache
from harness.cli import main

LADDER = """\
title = "Two servers"
unit = "credits"

[[tier]]
name = "sloppy"
provider = "openai-compatible"
model = "sloppy"
base_url = "{url}"
price = {{ input = "100", output = "100", unit = "credits", on = "2026-11-22", source = "declared" }}

[[tier]]
name = "careful"
provider = "openai-compatible"
model = "careful"
base_url = "{url}"
price = {{ input = "1000", output = "1000", unit = "credits", on = "2026-11-22", source = "declared" }}
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[SumServer]:
    with SumServer() as running:
        yield running


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: SumServer) -> Path:
    """A user's repository: one suite and one ladder, nothing asked yet."""
    write_suite(tmp_path)
    (tmp_path / "toy.toml").write_text(LADDER.format(url=server.url))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out, err = capsys.readouterr()
        return code, out, err

    return command


JOB = ("run", "sums", "--ladder", "toy.toml")


def test_the_whole_job_in_one_command(world: Path, run: Run, server: SumServer) -> None:
    server.asked.clear()

    code, out, err = run(*JOB)

    lines = out.splitlines()
    assert code == 0
    assert lines[0].split()[:6] == ["kind", "of", "work", "level", "tier", "n"]
    floor = next(line for line in lines if line.split()[:4] == ["sums", "all", "careful", "careful"])
    assert "sloppy: " in floor
    assert "asking up to 80 requests until decided: about" in err
    assert "round 1: 16 requests: sums/sloppy after 0 units, about " in err
    assert {
        f.relative_to(world / "results" / "toy").as_posix() for f in (world / "results").rglob("*") if f.is_file()
    } == {
        "answers/sums.jsonl",
        "curves/sums.svg",
        "manifest.json",
        "outcomes/sums.jsonl",
        "routing.json",
        "routing.md",
        "table.csv",
    }
    assert sum(server.asked.values()) == 64
    assert "64 of 80 requests" in err


def test_the_answers_of_a_run_until_decided_are_enough_for_everything_else(world: Path, run: Run) -> None:
    _, first, _ = run(*JOB)

    code, again, err = run(*JOB, "--offline")

    assert (code, again) == (0, first)
    assert "round" not in err
    assert run("route", "--check", "--ladder", "toy.toml")[0] == 0
    code, _, err = run(*JOB, "--until", "all", "--offline")
    assert (code, "16 answers are not stored (sums/sloppy 8, sums/careful 8)" in err) == (3, True)


def test_a_run_of_all_samples_adds_to_what_decided(world: Path, run: Run, server: SumServer) -> None:
    run(*JOB)
    decided = json.loads((world / "results" / "toy" / "routing.json").read_text())["routes"][0]
    server.asked.clear()

    code, out, err = run(*JOB, "--until", "all")

    assert code == 0
    assert "asking 16 requests: about" in err
    assert sum(server.asked.values()) == 16
    everything = json.loads((world / "results" / "toy" / "routing.json").read_text())["routes"][0]
    assert (decided["floor"], decided["status"]) == (everything["floor"], everything["status"])
    assert [evidence["n"] for evidence in (*decided["evidence"], *everything["evidence"])] == [32, 32, 40, 40]
    # What is stored beyond the decision is used, not thrown away.
    assert run(*JOB)[:2] == (0, out)


def test_a_part_is_asked_in_full_unless_a_decision_is_asked_for(world: Path, run: Run, server: SumServer) -> None:
    server.asked.clear()
    assert run(*JOB, "--limit", "36")[0] == 0
    assert sum(server.asked.values()) == 72
    shutil.rmtree(world / "cache-of-test")
    server.asked.clear()

    assert run(*JOB, "--limit", "36", "--until", "decided")[0] == 0
    assert sum(server.asked.values()) == 64


def test_a_decision_that_was_demanded_and_is_not_there_is_incomplete(world: Path, run: Run) -> None:
    """Two tiers alike, and too few samples to show it."""
    ladder = world / "toy.toml"
    ladder.write_text(ladder.read_text().replace('model = "sloppy"', 'model = "careful"'))
    suite = world / "suites" / "sums" / "suite.toml"
    suite.write_text(suite.read_text().replace('margin = "0.10"', 'margin = "0.05"'))

    code, out, _ = run(*JOB)
    assert (code, run("route", "--check", "--ladder", "toy.toml")[0]) == (0, 0)

    code, again, err = run(*JOB, "--until", "decided")
    assert (code, again) == (3, out)
    assert err.splitlines()[-1].startswith("run: undecided with all samples that may be asked: sums/sloppy (too few ")


def test_a_budget_that_ends_before_the_decision_keeps_what_was_paid(world: Path, run: Run) -> None:
    code, out, err = run(*JOB, "--budget", "0.5")

    assert code == 4
    assert err.splitlines()[-1].startswith("budget: ")
    assert re.search(r"^sums +all +sloppy .* inconclusive: budget \(about \d+ units more\) ", out, re.MULTILINE)
    assert re.search(r"^sums +all +undecided +careful .* careful: budget$", out, re.MULTILINE)
    assert not (world / "results").exists()
    assert run(*JOB, "--budget", "50")[0] == 0


@pytest.mark.slow
def test_batches_go_in_rounds_where_a_decision_is_asked_for(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    with BatchServer() as server:
        urls = {"first": server.url("anthropic"), "second": server.url("openai")}
        Path("toy.toml").write_text(BATCH_LADDER.format(**MODELS, **urls))

        # Handed in, not waited for: the next round would follow from its answers.
        server.polls = 1
        code, _, err = run(*JOB, "--batch", "--no-wait", "--until", "decided", "--budget", "5")
        assert (code, "16 answers are under way in 2 batches" in err) == (3, True)
        assert server.sizes == [8, 8]

        server.polls = 0
        code, _, err = run(*JOB, "--batch", "--until", "decided", "--budget", "5")
        assert code == 0, err
        assert set(server.sizes) == {8}
        assert sum(server.sizes) <= 80
        assert set(server.paid.values()) == {1}


def test_rounds_end_where_nothing_of_a_batch_succeeds(world: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    with BatchServer() as server:
        urls = {"first": server.url("anthropic"), "second": server.url("openai")}
        Path("toy.toml").write_text(BATCH_LADDER.format(**MODELS, **urls))
        server.fate = lambda _: "bad"

        code, _, err = run(*JOB, "--batch", "--until", "decided", "--budget", "5")

    assert (code, server.sizes) == (3, [8, 8])
    assert "16 outcomes are errors" in err.splitlines()[-1]


def test_a_second_run_asks_nothing_and_changes_nothing(world: Path, run: Run, server: SumServer) -> None:
    _, first, _ = run(*JOB)
    before = {path: path.read_bytes() for path in (world / "results").rglob("*.*")}
    server.asked.clear()
    shutil.rmtree(world / "cache-of-test")

    code, again, err = run(*JOB, "--offline")

    assert (code, again) == (0, first)
    assert "up to date" in err
    assert {path: path.read_bytes() for path in (world / "results").rglob("*.*")} == before
    assert not server.asked


def test_the_check_passes_until_a_margin_a_checker_or_a_sample_changes(world: Path, run: Run) -> None:
    run(*JOB)
    check = ("route", "--check", "--ladder", "toy.toml")
    folder = world / "suites" / "sums"
    original = {path: path.read_text() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}

    assert run(*check)[0] == 0
    for file, old, new in (
        ("suite.toml", 'margin = "0.10"', 'margin = "0.20"'),
        ("checker.py", "[:80]", "[:70]"),
        ("data/sums.public.jsonl", " = ?", " ="),
    ):
        path = folder / file
        path.write_text(original[path].replace(old, new, 1))
        code, _, err = run(*check)
        assert (code, "stale" in err) == (1, True), file
        path.write_text(original[path])
    assert run(*check)[0] == 0


def test_what_a_run_fixed_is_on_disk_before_it_asks(world: Path, run: Run, server: SumServer) -> None:
    server.asked.clear()

    code, _, err = run(*JOB, "--budget", "0")
    (path,) = (world / "cache-of-test" / "registered" / "toy").glob("*.json")

    kept = json.loads(path.read_text())
    assert (code, sum(server.asked.values()), "spent 0 credits" in err) == (4, 0, True)
    assert (path.name, kept["rule"]["margin"], kept["seen"], kept["lazy"]) == ("sums.json", "0.10", 0, True)


def test_a_margin_changed_after_answers_is_marked_though_no_results_were_published(world: Path, run: Run) -> None:
    suite = world / "suites" / "sums" / "suite.toml"
    assert run(*JOB, "--budget", "0.3")[0] == 4
    assert not (world / "results").exists()

    suite.write_text(suite.read_text().replace('margin = "0.10"', 'margin = "0.20"'))
    code, out, _ = run(*JOB)

    assert code == 0
    assert "post-hoc, margin 0.10 became 0.20" in out
    assert "(post-hoc)" in (world / "results/toy/routing.md").read_text()
    published = json.loads((world / "results/toy/manifest.json").read_text())["suites"][0]["registered"]
    assert published["rule"]["margin"] == "0.10"


def test_a_margin_changed_before_the_first_answer_is_free(world: Path, run: Run) -> None:
    suite = world / "suites" / "sums" / "suite.toml"
    assert run(*JOB, "--budget", "0")[0] == 4

    suite.write_text(suite.read_text().replace('margin = "0.10"', 'margin = "0.20"'))
    code, out, _ = run(*JOB)

    assert (code, "post-hoc" in out) == (0, False)


def test_results_that_were_deleted_do_not_take_what_was_fixed_with_them(world: Path, run: Run) -> None:
    suite = world / "suites" / "sums" / "suite.toml"
    assert run(*JOB)[0] == 0
    shutil.rmtree(world / "results")

    suite.write_text(suite.read_text().replace('margin = "0.10"', 'margin = "0.20"'))
    code, out, _ = run(*JOB)

    assert (code, "post-hoc, margin 0.10 became 0.20" in out) == (0, True)


def test_a_damaged_registration_is_one_line(world: Path, run: Run) -> None:
    assert run(*JOB, "--budget", "0")[0] == 4
    (path,) = (world / "cache-of-test" / "registered" / "toy").glob("*.json")
    path.write_text("{")

    code, _, err = run(*JOB)

    assert (code, err) == (2, f"{path}: is damaged: put it right, or start a new cache (TIERFLOOR_CACHE)\n")


def test_a_run_of_one_suite_keeps_the_others_in_the_results(world: Path, run: Run) -> None:
    run(*JOB)
    shutil.copytree(world / "suites" / "sums", world / "suites" / "more")
    for path in (world / "suites" / "more").rglob("*.*"):
        if path.suffix in {".toml", ".jsonl", ".py", ".md"}:
            path.write_text(path.read_text().replace("sums", "more"))
        if path.name.startswith("sums."):
            path.rename(path.with_name(path.name.replace("sums", "more")))

    assert run("run", "more", "--ladder", "toy.toml")[0] == 0

    table = json.loads((world / "results" / "toy" / "routing.json").read_text())
    assert {route["category"] for route in table["routes"]} == {"more", "sums"}
    assert run("route", "--check", "--ladder", "toy.toml")[0] == 0


def test_route_makes_the_results_anew_from_the_answers(world: Path, run: Run, server: SumServer) -> None:
    run(*JOB)
    routing = world / "results" / "toy" / "routing.json"
    kept = routing.read_bytes()
    routing.unlink()
    server.asked.clear()

    assert run("route", "--check", "--ladder", "toy.toml")[0] == 1
    assert run("route", "--ladder", "toy.toml")[0] == 0
    assert routing.read_bytes() == kept
    assert not server.asked


def test_the_routing_table_is_readable_by_programs(world: Path, run: Run) -> None:
    run(*JOB, "--until", "all")

    table = json.loads((world / "results" / "toy" / "routing.json").read_text())

    overall = next(route for route in table["routes"] if route["level"] is None)
    assert (table["format"], table["reference"], table["unit"]) == ("tierfloor.routing/1", "careful", "credits")
    assert (overall["status"], overall["floor"], overall["use"]) == ("proved", "careful", "careful")
    assert [evidence["n"] for evidence in overall["evidence"]] == [40, 40]
    assert overall["rule"]["margin"] == "0.10"


def test_the_results_say_what_routing_saves(world: Path, run: Run) -> None:
    code, _, _ = run(*JOB)
    saved = json.loads((world / "results/toy/routing.json").read_text())["savings"]
    page = (world / "results/toy/routing.md").read_text()

    assert code == 0
    assert (
        "\n## Savings\n\nNo tier below the reference is proved on any kind of work, so floors save nothing.\n" in page
    )
    assert "| all careful |" in page
    assert [(each["category"], each["use"]) for each in saved] == [("sums", "careful")]
    assert {policy["policy"] for policy in saved[0]["policies"]} == {"reference", "cascade"}


def test_a_plan_says_what_is_stored_and_what_it_may_cost(world: Path, run: Run) -> None:
    run(*JOB, "--tier", "sloppy")

    code, out, _ = run("plan", "sums", "--ladder", "toy.toml", "--format", "json")

    *rows, expected = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert (expected["until"], expected["most"], 0 < expected["requests"][0] <= 40) == ("decided", 40, True)
    assert [(row["tier"], row["requests"], row["stored"], row["to_ask"]) for row in rows] == [
        ("sloppy", 40, 40, 0),
        ("careful", 40, 0, 40),
    ]
    assert float(rows[1]["worst"]) > float(rows[1]["expected"]) > 0


def test_an_offline_miss_says_what_is_missing_and_what_it_would_cost(world: Path, run: Run) -> None:
    code, out, err = run(*JOB, "--offline")

    assert (code, out) == (3, "")
    assert err.startswith(
        "offline: 80 answers are not stored (sums/sloppy 40, sums/careful 40); asking them would cost about"
    )


RECORDED = """
[[tier]]
name = "recorded"
provider = "local"
model = "recorded"
weights = "smollm2-135m-instruct-q4_1"
engine = "xllamacpp 2026.10.11549"
temperature = "0"
seed = 1
price = { input = "1", output = "1", unit = "credits", on = "2026-11-22", source = "declared" }
"""


def record(world: Path, count: int) -> None:
    """Store answers to the first samples as if the weights of `recorded` had been here."""
    suite = suites.narrow(suites.load(Path("suites/sums")), limit=count)
    asks = plan.plan(tiers.load("toy.toml"), [suite], only={"recorded"}).asks
    with Cache.open(world / "cache-of-test") as cache:
        for ask in asks:
            cache.add(ask.requests[0], response(ask.sample.target))


def test_what_a_recording_did_not_reach_stays_open_where_the_weights_are_not(world: Path, run: Run) -> None:
    with (world / "toy.toml").open("a") as file:
        file.write(RECORDED)
    record(world, 30)

    code, out, err = run(*JOB, "--until", "all")

    assert code == 0
    assert "the recording lacks 10 answers and the weights to ask for them: tierfloor pull" in err
    assert re.search(r"sums +all +recorded \(reference\) +30/40 ", out)
    assert run("route", "--check", "--ladder", "toy.toml")[0] == 0
    code, _, err = run(*JOB, "--offline")
    assert (code, "10 answers are not stored (sums/recorded 10)" in err) == (3, True)


def test_a_local_tier_without_any_recording_asks_for_its_weights(world: Path, run: Run) -> None:
    with (world / "toy.toml").open("a") as file:
        file.write(RECORDED)

    code, _, err = run(*JOB)

    assert code == 2
    assert "pull" in err.splitlines()[-1] or "tierfloor[local]" in err.splitlines()[-1]


def test_a_budget_stops_the_run_and_keeps_what_was_paid(world: Path, run: Run) -> None:
    code, _, err = run(*JOB, "--tier", "careful", "--budget", "0.5")
    stored = json.loads(run("cache", "stats", "--format", "json")[1].splitlines()[-1])["answers"]

    assert code == 4
    assert "budget: " in err
    assert 0 < stored < 40
    assert not (world / "results").exists()


def test_fresh_and_limited_runs_print_outcomes_and_leave_the_results_alone(world: Path, run: Run) -> None:
    code, out, _ = run(*JOB, "--tier", "sloppy", "--fresh", "7", "--limit", "12", "--format", "json")

    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len([each for each in records if "sample" in each]) == 12
    assert not (world / "results").exists()


def test_epochs_ask_again_under_other_keys(world: Path, run: Run, server: SumServer) -> None:
    server.asked.clear()

    run(*JOB, "--tier", "sloppy", "--limit", "5", "--epochs", "3")

    assert sorted(server.asked.values()) == [3] * 5


def test_answers_travel_as_json_lines(world: Path, run: Run) -> None:
    run(*JOB, "--tier", "sloppy")

    assert run("cache", "export", "a.jsonl") == (0, "a.jsonl: 40 answers\n", "")
    shutil.rmtree(world / "cache-of-test")
    assert run("cache", "import", "a.jsonl") == (0, "a.jsonl: 40 answers added, 0 already there\n", "")
    assert run("cache", "verify") == (0, "", "")
    assert run(*JOB, "--tier", "sloppy", "--offline")[0] == 0


def test_curves_are_drawn_as_png_on_demand(world: Path, run: Run) -> None:
    run(*JOB)

    code, out, _ = run("plot", "--ladder", "toy.toml", "--png")

    assert (code, out.split()) == (0, ["results/toy/curves/sums.svg", "results/toy/curves/sums.png"])
    assert (world / "results/toy/curves/sums.png").read_bytes().startswith(b"\x89PNG")


def test_real_money_needs_a_budget(world: Path, run: Run) -> None:
    code, _, err = run("run", "sums", "--ladder", "anthropic")

    assert code == 2
    assert err.startswith("budget: up to 120 requests until decided would cost about ")
    assert err.endswith("say what may be spent with --budget AMOUNT\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("rnu",), 2, "tierfloor: no command 'rnu' (did you mean 'run'?); see tierfloor --help"),
        (("run", "sumz"), 2, "sumz: no such suite (did you mean 'sums'?)"),
        (("run", "--ladder", "antropic"), 2, "did you mean 'anthropic'?"),
        ((*JOB, "--tier", "slopy"), 2, "did you mean 'sloppy'?"),
        ((*JOB, "--tier", "sloppy", "--until", "decided"), 2, "compares tiers with their reference; leave --tier out"),
        ((*JOB, "--until", "never"), 2, "argument --until: 'never': must be decided or all"),
        ((*JOB, "--limit", "0"), 2, "argument --limit: 0: must be at least 1"),
        ((*JOB, "--budget", "lots"), 2, "--budget: not a decimal: 'lots'"),
        ((*JOB, "--level", "5"), 2, "selection: no samples left; widen --level or --limit"),
        (("route", "--ladder", "toy.toml"), 2, "no results of the ladder 'toy' yet; start with: tierfloor run"),
        (("lint", "sums", "--mutants", "0"), 2, "argument --mutants: 0: must be at least 1"),
        (("cache", "import"), 2, "the following arguments are required: FILE"),
        (("cache", "import", "absent.jsonl"), 2, "absent.jsonl: cannot read the answers: No such file"),
        (("run", "--gguf", "absent.gguf"), 2, "absent.gguf: no such file"),
        ((), 2, "COMMAND"),
    ],
)
def test_mistakes_are_one_line(world: Path, run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    got, out, err = run(*words)

    assert (got, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1


def test_lint_proves_the_suite_and_fails_a_broken_one(world: Path, run: Run) -> None:
    assert run("lint", "sums")[0] == 0
    assert run("lint", "sums", "--mutants")[1] == run("lint", "sums")[1]  # it names no answers to be mutated
    checker = world / "suites" / "sums" / "checker.py"
    checker.write_text(checker.read_text().replace("!= sample.target", "== 'never'"))

    code, out, err = run("lint", "sums")

    assert (code, err.count("\n")) == (1, 1)
    assert "off: must fail, but it passes" in out


def test_generate_writes_the_frozen_files(world: Path, run: Run) -> None:
    (world / "suites/sums/data/sums.public.jsonl").unlink()

    assert run("generate", "sums") == (0, "suites/sums/data/sums.public.jsonl: 40 samples\n", "")
    assert run("generate", "sums") == (0, "suites/sums/data/sums.public.jsonl: 40 samples, unchanged\n", "")


def test_generate_writes_the_controls_where_a_program_makes_them(world: Path, run: Run) -> None:
    manifest = world / "suites/sums/suite.toml"
    manifest.write_text(manifest.read_text().replace("[rule]", 'controls = "proof.py:controls"\n\n[rule]', 1))
    (world / "suites/sums/proof.py").write_text(PROOF)

    code, out, _ = run("generate", "sums")

    assert (code, out.splitlines()[1:]) == (0, ["suites/sums/controls.jsonl: 2 controls"])
    assert run("lint", "sums")[0] == 0
    assert run("generate", "sums")[1].splitlines()[1:] == ["suites/sums/controls.jsonl: 2 controls, unchanged"]


PROOF = """
from harness.values import Control


def controls(samples):
    first = samples[0]
    yield Control(id="right", sample=first.id, answer=first.target, expect="pass", why="the sum")
    yield Control(id="none", sample=first.id, answer="no", expect="fail", why="unparsable")
"""


def test_listings_come_as_text_and_as_json(world: Path, run: Run) -> None:
    code, out, _ = run("suites", "--format", "json")
    assert code == 0
    assert {"sums", "classification"} <= {json.loads(line)["id"] for line in out.splitlines()}
    code, out, _ = run("ladders")
    assert code == 0
    assert "local             smol" in out
