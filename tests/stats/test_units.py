from __future__ import annotations

import pytest

from harness.errors import BadInput
from harness.stats import Pair, gather


def pair(sample: str, unit: str, scores: tuple[float, ...], reference: tuple[float, ...], weight: float = 1) -> Pair:
    return Pair(sample=sample, unit=unit, scores=scores, reference=reference, weight=weight)


def test_epochs_are_averaged_first_then_samples_of_a_template() -> None:
    units = gather(
        [
            pair("a1", "a", (1.0, 0.0), (1.0,)),
            pair("b1", "b", (0.0,), (0.0, 1.0, 1.0, 0.0)),
            pair("a2", "a", (1.0, 1.0, 1.0), (0.0,)),
        ]
    )

    assert units.names == ("a", "b")
    assert units.scores == (0.75, 0.0)
    assert units.reference == (0.5, 0.5)
    assert units.shares == ()


def test_a_sample_that_comes_again_is_an_epoch_and_no_new_unit() -> None:
    once = gather([pair("a", "a", (1.0, 0.0), (1.0,))])
    twice = gather([pair("a", "a", (1.0,), (1.0,)), pair("a", "a", (0.0,), ())])

    assert once == twice


def test_weights_count_within_a_unit_always_and_between_units_if_the_heaviest_is_known() -> None:
    pairs = [pair("a1", "a", (1.0,), (1.0,), 3), pair("a2", "a", (0.0,), (1.0,), 1), pair("b1", "b", (1.0,), (1.0,), 2)]

    assert gather(pairs).scores == (0.75, 1.0)
    assert gather(pairs).shares == ()
    assert gather(pairs, heaviest=8).shares == (0.5, 0.25)
    with pytest.raises(BadInput, match="a unit weighs 4, more than the heaviest declared, 3"):
        gather(pairs, heaviest=3)


@pytest.mark.parametrize(
    ("scores", "reference", "against", "favour"),
    [
        ((), (1.0,), (0.0, 1.0), (1.0, 1.0)),
        ((), (0.0,), (0.0, 0.0), (1.0, 0.0)),
        ((1.0,), (), (1.0, 1.0), (1.0, 0.0)),
        ((0.0,), (), (0.0, 1.0), (0.0, 0.0)),
        ((), (), (0.0, 1.0), (1.0, 0.0)),
    ],
)
def test_holes_are_dropped_or_filled_with_the_worst_or_the_best(
    scores: tuple[float, ...],
    reference: tuple[float, ...],
    against: tuple[float, float],
    favour: tuple[float, float],
) -> None:
    pairs = [pair("a", "a", scores, reference)]

    worst, best = gather(pairs, holes="against"), gather(pairs, holes="for")

    assert gather(pairs).names == ()
    assert (*worst.scores, *worst.reference) == against
    assert (*best.scores, *best.reference) == favour


def test_alone_the_reference_is_not_asked_for() -> None:
    units = gather([pair("a", "a", (1.0,), ()), pair("b", "b", (), ())], alone=True)

    assert (units.names, units.scores, units.reference) == (("a",), (1.0,), ())


def test_a_sample_has_one_unit_and_one_weight() -> None:
    with pytest.raises(BadInput, match="sample a: comes twice with another unit or weight"):
        gather([pair("a", "a", (1.0,), (1.0,)), pair("a", "b", (1.0,), (1.0,))])
