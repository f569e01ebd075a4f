"""Le rapprochement voit un centime de trop, et ne crie pas quand tout tient."""

from __future__ import annotations

import io
from collections.abc import Callable

from dsn.message import Block, Message
from dsn.reader import read
from payroll.month.declarer import dsn_name
from payroll.month.lire import read_bulletins
from payroll.month.rapprocher import Rapprochement, reconcile, unsettled
from tests.month.conftest import Ouvrir
from tests.month.gestes import MOIS, Lieu


def declared(lieu: Lieu) -> Message:
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider(commentaire="essai")
    assert [item.code for item in lieu.declarer().anomalies if item.code.startswith("SOM")] == []
    return read(io.BytesIO(lieu.content(dsn_name(lieu.code, MOIS))))[0]


def rows_of(lieu: Lieu, message: Message) -> list[Rapprochement]:
    with lieu.registre.transaction() as session:
        bulletins = read_bulletins(session, lieu.paie())
    return reconcile(bulletins, message, "P26V01", effectif_50=False)


def blocs(message: Message, wanted: str, **values: str) -> list[Block]:
    return [
        block
        for declaration in message.declarations
        for block in declaration.find(wanted)
        if all(block.get(name[1:]) == value for name, value in values.items())
    ]


def bump(block: Block, suffix: str, cents: int) -> None:
    """Ajoute des centimes à un montant du message."""
    field = block.entry(suffix)
    assert field is not None
    amount = int(field.value.replace(".", "")) + cents
    field.value = f"{amount // 100}.{amount % 100:02d}"


FAUTES: dict[str, tuple[Callable[[Message], None], str]] = {
    "cotisation individuelle": (
        lambda m: bump(blocs(m, "S21.G00.81", r001="300")[0], "004", 1),
        "CNRACL sur traitement indiciaire (300, 301, 304, 305)",
    ),
    "brut": (lambda m: bump(blocs(m, "S21.G00.51", r011="001")[0], "013", 1), "Rémunération brute"),
    "net social": (lambda m: bump(blocs(m, "S21.G00.58", r003="03")[0], "004", 1), "Montant net social"),
    "impôt": (lambda m: bump(blocs(m, "S21.G00.50")[0], "009", 1), "Prélèvement à la source et son paiement"),
    "paiement de l'impôt": (
        lambda m: bump(blocs(m, "S21.G00.20", r002="DGFIP_PAS")[0], "005", 100),
        "Prélèvement à la source et son paiement",
    ),
    "paiement Urssaf": (
        lambda m: bump(blocs(m, "S21.G00.20", r001="78877877700011")[0], "005", 100),
        "Bordereau Urssaf et son paiement",
    ),
    "bordereau": (lambda m: bump(blocs(m, "S21.G00.22")[0], "005", 5_000), "Bordereau Urssaf et son paiement"),
    "paiement Ircantec": (
        lambda m: bump(blocs(m, "S21.G00.20", r001="99900010200015")[0], "005", 100),
        "Ircantec et son paiement",
    ),
}


def test_un_ecart_sans_explication_se_voit(ouvrir_lieu: Ouvrir) -> None:
    lieu = ouvrir_lieu("hontarede")
    message = declared(lieu)
    content = lieu.content(dsn_name(lieu.code, MOIS))
    assert unsettled(rows_of(lieu, message)) == []
    for nom, (spoil, expected) in FAUTES.items():
        spoiled = read(io.BytesIO(content))[0]
        spoil(spoiled)
        assert [row.objet for row in unsettled(rows_of(lieu, spoiled))] == [expected], nom
