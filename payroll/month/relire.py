"""Relire une paie à l'écran, page par page : les mêmes faits que la révision, sans écrire de classeur.

Le nombre de requêtes ne dépend pas du nombre d'agents. Les causes d'écart refont des bulletins : elles ne se cherchent
que pour les agents montrés, et se retiennent, car un bulletin gardé ne change plus.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache

from sqlmodel import Session, col, select

from payroll.documents import payslip
from payroll.documents.layout import LayoutError
from payroll.documents.names import bulletin_name
from payroll.documents.revision import AgentRevise, Constat, DouteEmploye, Niveau
from payroll.engine.bulletin import Bulletin, Section
from payroll.money import format_amount
from payroll.month.commun import GesteRefuse, aware, find_adherent, key, require_paie
from payroll.month.comparer import (
    LIBELLES,
    TOTAUX_COMPARES,
    Comparaison,
    Garde,
    LigneComparee,
    compare_kept,
    kept_payslip,
)
from payroll.month.controles_revision import Examen, examine, finding
from payroll.month.dossier import payslip_facts
from payroll.month.instantane import inputs_to_json
from payroll.month.lire import BulletinLu, read_bulletins
from payroll.month.origines import read_files
from payroll.month.pagination import Page, cut
from payroll.month.refus import RefusEnCours, standing_refusals
from payroll.month.reviser import agent_seen, contracts_seen, differs, doubts_used, sums
from payroll.month.situations import EntreesDuMois, gather
from payroll.month.valider import examen_of
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Approbation, EtatPaie, Paie

TAILLE = 20
_ENCORE_LIBRE = (EtatPaie.CALCULEE, EtatPaie.VALIDEE)


@dataclass(frozen=True, slots=True)
class Filtre:
    """Ce que l'on veut voir : un nom ou un matricule, ceux qui changent, ceux qu'un constat de ce niveau vise."""

    cherche: str = ""
    seulement_ecarts: bool = False
    niveau: Niveau | None = None


@dataclass(frozen=True, slots=True)
class ElementVu:
    """Une ligne qui change d'un mois à l'autre, pour l'agent ou, si elle n'a que cela, pour l'employeur (centimes)."""

    rubrique: str
    libelle: str
    cotisation: bool
    de_l_employeur: bool
    avant: int | None
    apres: int | None
    causes: tuple[tuple[str, int], ...]

    @property
    def ecart(self) -> int:
        return (self.apres or 0) - (self.avant or 0)


@dataclass(frozen=True, slots=True)
class AgentVu:
    """Un contrat contre le mois d'avant, avec ce que la révision en dit."""

    revise: AgentRevise
    elements: tuple[ElementVu, ...]
    constats: tuple[Constat, ...]
    refus: RefusEnCours | None

    @property
    def niveau(self) -> Niveau | None:
        """Le pire de ses constats."""
        return self.constats[0].niveau if self.constats else None


@dataclass(frozen=True, slots=True)
class ApprobationVue:
    """Une approbation du mois, en cours ou annulée."""

    par: str
    le: datetime
    revision: int
    commentaire: str
    en_cours: bool
    motif_annulation: str


@dataclass(frozen=True, slots=True)
class Relecture:
    """Ce qu'une personne regarde avant d'approuver : les totaux, les constats, une page d'agents."""

    code: str
    nom: str
    mois: Month
    revision: int
    etat: str
    empreinte: str
    """Celle du contenu montré : c'est elle que l'on approuve."""
    quatre_yeux: bool
    calculee_le: datetime | None
    bulletins: int
    totaux: tuple[tuple[str, str, int, int], ...]
    """Code, libellé, mois d'avant, ce mois-ci (centimes)."""
    constats: tuple[Constat, ...]
    agents: Page[AgentVu]
    effectif: int
    """Contrats en tout, filtre mis à part."""
    refus: tuple[RefusEnCours, ...]
    approbations: tuple[ApprobationVue, ...]
    precedent: Month | None
    perimee: bool
    """Vrai : un fichier, un dossier ou une correction a changé depuis ce calcul."""

    def of(self, niveau: Niveau) -> tuple[Constat, ...]:
        """Les constats d'un niveau."""
        return tuple(constat for constat in self.constats if constat.niveau is niveau)

    @property
    def premier_regard(self) -> ApprobationVue | None:
        """Chez un adhérent à double regard : l'approbation qui attend la seconde."""
        standing = [one for one in self.approbations if one.en_cours]
        return standing[0] if standing and self.etat == EtatPaie.CALCULEE else None


def review_page(
    registre: Registre, code: str, mois: Month, filtre: Filtre | None = None, page: int = 1, taille: int = TAILLE
) -> Relecture:
    """Une page de la révision. Lève :class:`GesteRefuse` si le mois n'est pas ouvert ou pas encore calculé."""
    wanted = filtre or Filtre()
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat == EtatPaie.OUVERTE:
            raise GesteRefuse(f"{adherent.nom} : la paie de {mois.libelle} n'est pas calculée, rien n'est à réviser.")
        examen = examen_of(session, adherent, paie)
        before, after = _by_contract(examen)
        constats = list(dict.fromkeys(examine(examen)))
        stale = paie.etat in _ENCORE_LIBRE and _inputs_changed(session, adherent, mois, examen.bulletins)
        if stale:
            constats.insert(0, finding("calcul_perime", "Les données ont changé depuis ce calcul : recalculez."))
        refusals = standing_refusals(session, paie)
        every = contracts_seen(examen)
        shown = cut([lu for lu in every if _wanted(lu, examen, constats, wanted)], page, taille)
        demands = _demands(session, examen, shown.lignes)
        approvals = _approvals(session, adherent, mois)
    compared = {demand.place: _compared(demand) for demand in demands}
    agents = tuple(_seen(lu, before, after, compared, constats, refusals) for lu in shown.lignes)
    return Relecture(
        code=adherent.code,
        nom=adherent.nom,
        mois=mois,
        revision=paie.revision,
        etat=paie.etat,
        empreinte=paie.hash_contenu,
        quatre_yeux=adherent.quatre_yeux,
        calculee_le=aware(paie.calculee_le) if paie.calculee_le else None,
        bulletins=len(examen.bulletins),
        totaux=tuple((total, LIBELLES[total], *sums(total, before, after)) for total in TOTAUX_COMPARES),
        constats=tuple(constats),
        agents=Page(agents, shown.numero, shown.taille, shown.total),
        effectif=len(every),
        refus=tuple(refusals),
        approbations=tuple(approvals),
        precedent=mois.previous if before else None,
        perimee=stale,
    )


def review_doubts(registre: Registre, code: str, mois: Month) -> list[DouteEmploye]:
    """Les lignes sans texte confirmé que cette paie emploie. Refait chaque bulletin : à demander à part."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        examen = examen_of(session, adherent, require_paie(session, adherent, mois))
    return doubts_used(examen)


def payslips_of(registre: Registre, code: str, mois: Month, matricule: str) -> list[BulletinLu]:
    """Les bulletins calculés d'un agent, un par contrat. Lève :class:`GesteRefuse` s'il n'en a aucun."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        found = read_bulletins(session, require_paie(session, adherent, mois), matricule)
    if not found:
        raise GesteRefuse(f"{adherent.nom} : l'agent {matricule} n'a pas de bulletin en {mois.libelle}.")
    return found


def payslip_pdf(
    registre: Registre,
    code: str,
    mois: Month,
    matricule: str,
    contrat: str,
    date_paiement: date,
    *,
    modele: str = "",
) -> tuple[str, bytes]:
    """Le bulletin calculé d'un contrat, tel qu'il serait rendu : son nom de fichier et son PDF.

    ``modele`` impose un autre modèle que celui du mois. Lève :class:`GesteRefuse` : bulletin ou modèle inconnu.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        bulletins = read_bulletins(session, require_paie(session, adherent, mois), matricule)
    found = [lu for lu in bulletins if contrat in ("", lu.contrat.numero)]
    if not found:
        raise GesteRefuse(f"{adherent.nom} : l'agent {matricule} n'a pas de bulletin en {mois.libelle}.")
    facts = replace(payslip_facts(adherent, mois, found[0], date_paiement), modele=modele)
    try:
        content = payslip.render(facts)
    except LayoutError as error:
        raise GesteRefuse(str(error)) from None
    return bulletin_name(mois, matricule if len(bulletins) == 1 else f"{matricule}-{found[0].contrat.numero}"), content


def changes_since(registre: Registre, code: str, mois: Month, empreinte: str) -> list[str]:
    """Ce qui a changé depuis le contenu vu : une phrase par bulletin, sans nom ; vide si ce contenu n'est pas connu."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        present = require_paie(session, adherent, mois)
        seen = session.exec(
            select(Paie).where(Paie.adherent_id == adherent.id, Paie.mois == str(mois), Paie.hash_contenu == empreinte)
        ).first()
        if seen is None or seen.id == present.id:
            return []
        sides = [{_place(lu): lu.bulletin for lu in read_bulletins(session, paie)} for paie in (seen, present)]
    return [
        phrase
        for place in sorted({*sides[0], *sides[1]})
        if (phrase := _changed(place, sides[0].get(place), sides[1].get(place)))
    ]


def _changed(place: tuple[str, str], before: Bulletin | None, after: Bulletin | None) -> str:
    if before is None or after is None:
        return f"{place[0]} : {'bulletin nouveau' if before is None else 'plus de bulletin'}"
    moved = [
        f"{LIBELLES[total].lower()} {format_amount(old)} → {format_amount(new)} €"
        for total in ("brut", "net_a_payer", "cout_employeur")
        if (old := getattr(before, total)) != (new := getattr(after, total))
    ]
    return f"{place[0]} : {', '.join(moved)}" if moved else ""


def _place(lu: BulletinLu) -> tuple[str, str]:
    return lu.agent.matricule, lu.contrat.numero


def _by_contract(examen: Examen) -> tuple[Mapping[int, BulletinLu], dict[int, BulletinLu]]:
    return examen.avant or {}, {key(lu.contrat.id): lu for lu in examen.bulletins}


def _inputs_changed(session: Session, adherent: Adherent, mois: Month, bulletins: Sequence[BulletinLu]) -> bool:
    """Vrai si les entrées présentes ne sont plus celles du calcul. Sans refaire le calcul : approuver le refait."""
    gathered = gather(session, adherent, mois)
    if not isinstance(gathered, EntreesDuMois):
        return True
    present = {key(item.contrat.id): inputs_to_json(gathered.employeur, item.situation) for item in gathered.contrats}
    return any(present.get(lu.row.contrat_id) != lu.row.entrees for lu in bulletins)


def _wanted(lu: BulletinLu, examen: Examen, constats: Sequence[Constat], filtre: Filtre) -> bool:
    if filtre.cherche:
        text = _folded(f"{lu.agent.matricule} {lu.agent.nom} {lu.agent.nom_usage} {lu.agent.prenom}")
        if any(word not in text for word in _folded(filtre.cherche).split()):
            return False
    if filtre.seulement_ecarts and not differs(examen, lu):
        return False
    return filtre.niveau is None or any(one.niveau is filtre.niveau for one in _of_agent(lu, constats))


def _folded(text: str) -> str:
    """Sans accent ni majuscule : « Léa » se trouve en tapant « lea »."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold()


def _of_agent(lu: BulletinLu, constats: Sequence[Constat]) -> tuple[Constat, ...]:
    return tuple(
        one for one in constats if one.matricule == lu.agent.matricule and one.contrat in ("", lu.contrat.numero)
    )


@dataclass(frozen=True)
class _Demande:
    """Une comparaison à faire ; seules ``cle`` et ``place`` la désignent : mêmes bulletins gardés, mêmes causes."""

    cle: str
    place: tuple[str, str]
    avant: Garde | None = field(compare=False)
    apres: Garde | None = field(compare=False)


def _demands(session: Session, examen: Examen, shown: Sequence[BulletinLu]) -> list[_Demande]:
    if examen.avant is None:
        return []
    before, after = _by_contract(examen)
    rows = [lu.row for lu in examen.bulletins]
    dossiers = read_files(session, rows, Month.parse(examen.paie.mois)) if rows else None
    found = []
    for lu in shown:
        if not differs(examen, lu):
            continue
        sides = [side.get(key(lu.contrat.id)) for side in (before, after)]
        # Seule l'origine des données nouvelles se dit : chercher celle des anciennes serait pour rien.
        gardes = [
            kept_payslip(side.row, side.bulletin, dossiers if side.row.paie_id == examen.paie.id else None)
            if side
            else None
            for side in sides
        ]
        content = [
            (one.bulletin, one.etat.employeur, one.etat.situation, one.origines) if one else "" for one in gardes
        ]
        cle = hashlib.sha256(repr(content).encode()).hexdigest()
        found.append(_Demande(cle, _place(lu), gardes[0], gardes[1]))
    return found


@lru_cache(maxsize=1024)
def _compared(demande: _Demande) -> Comparaison:
    return compare_kept(*demande.place, demande.avant, demande.apres, (0, 0))


def _seen(
    lu: BulletinLu,
    before: Mapping[int, BulletinLu],
    after: Mapping[int, BulletinLu],
    compared: Mapping[tuple[str, str], Comparaison],
    constats: Sequence[Constat],
    refusals: Sequence[RefusEnCours],
) -> AgentVu:
    contrat = key(lu.contrat.id)
    found = compared.get(_place(lu))
    return AgentVu(
        revise=agent_seen(lu, before.get(contrat), after.get(contrat), compared),
        elements=tuple(_element(ligne, found) for ligne in found.lignes if ligne.effets) if found else (),
        constats=_of_agent(lu, constats),
        refus=next((one for one in refusals if (one.matricule, one.contrat) == _place(lu)), None),
    )


def _element(ligne: LigneComparee, found: Comparaison) -> ElementVu:
    printed = [line for side in (found.apres, found.avant) if side for line in side.lignes]
    section = next((line.section for line in printed if line.code == ligne.place[0]), Section.BRUT)
    sides = (ligne.avant, ligne.apres)
    of_employer = not any(side.salarie for side in sides if side)
    before, after = (None if side is None else side.employeur if of_employer else side.salarie for side in sides)
    return ElementVu(
        rubrique=ligne.place[0],
        libelle=ligne.libelle,
        cotisation=section not in (Section.BRUT, Section.NET),
        de_l_employeur=of_employer,
        avant=before,
        apres=after,
        causes=tuple(
            (cause.libelle, employeur if of_employer else salarie)
            for cause, salarie, employeur in ligne.effets
            if (employeur if of_employer else salarie)
        ),
    )


def _approvals(session: Session, adherent: Adherent, mois: Month) -> list[ApprobationVue]:
    rows = session.exec(
        select(Approbation, Paie.revision)
        .join(Paie, col(Paie.id) == col(Approbation.paie_id))
        .where(Paie.adherent_id == adherent.id, Paie.mois == str(mois))
        .order_by(col(Approbation.id))
    )
    return [
        ApprobationVue(
            par=row.par,
            le=aware(row.le),
            revision=revision,
            commentaire=row.commentaire,
            en_cours=row.annulee_le is None,
            motif_annulation=row.motif_annulation,
        )
        for row, revision in rows
    ]
