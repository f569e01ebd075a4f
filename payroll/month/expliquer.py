"""Expliquer une ligne ou un total d'un bulletin gardé : refaire le calcul sur ses entrées d'alors, dire d'où elles
viennent, et le dire aussi si les chiffres ou les règles ont changé depuis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from sqlmodel import Session, col, select

from payroll import catalogue
from payroll.engine.bulletin import Bulletin
from payroll.engine.explain import PROFONDEUR, TOTAUX, Recit
from payroll.money import format_amount
from payroll.month.commun import GesteRefuse, find_adherent, require_paie
from payroll.month.instantane import bulletin_from_rows, inputs_from_json
from payroll.month.origines import origin_of_cumuls, origins_of, read_files
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, BulletinPaie, Contrat, LigneBulletin, Paie

CUMULS = "cumuls"
"""Le mot qui demande les cumuls de l'année."""
PROFONDEUR_DES_TOTAUX = 2
"""Un total nomme ses lignes ; le détail d'une ligne se demande par son code."""
LIBELLES_DES_CUMULS = {
    "brut": "brut",
    "net_imposable": "net imposable",
    "pas": "impôt prélevé à la source",
    "net_a_payer": "net à payer",
    "cout_employeur": "coût pour l'employeur",
    "rafp_elements": "éléments entrant dans la RAFP, avant plafond",
    "rafp_traitement": "traitement dont 20 % bornent la RAFP",
    "rafp_assiette": "assiettes RAFP cotisées",
    "heures_exonerees": "heures exonérées d'impôt",
    "heures_payees_centiemes": "heures payées",
    "teletravail": "forfait télétravail versé",
    "mobilites_durables": "forfait mobilités durables versé",
    "apprenti_exonere": "salaire d'apprenti exonéré d'impôt",
    "plafond": "plafonds de la sécurité sociale",
    "regime_general": "rémunérations soumises au régime général",
    "vieillesse_plafonnee": "assiettes de vieillesse plafonnée cotisées",
    "ircantec": "rémunérations soumises à l'IRCANTEC",
    "ircantec_a": "assiettes IRCANTEC tranche A cotisées",
    "ircantec_b": "assiettes IRCANTEC tranche B cotisées",
    "chomage": "rémunérations soumises à l'assurance chômage",
    "chomage_assiette": "assiettes d'assurance chômage cotisées",
    "securite_sociale": "rémunérations soumises à la maladie",
    "fnal_assiette": "assiettes du FNAL cotisées",
    "csg": "revenus soumis à la CSG",
    "csg_abattue": "revenus de la CSG admis à l'abattement",
}


def explain_line(
    registre: Registre,
    code: str,
    mois: Month,
    matricule: str,
    rubrique: str,
    *,
    revision: int | None = None,
    profondeur: int | None = None,
) -> str:
    """Le récit d'une ligne, d'un total (``brut``, ``net_a_payer``…) ou des ``cumuls``, en français ; vide si le
    bulletin n'a pas cette rubrique.

    ``code`` vide : l'adhérent se déduit du matricule. ``revision`` vide : la révision courante. Lève
    :class:`GesteRefuse` si l'adhérent, le mois, la révision ou le bulletin n'existe pas, ou si plusieurs adhérents ont
    ce matricule.
    """
    stories = explain_lines(registre, code, mois, matricule, [rubrique], revision=revision, profondeur=profondeur)
    return stories[rubrique]


def explain_lines(
    registre: Registre,
    code: str,
    mois: Month,
    matricule: str,
    rubriques: Sequence[str],
    *,
    revision: int | None = None,
    profondeur: int | None = None,
) -> dict[str, str]:
    """Comme :func:`explain_line` pour plusieurs rubriques : code → récit, le calcul n'étant refait qu'une fois."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code or _only_adherent(session, matricule))
        paie = find_revision(session, adherent, mois, revision)
        rows = session.exec(
            select(BulletinPaie)
            .join(Contrat, col(Contrat.id) == col(BulletinPaie.contrat_id))
            .where(BulletinPaie.paie_id == paie.id, BulletinPaie.matricule == matricule)
            .order_by(Contrat.numero)
        ).all()
        if not rows:
            raise GesteRefuse(f"{adherent.nom} : aucun bulletin calculé pour l'agent {matricule} en {mois.libelle}.")
        kept = [_Garde(session, row, mois) for row in rows]
        return {
            rubrique: "\n\n".join(story for one in kept if (story := one.story(rubrique, profondeur)))
            for rubrique in rubriques
        }


def find_revision(session: Session, adherent: Adherent, mois: Month, revision: int | None) -> Paie:
    """La paie d'un mois dans cette révision, ou la courante ; lève :class:`GesteRefuse` si elle n'existe pas."""
    if revision is None:
        return require_paie(session, adherent, mois)
    paies = session.exec(select(Paie).where(Paie.adherent_id == adherent.id, Paie.mois == str(mois))).all()
    found = next((paie for paie in paies if paie.revision == revision), None)
    if found is None:
        connues = ", ".join(str(paie.revision) for paie in sorted(paies, key=lambda paie: paie.revision)) or "aucune"
        raise GesteRefuse(
            f"{adherent.nom} : {mois.libelle} n'a pas de révision {revision} (révisions connues : {connues})."
        )
    return found


class _Garde:
    """Un bulletin gardé, et le même refait sur ses entrées d'alors."""

    def __init__(self, session: Session, row: BulletinPaie, mois: Month) -> None:
        self.row, self.mois = row, mois
        employeur, self.situation = inputs_from_json(row.entrees)
        lines = session.exec(select(LigneBulletin).where(LigneBulletin.bulletin_id == row.id))
        self.bulletin = bulletin_from_rows(row, lines, mois)
        dossiers = read_files(session, [row], mois)
        self.cumuls = origin_of_cumuls(dossiers, row, mois)
        self.recit = Recit(mois, employeur, self.situation, origines=origins_of(dossiers, row, mois, self.situation))

    def story(self, rubrique: str, profondeur: int | None) -> str:
        if rubrique == CUMULS:
            return "\n".join(self._cumuls())
        depth = profondeur or (PROFONDEUR_DES_TOTAUX if rubrique in TOTAUX else PROFONDEUR)
        story = self.recit.of(rubrique, depth)
        parts = [story, *self._kept_only(rubrique, story), *self._drift(rubrique)]
        return "\n".join(part for part in parts if part)

    def _kept_only(self, rubrique: str, story: str) -> Iterator[str]:
        """Une ligne gardée que le calcul ne refait plus : son texte et ses montants, à défaut de son récit."""
        lines = [ligne for ligne in self.bulletin.lignes if ligne.code == rubrique]
        if not lines or story:
            return
        found = catalogue.load().get(rubrique)
        yield f"{lines[0].libelle} ({rubrique}), {self.mois.libelle}"
        if found is not None:
            yield f"  Texte : {found.source}"
        for ligne in lines:
            yield (
                f"  Ligne gardée : {ligne.libelle_imprime}, agent {format_amount(ligne.montant_salarie)}, "
                f"employeur {format_amount(ligne.montant_employeur)}"
            )

    def _drift(self, rubrique: str) -> Iterator[str]:
        """Un avertissement quand le calcul refait aujourd'hui ne donne plus le montant gardé."""
        again = self.recit.bulletin
        if again is None:
            yield "  Attention : ce bulletin serait refusé aujourd'hui ; le récit ne peut pas être celui du calcul."
            return
        before, after = _amount_of(self.bulletin, rubrique), _amount_of(again, rubrique)
        if before != after:
            yield (
                f"  Attention : le bulletin gardé porte {format_amount(before)} €, le calcul refait avec les chiffres "
                f"et les règles d'aujourd'hui donne {format_amount(after)} €."
            )

    def _cumuls(self) -> Iterator[str]:
        yield f"Cumuls de {self.mois.year} après {self.mois.libelle} ({CUMULS})"
        yield f"  Avant ce mois : {self.cumuls}"
        for name, before in asdict(self.situation.cumuls).items():
            after = self.row.cumuls.get(name, before)
            # Un cumul qui ne sert pas à cet agent ne s'écrit pas : il en cacherait d'autres.
            if not before and not after:
                continue
            nom, unite = LIBELLES_DES_CUMULS.get(name, name), "h" if name.endswith("centiemes") else "€"
            ce_mois = format_amount(after - before)
            yield f"  {nom} : {format_amount(before)} + {ce_mois} ce mois = {format_amount(after)} {unite}"


def _amount_of(bulletin: Bulletin, rubrique: str) -> int:
    if rubrique in TOTAUX:
        return int(getattr(bulletin, rubrique))
    return sum(ligne.montant_salarie + ligne.montant_employeur for ligne in bulletin.lignes if ligne.code == rubrique)


def _only_adherent(session: Session, matricule: str) -> str:
    codes = session.exec(
        select(Adherent.code)
        .join(Agent, col(Agent.adherent_id) == col(Adherent.id))
        .where(Agent.matricule == matricule)
    ).all()
    if len(codes) == 1:
        return codes[0]
    if not codes:
        raise GesteRefuse(f"Aucun agent n'a le matricule {matricule}.")
    raise GesteRefuse(f"Plusieurs adhérents ont un agent {matricule} : dites lequel ({', '.join(sorted(codes))}).")
