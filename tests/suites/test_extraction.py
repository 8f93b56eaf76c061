"""The extraction suite proves itself: its gold is true, its checker decides rightly, its samples are reproducible."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import suites
from harness.errors import CheckerError
from harness.values import Control, Sample, Suite, canonical, digest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "suites" / "extraction"
LEVELS = (1, 2, 3, 4, 5)
FRESH = 100
CODES = {"unparsable", "wrong_shape", "unknown_key", "invented", "omitted", "extra_row", "wrong_value"}
KEYS = ["invoice_number", "issue_date", "due_date", "currency", "buyer", "po_number", "lines", "total", "iban"]

Gold = dict[str, Any]


@pytest.fixture(scope="module")
def suite() -> Suite:
    return suites.load(FOLDER)


@pytest.fixture(scope="module")
def samples(suite: Suite) -> list[Sample]:
    """Everything published, and fresh samples of every level."""
    assert suite.generate is not None
    fresh = [suite.generate("test", level, index) for level in LEVELS for index in range(FRESH)]
    return [*suite.samples, *suites.load(FOLDER, split="dev").samples, *fresh]


@pytest.fixture(scope="module")
def reader() -> ModuleType:
    spec = importlib.util.spec_from_file_location("invoice_reader", Path(__file__).with_name("invoice_reader.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def gold_of(sample: Sample) -> Gold:
    gold: Gold = json.loads(sample.target)
    return gold


def test_the_data_files_are_what_the_generator_makes(suite: Suite) -> None:
    assert suite.generate is not None
    for name in suite.splits:
        rows = [
            canonical(
                {
                    "files": [],
                    "id": sample.id,
                    "input": sample.input,
                    "metadata": dict(sample.metadata),
                    "target": sample.target,
                }
            )
            for sample in suites.generate(suite.splits, suite.generate, split=name)
        ]
        path = FOLDER / "data" / f"extraction.{name}.jsonl"
        assert path.read_bytes().decode() == "".join(row + "\n" for row in rows)


def test_the_generator_gives_the_same_bytes_in_every_process(suite: Suite) -> None:
    code = (
        "import sys; from pathlib import Path; from harness import suites; from harness.values import digest\n"
        "make = suites.load(Path(sys.argv[1])).generate\n"
        "print(digest([[s.id, s.input, s.target, dict(s.metadata)]"
        " for s in (make('again', level, index) for level in range(1, 6) for index in range(20))]))"
    )
    assert suite.generate is not None
    mine = digest(
        [
            [made.id, made.input, made.target, dict(made.metadata)]
            for made in (suite.generate("again", level, index) for level in LEVELS for index in range(20))
        ]
    )
    for seed in ("0", "1", "random"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", code, str(FOLDER)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.strip() == mine


def test_a_second_reader_recovers_the_gold_from_the_text(samples: list[Sample], reader: ModuleType) -> None:
    wrong = [sample.id for sample in samples if reader.read_invoice(sample.input) != gold_of(sample)]

    assert wrong == []


def test_gold_is_consistent_in_itself(samples: list[Sample]) -> None:
    for sample in samples:
        gold = gold_of(sample)
        assert list(gold) == sorted(KEYS)
        lines = gold["lines"]
        assert Decimal(gold["total"]) == sum(Decimal(line["unit_price"]) * line["quantity"] for line in lines)
        assert all(re.fullmatch(r"\d+\.\d\d", amount) for amount in [gold["total"], *(x["unit_price"] for x in lines)])
        assert len({line["sku"] for line in lines}) == len(lines) > 0
        assert gold["due_date"] is None or gold["due_date"] > gold["issue_date"]


def test_nothing_of_python_shows_in_the_text_and_no_date_has_two_readings(samples: list[Sample]) -> None:
    for sample in samples:
        assert not re.search(r"\dE[+-]|None|\bnan\b|[{}]|Decimal|  |\u0000", sample.input), sample.input
        for day, month in re.findall(r"\b(\d\d)[./](\d\d)[./]\d{4}\b", sample.input):
            assert int(day) > 12 >= int(month), sample.input


def test_account_numbers_belong_to_nobody(samples: list[Sample]) -> None:
    found = {iban for sample in samples if (iban := gold_of(sample)["iban"])}

    assert len(found) > 100
    for iban in found:
        assert int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 != 1


def test_every_optional_field_is_absent_in_some_and_present_in_others(samples: list[Sample]) -> None:
    absent = {level: absences([sample for sample in samples if sample.level == level]) for level in LEVELS}

    assert 0.1 < absent[1].pop("iban") < 0.9
    assert absent.pop(1) == {"due_date": 0, "po_number": 1, "vat_id": 1}
    for level, shares in absent.items():
        assert all(0.1 < share < 0.9 for share in shares.values()), (level, shares)


def absences(samples: list[Sample]) -> dict[str, float]:
    """For each optional field the share of samples whose gold is null there."""
    golds = [gold_of(sample) for sample in samples]
    flat = [{**gold, "vat_id": gold["buyer"]["vat_id"]} for gold in golds]
    return {
        field: sum(gold[field] is None for gold in flat) / len(flat)
        for field in ("due_date", "po_number", "vat_id", "iban")
    }


def test_level_1_is_plain(samples: list[Sample]) -> None:
    for sample in (sample for sample in samples if sample.level == 1):
        gold = gold_of(sample)
        [line] = gold["lines"]
        for value in (gold["issue_date"], gold["due_date"], gold["total"], line["unit_price"], gold["iban"] or ""):
            assert value in sample.input, sample.id


def test_the_worked_example_of_the_prompt_is_right_and_no_answer(suite: Suite, samples: list[Sample]) -> None:
    mail, answer = suite.system.split("Example mail:\n")[1].split("\nAnswer:\n")

    gold = json.loads(answer)

    assert list(gold) == json.loads(str(suite.schema))["required"]
    assert suite.check(Sample(id="x", input=mail, target=answer, metadata={}), answer).value == 1.0
    assert Decimal(gold["total"]) == sum(Decimal(line["unit_price"]) * line["quantity"] for line in gold["lines"])
    said = [gold["invoice_number"], gold["currency"], gold["buyer"]["name"], gold["total"]]
    said += [f"{line['sku']}, {line['quantity']} x {line['unit_price']}" for line in gold["lines"]]
    assert [value for value in said if value not in mail] == []
    assert max(suite.check(sample, answer).value for sample in samples) < 0.2


def test_samples_are_independent_and_unlike_each_other(suite: Suite, samples: list[Sample]) -> None:
    assert len({sample.template for sample in suite.samples}) == len(suite.samples) == suite.rule.horizon
    assert len({sample.input for sample in samples}) == len(samples)
    shingles = [
        {tuple(words[at : at + 5]) for at in range(len(words) - 4)}
        for words in (re.findall(r"\w+", sample.input) for sample in suite.samples)
    ]
    near = [
        (a, b)
        for a in range(len(shingles))
        for b in range(a)
        if len(shingles[a] & shingles[b]) > 0.8 * len(shingles[a] | shingles[b])
    ]
    assert near == []


def test_the_prompt_and_the_answers_stay_small(suite: Suite, samples: list[Sample]) -> None:
    # About three characters make a token of the small models' tokenizers here: they split numbers into digits.
    assert len(suite.system) < 3 * 400
    for level, limit in zip(LEVELS, (350, 550, 750, 950, 1300), strict=True):
        assert max(len(sample.input) for sample in samples if sample.level == level) < limit
    assert max(len(sample.target) for sample in samples) < 3 * suite.max_output_tokens
    assert "x-" not in str(suite.schema)


def test_schema_and_checker_name_the_same_fields(suite: Suite) -> None:
    module = sys.modules[suite.check.__module__]

    def fields(node: Any) -> Any:
        node = node.get("items", node)
        return {key: fields(part) for key, part in node["properties"].items()} if "properties" in node else None

    def closed(node: Any) -> Iterator[bool]:
        node = node.get("items", node)
        if "properties" in node:
            yield node["additionalProperties"] is False
            yield sorted(node["required"]) == sorted(node["properties"])
            for part in node["properties"].values():
                yield from closed(part)

    schema = json.loads(str(suite.schema))
    assert fields(schema) == fields(module.schema())
    assert list(closed(schema)) == [True] * 6


def test_every_reference_answer_passes(suite: Suite, samples: list[Sample]) -> None:
    for sample in samples:
        assert suite.check(sample, sample.target).value == 1.0, sample.id


def with_line(gold: Gold, **values: object) -> list[Gold]:
    return [{**gold["lines"][0], **values}, *gold["lines"][1:]]


def later(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def cents_more(amount: str) -> str:
    return f"{Decimal(amount) + Decimal('0.01'):.2f}"


def other_buyer(gold: Gold) -> Gold:
    return {**gold["buyer"], "name": "Somebody Else Ltd"}


MUTANTS: dict[str, Callable[[Gold], Gold]] = {
    "issue date off by one": lambda gold: {"issue_date": later(gold["issue_date"])},
    "due date off by one, or invented": lambda gold: {"due_date": later(gold["due_date"] or gold["issue_date"])},
    "one cent on the total": lambda gold: {"total": cents_more(gold["total"])},
    "one cent on a price": lambda gold: {
        "lines": with_line(gold, unit_price=cents_more(gold["lines"][0]["unit_price"]))
    },
    "row dropped": lambda gold: {"lines": gold["lines"][1:]},
    "row invented": lambda gold: {"lines": [*gold["lines"], {**gold["lines"][0], "sku": "Z000-Z"}]},
    "row doubled": lambda gold: {"lines": [*gold["lines"], gold["lines"][0]]},
    "N/A for nothing, nothing for something": lambda gold: {"po_number": None if gold["po_number"] else "N/A"},
    "empty text for nothing": lambda gold: {"iban": None if gold["iban"] else ""},
    "thousands separator misread": lambda gold: {"total": f"{Decimal(gold['total']) * 1000:.2f}"},
    "punctuation of an id lost": lambda gold: {"lines": with_line(gold, sku=gold["lines"][0]["sku"].replace("-", ""))},
    "number as a locale writes it": lambda gold: {"total": gold["total"].replace(".", ",")},
    "number with separators": lambda gold: {"total": f"1,{gold['total']}"},
    "true for a quantity": lambda gold: {"lines": with_line(gold, quantity=True)},
    "quantity as text": lambda gold: {"lines": with_line(gold, quantity=str(gold["lines"][0]["quantity"]))},
    "another company as the buyer": lambda gold: {"buyer": other_buyer(gold)},
    "a name instead of an object": lambda gold: {"buyer": gold["buyer"]["name"]},
    "quantity off by one": lambda gold: {"lines": with_line(gold, quantity=gold["lines"][0]["quantity"] + 1)},
    "an extra key": lambda gold: {"notes": None},
    "rows as an object": lambda gold: {"lines": gold["lines"][0]},
}


@pytest.mark.parametrize("kind", MUTANTS)
def test_every_mutant_fails(suite: Suite, samples: list[Sample], kind: str) -> None:
    for sample in samples:
        gold = gold_of(sample)
        mutant = {**gold, **MUTANTS[kind](gold)}
        score = suite.check(sample, json.dumps(mutant))
        assert score.value < 1, (sample.id, mutant)
        assert score.why in CODES
        assert 0 < len(score.details) <= 200


def test_the_ship_to_company_is_not_the_buyer(suite: Suite, samples: list[Sample]) -> None:
    shipping = (
        "Ship to|Deliver to|Delivery address|Goods sent to|Lieferadresse|Lieferung an|Warenempfänger|Geliefert an|"
        "Livré à|Adresse de livraison|Destinataire des marchandises|Livraison chez"
    )
    judged = [
        suite.check(sample, json.dumps({**gold, "buyer": {**gold["buyer"], "name": match[1].strip()}}))
        for sample in samples
        if (match := re.search(rf"(?:{shipping}) ?: ([^|\n]+)", sample.input)) and (gold := gold_of(sample))
    ]

    assert len(judged) > 2 * FRESH
    assert {score.why for score in judged} == {"wrong_value"}


def grouped(gold: Gold) -> Gold:
    iban = gold["iban"] and re.sub("(.{4})", r"\1 ", gold["iban"]).strip().lower()
    return {**gold, "iban": iban}


def as_numbers(gold: Gold) -> Gold:
    lines = [{**line, "unit_price": float(line["unit_price"])} for line in gold["lines"]]
    return {**gold, "total": float(gold["total"]), "lines": lines}


def without_nulls(gold: Gold) -> Gold:
    buyer = {key: value for key, value in gold["buyer"].items() if value is not None}
    return {key: value for key, value in {**gold, "buyer": buyer}.items() if value is not None}


EQUIVALENTS: dict[str, Callable[[Gold], str]] = {
    "rows in another order": lambda gold: json.dumps({**gold, "lines": gold["lines"][::-1]}),
    "keys in another order": lambda gold: json.dumps({key: gold[key] for key in KEYS}),
    "keys without a value left out": lambda gold: json.dumps(without_nulls(gold)),
    "numbers for decimal strings": lambda gold: json.dumps(as_numbers(gold)),
    "fenced": lambda gold: f"```json\n{json.dumps(gold, indent=2, ensure_ascii=False)}\n```",
    "account in groups and lower case": lambda gold: json.dumps(grouped(gold)),
    "names in capitals": lambda gold: json.dumps({**gold, "currency": gold["currency"].lower()}).replace("Ltd", "LTD"),
}


@pytest.mark.parametrize("kind", EQUIVALENTS)
def test_every_equivalent_passes(suite: Suite, samples: list[Sample], kind: str) -> None:
    for sample in samples:
        answer = EQUIVALENTS[kind](gold_of(sample))
        assert suite.check(sample, answer).value == 1.0, answer


def test_controls_cover_every_level_and_code(suite: Suite) -> None:
    controls = suite.controls

    assert len(controls) >= 100
    assert {control.why for control in controls if control.expect == "fail"} == CODES
    for level in LEVELS:
        here = [control for control in controls if control.sample.startswith(f"extraction.l{level}.")]
        assert len(here) >= 15
        assert {control.expect for control in here} == {"pass", "fail"}
    assert sum(control.expect == "pass" for control in controls) >= 10


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "control" in metafunc.fixturenames:
        rows = (FOLDER / "controls.jsonl").read_text(encoding="utf-8").splitlines()
        controls = [Control(**json.loads(row)) for row in rows]
        metafunc.parametrize("control", controls, ids=[control.id for control in controls])


def test_a_control_is_judged_as_declared(suite: Suite, control: Control) -> None:
    [sample] = [sample for sample in suite.samples if sample.id == control.sample]

    score = suite.check(sample, control.answer)

    if control.expect == "pass":
        assert (score.value, score.why) == (1.0, "")
    else:
        assert score.value < 1
        assert score.why == control.why


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "no bug", "{" * 5000, "x" * 2_000_000, '{"lines":[[]]}'])
def test_degenerate_answers_fail_quietly(suite: Suite, answer: str) -> None:
    for sample in suite.samples:
        for given in (answer, sample.input, suite.system):
            assert suite.check(sample, given).value < 0.2


def test_a_broken_target_is_our_fault(suite: Suite) -> None:
    sample = Sample(id="x", input="", target="{", metadata={"level": 1, "template": "x"})

    with pytest.raises(CheckerError, match="target is not JSON"):
        suite.check(sample, "{}")
