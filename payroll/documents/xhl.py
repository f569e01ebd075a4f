"""L'état de paye pour le comptable public (PES paye 1.1, XHL), à valider avec lui : le nom et l'en-tête le disent.

Le détail de l'agent et des lignes n'a pas de schéma public complet : ``xhl.yaml`` dit ses sources et ses doutes.
Chaque feuille est un élément vide à un attribut ``V``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import yaml

from payroll.catalogue import load
from payroll.documents.facts import EmployeurIdentite, PayslipFacts
from payroll.documents.lines import CODE_PAS
from payroll.documents.ventilation import A_PRECISER, BulletinVentile, plan, ventiler
from payroll.engine.bulletin import Ligne, Section
from payroll.money import format_decimal
from payroll.periods import Month

_LIBELLE_MAX = 100
_AVERTISSEMENT = (
    " À VALIDER avec le comptable public avant tout envoi : structure établie sans le schéma complet du PES paye. "
)


@dataclass(frozen=True, slots=True)
class AgentPaye:
    """Un bulletin et ce que le comptable demande de plus : statut, NIR, population, temps en centièmes de pour cent."""

    facts: PayslipFacts
    statut: str
    nir: str
    population: str
    temps_centiemes: int


@dataclass(frozen=True, slots=True)
class EtatPayeFacts:
    """L'état de paye d'un adhérent pour un mois."""

    employeur: EmployeurIdentite
    mois: Month
    agents: tuple[AgentPaye, ...]


def file_name(mois: Month) -> str:
    """Le nom de l'état, qui dit qu'il reste à valider.

    >>> file_name(Month(2026, 11))
    'a-valider-etat-paye-2026-11.xhl'
    """
    return f"a-valider-etat-paye-{mois}.xhl"


def render(facts: EtatPayeFacts) -> bytes:
    """L'état de paye en XML (ISO-8859-1) ; mêmes faits, mêmes octets."""
    data = _data()
    ElementTree.register_namespace("p", data["espace"])
    root = Element(f"{{{data['espace']}}}DocumentPaye")
    root.append(ElementTree.Comment(_AVERTISSEMENT))
    _leaves(root, IdVer=data["version"], Annee=str(facts.mois.year), Mois=f"{facts.mois.month:02d}")
    _leaves(SubElement(root, "Budget"), Libelle=data["budget"]["libelle"], Code=data["budget"]["code"])
    employer = SubElement(root, "Employeur")
    _leaves(employer, Nom=facts.employeur.nom, APE=facts.employeur.ape)
    _address(employer, facts.employeur.adresse, facts.employeur.code_postal, facts.employeur.ville)
    _leaves(employer, NumUrssaf=facts.employeur.siret, Siret=facts.employeur.siret)
    people = SubElement(root, "DonneesIndiv")
    for agent in facts.agents:
        _individual(SubElement(people, "PayeIndivMensuel"), agent)
    _nomenclatures(SubElement(root, "Nomenclatures"), facts.agents)
    _by_nature(SubElement(root, "RepartitionParNature"), facts.agents)
    ElementTree.indent(root, space="")
    content: bytes = ElementTree.tostring(root, "ISO-8859-1", xml_declaration=True)
    return content


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "xhl.yaml").read_text(encoding="utf-8"))
    found["famille_de"] = {code: famille for famille, codes in found["rubriques"].items() for code in codes}
    return found


def _leaves(parent: Element, **values: str) -> None:
    for name, value in values.items():
        clean = "".join(char if char.isprintable() else " " for char in value)
        SubElement(parent, name, V=clean[:_LIBELLE_MAX])


def _address(parent: Element, lines: Iterable[str], code_postal: str, ville: str) -> None:
    adresse = ", ".join(line for line in lines if line)
    _leaves(SubElement(parent, "Adresse"), TypAdr="0", Adr1=adresse, CP=code_postal, Ville=ville, CodRes="0")


def _individual(node: Element, agent: AgentPaye) -> None:
    facts, bulletin = agent.facts, agent.facts.bulletin
    identity, contract = facts.agent, facts.contrat
    person = SubElement(node, "Agent")
    _leaves(person, Nom=identity.nom, Prenom=identity.prenom, Matricule=identity.matricule, NIR=agent.nir)
    _address(person, identity.adresse, identity.code_postal, identity.ville)
    _leaves(
        person,
        NbEnfants=str(contract.enfants_sft),
        Statut=_data()["statuts"][agent.statut],
        EmploiMetier=contract.emploi,
        Grade=contract.grade,
        Echelon=contract.echelon,
        Indice=str(contract.indice_majore or 0),
    )
    _leaves(node, Service=facts.employeur.nom, NBI=str(contract.nbi), QuotiteTrav=format_decimal(agent.temps_centiemes))
    period = {"DateDebut": facts.periode_debut.isoformat(), "DateFin": facts.periode_fin.isoformat()}
    _leaves(SubElement(node, "Periode"), **period)
    _pay_lines(SubElement(node, "Remuneration"), agent)
    extra = sum(
        ligne.nombre_centiemes or 0 for ligne in bulletin.lignes if ligne.code in _data()["heures_supplementaires"]
    )
    _leaves(
        node,
        NbHeureTotal=format_decimal(contract.heures_mensuelles_centiemes or 0),
        NbHeureSup=format_decimal(extra),
        MtBrut=format_decimal(bulletin.brut),
        MtNet=format_decimal(bulletin.net_avant_impot),
        MtNetAPayer=format_decimal(bulletin.net_a_payer),
        DatePaiement=facts.date_paiement.isoformat(),
        MtImposable=format_decimal(bulletin.net_imposable),
        CumulMtImposable=format_decimal(bulletin.cumuls.net_imposable),
        CumulMtBrut=format_decimal(bulletin.cumuls.brut),
        CumulBaseSS=format_decimal(bulletin.cumuls.securite_sociale),
    )
    _leaves(SubElement(node, "RepartitionBudget"), CodeBudget=_data()["budget"]["code"], Taux="1")


def _pay_lines(node: Element, agent: AgentPaye) -> None:
    """Les lignes par famille, dans l'ordre du schéma ; une cotisation en fait deux, une par part."""
    families: dict[str, list[tuple[Ligne, int, int | None]]] = defaultdict(list)
    bulletin = agent.facts.bulletin
    for ligne in sorted(bulletin.lignes, key=lambda ligne: ligne.ordre):
        if ligne.code == CODE_PAS:
            continue
        if ligne.montant_salarie:
            family, sign = _family(ligne)
            families[family].append((ligne, sign * ligne.montant_salarie, ligne.taux_salarie_ppm))
        if ligne.montant_employeur:
            families["Cotisation"].append((ligne, ligne.montant_employeur, ligne.taux_employeur_ppm))
    if bulletin.pas:
        pas = Ligne(CODE_PAS, load()[CODE_PAS].intitule, Section.NET, 0, base=bulletin.pas_base)
        families["Retenue"].append((pas, bulletin.pas, bulletin.pas_taux_ppm))
    for family in _data()["familles"]:
        for ligne, montant, taux in families[family]:
            line = SubElement(node, family)
            _leaves(line, Libelle=ligne.libelle_imprime, Code=_code(ligne.code))
            if ligne.base is not None:
                _leaves(line, Base=format_decimal(ligne.base))
            if taux is not None:
                _leaves(line, Taux=_percent(taux))
            if ligne.nombre_centiemes is not None:
                _leaves(line, NbUnite=format_decimal(ligne.nombre_centiemes))
            _leaves(line, Mt=format_decimal(montant))
            caisse = _data()["caisses"].get(plan().organisme(ligne.code, agent.population))
            if caisse:
                _leaves(line, CodeCaisse=caisse)


def _family(ligne: Ligne) -> tuple[str, int]:
    """La famille d'une part d'agent, et le signe sous lequel elle s'y écrit (une retenue y est positive)."""
    if ligne.section not in (Section.BRUT, Section.NET):
        return "Deduction", 1
    if ligne.periode is not None:
        return "Rappel", 1
    default = "Indemnite" if ligne.section is Section.BRUT else "Retenue"
    family: str = _data()["famille_de"].get(ligne.code, default)
    return family, -1 if family in ("Retenue", "Acompte") else 1


def _percent(ppm: int) -> str:
    whole, rest = divmod(abs(ppm), 10_000)
    return f"{'-' if ppm < 0 else ''}{whole}.{rest:04d}"


def _code(code: str) -> str:
    """Douze caractères au plus : le rang de la rubrique au catalogue, qui ne change pas."""
    rubrique = load().get(code)
    return str(rubrique.ordre) if rubrique else code[:12]


def _nomenclatures(node: Element, agents: Iterable[AgentPaye]) -> None:
    rows = list(agents)
    used = {ligne.code for agent in rows for ligne in agent.facts.bulletin.lignes} | {CODE_PAS}
    events = SubElement(node, "NomenclatureEvtPaye")
    _leaves(events, Description="Événements de paye")
    _leaves(SubElement(events, "Correspondance"), Libelle="Événement", Code="EVENEMENT")
    items = SubElement(node, "NomenclatureRubriquePaye")
    _leaves(items, Description="Rubriques de paye")
    for code, rubrique in load().items():
        if code in used:
            item = SubElement(items, "Correspondance")
            _leaves(item, Libelle=rubrique.intitule, Code=_code(code))
            caisse = _data()["caisses"].get(plan().organisme(code, ""))
            if caisse:
                _leaves(item, CodeCaisse=caisse)
            comptes = {rubrique.account(agent.population) for agent in rows if _has(agent, code)} - {""}
            if len(comptes) == 1:
                # Un même code sur deux comptes ne peut dire le sien : la répartition par nature le dit.
                side = "CodeNatureSal" if rubrique.section in (Section.BRUT, Section.NET) else "CodeNatureEmp"
                _leaves(item, **{side: comptes.pop()})
    caisses = SubElement(node, "NomenclatureCaisse")
    _leaves(caisses, Description="Organismes")
    for organisme, code in _data()["caisses"].items():
        _leaves(SubElement(caisses, "Correspondance"), Libelle=organisme, Code=code)


def _has(agent: AgentPaye, code: str) -> bool:
    return any(ligne.code == code for ligne in agent.facts.bulletin.lignes)


def _by_nature(node: Element, agents: Iterable[AgentPaye]) -> None:
    found = ventiler(BulletinVentile(agent.population, agent.facts.bulletin) for agent in agents)
    for article, depense in sorted(found.depenses.items()):
        _leaves(
            SubElement(node, "Repartition"),
            Libelle=plan().articles.get(article, A_PRECISER),
            Code=article or A_PRECISER,
            CodeBudget=_data()["budget"]["code"],
            Mt=format_decimal(depense.total),
        )
