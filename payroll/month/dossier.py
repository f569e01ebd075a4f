"""Le dossier de retour d'un mois : de la paie relue au registre aux documents rendus, nom → octets.

Aucune écriture ici : :mod:`payroll.month.restituer` inscrit ce qui en sort. Mêmes bulletins, mêmes octets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from fnmatch import fnmatchcase

from dsn import codes as dsn_codes
from payroll.documents import etats, journal, payslip, sommaire, virement, xhl
from payroll.documents.etats import EtatsFacts
from payroll.documents.facts import AgentIdentite, ContratIdentite, EmployeurIdentite, PayslipFacts
from payroll.documents.journal import JournalFacts, JournalRow
from payroll.documents.names import JOURNAL_NAME, bulletin_name
from payroll.documents.ventilation import BulletinVentile
from payroll.documents.virement import NetAgent, VirementFacts
from payroll.documents.xhl import AgentPaye, EtatPayeFacts
from payroll.engine.inputs import population
from payroll.money import round_half_up
from payroll.month.commun import aware
from payroll.month.instantane import inputs_from_json
from payroll.month.lire import BulletinLu
from payroll.month.situations import time_text
from payroll.periods import Month
from payroll.store.tables import Adherent, Paie

BULLETINS_NAME = "bulletins.pdf"
ETATS_NAME = "etats.xlsx"
VIREMENTS_NAME = "virements.xml"
VIREMENTS_LETTRE_NAME = "virements.txt"

_PRODUITS = ("bulletin-{mois}-*.pdf", BULLETINS_NAME, JOURNAL_NAME, ETATS_NAME, VIREMENTS_NAME, VIREMENTS_LETTRE_NAME)

_STATUTS = {
    "titulaire": "Titulaire",
    "stagiaire": "Stagiaire",
    "contractuel": "Contractuel de droit public",
    "elu": "Élu local",
    "apprenti": "Apprenti",
    "pec": "Parcours emploi compétences",
    "vacataire": "Vacataire",
}
_TEMPS_COMPLET = 3500
"""La semaine d'un temps complet, en centièmes d'heure."""
_REGIMES = {"cnracl": "CNRACL", "ircantec": "IRCANTEC"}


def month_documents(
    adherent: Adherent, paie: Paie, mois: Month, bulletins: Sequence[BulletinLu], date_paiement: date
) -> dict[str, bytes]:
    """Tous les documents d'une paie déclarée, par nom de fichier."""
    printed = [payslip_facts(adherent, mois, lu, date_paiement) for lu in bulletins]
    documents: dict[str, bytes] = {}
    if printed:
        each, joined = payslip.render_month(printed)
        documents = {**dict(zip(_names(mois, bulletins), each, strict=True)), BULLETINS_NAME: joined}
    documents[JOURNAL_NAME] = journal.render(_journal_facts(adherent, paie, mois, bulletins))
    ventiles = allocated(bulletins)
    documents[ETATS_NAME] = etats.render(
        EtatsFacts(adherent.nom, adherent.code, adherent.siret, mois, paie.revision, ventiles)
    )
    if printed:
        documents[xhl.file_name(mois)] = xhl.render(
            EtatPayeFacts(printed[0].employeur, mois, _accounted(bulletins, printed, ventiles))
        )
    transfers = transfer_facts(adherent, paie, mois, bulletins, date_paiement)
    prepared = virement.prepare(transfers)
    if prepared.fichier is not None:
        documents[VIREMENTS_NAME] = prepared.fichier
    documents[VIREMENTS_LETTRE_NAME] = virement.letter(transfers, prepared)
    return documents


def is_produced(name: str, mois: Month) -> bool:
    """Vrai si ce fichier est de ceux que :func:`month_documents` produit, ou l'ancien sommaire.

    Un tel fichier que la paie ne produit plus (contrat renuméroté, compte à débiter ôté) n'est plus vrai.
    """
    patterns = (pattern.format(mois=mois) for pattern in _PRODUITS)
    return name in (sommaire.ANCIEN, xhl.file_name(mois)) or any(fnmatchcase(name, pattern) for pattern in patterns)


def allocated(bulletins: Sequence[BulletinLu]) -> tuple[BulletinVentile, ...]:
    """Chaque bulletin avec la population que le calcul a retenue, dont dépendent ses comptes."""
    return tuple(BulletinVentile(population(inputs_from_json(lu.row.entrees)[1]), lu.bulletin) for lu in bulletins)


def _accounted(
    bulletins: Sequence[BulletinLu], printed: Sequence[PayslipFacts], ventiles: Sequence[BulletinVentile]
) -> tuple[AgentPaye, ...]:
    return tuple(
        AgentPaye(facts, lu.contrat.statut, lu.agent.nir, ventile.population, _worked_percent(lu))
        for lu, facts, ventile in zip(bulletins, printed, ventiles, strict=True)
    )


def _worked_percent(lu: BulletinLu) -> int:
    """Le temps de travail en centièmes de pour cent d'un temps complet ; un élu est dit à temps complet."""
    row = lu.conditions
    if row.mandat:
        return 10_000
    return round_half_up(10_000 * row.heures_hebdo_centiemes * row.quotite_num, _TEMPS_COMPLET * row.quotite_den)


def transfer_facts(
    adherent: Adherent, paie: Paie, mois: Month, bulletins: Sequence[BulletinLu], date_paiement: date
) -> VirementFacts:
    """Ce qui est à virer, et à qui ; le compte débité est celui que le dossier de l'adhérent dit."""
    return VirementFacts(
        nom=adherent.nom,
        siret=adherent.siret,
        iban=adherent.iban,
        bic=adherent.bic,
        mois=mois,
        revision=paie.revision,
        etabli_le=aware(paie.calculee_le or paie.ouverte_le),
        date_paiement=date_paiement,
        nets=tuple(
            NetAgent(
                matricule=lu.agent.matricule,
                titulaire=f"{lu.agent.nom_usage or lu.agent.nom} {lu.agent.prenom}",
                iban=lu.agent.iban,
                bic=lu.agent.bic,
                net=lu.bulletin.net_a_payer,
            )
            for lu in bulletins
        ),
    )


def payslip_facts(adherent: Adherent, mois: Month, lu: BulletinLu, date_paiement: date) -> PayslipFacts:
    """Ce que le bulletin imprime d'un contrat : le calcul, et l'agent tel que le mois le trouve."""
    agent, contrat, row = lu.agent, lu.contrat, lu.conditions
    elu = bool(row.mandat)
    return PayslipFacts(
        employeur=EmployeurIdentite(
            nom=adherent.nom,
            adresse=(adherent.adresse,),
            code_postal=adherent.code_postal,
            ville=adherent.ville,
            siret=adherent.siret,
            ape=adherent.ape,
            organisme=dsn_codes.load().organisme("urssaf_aquitaine").libelle,
        ),
        agent=AgentIdentite(
            matricule=agent.matricule,
            civilite="M." if agent.civilite == "M" else "Mme",
            nom=agent.nom_usage or agent.nom,
            prenom=agent.prenom,
            adresse=(agent.adresse,),
            code_postal=agent.code_postal,
            ville=agent.ville,
        ),
        contrat=ContratIdentite(
            statut_libelle=_STATUTS[contrat.statut],
            regime_libelle=_REGIMES[row.regime_retraite],
            emploi=contrat.emploi,
            grade=row.grade,
            echelon=row.echelon,
            indice_brut=row.indice_brut or None,
            indice_majore=row.indice_majore or None,
            nbi=row.nbi,
            quotite_libelle=time_text(row),
            heures_mensuelles_centiemes=None if elu else lu.bulletin.colonnes.get("heures_payees"),
            enfants_sft=row.enfants_sft,
            date_entree=contrat.date_debut,
            date_sortie=lu.fin,
        ),
        bulletin=lu.bulletin,
        periode_debut=max(mois.first_day, contrat.date_debut),
        periode_fin=min(mois.last_day, lu.fin or mois.last_day),
        date_paiement=date_paiement,
    )


def _names(mois: Month, bulletins: Sequence[BulletinLu]) -> list[str]:
    """Un nom par bulletin ; le numéro de contrat s'ajoute quand un agent en a plusieurs."""
    contracts = Counter(lu.agent.matricule for lu in bulletins)
    return [
        bulletin_name(mois, lu.agent.matricule)
        if contracts[lu.agent.matricule] == 1
        else bulletin_name(mois, f"{lu.agent.matricule}-{lu.contrat.numero}")
        for lu in bulletins
    ]


def _journal_facts(adherent: Adherent, paie: Paie, mois: Month, bulletins: Sequence[BulletinLu]) -> JournalFacts:
    return JournalFacts(
        nom=adherent.nom,
        code=adherent.code,
        siret=adherent.siret,
        mois=mois,
        revision=paie.revision,
        rows=tuple(
            JournalRow(
                matricule=lu.agent.matricule,
                nom=lu.agent.nom_usage or lu.agent.nom,
                prenom=lu.agent.prenom,
                statut_libelle=_STATUTS[lu.contrat.statut],
                bulletin=lu.bulletin,
            )
            for lu in bulletins
        ),
    )
