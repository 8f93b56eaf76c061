"""What flows from one step to the next. Every value is frozen; bytes from outside are validated where they come in."""

from __future__ import annotations

from .ladders import Ladder, Price, Procedure, Tier
from .outcomes import Answer, Floor, Outcome, Row, Status, Verdict
from .plans import Ask, Plan, Registered
from .requests import KEY_VERSION, Attempt, Failure, Finish, Processing, Request, Response, Usage
from .suites import Check, Control, Equivalent, File, Generate, Prove, Rule, Sample, Score, Split, Suite
from .text import canonical, digest

__all__ = [
    "KEY_VERSION",
    "Answer",
    "Ask",
    "Attempt",
    "Check",
    "Control",
    "Equivalent",
    "Failure",
    "File",
    "Finish",
    "Floor",
    "Generate",
    "Ladder",
    "Outcome",
    "Plan",
    "Price",
    "Procedure",
    "Processing",
    "Prove",
    "Registered",
    "Request",
    "Response",
    "Row",
    "Rule",
    "Sample",
    "Score",
    "Split",
    "Status",
    "Suite",
    "Tier",
    "Usage",
    "Verdict",
    "canonical",
    "digest",
]
