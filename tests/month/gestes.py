"""Les gestes d'un mois tels qu'un essai les enchaîne : un registre, un adhérent, et la main qui agit."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlmodel import SQLModel, col, select

from dsn import facts
from payroll.month.adherents import import_adherent
from payroll.month.calculer import Calculee, compute_month
from payroll.month.commun import Acte, current_paie, find_adherent
from payroll.month.declarant import Declarant
from payroll.month.declarer import Declaration, declare_month
from payroll.month.dus import mark_deposited, pending_documents
from payroll.month.ouvrir import open_month, template_name
from payroll.month.recevoir import keep_file, read_pending
from payroll.month.restituer import produce_documents
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import (
    Adherent,
    Agent,
    BulletinPaie,
    Contrat,
    DocumentRetour,
    EtatFichier,
    Evenement,
    FichierRecu,
    LigneBulletin,
    Paie,
)

EXEMPLES = Path(__file__).parents[2] / "examples" / "adherents"
MOIS = Month(2026, 11)
PAIEMENT = date(2026, 11, 27)
DECLARANT = Declarant(
    emetteur=facts.Emetteur(
        siren="999000102",
        nic="00015",
        raison_sociale="AGENCE",
        adresse=facts.Adresse(voie="1 PLACE", code_postal="40990", localite="DEMOVILLE"),
    ),
    contact=facts.ContactEmetteur(
        civilite="02", nom_prenom="SERVICE PAIE", mel="paie@demo.example", telephone="0500000000"
    ),
    essai=True,
    siret_ircantec="99900010200015",
    date_paiement=PAIEMENT,
    version="essai",
)

Ligne = Mapping[str, str]
Donnees = dict[str, Any]


def acte(minutes: int = 0, par: str = "gestionnaire") -> Acte:
    """Un acte, à l'heure de l'essai."""
    return Acte(par, datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(minutes=minutes))


def description(code: str) -> Donnees:
    """La description d'un adhérent des exemples, à modifier à loisir."""
    return copy.deepcopy(_exemple(code))


@cache
def _exemple(code: str) -> Donnees:
    data: Donnees = yaml.safe_load((EXEMPLES / f"{code}.yaml").read_text(encoding="utf-8"))
    return data


def contrat_de(data: Donnees, matricule: str) -> Donnees:
    """Le premier contrat d'un agent d'une description."""
    contrat: Donnees = next(a for a in data["agents"] if a["matricule"] == matricule)["contrats"][0]
    return contrat


def fichier(
    code: str, *lignes: Ligne, mois: Month = MOIS, remplace: bool = False, neant: bool = False, note: str = ""
) -> bytes:
    """Un fichier CSV d'éléments variables ; ``note`` change ses octets sans changer ce qu'il dit."""
    titles = ("matricule", "code", "valeur", "date_debut", "date_fin", "prolongation", "observation")
    rows = [f"#adherent;{code}", f"#mois;{mois}", f"#preparateur;{note or 'Secrétariat'}"]
    rows += ["#remplace;oui"] * remplace + ["#neant;oui"] * neant
    rows += [";".join(titles)] + [";".join(ligne.get(title, "") for title in titles) for ligne in lignes]
    return "\r\n".join([*rows, ""]).encode("utf-8")


def element(matricule: str, code: str, valeur: str) -> Ligne:
    return {"matricule": matricule, "code": code, "valeur": valeur}


def absence(matricule: str, nature: str, debut: str, fin: str, prolongation: str = "") -> Ligne:
    return {
        "matricule": matricule,
        "code": nature,
        "date_debut": debut,
        "date_fin": fin,
        "prolongation": prolongation,
    }


@dataclass(frozen=True)
class Lieu:
    """Un registre et un adhérent, avec de quoi agir et de quoi relire."""

    registre: Registre
    code: str

    def ouvrir(self, mois: Month = MOIS, minutes: int = 0) -> Paie:
        return open_month(self.registre, self.code, mois, acte(minutes))

    def deposer(self, content: bytes, nom: str = "variables.csv", minutes: int = 1) -> FichierRecu:
        """Garde puis lit un fichier ; rend sa ligne telle que la lecture la laisse."""
        keep_file(self.registre, self.code, nom, content, acte(minutes))
        read_pending(self.registre, self.code, acte(minutes + 1))
        return self.fichiers()[-1]

    def calculer(self, mois: Month = MOIS, minutes: int = 10, *, sans_fichier: bool = True) -> Calculee:
        return compute_month(self.registre, self.code, mois, acte(minutes), sans_fichier=sans_fichier)

    def valider(self, mois: Month = MOIS, minutes: int = 20, commentaire: str = "") -> Paie:
        return approve(self.registre, self.code, mois, acte(minutes, "valideuse"), commentaire=commentaire)

    def declarer(
        self, mois: Month = MOIS, minutes: int = 30, declarant: Declarant = DECLARANT, *, remplacer: bool = False
    ) -> Declaration:
        payday = date(mois.year, mois.month, 27)
        return declare_month(
            self.registre,
            self.code,
            mois,
            acte(minutes),
            replace(declarant, date_paiement=payday),
            confirmation="doutes relus",
            remplacer=remplacer,
        )

    def produire(self, mois: Month = MOIS, minutes: int = 40) -> int:
        return produce_documents(self.registre, self.code, mois, acte(minutes), date_paiement=PAIEMENT)

    def deposer_documents(self, minutes: int = 50) -> int:
        """Dit déposés tous les documents dus, comme après un dépôt SFTP réussi."""
        due = pending_documents(self.registre, self.code)
        mark_deposited(self.registre, self.code, due, acte(minutes))
        return len(due)

    def jusqu_a_la_restitution(self, mois: Month = MOIS) -> None:
        """Joue tout le mois sans fichier, jusqu'à la paie restituée."""
        self.ouvrir(mois)
        self.calculer(mois)
        self.valider(mois, commentaire="essai")
        self.declarer(mois)
        self.produire(mois)
        self.deposer_documents()

    def paie(self, mois: Month = MOIS) -> Paie:
        with self.registre.transaction() as session:
            paie = current_paie(session, find_adherent(session, self.code), mois)
        assert paie is not None
        return paie

    def bulletins(self, mois: Month = MOIS) -> dict[str, BulletinPaie]:
        """Numéro de contrat → bulletin de la révision courante."""
        paie = self.paie(mois)
        with self.registre.transaction() as session:
            rows = session.exec(
                select(Contrat.numero, BulletinPaie)
                .join(BulletinPaie, col(BulletinPaie.contrat_id) == col(Contrat.id))
                .where(BulletinPaie.paie_id == paie.id)
            ).all()
        return dict(rows)

    def lignes(self, numero: str, mois: Month = MOIS) -> dict[str, LigneBulletin]:
        """Code → ligne du bulletin d'un contrat."""
        bulletin = self.bulletins(mois)[numero]
        return {row.code: row for row in self.rows(LigneBulletin) if row.bulletin_id == bulletin.id}

    def fichiers(self) -> list[FichierRecu]:
        return self.rows(FichierRecu)

    def documents(self, mois: Month | None = None) -> dict[str, str]:
        """Chemin → empreinte de tout ce qui est dû ou déposé à cet adhérent."""
        with self.registre.transaction() as session:
            adherent = find_adherent(session, self.code)
            rows = session.exec(select(DocumentRetour).where(DocumentRetour.adherent_id == adherent.id)).all()
        return {row.chemin: row.sha256 for row in rows if mois is None or row.mois == str(mois)}

    def dus(self) -> list[str]:
        return [document.chemin for document in pending_documents(self.registre, self.code)]

    def content(self, chemin: str) -> bytes:
        return self.registre.pieces.get(self.documents()[chemin])

    def accuses(self) -> list[str]:
        """Les textes de tous les accusés de réception, par nom."""
        names = sorted(name for name in self.documents() if name.startswith("accuse-"))
        return [self.content(name).decode("utf-8-sig") for name in names]

    def classeur(self, mois: Month = MOIS) -> bytes:
        return self.content(template_name(self.code, mois))

    def gestes(self) -> list[str]:
        return [row.geste for row in self.rows(Evenement)]

    def noms(self) -> set[str]:
        """Tout ce qui nomme une personne : noms, prénoms, NIR, IBAN."""
        return {
            value for agent in self.rows(Agent) for value in (agent.nom, agent.prenom, agent.nir, agent.iban) if value
        }

    def rows(self, table: type[SQLModel]) -> list[Any]:
        """Toutes les lignes d'une table, dans l'ordre de leur clé."""
        with self.registre.transaction() as session:
            return list(session.exec(select(table).order_by(table.id)).all())  # type: ignore[attr-defined]

    def set(self, table: type[SQLModel], **changes: Any) -> None:
        """Change une colonne de toutes les lignes d'une table : un dossier que le gestionnaire a corrigé."""
        with self.registre.transaction() as session:
            for row in session.exec(select(table)).all():
                for name, value in changes.items():
                    setattr(row, name, value)
                session.add(row)


def inscrire(registre: Registre, tmp_path: Path, data: Donnees) -> Lieu:
    """Inscrit un adhérent d'après une description."""
    path = tmp_path / f"{data['code']}.yaml"
    path.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True), encoding="utf-8")
    result = import_adherent(registre, path, acte(-60))
    assert isinstance(result, Adherent), result
    return Lieu(registre, data["code"])


def acceptes(lieu: Lieu) -> list[str]:
    """Les états des fichiers reçus, dans l'ordre."""
    return [str(EtatFichier(row.etat)) for row in lieu.fichiers()]
