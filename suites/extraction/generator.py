"""Invoice mails with their gold answer. The record is drawn first, the mail only renders it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from harness.values import Sample

from .figures import Figures
from .record import CENT, Draw, Invoice, Line, company, draw_invoice, vat_id
from .thread import Mail, Parties, correspond
from .words import DOZENS, LABELS, OPENERS, PIECES, PROSE, TERMS, VAT_SHARE

__all__ = ["generate"]

LOCALES = ("de", "fr", "ch", "en")
LANGUAGES = {"iso": "en", "en": "en", "de": "de", "ch": "de", "fr": "fr"}
VAT_RATES = {"en": "20%", "de": "19 %", "ch": "8.1 %", "fr": "20 %"}
DISTRACTORS = ("order", "note", "own_vat")
MAILBOXES = {"en": ("billing", "accounts"), "de": ("buchhaltung", "rechnung"), "fr": ("compta", "facturation")}
LOOKALIKES = ("{}-pay", "{}-billing", "{}-finance")
PROSE_FROM, LOCALES_FROM, THREAD_FROM = 2, 3, 4
TAX_SHOWN = (3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Draws wordings and writes the parts of one document."""

    draw: Draw
    figures: Figures
    level: int

    def field(self, label: str, value: str) -> str:
        name = self.draw.pick(LABELS[self.figures.language][label])
        return f"{name}: {value}" if self.figures.language != "fr" else f"{name} : {value}"

    def opening(self, invoice: Invoice, seller: str) -> tuple[str, list[str]]:
        """The first line, and the labelled fields that it leaves to be said."""
        figures = self.figures
        if self.level >= PROSE_FROM and self.draw.pick((True, False)):
            wording = self.draw.pick(PROSE[figures.language])
            issue = figures.date(invoice.issue)
            return wording.format(number=invoice.number, issue=issue, buyer=invoice.buyer), []
        fields = [
            self.field("number", invoice.number),
            self.field("issue", figures.date(invoice.issue)),
            self.field("buyer", invoice.buyer),
        ]
        return self.draw.pick(OPENERS[figures.language]).format(seller=seller), fields

    def details(self, invoice: Invoice) -> list[str]:
        """The optional fields that this invoice has."""
        fields = []
        if invoice.terms is not None:
            fields.append(self.draw.pick(TERMS[self.figures.language]).format(days=invoice.terms))
        elif invoice.due is not None:
            fields.append(self.field("due", self.figures.date(invoice.due)))
        if invoice.vat_id is not None:
            fields.append(self.field("vat", invoice.vat_id))
        if invoice.po is not None:
            fields.append(self.field("po", invoice.po))
        return fields

    def distractors(self, invoice: Invoice) -> list[str]:
        """Numbers, dates and names that answer no question."""
        rng = self.draw.rng
        count, ship = {1: (0, False), 2: (1, False), 3: (2, True), 4: (1, True), 5: (0, True)}[self.level]
        kinds = ["order"] if self.level < LOCALES_FROM and count else rng.sample(DISTRACTORS, count)
        if ship:
            kinds.append("ship")
        fields = []
        for kind in kinds:
            if kind == "order":
                fields.append(self.field("order", f"{rng.choice(('SO', 'AB', 'J'))}-{rng.randint(1000, 9999)}"))
            elif kind == "note":
                day = self.figures.date(invoice.issue - timedelta(days=rng.randint(1, 6)))
                fields.append(self.field("note", f"{rng.choice(('LS', 'DN', 'BL'))}{rng.randint(1000, 9999)} ({day})"))
            elif kind == "own_vat":
                fields.append(self.field("own_vat", vat_id(rng)))
            else:
                fields.append(self.field("ship", company(rng, self.figures.language, other_than=invoice.buyer)))
        return fields

    def header(self, fields: list[str]) -> str:
        self.draw.rng.shuffle(fields)
        layout = self.draw.pick(("lines", "bullets", "pairs", "stars"))
        if layout == "pairs":
            return "\n".join(" | ".join(fields[at : at + 2]) for at in range(0, len(fields), 2))
        mark = {"lines": "", "bullets": "- ", "stars": "* "}[layout]
        return "\n".join(mark + text for text in fields)

    def positions(self, lines: Sequence[Line]) -> str:
        figures = self.figures
        piece = self.draw.pick(PIECES[figures.language])
        dozen = self.draw.pick(DOZENS[figures.language]) if any(line.dozen for line in lines) else ""
        amounts = self.level >= PROSE_FROM and self.draw.pick((True, True, False))
        mark = self.draw.pick(("", "- ", "{}. ", "{}) ")) if len(lines) > 1 else ""
        written = []
        for place, line in enumerate(lines, start=1):
            by = 12 if line.dozen else 1
            text = (dozen if line.dozen else piece).format(
                sku=line.sku,
                noun=line.noun,
                q=figures.number(line.quantity // by),
                p=figures.number(line.price * by),
            )
            written.append(mark.format(place) + text + (f" = {figures.number(line.amount)}" if amounts else ""))
        return "\n".join(written)

    def footer(self, invoice: Invoice) -> list[str]:
        """The total, with or without the currency beside it, and a share of tax that is no field."""
        figures = self.figures
        fields = []
        if self.level == 1 or self.draw.pick((True, False)):
            fields = [self.field("currency", invoice.currency), self.field("total", figures.number(invoice.total))]
        else:
            fields = [self.field("total", figures.money(invoice.total, invoice.currency))]
        if self.level in TAX_SHOWN and self.draw.pick((True, False)):
            rate = VAT_RATES[figures.locale]
            share = Decimal(rate.rstrip(" %"))
            amount = (invoice.total * share / (100 + share)).quantize(CENT, ROUND_HALF_UP)
            wording = self.draw.pick(VAT_SHARE[figures.language])
            fields.append(wording.format(rate=rate, amount=figures.number(amount)))
        if invoice.iban is not None:
            fields.append(self.field("iban", figures.account(invoice.iban)))
        return fields

    def document(self, invoice: Invoice, seller: str) -> str:
        opening, fields = self.opening(invoice, seller)
        fields += self.details(invoice) + self.distractors(invoice)
        parts = [opening, self.header(fields), self.positions(invoice.lines), "\n".join(self.footer(invoice))]
        return self.draw.pick(("\n", "\n\n")).join(part for part in parts if part)


def addresses(draw: Draw, language: str, seller: str, buyer: str) -> Parties:
    box = draw.pick(MAILBOXES[language])
    domain, customer = (name.split()[0].lower() for name in (seller, buyer))
    stranger = draw.pick(LOOKALIKES).format(domain)
    return Parties(
        seller=f"{box}@{domain}.example", buyer=f"office@{customer}.example", stranger=f"{box}@{stranger}.example"
    )


def thread_text(draw: Draw, first: Mail, mails: Sequence[Mail]) -> str:
    rule, head = draw.pick((("\n\n", "From: {}\n"), ("\n---\n", "From: {}\n"), ("\n\n", "[{}]\n")))
    return rule.join(head.format(mail.sender) + mail.text for mail in (first, *mails))


def generate(seed: str, level: int, index: int) -> Sample:
    """The sample at `index` of a level, the same for the same arguments everywhere and for ever."""
    draw = Draw.of("extraction", seed, level, index)
    locale = "iso" if level == 1 else "en" if level < LOCALES_FROM else draw.rng.choice(LOCALES)
    language = LANGUAGES[locale]
    figures = Figures(locale=locale, language=language, style=draw.rng.randrange(3), symbol=draw.chance(0.5))
    invoice = draw_invoice(draw.rng, level, locale, language)
    seller = company(draw.rng, language, other_than=invoice.buyer)
    text = Writer(draw=draw, figures=figures, level=level).document(invoice, seller)
    if level >= THREAD_FROM:
        parties = addresses(draw, language, seller, invoice.buyer)
        first = Mail(sender=parties.seller, text=text)
        invoice, mails = correspond(draw, figures, invoice, parties, level)
        text = thread_text(draw, first, mails)
    return Sample(
        id=f"extraction.l{level}.{index:04d}",
        input=text,
        target=invoice.target(),
        metadata={"level": level, "locale": locale, "template": f"l{level}-{locale}-{''.join(map(str, draw.picks))}"},
    )
