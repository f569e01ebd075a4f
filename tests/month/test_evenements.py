"""Les signalements d'événements : qui, pour quand, ce que porte le message, et ce qui est refusé."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dsn.anomalies import blocking
from dsn.check_file import check_file
from dsn.reader import read
from payroll.month.commun import GesteRefuse
from payroll.month.evenements import EtatEvenement, Evenement, due_events
from payroll.month.signaler import Complement, event_name, produce_event
from payroll.periods import Month
from payroll.store.tables import Adherent, Contrat
from payroll.store.tables import Evenement as Journal
from payroll.store.tables_dsn import SignalementDsn
from tests.month.conftest import Jouer, Ouvrir
from tests.month.gestes import MOIS, Lieu, absence, acte, fichier

DECEMBRE = MOIS.next
QUATORZE_JOURS = 14 * 24 * 60
"""Les actes des essais partent du 20 novembre 2026 à 9 h : quatorze jours plus tard, le vendredi 4 décembre."""
LE_4 = date(2026, 12, 4)
# PM005 est contractuelle, PM002 titulaire CNRACL, PM003 titulaire au régime général (moins de 28 heures), PM006 maire.
CONTRAT = "PM00501"


def _novembre_restitue(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution(MOIS)
    lieu.ouvrir(DECEMBRE, minutes=QUATORZE_JOURS - 60)


@pytest.fixture
def commune(jouer: Jouer) -> Lieu:
    """Novembre déclaré et restitué, décembre ouvert."""
    return jouer("pouymirede", _novembre_restitue)


def arret(
    lieu: Lieu, matricule: str, debut: str, fin: str, nature: str = "cmo", apres: int = 0, *, remplace: bool = False
) -> None:
    row = absence(matricule, nature, debut, fin)
    content = fichier(lieu.code, row, mois=DECEMBRE, note=f"n{apres}", remplace=remplace)
    assert lieu.deposer(content, nom=f"a{apres}.csv", minutes=QUATORZE_JOURS + apres).etat == "accepte"


def evenements(lieu: Lieu, today: date = LE_4) -> dict[str, Evenement]:
    return {event.contrat: event for event in due_events(lieu.registre, lieu.code, today)}


def signaler(lieu: Lieu, fait: str, jours: int = 14, complement: Complement | None = None) -> SignalementDsn:
    return produce_event(lieu.registre, lieu.code, CONTRAT, fait, acte(jours * 24 * 60 + 30), complement)


def finir(lieu: Lieu, fin: date, motif: str) -> None:
    """Le gestionnaire inscrit la fin du contrat de PM005."""
    with lieu.registre.transaction() as session:
        contrat = next(row for row in lieu.rows(Contrat) if row.numero == CONTRAT)
        contrat.date_fin, contrat.motif_fin = fin, motif
        session.add(contrat)


def lines(lieu: Lieu, row: SignalementDsn) -> list[str]:
    return lieu.registre.pieces.get(row.sha256).decode("latin-1").splitlines()


def test_un_arret_se_signale_cinq_jours_apres_avoir_ete_connu(commune: Lieu) -> None:
    """Reçu le 4 décembre pour un arrêt du 3 : échéance le 9."""
    arret(commune, "PM005", "03/12/2026", "12/12/2026")
    event = evenements(commune)[CONTRAT]
    assert (event.nature, event.fait, event.echeance) == ("04", "cmo 2026-12-03", date(2026, 12, 9))
    assert event.etat is EtatEvenement.A_PRODUIRE
    assert (event.late(date(2026, 12, 9)), event.late(date(2026, 12, 10))) == (False, True)


@pytest.mark.parametrize("matricule", ["PM002", "PM003"])
def test_un_fonctionnaire_est_hors_du_champ_et_la_raison_est_dite(commune: Lieu, matricule: str) -> None:
    arret(commune, matricule, "03/12/2026", "12/12/2026")
    (event,) = evenements(commune).values()
    assert (event.etat, event.echeance) == (EtatEvenement.HORS_CHAMP, None)
    assert "§2.5" in event.explication
    with pytest.raises(GesteRefuse, match="n'est pas un événement à signaler"):
        produce_event(commune.registre, commune.code, event.contrat, event.fait, acte())


def test_le_message_d_arret_passe_les_controles_et_repete_la_mensuelle(commune: Lieu) -> None:
    arret(commune, "PM005", "03/12/2026", "12/12/2026")
    row = signaler(commune, "cmo 2026-12-03")
    content = commune.registre.pieces.get(row.sha256)
    assert blocking(check_file(content)) == []
    said = lines(commune, row)
    assert [line for line in said if line.startswith("S21.G00.60")] == [
        "S21.G00.60.001,'01'",
        "S21.G00.60.002,'02122026'",
        "S21.G00.60.003,'12122026'",
        "S21.G00.60.004,'02'",
    ]
    assert "S20.G00.05.001,'04'" in said
    monthly = commune.content("dsn-2026-11-pouymirede.dsn").decode("latin-1").splitlines()
    identity = [line for line in said if line.startswith(("S21.G00.30.", "S21.G00.40."))]
    assert set(identity) <= set(monthly)
    assert any(line.startswith("S21.G00.30.001") for line in identity)
    # Rien d'autre de la mensuelle : ni paie, ni paiement, ni autre agent.
    assert not [line for line in said if line.startswith(("S21.G00.20", "S21.G00.50", "S21.G00.78"))]
    assert len([line for line in said if line.startswith("S21.G00.30.001")]) == 1


def test_produire_deux_fois_ne_fait_qu_un_signalement(commune: Lieu) -> None:
    arret(commune, "PM005", "03/12/2026", "12/12/2026")
    assert signaler(commune, "cmo 2026-12-03").id == signaler(commune, "cmo 2026-12-03").id
    assert len(commune.rows(SignalementDsn)) == 1
    assert evenements(commune)[CONTRAT].etat is EtatEvenement.PRODUIT
    assert commune.gestes().count("signaler") == 1


def test_un_arret_prolonge_annule_et_remplace_le_signalement(commune: Lieu) -> None:
    """Le second porte l'identifiant du premier : sa date de constitution et son numéro d'ordre."""
    arret(commune, "PM005", "03/12/2026", "12/12/2026")
    signaler(commune, "cmo 2026-12-03")
    arret(commune, "PM005", "03/12/2026", "20/12/2026", apres=60, remplace=True)
    row = signaler(commune, "cmo 2026-12-03", jours=15)
    said = lines(commune, row)
    assert {"S20.G00.05.002,'03'", "S20.G00.05.004,'2'", "S20.G00.05.006,'041220261'"} <= set(said)
    assert "S21.G00.60.003,'20122026'" in said
    assert blocking(check_file(commune.registre.pieces.get(row.sha256))) == []


def test_un_arret_raccourci_appelle_une_reprise(commune: Lieu) -> None:
    """Signalé jusqu'au 12, il finit le 8 : reprise le mercredi 9, à dire avant le mardi 15 (cinq jours ouvrables)."""
    arret(commune, "PM005", "03/12/2026", "12/12/2026")
    signaler(commune, "cmo 2026-12-03")
    arret(commune, "PM005", "03/12/2026", "08/12/2026", apres=60, remplace=True)
    events = due_events(commune.registre, commune.code, date(2026, 12, 9))
    (back,) = [event for event in events if event.nature == "05"]
    assert (back.date, back.echeance) == (date(2026, 12, 9), date(2026, 12, 15))
    row = produce_event(commune.registre, commune.code, CONTRAT, back.fait, acte(19 * 24 * 60 + 30))
    said = lines(commune, row)
    assert {"S20.G00.05.001,'05'", "S21.G00.60.003,'12122026'", "S21.G00.60.010,'09122026'"} <= set(said)
    assert blocking(check_file(commune.registre.pieces.get(row.sha256))) == []


def test_un_accident_demande_sa_date(commune: Lieu) -> None:
    arret(commune, "PM005", "03/12/2026", "12/12/2026", nature="at")
    with pytest.raises(GesteRefuse, match="date de l'accident"):
        signaler(commune, "at 2026-12-03")
    row = signaler(commune, "at 2026-12-03", complement=Complement(accident=date(2026, 12, 2)))
    assert "S21.G00.60.012,'02122026'" in lines(commune, row)
    assert blocking(check_file(commune.registre.pieces.get(row.sha256))) == []


def test_une_subrogation_porte_ses_dates_et_le_compte_de_l_adherent(commune: Lieu) -> None:
    arret(commune, "PM005", "03/12/2026", "12/12/2026")
    told = Complement(subrogation=(date(2026, 12, 3), date(2026, 12, 12)))
    said = lines(commune, signaler(commune, "cmo 2026-12-03", complement=told))
    assert {"S21.G00.60.004,'01'", "S21.G00.60.005,'03122026'", "S21.G00.60.006,'12122026'"} <= set(said)
    assert f"S21.G00.60.007,'{commune.rows(Adherent)[0].iban}'" in said


def test_une_fin_attend_la_paie_du_mois_puis_se_signale(commune: Lieu) -> None:
    finir(commune, date(2026, 12, 10), "031")
    event = evenements(commune, date(2026, 12, 11))[CONTRAT]
    # Jeudi 10 : vendredi 11 (1), lundi 14 (2), 15 (3), 16 (4), 17 (5).
    assert (event.nature, event.etat, event.echeance) == ("07", EtatEvenement.EN_ATTENTE, date(2026, 12, 17))
    assert "décembre 2026" in event.explication
    with pytest.raises(GesteRefuse, match="déclarez d'abord"):
        signaler(commune, event.fait, jours=21)
    commune.calculer(DECEMBRE, minutes=QUATORZE_JOURS + 500)
    commune.valider(DECEMBRE, commentaire="essai")
    commune.declarer(DECEMBRE)
    row = signaler(commune, event.fait, jours=21)
    said = lines(commune, row)
    assert {"S21.G00.62.001,'10122026'", "S21.G00.62.002,'031'", "S21.G00.62.020,'01122026'"} <= set(said)
    assert {"S21.G00.63.001,'90'", "S21.G00.50.020,'01'"} <= set(said)
    assert blocking(check_file(commune.registre.pieces.get(row.sha256))) == []
    message, _ = read(commune.registre.pieces.get(row.sha256))
    assert [block.get("009") for block in message.declarations[0].find("S21.G00.40")] == [CONTRAT]


@pytest.mark.parametrize(
    ("motif", "manque"),
    [
        ("036", "date de notification"),  # rupture anticipée par l'employeur
        ("043", "date de signature"),  # rupture conventionnelle
        ("033", "préavis"),  # inaptitude : la notification n'est pas exigée, le préavis se dit
    ],
)
def test_un_motif_dit_ce_qui_lui_manque(motif: str, manque: str, commune: Lieu) -> None:
    finir(commune, date(2026, 11, 30), motif)
    with pytest.raises(GesteRefuse, match=manque):
        signaler(commune, "fin 2026-11-30")


def test_une_rupture_complete_passe_les_controles(commune: Lieu) -> None:
    finir(commune, date(2026, 11, 30), "036")
    told = Complement(notification=date(2026, 11, 12), preavis="90")
    row = signaler(commune, "fin 2026-11-30", complement=told)
    assert "S21.G00.62.003,'12112026'" in lines(commune, row)
    assert blocking(check_file(commune.registre.pieces.get(row.sha256))) == []


def test_une_fin_ancienne_n_est_plus_a_signaler(commune: Lieu) -> None:
    finir(commune, date(2026, 11, 30), "031")
    assert CONTRAT in evenements(commune, date(2026, 11, 30) + timedelta(days=92))
    assert CONTRAT not in evenements(commune, date(2026, 11, 30) + timedelta(days=93))


def test_sans_contact_le_signalement_est_refuse(ouvrir_lieu: Ouvrir) -> None:
    lieu = ouvrir_lieu("pouymirede")
    lieu.set(Adherent, contact_telephone="")
    lieu.jusqu_a_la_restitution(MOIS)
    lieu.ouvrir(DECEMBRE, minutes=QUATORZE_JOURS - 60)
    arret(lieu, "PM005", "03/12/2026", "12/12/2026")
    with pytest.raises(GesteRefuse, match="contact de l'adhérent"):
        signaler(lieu, "cmo 2026-12-03")


def test_sans_mensuelle_l_arret_se_dit_hors_dsn(ouvrir_lieu: Ouvrir) -> None:
    lieu = ouvrir_lieu("pouymirede")
    lieu.ouvrir(DECEMBRE)
    arret(lieu, "PM005", "03/12/2026", "12/12/2026")
    event = evenements(lieu)[CONTRAT]
    assert (event.etat, "hors DSN" in event.explication) == (EtatEvenement.EN_ATTENTE, True)


@pytest.mark.privacy
def test_ni_nom_ni_nir_dans_la_liste_le_nom_de_fichier_et_le_journal(commune: Lieu) -> None:
    arret(commune, "PM005", "03/12/2026", "12/12/2026")
    row = signaler(commune, "cmo 2026-12-03")
    told = f"{evenements(commune)} {event_name(commune.code, CONTRAT, row)} {[r.detail for r in commune.rows(Journal)]}"
    assert event_name(commune.code, CONTRAT, row) == f"signalement-04-pouymirede-{CONTRAT}-20261212-1.dsn"
    assert not [secret for secret in commune.noms() if secret in told]
    assert Month.of(LE_4) == DECEMBRE
