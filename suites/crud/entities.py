"""The things that specs are about: thirty entities, each with the names that its fields may have."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["ENTITIES", "Entity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One kind of thing, and the thing it can belong to."""

    name: str
    plural: str
    labels: tuple[str, ...]
    numbers: tuple[str, ...]
    texts: tuple[str, ...]
    choice: str
    values: tuple[str, ...]
    flags: tuple[str, ...]
    parent: str
    parents: str
    parent_label: str

    def shuffled_values(self, rng: random.Random, count: int) -> list[str]:
        """So many of the values of the choice, in random order."""
        return rng.sample(self.values, count)


def _entity(line: str) -> Entity:
    name, labels, numbers, texts, choice, flags, parent = (part.split() for part in line.split("|"))
    return Entity(
        name=name[0],
        plural=name[1],
        labels=tuple(labels),
        numbers=tuple(numbers),
        texts=tuple(texts),
        choice=choice[0],
        values=tuple(choice[1:]),
        flags=tuple(flags),
        parent=parent[0],
        parents=parent[1],
        parent_label=parent[2],
    )


# An entity and its plural | required text | whole number | second text | choice and its values | yes or no | parent, its
# plural and its text.
ENTITIES = tuple(
    _entity(line)
    for line in (
        "ticket tickets|title subject|priority votes|assignee team|kind bug task question incident|urgent billable|project projects name",
        "recipe recipes|title dish|servings minutes|author cuisine|course starter main dessert drink|vegan spicy|menu menus title",
        "asset assets|tag label|rack age|site vendor|condition fresh used broken scrap|insured leased|room rooms name",
        "lease leases|tenant unit|months rent|agent remark|use home office shop storage|furnished renewable|building buildings address",
        "shipment shipments|code receiver|weight boxes|carrier remark|service air sea road rail|fragile insured|warehouse warehouses city",
        "book books|title isbn|pages copies|publisher author|format paper audio ebook braille|signed rare|shelf shelves label",
        "sensor sensors|serial name|channel interval|spot remark|measure heat light sound motion|indoor calibrated|gateway gateways host",
        "course courses|name code|credits seats|lecturer hall|term spring summer autumn winter|online graded|faculty faculties name",
        "patient patients|name insurance|age bed|allergy doctor|ward east west north south|fasting mobile|clinic clinics name",
        "device devices|hostname serial|port slot|location model|role router bridge server printer|managed spare|network networks label",
        "plant plants|species label|height pots|origin remark|soil sand clay loam peat|hardy edible|garden gardens name",
        "player players|nickname name|points score|club country|position keeper defender wing striker|captain injured|squad squads name",
        "song songs|title isrc|seconds track|artist lyricist|mood calm happy sad wild|live explicit|album albums title",
        "invoice invoices|number customer|amount days|contact remark|currency EUR USD GBP CHF|taxed printed|account accounts name",
        "train trains|line code|wagons delay|operator depot|power diesel steam battery wire|express freight|station stations name",
        "painting paintings|title signature|width year|painter remark|style cubist gothic modern naive|framed sold|gallery galleries name",
        "bottle bottles|label vintner|volume vintage|grape region|colour red white rose orange|corked sweet|cellar cellars place",
        "drone drones|callsign serial|range altitude|pilot maker|mission survey rescue film spray|armed waterproof|hangar hangars name",
        "meeting meetings|topic title|attendees minutes|host remark|medium room video phone chat|recurring private|calendar calendars name",
        "parcel parcels|barcode addressee|grams stops|sender remark|size small medium large huge|signed cold|route routes code",
        "animal animals|name chip|age legs|keeper breed|diet meat grass fruit mixed|tame endangered|enclosure enclosures label",
        "machine machines|model serial|hours power|operator vendor|drive belt chain gear direct|certified noisy|plant plants name",
        "boat boats|name hull|length berths|skipper builder|engine none petrol diesel electric|chartered moored|harbour harbours name",
        "article articles|headline slug|words readers|author desk|section news sport science culture|paid pinned|magazine magazines title",
        "coupon coupons|code title|percent uses|issuer remark|target goods freight gift members|stackable hidden|campaign campaigns name",
        "camera cameras|serial alias|lenses battery|warden maker|mount wall tripod ceiling mast|infrared wired|floor floors label",
        "bridge bridges|name code|spans load|engineer river|material stone steel timber rope|tolled listed|road roads number",
        "exam exams|title code|questions minutes|examiner remark|mode oral written online group|resit open|class classes name",
        "grant grants|title reference|budget quarters|applicant sponsor|field physics law history music|renewed public|fund funds name",
        "vaccine vaccines|name batch|doses days|maker remark|route arm oral nasal thigh|frozen approved|fridge fridges label",
    )
)
