"""Un mois de novembre 2026 d'un adhérent des exemples, joué jusqu'aux documents rendus."""

from __future__ import annotations

from pathlib import Path

import yaml

from desk.demo.secretaire import prepare
from payroll.store.registre import Registre
from tests.month.gestes import EXEMPLES, MOIS, Lieu, description, inscrire

DEPOTS = yaml.safe_load((EXEMPLES.parent / "depots.yaml").read_text(encoding="utf-8"))["depots"]
CODES = [row["adherent"] for row in DEPOTS]


def rendu(code: str, folder: Path) -> Lieu:
    """L'adhérent, son mois déclaré et ses documents produits ; à l'appelant de fermer le registre."""
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    registre.upgrade()
    lieu = inscrire(registre, folder, description(code))
    lieu.ouvrir()
    depot = next(row for row in DEPOTS if row["adherent"] == code)
    for rank, row in enumerate(depot["fichiers"], start=1):
        content = prepare(row, lieu.classeur(), code, MOIS)
        assert lieu.deposer(content, nom=row["nom"], minutes=rank).etat == row["attendu"]
    lieu.calculer(sans_fichier=False)
    lieu.valider(commentaire="essai")
    lieu.declarer()
    lieu.produire()
    return lieu
