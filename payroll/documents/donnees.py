"""Le bulletin pour un programme : ses lignes et ses totaux en JSON, joints au PDF de l'agent."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from payroll.documents.facts import PayslipFacts
from payroll.engine.bulletin import Ligne
from payroll.money import format_decimal

NOM = "bulletin.json"
MIME = "application/json"
FORMAT = "bulletin-paie-fpt"
VERSION = 1
_TOTAUX = (
    "brut",
    "cotisations_salarie",
    "cotisations_employeur",
    "net_avant_impot",
    "net_imposable",
    "montant_net_social",
    "pas",
    "net_a_payer",
    "cout_employeur",
)


def payslip_data(facts: PayslipFacts) -> bytes:
    """Le bulletin en JSON (UTF-8) : montants en euros et taux en pour cent, écrits en texte pour rester exacts.

    Ni NIR ni IBAN, même quand le bulletin les imprime. Le format est décrit dans ``docs/documents.md``.
    """
    bulletin, contrat = facts.bulletin, facts.contrat
    data = {
        "format": FORMAT,
        "version": VERSION,
        "mois": str(bulletin.mois),
        "periode": {"du": facts.periode_debut.isoformat(), "au": facts.periode_fin.isoformat()},
        "date_paiement": facts.date_paiement.isoformat(),
        "employeur": {"nom": facts.employeur.nom, "siret": facts.employeur.siret, "ape": facts.employeur.ape},
        "agent": {"matricule": facts.agent.matricule, "nom": facts.agent.nom, "prenom": facts.agent.prenom},
        "contrat": {
            "statut": contrat.statut_libelle,
            "regime": contrat.regime_libelle,
            "emploi": contrat.emploi,
            "grade": contrat.grade,
            "echelon": contrat.echelon,
            "indice_majore": contrat.indice_majore,
        },
        "lignes": [_line(ligne) for ligne in sorted(bulletin.lignes, key=lambda ligne: ligne.ordre)],
        "totaux": {name: format_decimal(getattr(bulletin, name)) for name in _TOTAUX},
        "impot": {
            "base": format_decimal(bulletin.pas_base),
            "taux": _percent(bulletin.pas_taux_ppm),
            "grille_par_defaut": bulletin.pas_bareme,
        },
        "cumuls": {
            "brut": format_decimal(bulletin.cumuls.brut),
            "net_imposable": format_decimal(bulletin.cumuls.net_imposable),
            "pas": format_decimal(bulletin.cumuls.pas),
            "net_a_payer": format_decimal(bulletin.cumuls.net_a_payer),
            "cout_employeur": format_decimal(bulletin.cumuls.cout_employeur),
        },
    }
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


def _line(ligne: Ligne) -> dict[str, Any]:
    row: dict[str, Any] = {"code": ligne.code, "libelle": ligne.libelle, "section": str(ligne.section)}
    if ligne.periode is not None:
        row["mois_du_droit"] = str(ligne.periode)
    if ligne.nombre_centiemes is not None:
        row["nombre"] = format_decimal(ligne.nombre_centiemes)
    if ligne.base is not None:
        row["base"] = format_decimal(ligne.base)
    if ligne.taux_salarie_ppm is not None:
        row["taux_agent"] = _percent(ligne.taux_salarie_ppm)
    row["montant_agent"] = format_decimal(ligne.montant_salarie)
    if ligne.taux_employeur_ppm is not None:
        row["taux_employeur"] = _percent(ligne.taux_employeur_ppm)
    row["montant_employeur"] = format_decimal(ligne.montant_employeur)
    return row


def _percent(ppm: int) -> str:
    return str(Decimal(ppm).scaleb(-4))
