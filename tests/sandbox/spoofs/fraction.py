"""Return a number of a type that equals integers."""

from fractions import Fraction


def add_all(numbers: list[int]) -> Fraction:
    return Fraction(sum(numbers))
