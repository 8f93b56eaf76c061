"""Numbers and dates as each locale writes them. No date here can be read in two ways."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .words import MONTHS

__all__ = ["Figures"]

SEPARATORS = {"iso": ("", "."), "en": (",", "."), "de": (".", ","), "ch": ("\u2019", "."), "fr": ("\u00a0", ",")}
SYMBOLS = {"EUR": "€", "GBP": "£"}
# A day above 12 leaves an all-figures date one reading only.
LAST_MONTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How one document writes figures. `style` is the document's way of writing dates, 0 to 2."""

    locale: str
    language: str
    style: int
    symbol: bool

    def number(self, value: Decimal | int) -> str:
        thousands, point = SEPARATORS[self.locale]
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
        return "".join({",": thousands, ".": point}.get(sign, sign) for sign in text)

    def money(self, value: Decimal, currency: str) -> str:
        text = self.number(value)
        sign = SYMBOLS.get(currency) if self.symbol else None
        if sign is None:
            return f"{currency} {text}" if self.locale == "ch" else f"{text} {currency}"
        return f"{sign}{text}" if self.locale == "en" else f"{text} {sign}"

    def date(self, day: date) -> str:
        if self.locale == "iso":
            return day.isoformat()
        month = MONTHS[self.language][day.month - 1]
        if self.language == "en":
            return (
                f"{day.day} {month} {day.year}",
                f"{month} {day.day}, {day.year}",
                f"{day.day} {month[:3]} {day.year}",
            )[self.style]
        if self.style == 0 and day.day > LAST_MONTH:
            return f"{day:%d.%m.%Y}" if self.language == "de" else f"{day:%d/%m/%Y}"
        if self.language == "de":
            return f"{day.day}. {month} {day.year}"
        return f"{'1er' if day.day == 1 else day.day} {month} {day.year}"

    def account(self, iban: str) -> str:
        """An IBAN in groups of four, except where the document keeps to machine formats."""
        return iban if self.locale == "iso" else " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
