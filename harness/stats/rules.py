"""Rules: which are possible, the least evidence that they can be met with, and alpha shared between claims."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

from ..errors import BadInput
from ..values import Rule

__all__ = ["check_rule", "least_units", "share_alpha"]


def check_rule(rule: Rule) -> None:
    """Raise BadInput on a margin, alpha, bar or horizon that no test can have."""
    limits = {"margin": (rule.margin, Decimal(1)), "alpha": (rule.alpha, Decimal("0.5")), "bar": (rule.bar, Decimal(1))}
    for name, (value, most) in limits.items():
        if not (value.is_finite() and 0 < value < most):
            raise BadInput(f"rule.{name}", f"{value} is not between 0 and {most}, choose one between, ends excluded")
    if rule.horizon < 1:
        raise BadInput("rule.horizon", f"{rule.horizon} units cannot be planned, take at least 1")


def least_units(rule: Rule) -> int:
    """The units below which nothing is called sufficient: fewer, all passed and none lost, cannot show gap and bar.

    For the gap this is policy as well as arithmetic: wins could show it earlier.
    """
    check_rule(rule)
    goal = math.log(rule.alpha)
    # Rounded first: where alpha is an exact power the quotient may be a whole number plus 1e-16.
    return max(math.ceil(round(goal / math.log(chance), 9)) for chance in (1 - rule.margin, rule.bar))


def share_alpha(rule: Rule, *, candidates: int = 1, rows: int = 1) -> Rule:
    """The rule with its alpha shared equally (Bonferroni).

    `candidates`: the tiers below the reference, where the cheapest is tried first; `rows`: the kinds of work in a table
    whose chance of any wrong floor at all must stay below alpha.
    """
    if candidates < 1 or rows < 1:
        raise BadInput("rule.alpha", f"shared by {candidates} tiers and {rows} rows, there must be one of each")
    return replace(rule, alpha=rule.alpha / (candidates * rows))
