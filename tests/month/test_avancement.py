"""L'avancement du mois et les rappels d'échéance : qui manque, depuis quand, et un message par jour au plus."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from payroll.month.avancement import Etape, count_stages, read_progress, stage
from payroll.month.clore import close_month
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.dus import pending_withdrawals
from payroll.month.echeances import Echeance, Nature
from payroll.month.etat import EtatAdherent
from payroll.month.recevoir import keep_file
from payroll.month.relancer import remind, reminder_name, reminder_text
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.tables import ParametreEmployeur
from tests.month.gestes import MOIS, Lieu, acte, element, fichier

DEPOT = Reglages().echeances(MOIS)[Nature.DEPOT]
DSN = Reglages().echeances(MOIS)[Nature.DSN_15]
ROW = EtatAdherent(
    code="c", nom="", etat="ouverte", revision=1, fichiers_acceptes=0, fichiers_refuses=0, neant=False, bulletins=0,
    brut=0, net_a_payer=0, cout_employeur=0, anomalies_bloquantes=0, a_deposer=0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("etat", "acceptes", "refuses", "bloquantes", "etape"),
    [
        ("non ouverte", 0, 0, 0, Etape.A_OUVRIR),
        ("ouverte", 0, 0, 0, Etape.MANQUANT),
        ("ouverte", 0, 1, 0, Etape.EN_ANOMALIE),
        # Un fichier accepté l'emporte sur celui qui avait été refusé.
        ("ouverte", 1, 1, 0, Etape.RECU),
        ("calculee", 1, 0, 0, Etape.A_REVISER),
        ("calculee", 1, 1, 2, Etape.EN_ANOMALIE),
        ("calculee", 0, 0, 0, Etape.A_REVISER),
        ("validee", 1, 0, 2, Etape.APPROUVE),
        ("declaree", 1, 0, 0, Etape.DECLARE),
        ("restituee", 1, 0, 0, Etape.RESTITUE),
        ("close", 1, 0, 0, Etape.CLOS),
    ],
)
def test_l_etape_se_lit_de_l_etat_et_des_fichiers(
    etat: str, acceptes: int, refuses: int, bloquantes: int, etape: Etape
) -> None:
    row = replace(ROW, etat=etat, fichiers_acceptes=acceptes, fichiers_refuses=refuses, anomalies_bloquantes=bloquantes)
    assert stage(row) is etape


def test_un_mois_entier_passe_par_toutes_les_etapes(lieu: Lieu) -> None:
    def etape() -> Etape:
        (row,) = read_progress(lieu.registre, MOIS)
        assert count_stages([row])[row.etape] == 1
        return row.etape

    seen = [etape()]
    for gesture in (
        lieu.ouvrir,
        lambda: lieu.deposer(fichier(lieu.code, neant=True)),
        lieu.calculer,
        lambda: lieu.valider(commentaire="essai"),
        lieu.declarer,
        lambda: (lieu.produire(), lieu.deposer_documents()),
        lambda: close_month(lieu.registre, lieu.code, MOIS, acte(60)),
    ):
        gesture()
        seen.append(etape())

    assert seen == [
        Etape.A_OUVRIR, Etape.MANQUANT, Etape.RECU, Etape.A_REVISER, Etape.APPROUVE, Etape.DECLARE, Etape.RESTITUE,
        Etape.CLOS,
    ]  # fmt: skip


def test_l_effectif_du_mois_dit_l_echeance_de_la_dsn(lieu: Lieu) -> None:
    assert [row.dsn for row in read_progress(lieu.registre, MOIS)] == [Nature.DSN_15]
    lieu.set(ParametreEmployeur, effectif=50)
    assert [row.dsn for row in read_progress(lieu.registre, MOIS)] == [Nature.DSN_5]
    assert read_progress(lieu.registre, MOIS, ["ailleurs"]) == []


# Le rappel


def rappelle(lieu: Lieu, jour: int, echeance: Echeance = DEPOT, heure: int = 7) -> bool:
    return remind(
        lieu.registre, lieu.code, MOIS, Acte("prefect", datetime(2026, 11, jour, heure, tzinfo=UTC)), echeance
    )


def message(lieu: Lieu) -> str:
    return lieu.content(reminder_name(MOIS)).decode("utf-8-sig")


def test_le_rappel_dit_ce_qui_manque_jusqu_a_quand_et_comment(lieu: Lieu) -> None:
    lieu.ouvrir()
    assert rappelle(lieu, 17)

    said = message(lieu)
    assert reminder_name(MOIS) in lieu.dus()
    assert "Nous n'avons pas encore reçu vos éléments variables de novembre 2026." in said
    assert "avant le mercredi 18 novembre 2026 à midi" in said
    assert "variables-2026-11-lubescaux.xlsx" in said
    assert "\r\n" in said
    assert [name for name in lieu.noms() if name in said] == []


def test_le_meme_jour_le_rappel_ne_part_pas_deux_fois(lieu: Lieu) -> None:
    lieu.ouvrir()
    assert [rappelle(lieu, 17), rappelle(lieu, 17, heure=15), rappelle(lieu, 17, DSN)] == [True, False, False]
    assert lieu.gestes().count("rappeler-echeance") == 1
    # 23 h 30 à Londres est déjà demain à Paris.
    assert remind(lieu.registre, lieu.code, MOIS, Acte("prefect", datetime(2026, 11, 17, 23, 30, tzinfo=UTC)), DSN)


def test_un_rappel_depose_puis_refait_le_meme_jour_ne_se_redepose_pas(lieu: Lieu) -> None:
    lieu.ouvrir()
    rappelle(lieu, 17)
    lieu.deposer_documents()
    rappelle(lieu, 17, heure=9)
    assert lieu.dus() == []


def test_qui_a_envoye_n_est_pas_rappele(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, neant=True))
    assert not rappelle(lieu, 17)
    assert reminder_name(MOIS) not in lieu.documents()


def test_le_rappel_quitte_le_dossier_quand_le_fichier_est_accepte(lieu: Lieu) -> None:
    """Refusé, le fichier laisse le rappel ; accepté, il le retire."""
    lieu.ouvrir()
    rappelle(lieu, 17)
    lieu.deposer_documents()
    lieu.deposer(fichier(lieu.code, element("INCONNU", "ihts_jour", "2")))
    assert pending_withdrawals(lieu.registre, lieu.code) == []

    lieu.deposer(fichier(lieu.code, neant=True), minutes=5)

    assert [document.chemin for document in pending_withdrawals(lieu.registre, lieu.code)] == [reminder_name(MOIS)]
    assert "retirer" in lieu.gestes()


def test_qui_attend_une_reponse_n_est_pas_rappele(lieu: Lieu) -> None:
    """Le fichier est gardé, pas encore lu : la balle est chez nous."""
    lieu.ouvrir()
    keep_file(lieu.registre, lieu.code, "variables.csv", fichier(lieu.code, neant=True), acte())
    assert not rappelle(lieu, 17)


def test_un_fichier_refuse_se_rappelle_avec_son_accuse(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, element("INCONNU", "ihts_jour", "2")))
    assert rappelle(lieu, 17)
    assert "il y reste des cases à corriger" in message(lieu)
    assert "accuse-" in message(lieu)


@pytest.mark.parametrize("avance", [0, 2, 3])
def test_un_mois_ferme_a_la_saisie_ne_se_rappelle_pas(lieu: Lieu, avance: int) -> None:
    """Pas ouvert, ou déjà calculé sans fichier par décision de l'agence."""
    for step in (lieu.ouvrir, lieu.calculer, lambda: lieu.valider(commentaire="essai"))[:avance]:
        step()
    assert not rappelle(lieu, 17)


def test_un_adherent_inconnu_est_un_refus(lieu: Lieu) -> None:
    with pytest.raises(GesteRefuse):
        remind(lieu.registre, "ailleurs", MOIS, acte(), DEPOT)


def test_le_rappel_de_la_dsn_dit_ce_qui_ne_partira_pas() -> None:
    said = reminder_text("Lubescaux", "lubescaux", Month(2026, 11), DSN, ("AGENCE", "05 00 00 00 00"), refused=False)
    assert "gestionnaire de paie.\r\n  AGENCE\r\n  05 00 00 00 00\r\n" in said
    assert "avant le mardi 15 décembre 2026 à midi" in said
    assert "la déclaration sociale (DSN) de novembre 2026 ne peut pas partir à temps" in said
