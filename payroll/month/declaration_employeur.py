"""De l'employeur à la DSN : l'établissement, ses agents réunis, le bordereau de l'Urssaf, les paiements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dsn import codes as dsn_codes
from dsn import facts
from dsn.anomalies import Anomaly
from dsn.changements import Etat, declarer_changements
from dsn.individus import fusionner
from dsn.message import Block
from dsn.norm import for_month
from dsn.prevoyance import adhesions_declarees, paiements
from dsn.totals import agreger, montant_cotisations, montant_pas, total_bordereau
from payroll.month.declaration import Declaree
from payroll.month.declaration_contrat import Employe
from payroll.store.tables import Adherent

_EFFECTIF = "S21.G00.11.008"
"""L'effectif de l'établissement : dans la norme jusqu'en 2025."""
_IRCANTEC = frozenset({"060", "061"})


def declare_establishment(
    context: Employe, declared: list[Declaree], precedents: Sequence[Block]
) -> facts.Etablissement:
    """L'établissement déclaré ; ``precedents`` : les personnes du dernier message, auxquelles on compare."""
    adherent, mois = context.adherent, context.mois
    individus = fusionner(item.individu for item in declared)
    if precedents:
        states: Mapping[str, Sequence[Etat]] = {
            item.individu.contrats[0].numero: item.etats for item in declared if item.etats
        }
        individus = declarer_changements(for_month(mois.first_day), mois.first_day, precedents, individus, states)
    aggregated = agreger(line for item in declared for line in item.ctp)
    table = dsn_codes.load()
    amount = total_bordereau(
        aggregated, table, context.figures.rate, mobilite_ppm=context.parametre.taux_versement_mobilite_ppm
    )
    urssaf = table.organisme("urssaf_aquitaine").valeur or ""
    bordereau = facts.Bordereau(
        organisme=urssaf, debut=mois.first_day, fin=mois.last_day, montant=amount, cotisations=aggregated
    )
    dgfip = table.organisme("dgfip_pas")
    payments = [
        (urssaf, "", amount),
        (dgfip.valeur or "", dgfip.entite, montant_pas(item for person in individus for item in person.versements)),
        (context.declarant.siret_ircantec, "", montant_cotisations(individus, _IRCANTEC)),
    ]
    return facts.Etablissement(
        nic=adherent.siret[9:],
        apet=adherent.ape,
        adresse=address_of(adherent),
        convention_collective=table.convention("fpt").valeur or "",
        effectif=context.parametre.effectif if _EFFECTIF in for_month(mois.first_day).rubriques else None,
        adhesions=adhesions_declarees(context.adhesions.values(), individus),
        versements=tuple(
            facts.VersementOrganisme(
                organisme=organisme,
                entite=entite,
                montant=total,
                debut=mois.first_day,
                fin=mois.last_day,
                bic=adherent.bic,
                iban=adherent.iban,
                date_paiement=None,
            )
            for organisme, entite, total in payments
            if organisme and total
        )
        + paiements(context.adhesions.values(), individus, mois.first_day, mois.last_day, adherent.bic, adherent.iban),
        bordereaux=(bordereau,) if aggregated else (),
        individus=individus,
    )


def unpayable(context: Employe, etablissement: facts.Etablissement) -> list[Anomaly]:
    """Ce qui est dû à un organisme que l'on ne sait pas nommer : le taire serait ne pas le payer."""
    due = montant_cotisations(etablissement.individus, _IRCANTEC)
    if context.declarant.siret_ircantec or not due:
        return []
    text = (
        "Des cotisations Ircantec sont dues et le SIRET de l'Ircantec n'est pas réglé. Renseignez "
        "PAIE_SIRET_IRCANTEC d'après la table officielle des organismes, puis déclarez de nouveau."
    )
    return [Anomaly(0, "S21.G00.20.001", "COD-03", True, text)]


def address_of(adherent: Adherent) -> facts.Adresse:
    """L'adresse de l'adhérent."""
    return facts.Adresse(voie=adherent.adresse, code_postal=adherent.code_postal, localite=adherent.ville)


def contacts_of(adherent: Adherent) -> tuple[facts.Contact, ...]:
    """La personne à joindre chez l'adhérent, si le dossier la dit entière."""
    if not (adherent.contact_nom and adherent.contact_courriel and adherent.contact_telephone):
        return ()
    return (
        facts.Contact(
            nom_prenom=adherent.contact_nom, telephone=adherent.contact_telephone, mel=adherent.contact_courriel
        ),
    )
