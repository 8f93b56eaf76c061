"""The wordings that documents are composed of, by language. Every list is drawn from independently."""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "number": ("Invoice number", "Invoice no.", "Invoice", "Invoice ID", "Number of invoice"),
        "issue": ("Invoice date", "Issue date", "Date of issue", "Issued on", "Date of invoice"),
        "due": ("Due date", "Payment due", "Due on", "Pay by", "Due"),
        "currency": ("Currency", "Invoice currency", "All amounts in"),
        "buyer": ("Bill to", "Buyer", "Customer", "Billed to", "Invoice to"),
        "vat": ("Buyer VAT ID", "Your VAT ID", "Customer VAT ID", "VAT ID of buyer"),
        "own_vat": ("Our VAT ID", "Seller VAT ID", "VAT ID of seller"),
        "po": ("PO number", "Your purchase order", "Purchase order", "Your PO", "Buyer's PO no."),
        "order": ("Our order ref.", "Our sales order", "Seller's order no.", "Our job number"),
        "note": ("Delivery note", "Our delivery note", "Dispatch note"),
        "ship": ("Ship to", "Deliver to", "Delivery address", "Goods sent to"),
        "total": ("Total", "Total due", "Amount due", "Invoice total", "Total amount"),
        "iban": ("IBAN", "Pay to IBAN", "Bank account (IBAN)", "Our IBAN"),
    },
    "de": {
        "number": ("Rechnungsnummer", "Rechnung Nr.", "Rechnungs-Nr.", "Nummer der Rechnung"),
        "issue": ("Rechnungsdatum", "Ausgestellt am", "Datum der Rechnung", "Ausstellungsdatum"),
        "due": ("Fällig am", "Zahlbar bis", "Fälligkeit", "Zahlungsziel"),
        "currency": ("Währung", "Alle Beträge in", "Rechnungswährung"),
        "buyer": ("Rechnungsempfänger", "Rechnung an", "Käufer", "Rechnungsadresse"),
        "vat": ("Ihre USt-IdNr.", "USt-IdNr. des Käufers", "USt-IdNr. Kunde"),
        "own_vat": ("Unsere USt-IdNr.", "USt-IdNr. des Verkäufers", "USt-IdNr. Verkäufer"),
        "po": ("Ihre Bestellnummer", "Ihre Bestellung", "Bestell-Nr. des Käufers", "Ihre Bestell-Nr."),
        "order": ("Unsere Auftragsnummer", "Unser Auftrag", "Unsere Vorgangsnummer"),
        "note": ("Lieferschein", "Unser Lieferschein", "Lieferschein-Nr."),
        "ship": ("Lieferadresse", "Lieferung an", "Warenempfänger", "Geliefert an"),
        "total": ("Gesamtbetrag", "Rechnungsbetrag", "Zu zahlen", "Gesamtsumme"),
        "iban": ("IBAN", "Bankverbindung (IBAN)", "Zahlbar auf IBAN", "Unsere IBAN"),
    },
    "fr": {
        "number": ("Facture n°", "Numéro de facture", "N° de facture", "Facture numéro"),
        "issue": ("Date de facture", "Date d'émission", "Émise le", "Date de la facture"),
        "due": ("Échéance", "Date d'échéance", "À régler au plus tard le", "Payable le"),
        "currency": ("Devise", "Montants en", "Monnaie"),
        "buyer": ("Facturé à", "Client", "Acheteur", "Adresse de facturation"),
        "vat": ("Votre n° TVA", "N° TVA du client", "N° TVA acheteur"),
        "own_vat": ("Notre n° TVA", "N° TVA du vendeur", "N° TVA vendeur"),
        "po": ("Votre bon de commande", "N° de commande client", "Votre commande", "Bon de commande client"),
        "order": ("Notre réf. interne", "Notre dossier", "Notre n° d'affaire"),
        "note": ("Bon de livraison", "Notre bon de livraison", "BL n°"),
        "ship": ("Livré à", "Adresse de livraison", "Destinataire des marchandises", "Livraison chez"),
        "total": ("Total à payer", "Montant total", "Total de la facture", "Net à payer"),
        "iban": ("IBAN", "Compte (IBAN)", "À virer sur IBAN", "Notre IBAN"),
    },
}

TERMS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "Payment terms: {days} days net from invoice date",
        "Payable within {days} days of the invoice date",
        "Terms: due {days} days after the invoice date",
        "Please pay {days} days after the invoice date at the latest",
    ),
    "de": (
        "Zahlbar innerhalb von {days} Tagen ab Rechnungsdatum",
        "Zahlungsbedingungen: {days} Tage netto ab Rechnungsdatum",
        "Fällig {days} Tage nach Rechnungsdatum",
    ),
    "fr": (
        "Paiement à {days} jours date de facture",
        "Conditions : {days} jours nets à compter de la date de facture",
        "Payable {days} jours après la date de facture",
    ),
}

OPENERS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "Dear customer, here is our invoice.",
        "Hello, please find the invoice below.",
        "INVOICE",
        "Good morning, this is the bill for your last order.",
        "Invoice from {seller}",
        "Thank you for your order. Invoice:",
        "{seller} - Invoice",
        "Hi, our invoice for the goods we sent you:",
    ),
    "de": (
        "Guten Tag, hier unsere Rechnung.",
        "RECHNUNG",
        "Sehr geehrte Damen und Herren, wir berechnen Ihnen:",
        "Rechnung von {seller}",
        "{seller} - Rechnung",
        "Vielen Dank für Ihren Auftrag. Unsere Rechnung:",
    ),
    "fr": (
        "Bonjour, voici notre facture.",
        "FACTURE",
        "Madame, Monsieur, veuillez trouver la facture ci-dessous.",
        "Facture de {seller}",
        "{seller} - Facture",
        "Merci de votre confiance. Notre facture :",
    ),
}

# Openers that state the number, the date and the buyer in a sentence instead of in labelled fields.
PROSE: Mapping[str, tuple[str, ...]] = {
    "en": (
        "This is invoice {number} of {issue}, made out to {buyer}.",
        "On {issue} we issued invoice {number} to {buyer}; the details follow.",
        "{buyer} is billed the following by invoice {number}, dated {issue}.",
        "Please book our invoice {number} dated {issue}. The bill goes to {buyer}.",
    ),
    "de": (
        "Mit Rechnung {number} vom {issue} berechnen wir der Firma {buyer}:",
        "Anbei unsere Rechnung {number}, ausgestellt am {issue} auf {buyer}.",
        "Am {issue} haben wir {buyer} die Rechnung {number} gestellt.",
    ),
    "fr": (
        "Voici notre facture {number} du {issue}, établie au nom de {buyer}.",
        "Par facture {number} en date du {issue}, nous facturons à {buyer} :",
        "Le {issue}, nous avons émis la facture {number} pour {buyer}.",
    ),
}

# A line sold by the piece. {q} pieces at {p}; the amount, where one is printed, is appended.
PIECES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "{sku} {noun}: {q} x {p}",
        "{q} x {noun} ({sku}) at {p} each",
        "SKU {sku} | {noun} | qty {q} | unit price {p}",
        "{sku}, {noun}, quantity {q}, unit price {p}",
        "{noun} [{sku}] {q} pcs @ {p}",
        "Item {sku} ({noun}): {q} pieces, {p} per piece",
    ),
    "de": (
        "{sku} {noun}: {q} x {p}",
        "{q} Stück {noun} ({sku}) zu je {p}",
        "Art. {sku} | {noun} | Menge {q} | Einzelpreis {p}",
        "{noun} [{sku}], {q} St. à {p}",
    ),
    "fr": (
        "{sku} {noun} : {q} x {p}",
        "{q} pièces {noun} ({sku}) à {p} l'unité",
        "Réf. {sku} | {noun} | qté {q} | prix unitaire {p}",
        "{noun} [{sku}], {q} pcs à {p} pièce",
    ),
}
DOZENS: Mapping[str, tuple[str, ...]] = {
    "en": ("{sku} {noun}: {q} dozen x {p} per dozen", "{q} dozen {noun} ({sku}) at {p} a dozen"),
    "de": ("{sku} {noun}: {q} Dutzend x {p} je Dutzend", "{q} Dutzend {noun} ({sku}) zu {p} das Dutzend"),
    "fr": ("{sku} {noun} : {q} douzaines x {p} la douzaine", "{q} douzaines {noun} ({sku}) à {p} par douzaine"),
}
NOUNS: Mapping[str, tuple[str, ...]] = {
    "en": ("bracket", "hinge", "valve", "gasket", "sensor", "cable", "panel", "filter", "spindle", "bearing", "hose"),
    "de": ("Winkel", "Scharnier", "Ventil", "Dichtung", "Sensor", "Kabel", "Platte", "Filter", "Spindel", "Lager"),
    "fr": ("équerre", "charnière", "vanne", "joint", "capteur", "câble", "panneau", "filtre", "broche", "palier"),
}
# fmt: off
MONTHS: Mapping[str, tuple[str, ...]] = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ),
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
}
# fmt: on
VAT_SHARE: Mapping[str, tuple[str, ...]] = {
    "en": ("includes {rate} VAT: {amount}", "of which VAT ({rate}): {amount}"),
    "de": ("darin enthalten {rate} MwSt.: {amount}", "davon MwSt. ({rate}): {amount}"),
    "fr": ("dont TVA {rate} : {amount}", "TVA {rate} comprise : {amount}"),
}

# What the seller writes to change the invoice.
CORRECTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "quantity": (
            "Correction: {sku} is {q} pieces in all. The invoice is changed.",
            "Our mistake: please read {q} pieces for {sku}, not the quantity we printed.",
            "We counted again: {q} pieces of {sku} were sent and {q} are billed.",
        ),
        "price": (
            "The price of {sku} was wrong: it is {p} per piece, and we bill that.",
            "Correction: one piece of {sku} costs {p}. The invoice is changed.",
        ),
        "strike": (
            "{sku} was never delivered; that position is struck from the invoice.",
            "Please delete {sku}: we take that position off the invoice.",
        ),
        "due": ("You now have until {date} to pay; that is the new due date.", "New due date: {date}."),
        "po": ("The right PO number for this invoice is {po}.", "We have put your PO number {po} on the invoice."),
        "vat": ("Your VAT ID on this invoice is {vat}.", "We have entered {vat} as your VAT ID."),
        "buyer": (
            "The invoice is made out to {buyer} from now on, as you asked.",
            "Correction: the company billed is {buyer}.",
        ),
        "reissue": (
            "{old} is void and reissued as {number}, same invoice date.",
            "We cancel {old}; the same invoice now has the number {number}, the date is unchanged.",
        ),
        "bank": ("Our bank account has changed: pay to IBAN {iban}.", "New account, please pay to IBAN {iban}."),
        "total": ("New total: {total}.", "That makes {total} in all."),
    },
    "de": {
        "quantity": (
            "Korrektur: {sku} sind insgesamt {q} Stück. Die Rechnung ist geändert.",
            "Unser Fehler: bei {sku} bitte {q} Stück statt der gedruckten Menge.",
        ),
        "price": (
            "Der Preis von {sku} war falsch: wir berechnen {p} je Stück.",
            "Korrektur: ein Stück {sku} kostet {p}. Die Rechnung ist geändert.",
        ),
        "strike": (
            "{sku} wurde nie geliefert; die Position ist gestrichen.",
            "Bitte {sku} löschen: wir nehmen die Position von der Rechnung.",
        ),
        "due": ("Sie können bis {date} zahlen; das ist die neue Fälligkeit.", "Neues Fälligkeitsdatum: {date}."),
        "po": ("Die richtige Bestellnummer ist {po}.", "Wir haben Ihre Bestellnummer {po} eingetragen."),
        "vat": ("Ihre USt-IdNr. auf dieser Rechnung ist {vat}.", "Als Ihre USt-IdNr. haben wir {vat} eingetragen."),
        "buyer": (
            "Die Rechnung lautet wie gewünscht ab jetzt auf {buyer}.",
            "Korrektur: Rechnungsempfänger ist {buyer}.",
        ),
        "reissue": (
            "{old} ist ungültig und neu ausgestellt als {number}, gleiches Rechnungsdatum.",
            "Wir stornieren {old}; dieselbe Rechnung hat nun die Nummer {number}, das Datum bleibt.",
        ),
        "bank": (
            "Unsere Bank hat gewechselt: zahlen Sie auf IBAN {iban}.",
            "Neues Konto, bitte auf IBAN {iban} zahlen.",
        ),
        "total": ("Neuer Gesamtbetrag: {total}.", "Das macht zusammen {total}."),
    },
    "fr": {
        "quantity": (
            "Correction : {sku}, {q} pièces en tout. La facture est modifiée.",
            "Notre erreur : pour {sku}, lire {q} pièces au lieu de la quantité imprimée.",
        ),
        "price": (
            "Le prix de {sku} était faux : nous facturons {p} la pièce.",
            "Correction : une pièce {sku} coûte {p}. La facture est modifiée.",
        ),
        "strike": (
            "{sku} n'a jamais été livré ; la position est supprimée de la facture.",
            "Veuillez rayer {sku} : nous retirons cette position de la facture.",
        ),
        "due": ("Vous pouvez payer jusqu'au {date} : c'est la nouvelle échéance.", "Nouvelle échéance : {date}."),
        "po": ("Le bon numéro de votre commande est {po}.", "Nous avons inscrit votre n° de commande {po}."),
        "vat": ("Votre n° TVA sur cette facture est {vat}.", "Nous avons inscrit {vat} comme votre n° TVA."),
        "buyer": (
            "La facture est désormais au nom de {buyer}, comme demandé.",
            "Correction : le client facturé est {buyer}.",
        ),
        "reissue": (
            "{old} est annulée et réémise sous le numéro {number}, même date de facture.",
            "Nous annulons {old} ; la même facture porte le numéro {number}, la date ne change pas.",
        ),
        "bank": ("Notre banque a changé : payez sur IBAN {iban}.", "Nouveau compte, virez sur IBAN {iban}."),
        "total": ("Nouveau total : {total}.", "Cela fait {total} en tout."),
    },
}

# What the buyer asks for, and the seller's refusal.
REQUESTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "quantity": ("Could you bill only {q} pieces of {sku}?", "Please change {sku} to {q} pieces."),
        "price": ("Can we have {sku} at {p} a piece?", "We expected {p} per piece for {sku}, please change it."),
        "due": ("May we pay on {date} instead?", "Please move the due date to {date}."),
        "refusal": (
            "Sorry, we cannot do that; this stays as it is.",
            "We can't agree to that request, no change there.",
        ),
    },
    "de": {
        "quantity": ("Können Sie bei {sku} nur {q} Stück berechnen?", "Bitte ändern Sie {sku} auf {q} Stück."),
        "price": ("Bekommen wir {sku} für {p} je Stück?", "Wir hatten für {sku} mit {p} gerechnet, bitte ändern."),
        "due": ("Können wir erst am {date} zahlen?", "Bitte verschieben Sie die Fälligkeit auf {date}."),
        "refusal": ("Das geht leider nicht, hier bleibt alles wie es ist.", "Dem können wir nicht zustimmen."),
    },
    "fr": {
        "quantity": ("Pouvez-vous facturer seulement {q} pièces de {sku} ?", "Merci de passer {sku} à {q} pièces."),
        "price": ("Pouvons-nous avoir {sku} à {p} la pièce ?", "Nous attendions {p} pour {sku}, merci de corriger."),
        "due": ("Pouvons-nous payer le {date} ?", "Merci de reporter l'échéance au {date}."),
        "refusal": (
            "Désolé, ce n'est pas possible, rien ne change ici.",
            "Nous ne pouvons pas accepter cette demande.",
        ),
    },
}

STEMS = (
    "Nordwind", "Marchand", "Fjordglas", "Harrow", "Osei", "Bergkamp", "Cerami", "Kowal", "Lumen", "Quill",
    "Bright", "Ducos", "Tamsin", "Vela", "Oakhurst", "Silva", "Brenner", "Lindqvist", "Pereira", "Whitby",
    "Castello", "Moreau", "Hallgrim", "Achterberg", "Rowan", "Delmas", "Steinfeld", "Ivory", "Juniper", "Calder",
)  # fmt: skip
TRADES = (
    "Logistics", "Foods", "Glass", "Tools", "Print", "Optics", "Marine", "Textiles", "Energy", "Paper", "Motors", "Labs",
)  # fmt: skip
FORMS: Mapping[str, tuple[str, ...]] = {
    "en": ("Ltd", "Inc", "LLC", "PLC", "Pty Ltd"),
    "de": ("GmbH", "AG", "KG", "OHG"),
    "fr": ("SARL", "SAS", "SA", "SNC"),
}
