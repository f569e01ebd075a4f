"""Lire un retour : chaque forme admise, chaque refus, et rien de personnel dans ce qui en est dit."""

from __future__ import annotations

from datetime import date

import pytest

from dsn import codes
from dsn.retours import RetourRefuse, TypeRetour, read_return
from dsn.retours.lecture import TAILLE_MAX
from tests.dsn.retours.fabrique import anomalie, individu, retour

NIR, CORSE = "1800540999012", "285032A999034"

# Type écrit → type lu.
TYPES = {
    "AEE": TypeRetour.ACCUSE,
    "ARE": TypeRetour.REJET,
    "CCO": TypeRetour.CERTIFICAT,
    "BAN": TypeRetour.BILAN,
    "ANO": TypeRetour.BILAN,
    "94": TypeRetour.TAUX,
    "95": TypeRetour.TAUX,
}


@pytest.mark.parametrize(("ecrit", "lu"), TYPES.items())
def test_chaque_type_est_reconnu(ecrit: str, lu: TypeRetour) -> None:
    assert read_return(retour(ecrit)).type is lu


# Ce que porte la balise → taux en millionièmes.
TAUX = {"3.10": 31_000, "3.1": 31_000, "12": 120_000, "0.00": 0, "43,00": 430_000, "100.00": 1_000_000}


@pytest.mark.parametrize(("texte", "ppm"), TAUX.items())
def test_un_taux_en_pour_cent(texte: str, ppm: int) -> None:
    (declaration,) = read_return(retour(individus=[individu(NIR, texte)])).declarations
    assert [person.taux_ppm for person in declaration.individus] == [ppm]


def test_un_taux_absent_n_est_pas_un_taux_nul() -> None:
    (declaration,) = read_return(retour(individus=[individu(NIR), individu(CORSE, "0.00")])).declarations
    assert [(person.nir, person.taux_ppm) for person in declaration.individus] == [(NIR, None), (CORSE, 0)]


@pytest.mark.parametrize("texte", ["", "abc", "-1", "100.01", "3.105", "1e1", "NaN"])
def test_un_taux_illisible_est_une_anomalie_et_jamais_une_absence(texte: str) -> None:
    read = read_return(retour(individus=[individu(CORSE, "1.00"), individu(NIR, texte)]))
    assert [person.nir for person in read.declarations[0].individus] == [CORSE]
    (constat,) = read.constats
    assert (constat.code, "n° 2" in constat.message, NIR in constat.message) == ("RET-02", True, False)


@pytest.mark.parametrize("nir", [None, "", "123", "18005409990XX", "1800540999012 0000"])
def test_un_nir_illisible_est_situe_par_son_rang(nir: str | None) -> None:
    read = read_return(retour(individus=[individu(nir, "1.00")]))
    assert read.declarations[0].individus == ()
    assert [constat.code for constat in read.constats] == ["RET-01"]
    assert "INVENTE" not in str(read.constats)


def test_un_nir_avec_sa_cle_est_ramene_a_treize() -> None:
    (declaration,) = read_return(retour(individus=[individu(f"{NIR}65", "1.00")])).declarations
    assert declaration.individus[0].nir == NIR


MOIS = ["01112026", "112026", "2026-11", "202611", "2026-11-01", "11/2026"]


@pytest.mark.parametrize("texte", MOIS)
def test_le_mois_declare_se_lit_sous_ses_ecritures(texte: str) -> None:
    assert read_return(retour(mois=texte)).declarations[0].mois == date(2026, 11, 1)


@pytest.mark.parametrize("texte", ["", "novembre", "132026", "99999999", "1126"])
def test_un_mois_illisible_n_est_pas_devine(texte: str) -> None:
    assert read_return(retour(mois=texte)).declarations[0].mois is None


def test_un_constat_du_point_de_depot_perd_ses_valeurs_et_ses_numeros() -> None:
    found = anomalie("CCH-12", "Le NIR 1 80 05 40 999 012 65 ne convient pas", valeur=NIR)
    (constat,) = read_return(retour("BAN", anomalies=[found])).declarations[0].anomalies
    assert (constat.code, constat.ligne, constat.rubrique) == ("CCH-12", 12, "S21.G00.40.020")
    assert constat.message == "Le NIR … ne convient pas"
    assert NIR not in str(constat)


def test_un_rejet_porte_les_anomalies_de_l_envoi() -> None:
    read = read_return(retour("ARE", anomalies_envoi=[anomalie("GEN-08", "En-tête absent")]))
    assert [item.code for item in read.anomalies_envoi] == ["GEN-08"]


ENTITE = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
REFUS = {
    "vide": (b"", "XML lisible"),
    "pas du XML": (b"S10.G00.00.001,'PAIE'", "XML lisible"),
    "tronqué": (retour()[:200], "XML lisible"),
    "encodage inconnu": (retour().replace(b"ISO-8859-1", b"EBCDIC-ZZ"), "XML lisible"),
    "entités": (retour().replace(b"?><g:", b"?>" + ENTITE + b"<g:").replace(b"flux-1", b"&b;"), "XML lisible"),
    "entité externe": (
        retour()
        .replace(b"?><g:", b'?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><g:')
        .replace(b"flux-1", b"&x;"),
        "XML lisible",
    ),
    "autre racine": (retour().replace(b"g:rapport", b"g:bilan"), "format attendu"),
    "autre espace de noms": (retour().replace(b"gip-mds.fr", b"exemple.fr"), "format attendu"),
    "type inconnu": (retour("118"), "Type de retour inconnu (« 118 »)"),
    "sans type": (retour("").replace(b' type=""', b""), "absent ou illisible"),
    "taux sans identifiant": (retour(identifiant=None), "identifiant de taux"),
    "identifiant en lettres": (retour(identifiant="ABC"), "identifiant de taux"),
    "identifiant trop long": (retour(identifiant="1" * 19), "identifiant de taux"),
    "trop gros": (b"<" * (TAILLE_MAX + 1), "n'est pas ouvert"),
}


@pytest.mark.hostile
@pytest.mark.parametrize(("content", "phrase"), REFUS.values(), ids=REFUS)
def test_ce_qui_n_a_pas_la_forme_est_refuse_en_une_phrase(content: bytes, phrase: str) -> None:
    with pytest.raises(RetourRefuse) as refused:
        read_return(content)
    assert phrase in str(refused.value)


@pytest.mark.hostile
def test_un_xml_tres_profond_est_refuse_sans_panne() -> None:
    content = retour().replace(b"flux-1", b"<a>" * 50_000 + b"</a>" * 50_000)
    assert read_return(content).type is TypeRetour.TAUX


def test_ce_qui_est_incertain_est_une_ligne_de_doute() -> None:
    doubtful = {row.code for row in codes.load().doubts() if row.table == "retours"}
    assert {"type_taux", "identifiant_taux"} <= doubtful
