"""Le bulletin relu comme le lit l'agent : les mentions, leur place, leur exactitude."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
from pypdf import PdfReader

from payroll.documents.facts import PayslipFacts
from payroll.documents.layout import model_for
from payroll.documents.lines import Row, paginate
from payroll.documents.payslip import french_date, render
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.money import format_amount
from payroll.periods import Month
from tests.documents import samples
from tests.documents.readers import Texte, page_count, pdf_text, placed

pytestmark = pytest.mark.documents

BULLETINS = [samples.TITULAIRE, samples.CONTRACTUEL, samples.ELU, samples.MALADIE]
TOUS = [
    *(pytest.param(samples.facts(b), id=b.matricule) for b in BULLETINS),
    pytest.param(samples.full_facts(), id="complet"),
]


def many_lines(count: int) -> PayslipFacts:
    primes = tuple(
        Ligne(f"prime_{rang:02d}", f"Prime exceptionnelle n° {rang:02d}", Section.BRUT, 5, montant_salarie=rang * 100)
        for rang in range(1, count - len(samples.TITULAIRE.lignes) + 1)
    )
    return samples.facts(replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, *primes)))


def test_une_ligne_de_rappel_porte_son_mois_de_droit_et_le_garde_entier() -> None:
    """Le libellé trop long est coupé ; le mois, imprimé d'abord, ne l'est pas."""
    long = "Indemnité de fonctions, de sujétions et d'expertise, part liée aux fonctions de régisseur"
    rappel = Ligne("ifse", long, Section.BRUT, 5, montant_salarie=4200, periode=Month(2025, 11))
    bulletin = replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, rappel))
    assert "Rappel 11/2025, Indemnité de fonctions" in pdf_text(render(samples.facts(bulletin)))


def test_huit_mois_de_rappel_s_impriment_tous_avec_leur_mois() -> None:
    """Traitement, différentielle et cotisations de huit mois : le bulletin prend d'autres pages, rien ne manque."""
    mois = [Month(2025, rang) for rang in range(9, 13)] + [Month(2026, rang) for rang in range(1, 5)]
    rappels = tuple(
        Ligne(code, libelle, section, ordre, montant_salarie=montant, periode=origine)
        for code, libelle, section, ordre, montant in (
            ("traitement", "Traitement indiciaire", Section.BRUT, 100, 2954),
            ("indemnite_differentielle_smic", "Indemnité différentielle SMIC", Section.BRUT, 260, -2129),
            ("cnracl", "CNRACL", Section.RETRAITE, 1200, 328),
            ("atiacl", "ATIACL", Section.RETRAITE, 1210, 12),
        )
        for origine in mois
    )
    bulletin = replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, *rappels))
    text = pdf_text(render(samples.facts(bulletin)))
    for origine in mois:
        assert text.count(f"Rappel {origine.month:02d}/{origine.year},") == 4


def test_le_bulletin_d_un_titulaire_porte_toutes_les_mentions_attendues() -> None:
    """Code du travail R. 3243-1, pris pour référence par le secteur public, et mentions propres au statut."""
    text = pdf_text(render(samples.facts()))
    for mention in [
        "BULLETIN DE PAIE",
        "Janvier 2026",
        "Période du 1er janvier 2026 au 31 janvier 2026",
        "Payé le 27 janvier 2026 par virement",
        "Commune de Saint-Exemple-les-Pins",
        "1, place de l'Église",
        "SIRET 214 099 901 00012",
        "APE 84.11Z",
        "Urssaf Aquitaine",
        "M. LARREZET Jean-Noël",
        "Résidence les Œillets",
        "40999 SAINT-EXEMPLE-LES-PINS",
        "Matricule 00042",
        "Statut Titulaire",
        "Emploi Agent polyvalent des services techniques",
        "Grade Adjoint technique territorial",
        "Échelon 1",
        "Indice brut 367",
        "Indice majoré 366",
        "Régime CNRACL",
        "Temps complet",
        "151,67 h",
        "Entrée 01/09/2019",
        "Traitement indiciaire, indice majoré 366 1 801,74",
        "Transfert primes/points 13,92",
        "Heures supplémentaires (IHTS), 14 premières heures 10,00 14,85 148,50",
        "Total brut 2 107,61",
        "CNRACL 1 801,74 11,10 % 199,99 37,65 % 678,36",
        "Maladie, maternité, invalidité, décès 1 801,74 9,88 % 178,01",
        "Réduction de cotisations sur heures supplémentaires 148,50 -5,00 % -7,43",
        "Total des cotisations et contributions 408,71 1 023,91",
        "Montant net social 1 698,90",
        "Net à payer avant impôt sur le revenu 1 698,90",
        "1 620,37 1 620,37 0,50 % non personnalisé (grille) 8,10 8,10",
        "NET À PAYER",
        "1 690,80 €",
        "Total versé par l'employeur",
        "3 131,52 €",
        "Mois 2 107,61 1 620,37 8,10 1 690,80 151,67 3 131,52",
        "Année 2 107,61 1 620,37 8,10 1 690,80 151,67 3 131,52",
        "sans limitation de durée",
        "www.service-public.fr",
        "« bulletin de paie »",
        "Page 1/1",
    ]:
        assert mention in text, mention


def test_le_bulletin_d_une_contractuelle_dit_son_regime_son_taux_et_son_terme() -> None:
    text = pdf_text(render(samples.facts(samples.CONTRACTUEL)))
    for mention in [
        "Statut Contractuelle",
        "Régime IRCANTEC",
        "Enfants (SFT) 1",
        "Sortie 31/08/2026",
        "Assurance chômage 2 221,24 4,00 % 88,85",
        "Vieillesse plafonnée 2 221,24 6,90 % 153,27 8,55 % 189,92",
        "Accidents du travail 2 221,24 1,60 % 35,54",
        "personnalisé (transmis) 53,93 161,79",
        "1 743,62 €",
        "3 144,74 €",
    ]:
        assert mention in text, mention
    assert "non personnalisé" not in text


def test_le_bulletin_d_un_elu_n_a_ni_grade_ni_indice_ni_heures() -> None:
    text = pdf_text(render(samples.facts(samples.ELU)))
    for mention in [
        "BULLETIN D'INDEMNITÉ",
        "Statut Élu local",
        "Emploi Maire",
        "Droit à la formation des élus 1 155,06 1,00 % 11,55",
    ]:
        assert mention in text, mention
    assert "Montant net social 1 010,22" in text
    assert "998,67 €" in text
    for absent in ["Grade", "Échelon", "Indice brut", "NBI", "Heures du mois", "Exonérations"]:
        assert absent not in text, absent


def test_le_montant_net_social_est_entre_le_total_des_cotisations_et_le_net_avant_impot() -> None:
    """Arrêté du 31 janvier 2023 : c'est sa place dans le modèle adapté."""
    text = pdf_text(render(samples.facts()))
    assert (
        text.index("Total des cotisations") < text.index("Montant net social") < text.index("Net à payer avant impôt")
    )


def test_les_sections_s_impriment_dans_l_ordre_et_seulement_si_elles_servent() -> None:
    text = pdf_text(render(samples.facts(samples.CONTRACTUEL)))
    titles = [
        "Rémunération brute\n",
        "Santé\n",
        "Accidents du travail et maladies professionnelles\n",
        "Retraite\n",
        "Famille\n",
        "Assurance chômage\n",
        "Autres contributions dues par l'employeur\n",
        "CSG et CRDS\n",
        "Exonérations",
    ]
    positions = [text.index(title) for title in titles]
    assert positions == sorted(positions)
    assert "Assurance chômage" not in pdf_text(render(samples.facts()))
    assert "Remboursements et retenues" not in text


def test_ce_qui_suit_le_net_avant_impot_est_imprime_apres_lui() -> None:
    text = pdf_text(render(samples.full_facts()))
    assert text.index("Net à payer avant impôt") < text.index("Remboursement domicile-travail (75 %) 40,00 30,00")
    assert "Acompte versé le 15 novembre 2026 100,00" in text
    assert "1 562,59 €" in text


def test_le_prelevement_a_la_source_n_est_pas_repete_dans_le_tableau() -> None:
    ligne = Ligne("pas", "Prélèvement à la source", Section.NET, 990, montant_salarie=-810)
    bulletin = replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, ligne))
    assert pdf_text(render(samples.facts(bulletin))) == pdf_text(render(samples.facts()))


@pytest.mark.privacy
def test_le_nir_et_le_compte_ne_s_impriment_que_si_on_les_donne() -> None:
    assert "sécurité soc" not in pdf_text(render(samples.facts(samples.MALADIE)))
    full = replace(samples.full_facts(), iban_fin="FR7630001007941234567890189")
    text = pdf_text(render(full))
    assert "2 84 04 99 123 456 07" in text
    assert "compte finissant par 0189" in text
    assert "67890189" not in text


def test_les_conges_et_les_messages_s_impriment_en_bas() -> None:
    text = pdf_text(render(samples.full_facts()))
    assert "Congés : 2,00 jour(s) pris dans le mois, solde 14,50 jour(s)." in text
    assert "pensez à transmettre votre attestation." in text


def test_un_net_negatif_se_lit_comme_un_trop_percu() -> None:
    text = pdf_text(render(samples.facts(replace(samples.TITULAIRE, net_a_payer=-1250))))
    assert "TROP-PERÇU À RÉGULARISER" in text
    assert "-12,50 €" in text


@pytest.mark.parametrize("facts", TOUS)
def test_rien_ne_sort_des_marges_ni_ne_se_chevauche(facts: PayslipFacts) -> None:
    """Marges d'un centimètre ; deux textes d'une même ligne laissent au moins un demi-millimètre entre eux."""
    _check_page_geometry(placed(render(facts)))


def test_le_bulletin_le_plus_charge_garde_ses_marges() -> None:
    """Libellés trop longs, montants à six chiffres, identité interminable : le texte rétrécit ou s'abrège."""
    long = "Indemnité de fonctions, de sujétions et d'expertise, complément versé au titre de l'année précédente"
    grosse = Ligne("x", long, Section.RETRAITE, 1, 99999999, 99999, 1234567, 99999999, 1234567, 99999999)
    facts = samples.full_facts()
    facts = replace(
        facts,
        titre="Bulletin de paie rectificatif annulant et remplaçant le précédent",
        employeur=replace(facts.employeur, nom="Syndicat intercommunal à vocation multiple " * 2, organisme=long),
        agent=replace(facts.agent, nom="Duhalde-Etcheverry de Lassalle " * 3, adresse=(long,), matricule="M" * 30),
        contrat=replace(
            facts.contrat, emploi=long, grade=long, statut_libelle=long, quotite_libelle=long, echelon="spécial " * 3
        ),
        bulletin=replace(
            facts.bulletin, lignes=(*facts.bulletin.lignes, grosse), brut=123456789, net_a_payer=123456789
        ),
        messages=(long * 3,),
    )
    texts = placed(render(facts))
    _check_page_geometry(texts)
    assert any(text.texte.endswith("…") for text in texts)
    assert min(text.taille for text in texts) >= 5.4


def _check_page_geometry(texts: list[Texte]) -> None:
    for text in texts:
        assert text.gauche >= 9.9, text
        assert text.droite <= 200.1, text
        assert 10 <= text.y <= 292, text
    for one, other in combinations(texts, 2):
        if one.page == other.page and abs(one.y - other.y) < 1.2:
            first, second = sorted((one, other), key=lambda text: text.gauche)
            assert first.droite + 0.5 <= second.gauche, (first, second)


def test_l_adresse_tient_dans_la_fenetre_de_l_enveloppe_et_y_est_seule() -> None:
    """Enveloppe DL à fenêtre : de 100 à 190 mm et de 48 à 79 mm, rien d'autre que le nom et l'adresse."""
    facts = samples.facts()
    window = [text for text in placed(render(facts)) if text.gauche > 99 and 34 < text.y < 86]
    assert [text.texte for text in window] == [
        "M. LARREZET Jean-Noël",
        *facts.agent.adresse,
        "40999 SAINT-EXEMPLE-LES-PINS",
    ]
    assert all(text.y > 50 and text.y < 79 and text.droite < 190 for text in window)


@pytest.mark.parametrize("bulletin", BULLETINS, ids=lambda bulletin: bulletin.matricule)
def test_les_virgules_d_une_colonne_sont_alignees(bulletin: Bulletin) -> None:
    """Deux décimales et des chiffres de même chasse : même bord droit, même virgule."""
    texts = [text for text in placed(render(samples.facts(bulletin))) if text.y > 97 and text.taille == 7.2]
    amount = re.compile(r"-?[\d\u202f]+,\d\d")
    table_end = next(text.y for text in texts if text.texte.startswith("Net à payer avant"))
    amounts = [text for text in texts if text.y <= table_end and amount.fullmatch(text.texte)]
    columns = [10 + colonne.droite - 1.4 for colonne in model_for(bulletin.mois).colonnes]
    assert len(amounts) > 5
    for text in amounts:
        assert min(abs(text.droite - column) for column in columns) < 0.1, text


def test_les_virgules_des_taux_sont_alignees_meme_a_trois_decimales() -> None:
    """0,016 % (dialogue social) sous 11,10 % : la virgule au même endroit."""
    ligne = Ligne(
        "dialogue_social", "Dialogue social", Section.AUTRES_CONTRIBUTIONS, 1, 180174, None, 111000, 1, 160, 29
    )
    texts = placed(render(samples.facts(replace(samples.TITULAIRE, lignes=(*samples.TITULAIRE.lignes, ligne)))))
    rates = {
        text.texte.replace("\u00a0", " "): text for text in texts if text.texte.endswith("%") and text.gauche > 165
    }
    width = {"0,40 %": 0, "0,016 %": 1}
    digit = 7.2 * 1151 / 2048 * 25.4 / 72
    commas = [rates[text].droite - extra * digit for text, extra in width.items()]
    assert commas[0] == pytest.approx(commas[1], abs=0.05)


def test_un_bulletin_de_70_lignes_continue_sur_une_seconde_page() -> None:
    facts = many_lines(70)
    content = render(facts)
    assert page_count(content) == 2
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert "Page 1/2" in pages[0]
    assert "Page 2/2" in pages[1]
    assert "(suite)" in pages[1]
    assert "LARREZET" in pages[1]
    assert "Libellé" in pages[1]
    assert "NET À PAYER" not in pages[0]
    assert "NET À PAYER" in pages[1]
    text = pdf_text(content)
    for ligne in facts.bulletin.lignes:
        assert text.count(f"{ligne.libelle} ") >= 1, ligne.libelle
    _check_page_geometry(placed(content))


@pytest.mark.parametrize("count", range(20, 140, 7))
def test_aucune_ligne_n_est_perdue_quel_que_soit_leur_nombre(count: int) -> None:
    rows = [Row("titre" if rang % 6 == 0 else "ligne", str(rang)) for rang in range(count)]
    pages = paginate(rows, 45, 60, 50)
    assert [row for page in pages for row in page] == rows
    assert len(pages) >= 2
    assert len(pages[0]) <= 45
    assert all(len(page) <= 60 for page in pages)
    assert 1 <= len(pages[-1]) <= 50
    assert all(page[-1].genre != "titre" for page in pages[:-1])


def test_une_ligne_de_trop_serre_les_lignes_avant_de_prendre_une_page() -> None:
    """Jusqu'à 37 lignes et leurs titres le bulletin tient sur une page ; au-delà, il en prend deux."""
    assert [page_count(render(many_lines(count))) for count in (20, 37, 38)] == [1, 1, 2]


def test_les_memes_faits_donnent_les_memes_octets() -> None:
    """Ni l'heure ni la machine n'entrent dans le document : il se compare par empreinte."""
    one, other = render(samples.full_facts()), render(samples.full_facts())
    assert one == other
    assert render(samples.facts()) != one


def test_le_document_se_dit_en_francais_date_du_paiement_et_archivable() -> None:
    """PDF/A-3 : polices embarquées, métadonnées constantes ; il doit se lire dans cinquante ans."""
    reader = PdfReader(io.BytesIO(render(samples.facts())))
    assert reader.metadata is not None
    assert reader.metadata.title == "Bulletin de paie janvier 2026"
    assert reader.metadata.author == "Commune de Saint-Exemple-les-Pins"
    assert reader.metadata.creation_date is not None
    assert reader.metadata.creation_date.isoformat() == "2026-01-27T12:00:00+00:00"
    assert reader.trailer["/Root"]["/Lang"] == "fr-FR"
    xmp = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in xmp
    assert "2026-01-27T12:00:00+00:00" in xmp
    assert "Larrezet" not in xmp
    assert reader.trailer["/Root"]["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert len(reader.trailer["/ID"]) == 2


@pytest.mark.hostile
def test_un_nom_aux_caracteres_rares_s_imprime_sans_erreur_ni_perte_muette() -> None:
    facts = samples.facts()
    odd = replace(
        facts.agent, nom="Łukaszewski-Ștefănescu", prenom="李 Zoë\t\u0301{nb}", adresse=("1 <rue> & «l’Œuvre»\x00",)
    )
    employeur = replace(facts.employeur, nom="Commune d'<Aÿ> & Cie")
    text = pdf_text(render(replace(facts, agent=odd, employeur=employeur)))
    assert "LUKASZEWSKI-STEFANESCU" in text
    assert "? Zoë" in text
    assert "{nb}" in text
    assert "1 <rue> & «l'Œuvre»?" in text
    assert "Commune d'<Aÿ> & Cie" in text


@pytest.mark.systeme("pdftotext")
def test_un_autre_lecteur_de_pdf_y_lit_la_meme_chose() -> None:
    """Les polices réduites gardent la correspondance vers Unicode : le texte se copie et se lit à voix haute."""
    command = shutil.which("pdftotext")
    assert command
    done = subprocess.run(
        [command, "-layout", "-", "-"], input=render(samples.facts()), capture_output=True, check=True
    )
    assert done.stderr == b""
    text = re.sub(r"[ \u00a0\u202f]+", " ", done.stdout.decode())
    assert "CNRACL 1 801,74 11,10 % 199,99 37,65 % 678,36" in text
    assert "Résidence les Œillets" in text


def test_les_exemples_sont_justes_au_centime() -> None:
    """Un bulletin d'essai faux rendrait ces essais trompeurs : chaque total est la somme de ses lignes."""
    for bulletin in BULLETINS:
        gross = sum(ligne.montant_salarie for ligne in bulletin.lignes if ligne.section is Section.BRUT)
        agent = sum(ligne.montant_salarie for ligne in bulletin.lignes if ligne.section is not Section.BRUT)
        employer = sum(ligne.montant_employeur for ligne in bulletin.lignes)
        assert gross == bulletin.brut
        assert agent == bulletin.cotisations_salarie
        assert employer == bulletin.cotisations_employeur
        assert gross - agent == bulletin.net_avant_impot
        assert bulletin.net_avant_impot - bulletin.pas == bulletin.net_a_payer
        assert gross + employer == bulletin.cout_employeur


def test_la_date_s_ecrit_a_la_francaise() -> None:
    assert french_date(date(2026, 8, 1)) == "1er août 2026"
    assert french_date(date(2026, 8, 2)) == "2 août 2026"
    assert format_amount(123456) == "1\u202f234,56"
