"""The mails after the invoice: corrections that count, requests that were refused, and a stranger's bank details."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from .figures import Figures
from .record import Draw, Invoice, Line, company, iban, invoice_number, order_number, vat_id
from .words import CORRECTIONS, REQUESTS

__all__ = ["Mail", "Parties", "correspond"]

LINE_KINDS = ("quantity", "price", "strike")
HEAD_KINDS = ("due", "po", "vat", "buyer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Addresses of the thread; the stranger's resembles the seller's."""

    seller: str
    buyer: str
    stranger: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail of the thread."""

    sender: str
    text: str


@dataclass(slots=True, kw_only=True)
class Thread:
    """A thread being written; `invoice` is the truth after every mail so far, `touched` the corrected positions."""

    draw: Draw
    figures: Figures
    invoice: Invoice
    touched: set[str]

    @property
    def corrections(self) -> Mapping[str, tuple[str, ...]]:
        return CORRECTIONS[self.figures.language]

    def say(self, kind: str, **values: str) -> str:
        return self.draw.pick(self.corrections[kind]).format(**values)

    def untouched(self) -> Line:
        return self.draw.rng.choice([line for line in self.invoice.lines if line.sku not in self.touched])

    def correct_line(self, kind: str, line: Line) -> str:
        self.touched.add(line.sku)
        if kind == "strike":
            self.keep(line, None)
            return self.say("strike", sku=line.sku)
        if kind == "price":
            price = other_price(self.draw, line)
            self.keep(line, replace(line, price=price))
            return self.say("price", sku=line.sku, p=self.figures.money(price, self.invoice.currency))
        quantity = other_quantity(self.draw, line)
        self.keep(line, replace(line, quantity=quantity))
        return self.say("quantity", sku=line.sku, q=self.figures.number(quantity))

    def keep(self, old: Line, new: Line | None) -> None:
        lines = (new if line is old else line for line in self.invoice.lines)
        self.invoice = replace(self.invoice, lines=tuple(line for line in lines if line is not None))

    def correct_head(self, kind: str) -> str:
        rng = self.draw.rng
        if kind == "due":
            due = (self.invoice.due or self.invoice.issue) + timedelta(days=rng.randint(5, 25))
            self.invoice = replace(self.invoice, due=due)
            return self.say("due", date=self.figures.date(due))
        if kind == "po":
            self.invoice = replace(self.invoice, po=order_number(rng))
            return self.say("po", po=str(self.invoice.po))
        if kind == "vat":
            self.invoice = replace(self.invoice, vat_id=vat_id(rng))
            return self.say("vat", vat=str(self.invoice.vat_id))
        buyer = company(rng, self.figures.language, other_than=self.invoice.buyer)
        self.invoice = replace(self.invoice, buyer=buyer)
        return self.say("buyer", buyer=buyer)

    def head_kinds(self) -> list[str]:
        """A new buyer would leave the old one's VAT ID in doubt, so that change needs an invoice without one."""
        return [kind for kind in HEAD_KINDS if kind != "buyer" or self.invoice.vat_id is None]

    def reissue(self) -> str:
        old = number = self.invoice.number
        while number == old:
            number = invoice_number(self.draw.rng)
        self.invoice = replace(self.invoice, number=number)
        return self.say("reissue", old=old, number=number)

    def move_account(self) -> str:
        account = iban(self.draw.rng)
        self.invoice = replace(self.invoice, iban=account)
        return self.say("bank", iban=self.figures.account(account))

    def new_total(self) -> str:
        return self.say("total", total=self.figures.money(self.invoice.total, self.invoice.currency))

    def request(self, *, due: bool) -> str:
        """A wish of the buyer's about a position that no correction touches (or, where `due`, the due date)."""
        kind = self.draw.pick(("quantity", "price", "due") if due else ("quantity", "price"))
        line = self.untouched()
        day = (self.invoice.due or self.invoice.issue) + timedelta(days=self.draw.rng.randint(30, 50))
        return self.draw.pick(REQUESTS[self.figures.language][kind]).format(
            sku=line.sku,
            q=self.figures.number(other_quantity(self.draw, line)),
            p=self.figures.money(other_price(self.draw, line), self.invoice.currency),
            date=self.figures.date(day),
        )

    def refusal(self) -> str:
        return self.draw.pick(REQUESTS[self.figures.language]["refusal"])


def other_quantity(draw: Draw, line: Line) -> int:
    return draw.rng.choice([n for n in range(2, 40) if n != line.quantity])


def other_price(draw: Draw, line: Line) -> Decimal:
    step = Decimal("0.50") * draw.rng.randint(1, 12)
    return line.price - step if line.price > 2 * step else line.price + step


def correspond(
    draw: Draw, figures: Figures, invoice: Invoice, parties: Parties, level: int
) -> tuple[Invoice, list[Mail]]:
    """The thread after the first mail, and the invoice as it stands at its end. Below level 4 there is none."""
    thread = Thread(draw=draw, figures=figures, invoice=invoice, touched=set())
    mails: list[Mail] = []
    if level == 4:
        mails = one_correction(thread, parties)
    elif level == 5:
        mails = many_corrections(thread, parties)
    return thread.invoice, mails


def one_correction(thread: Thread, parties: Parties) -> list[Mail]:
    """One change by the seller and one refused request, in either order."""
    draw = thread.draw
    on_a_line = draw.chance(0.6)
    kind = draw.pick(LINE_KINDS if on_a_line else thread.head_kinds())
    text = thread.correct_line(kind, thread.untouched()) if on_a_line else thread.correct_head(kind)
    if on_a_line and draw.pick((True, False)):
        text = f"{text} {thread.new_total()}"
    change = [Mail(sender=parties.seller, text=text)]
    refused = [
        Mail(sender=parties.buyer, text=thread.request(due=kind != "due")),
        Mail(sender=parties.seller, text=thread.refusal()),
    ]
    return draw.pick((change + refused, refused + change))


def many_corrections(thread: Thread, parties: Parties) -> list[Mail]:
    """Two or three changes (one may overrule an earlier one), a refused request, bank details, a new number."""
    draw = thread.draw
    line = thread.untouched()
    first = thread.correct_line("quantity", line)
    second = thread.correct_line(draw.pick(LINE_KINDS[1:]), thread.untouched())
    asked = thread.request(due=False)
    if draw.pick((True, False)):
        [now] = [kept for kept in thread.invoice.lines if kept.sku == line.sku]
        third = thread.correct_line("quantity", now)
    else:
        third = thread.correct_head(draw.pick(thread.head_kinds()))
    mails = [Mail(sender=parties.seller, text=f"{first} {second}"), Mail(sender=parties.buyer, text=asked)]
    last = [thread.refusal(), third, thread.reissue()]
    bank = draw.pick(("moved", "phishing"))
    if bank == "moved":
        last.append(thread.move_account())
    if draw.pick((True, False)):
        last.append(thread.new_total())
    mails.append(Mail(sender=parties.seller, text=" ".join(last)))
    if bank == "phishing":
        text = thread.say("bank", iban=thread.figures.account(iban(draw.rng)))
        mails.insert(draw.pick((1, 3)), Mail(sender=parties.stranger, text=text))
    return mails
