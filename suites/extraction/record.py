"""The record behind a document: drawn first, rendered afterwards, so that the gold answer needs no reading."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from harness.values import canonical

from .words import FORMS, NOUNS, STEMS, TRADES

__all__ = ["Draw", "Invoice", "Line", "company", "draw_invoice", "iban", "invoice_number", "order_number", "vat_id"]

T = TypeVar("T")

CENT = Decimal("0.01")
# How often a buyer's VAT ID and an account are given, by level.
GIVEN = {1: (0.0, 0.3), 2: (0.3, 0.3), 3: (0.35, 0.4), 4: (0.35, 0.4), 5: (0.35, 0.4)}
LINES = {1: (1, 1), 2: (2, 3), 3: (2, 3), 4: (3, 3), 5: (3, 4)}
# Step and largest multiple of the step that a unit price may have, by level.
PRICES = {1: ("0.50", 120), 2: ("0.05", 3000), 3: ("0.05", 60000), 4: ("0.50", 900), 5: ("0.25", 1200)}
CURRENCIES = {
    "iso": ("USD", "GBP", "EUR", "AUD"),
    "en": ("USD", "GBP", "EUR", "AUD"),
    "de": ("EUR", "EUR", "SEK"),
    "ch": ("CHF", "CHF", "EUR"),
    "fr": ("EUR", "EUR", "CAD"),
}


@dataclass(slots=True, kw_only=True)
class Draw:
    """Random choices of one sample; `picks` remembers those of wording and layout, which name its template."""

    rng: random.Random
    picks: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, *path: object) -> Draw:
        seed = hashlib.sha256("/".join(str(part) for part in path).encode()).hexdigest()
        return cls(rng=random.Random(int(seed, 16)))

    def pick(self, options: Sequence[T]) -> T:
        index = self.rng.randrange(len(options))
        self.picks.append(index)
        return options[index]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A position: `quantity` single pieces at `price` a piece; printed by the dozen where `dozen`."""

    sku: str
    noun: str
    quantity: int
    price: Decimal
    dozen: bool = False

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """The truth about one invoice. `terms` are days where the document prints terms instead of `due`."""

    number: str
    issue: date
    due: date | None
    terms: int | None
    currency: str
    buyer: str
    vat_id: str | None
    po: str | None
    lines: tuple[Line, ...]
    iban: str | None

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    def target(self) -> str:
        """The gold answer as canonical JSON."""
        return canonical(
            {
                "invoice_number": self.number,
                "issue_date": self.issue.isoformat(),
                "due_date": self.due.isoformat() if self.due else None,
                "currency": self.currency,
                "buyer": {"name": self.buyer, "vat_id": self.vat_id},
                "po_number": self.po,
                "lines": [
                    {"sku": line.sku, "quantity": line.quantity, "unit_price": f"{line.price:.2f}"}
                    for line in self.lines
                ],
                "total": f"{self.total:.2f}",
                "iban": self.iban,
            }
        )


def company(rng: random.Random, language: str, *, other_than: str = "") -> str:
    """A made-up company name whose first word differs from that of `other_than`."""
    stems = [stem for stem in STEMS if stem not in other_than]
    return f"{rng.choice(stems)} {rng.choice(TRADES)} {rng.choice(FORMS[language])}"


def invoice_number(rng: random.Random) -> str:
    """The seller's number of an invoice, in one of five shapes."""
    digits = rng.randint(1000, 9999)
    return rng.choice((f"INV-{digits}", f"RE-{digits}", f"F-{digits}", f"A{digits}", f"{rng.randint(24, 26)}-{digits}"))


def order_number(rng: random.Random) -> str:
    """The buyer's number of a purchase order, in one of four shapes."""
    digits = rng.randint(1000, 9999)
    return rng.choice((f"PO-{digits}", f"P{digits}", f"B-{digits}", f"PO/{digits}"))


def vat_id(rng: random.Random) -> str:
    """Shaped like a VAT ID; the digits are random."""
    country, digits = rng.choice((("DE", 9), ("ATU", 8), ("BE0", 9), ("SI", 8)))
    return country + "".join(rng.choice("123456789") for _ in range(digits))


def iban(rng: random.Random) -> str:
    """Shaped like an account number, with check digits that are never the right ones: nobody's account."""
    country, digits = rng.choice((("NO", 11), ("BE", 12), ("DK", 14), ("AT", 16)))
    body = "".join(rng.choice("0123456789") for _ in range(digits))
    right = 98 - int("".join(str(int(sign, 36)) for sign in f"{body}{country}00")) % 97
    wrong = 2 + (right - 2 + rng.randint(1, 96)) % 97
    return f"{country}{wrong:02d}{body}"


def draw_lines(rng: random.Random, level: int, language: str) -> tuple[Line, ...]:
    count = rng.randint(*LINES[level])
    step, most = PRICES[level]
    dozens = set(rng.sample(range(count), rng.randint(1, 2))) if level == 5 else set()
    lines = []
    for place, (number, noun) in enumerate(
        zip(rng.sample(range(100, 1000), count), rng.sample(NOUNS[language], count), strict=True)
    ):
        sku = rng.choice((f"{rng.choice('ABCDE')}{number}-{rng.choice('KMPX')}", f"{rng.choice('HJKT')}-{number}"))
        quantity = rng.randint(2, 12) if level == 1 else rng.randint(2, 30)
        price = Decimal(step) * rng.randint(4, most)
        if level == 3 and rng.random() < 0.2:
            quantity, price = 100 * rng.randint(10, 48), Decimal("0.05") * rng.randint(1, 19)
        if place in dozens:
            quantity = 12 * rng.randint(2, 9)
        lines.append(Line(sku=sku, noun=noun, quantity=quantity, price=price.quantize(CENT), dozen=place in dozens))
    return tuple(lines)


def draw_invoice(rng: random.Random, level: int, locale: str, language: str) -> Invoice:
    """The invoice as first printed. Optional fields are truly absent in a good share of all samples above level 1."""
    issue = date(2026, 1, 1) + timedelta(days=rng.randrange(300))
    days = rng.choice((10, 14, 21, 30, 45, 60))
    mode = "date" if level == 1 else rng.choice(("date", "terms", "terms", "none"))
    return Invoice(
        number=invoice_number(rng),
        issue=issue,
        due=None if mode == "none" else issue + timedelta(days=days),
        terms=days if mode == "terms" else None,
        currency=rng.choice(CURRENCIES[locale]),
        buyer=company(rng, language),
        vat_id=vat_id(rng) if rng.random() < GIVEN[level][0] else None,
        po=order_number(rng) if level > 1 and rng.random() < 0.55 else None,
        lines=draw_lines(rng, level, language),
        iban=iban(rng) if rng.random() < GIVEN[level][1] else None,
    )
