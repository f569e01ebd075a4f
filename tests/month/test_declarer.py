"""Déclarer : la DSN d'un contenu validé, une fois, les mêmes octets, et jamais un organisme tu."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dsn.message import Block
from dsn.reader import read
from payroll.month.commun import GesteRefuse
from payroll.month.declarer import dsn_name
from payroll.store.registre import Registre
from payroll.store.tables import Absence, Adherent, Contrat, MessageDsn, TauxPas
from tests.month.conftest import Inscrire, Ouvrir
from tests.month.gestes import (
    DECLARANT,
    MOIS,
    Donnees,
    Lieu,
    Ligne,
    absence,
    contrat_de,
    description,
    element,
    fichier,
    inscrire,
)

NOM = dsn_name("lubescaux", MOIS)


def _until_approved(lieu: Lieu) -> Lieu:
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider(commentaire="essai")
    return lieu


def _blocks(lieu: Lieu, wanted: str) -> list[dict[str, str]]:
    """Les blocs d'un type dans la DSN rendue : suffixe → valeur."""
    message, anomalies = read(io.BytesIO(lieu.content(dsn_name(lieu.code, MOIS))))
    assert anomalies == []
    found: list[dict[str, str]] = []

    def walk(block: Block) -> None:
        if block.id == wanted:
            found.append({field.rubrique[-3:]: field.value for field in block.fields})
        for child in block.children:
            walk(child)

    assert message.envoi is not None
    walk(message.envoi)
    for declaration in message.declarations:
        walk(declaration)
    return found


def _declared(lieu: Lieu, *lignes: Ligne) -> Lieu:
    lieu.ouvrir()
    if lignes:
        assert lieu.deposer(fichier(lieu.code, *lignes)).etat == "accepte"
    lieu.calculer()
    lieu.valider(commentaire="essai")
    lieu.declarer()
    return lieu


def test_une_paie_non_validee_ne_se_declare_pas(lieu: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="n'est pas ouvert"):
        lieu.declarer()
    lieu.ouvrir()
    lieu.calculer()
    with pytest.raises(GesteRefuse, match="une fois validée"):
        lieu.declarer()

    assert (NOM in lieu.documents(), lieu.rows(MessageDsn)) == (False, [])


def test_declarer_deux_fois_garde_le_meme_message(lieu: Lieu) -> None:
    _until_approved(lieu)
    first = lieu.declarer()
    content = lieu.content(NOM)
    again = lieu.declarer(minutes=90)

    assert (first.nouvelle, again.nouvelle) == (True, False)
    assert (again.norme, again.anomalies) == (first.norme, first.anomalies)
    assert lieu.content(NOM) == content
    assert len(lieu.rows(MessageDsn)) == 1
    assert lieu.paie().etat == "declaree"


def test_les_memes_donnees_font_les_memes_octets(tmp_path: Path) -> None:
    contents = []
    for name in ("un", "deux"):
        folder = tmp_path / name
        folder.mkdir()
        registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
        registre.upgrade()
        contents.append(_declared(inscrire(registre, folder, description("lubescaux"))).content(NOM))
        registre.close()

    assert contents[0] == contents[1]


@pytest.mark.parametrize("essai, code", [(True, "01"), (False, "02")])
def test_hors_production_l_envoi_est_un_essai(lieu: Lieu, essai: bool, code: str) -> None:
    _until_approved(lieu)
    lieu.declarer(declarant=replace(DECLARANT, essai=essai))

    assert [block["005"] for block in _blocks(lieu, "S10.G00.00")] == [code]


@pytest.mark.parametrize("essai", [True, False])
def test_un_ircantec_sans_siret_est_un_refus_jamais_une_omission(lieu: Lieu, essai: bool) -> None:
    """Les élus cotisent à l'Ircantec : sans son SIRET, ses cotisations ne seraient pas payées."""
    _until_approved(lieu)
    with pytest.raises(GesteRefuse, match="PAIE_SIRET_IRCANTEC"):
        lieu.declarer(declarant=replace(DECLARANT, essai=essai, siret_ircantec=""))

    assert (lieu.paie().etat, NOM in lieu.documents()) == ("validee", False)


def test_sans_cotisant_ircantec_son_siret_n_est_pas_demande(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    lieu = _until_approved(inscrire_lieu(data | {"agents": data["agents"][:2]}))

    assert lieu.declarer(declarant=replace(DECLARANT, siret_ircantec="")).nouvelle is True


def test_sans_bulletin_la_declaration_est_neant(inscrire_lieu: Inscrire) -> None:
    lieu = _declared(inscrire_lieu(description("lubescaux") | {"agents": []}))

    assert [block["002"] for block in _blocks(lieu, "S20.G00.05")] == ["02"]
    assert _blocks(lieu, "S10.G00.00")[0]["008"] == "02"
    assert _blocks(lieu, "S21.G00.30") == []


def test_un_fichier_arrive_apres_la_validation_empeche_de_declarer(lieu: Lieu) -> None:
    """Une paie déclarée ne se recalcule plus : ce que la secrétaire vient d'envoyer ne serait jamais payé."""
    _until_approved(lieu)
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")))
    with pytest.raises(GesteRefuse, match="ont changé depuis le calcul"):
        lieu.declarer()

    assert NOM not in lieu.documents()


def test_une_dsn_qui_serait_rejetee_ne_sort_pas(lieu: Lieu) -> None:
    lieu.set(Adherent, bic="")
    lieu.set(Contrat, pcs_ese="")
    _until_approved(lieu)
    with pytest.raises(GesteRefuse, match="serait rejetée"):
        lieu.declarer()

    assert (lieu.paie().etat, lieu.rows(MessageDsn), NOM in lieu.documents()) == ("validee", [], False)


def test_un_contrat_qui_finit_sans_motif_est_refuse(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB002")["date_fin"] = date(2026, 11, 20)
    lieu = _until_approved(inscrire_lieu(data))
    with pytest.raises(GesteRefuse, match="motif de fin"):
        lieu.declarer()


def test_une_fin_de_contrat_est_declaree(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB002").update({"date_fin": date(2026, 11, 20), "motif_fin": "059"})
    lieu = _declared(inscrire_lieu(data))

    assert _blocks(lieu, "S21.G00.62") == [{"001": "20112026", "002": "059", "006": "20112026"}]


def test_temps_complet_partiel_et_non_complet_se_distinguent(ouvrir_lieu: Ouvrir) -> None:
    """40.012 le poste, 40.013 l'agent, 40.053 la nature du poste, 40.054 les 35 heures, 40.055 le temps partiel."""
    contracts = {block["009"]: block for block in _blocks(_declared(ouvrir_lieu("hontarede")), "S21.G00.40")}
    keys = ("012", "013", "014", "053", "054", "055")
    shown = {numero: tuple(block.get(name, "") for name in keys) for numero, block in contracts.items()}

    assert shown["HT00301"] == ("151.67", "151.67", "10", "01", "", "")
    assert shown["HT00201"] == ("151.67", "121.34", "20", "01", "", "80.00")
    assert shown["HT00901"] == ("60.67", "60.67", "10", "02", "35.00", "")
    assert shown["HT01301"] == ("0.00", "0.00", "99", "", "", "")


def test_le_brut_chomage_laisse_les_primes_de_la_fonction_publique(lieu: Lieu) -> None:
    """CT p.247 : les primes préfixées [FP] ne sont pas dans la rémunération de type 002."""
    _declared(lieu, element("LB002", "cia", "100,00"))
    amounts = {(b["010"], b["011"]): b["013"] for b in _blocks(lieu, "S21.G00.51")}
    lines = lieu.lignes("LB00201")
    brut = lieu.bulletins()["LB00201"].brut

    assert amounts["LB00201", "001"] == amounts["LB00201", "003"] == _euros(brut)
    fp = lines["ifse"].montant_salarie + lines["cia"].montant_salarie
    assert amounts["LB00201", "002"] == _euros(brut - fp)
    assert amounts["LB00201", "010"] == _euros(lines["traitement"].montant_salarie)
    assert amounts["LB00301", "002"] == "0.00", "un élu n'a pas d'assurance chômage"


def test_les_heures_d_absence_se_declarent_a_part(ouvrir_lieu: Ouvrir) -> None:
    """CT p.252 : la durée non travaillée, même payée en partie, est une activité de type 02."""
    lieu = _declared(
        ouvrir_lieu("hontarede"),
        absence("HT003", "cmo", "03/11/2026", "08/11/2026"),
        absence("HT004", "greve", "24/11/2026", "24/11/2026"),
        element("HT006", "ihts_jour", "4"),
    )
    bodies = _activities(lieu)

    assert bodies["HT00301"] == [("01", "121.34"), ("02", "30.33")], "6 jours sur 30"
    assert bodies["HT00401"] == [("01", "146.61"), ("02", "5.06")]
    assert bodies["HT00601"] == [("01", "155.67")]


def _activities(lieu: Lieu) -> dict[str, list[tuple[str, str]]]:
    message, _ = read(io.BytesIO(lieu.content(dsn_name(lieu.code, MOIS))))
    found: dict[str, list[tuple[str, str]]] = {}

    def walk(block: Block) -> None:
        if block.id == "S21.G00.51":
            values = {field.rubrique[-3:]: field.value for field in block.fields}
            for child in block.children:
                found.setdefault(values["010"], []).append((child.fields[0].value, child.fields[1].value))
        for child in block.children:
            walk(child)

    walk(message.declarations[0])
    return found


def test_un_arret_et_ses_prolongations_n_en_font_qu_un(ouvrir_lieu: Ouvrir) -> None:
    """La date du dernier jour travaillé désigne l'arrêt : elle reste celle d'octobre."""
    lieu = ouvrir_lieu("hontarede")
    contrat = next(row for row in lieu.rows(Contrat) if row.numero == "HT00301")
    with lieu.registre.transaction() as session:
        session.add(
            Absence(
                adherent_id=contrat.adherent_id,
                contrat_id=contrat.id,
                type="cmo",
                debut=date(2026, 10, 20),
                fin=date(2026, 10, 31),
            )
        )
    _declared(lieu, absence("HT003", "cmo", "01/11/2026", "05/11/2026", "oui"))

    assert _blocks(lieu, "S21.G00.60") == [{"001": "01", "002": "19102026", "003": "05112026"}]


def test_un_arret_fini_avant_le_mois_ne_se_repete_pas(ouvrir_lieu: Ouvrir) -> None:
    lieu = ouvrir_lieu("hontarede")
    contrat = next(row for row in lieu.rows(Contrat) if row.numero == "HT00301")
    with lieu.registre.transaction() as session:
        session.add(
            Absence(
                adherent_id=contrat.adherent_id,
                contrat_id=contrat.id,
                type="greve",
                debut=date(2026, 10, 20),
                fin=date(2026, 10, 20),
            )
        )
    _declared(lieu, absence("HT004", "greve", "24/11/2026", "24/11/2026"))

    assert _blocks(lieu, "S21.G00.60") == []
    assert _blocks(lieu, "S21.G00.65") == [{"001": "657", "002": "24112026", "003": "24112026"}]


def _two_contracts() -> Donnees:
    data = description("hontarede")
    agent = next(agent for agent in data["agents"] if agent["matricule"] == "HT008")
    second = dict(agent["contrats"][0]) | {"numero": "HT00802", "permanents": []}
    situation = dict(second["situations"][0]) | {"heures_hebdo": "3", "heures_tous_employeurs": "35"}
    second["situations"] = [situation]
    agent["contrats"].append(second)
    return data


def test_deux_contrats_d_un_agent_font_un_individu_et_se_disent_multiples(inscrire_lieu: Inscrire) -> None:
    lieu = _declared(inscrire_lieu(_two_contracts()), absence("HT008/HT00801", "cmo", "03/11/2026", "05/11/2026"))
    contrats = {block["009"]: block for block in _blocks(lieu, "S21.G00.40")}

    assert [block["019"] for block in _blocks(lieu, "S21.G00.30")].count("HT008") == 1
    assert (contrats["HT00801"]["036"], contrats["HT00802"]["036"]) == ("02", "02")
    assert contrats["HT00101"]["036"] == "01"
    assert len(_blocks(lieu, "S21.G00.60")) == 2, "l'arrêt vaut pour tous les contrats de l'agent (CT p.108)"
    persons = len(_blocks(lieu, "S21.G00.30"))
    assert len(_blocks(lieu, "S21.G00.50")) == persons, "un versement par personne, tous contrats confondus"
    attached = {block["006"] for block in _blocks(lieu, "S21.G00.78") if "006" in block}
    assert attached == {"HT00801", "HT00802"}, "seules les bases d'une personne à deux contrats disent le leur"


@pytest.mark.parametrize("court, identifiant", [(False, None), (True, "-1")])
def test_un_contrat_court_sans_taux_transmis_le_dit(
    inscrire_lieu: Inscrire, court: bool, identifiant: str | None
) -> None:
    """CT p.241 : l'identifiant du taux est « -1 » pour un contrat de deux mois au plus."""
    data = description("hontarede")
    contrat_de(data, "HT010")["contrat_court"] = court
    lieu = inscrire_lieu(data)
    with lieu.registre.transaction() as session:
        for row in lieu.rows(TauxPas):
            session.delete(row)
    _declared(lieu)
    found = [block for block in _blocks(lieu, "S21.G00.50") if block["007"] == "13"]

    assert {block.get("008") for block in found} == {None, identifiant}


def test_le_remboursement_de_transport_est_un_element_hors_brut(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB002")["permanents"].append(
        {"rubrique": "remboursement_transport", "montant": "25.30", "du": date(2026, 1, 1)}
    )
    lieu = _declared(inscrire_lieu(data))

    assert [(block["001"], block["002"]) for block in _blocks(lieu, "S21.G00.54")] == [("18", "25.30")]


def test_le_net_verse_est_le_net_fiscal_moins_csg_et_crds_non_deductibles(lieu: Lieu) -> None:
    """CT p.241 ; un élu dont rien n'est imposable est dit pour son brut moins ses prélèvements."""
    _declared(lieu)
    payments = {(block["002"], block["004"]) for block in _blocks(lieu, "S21.G00.50")}
    lines, bulletin = lieu.lignes("LB00101"), lieu.bulletins()["LB00101"]
    withheld = lines["csg_non_deductible"].montant_salarie + lines["crds"].montant_salarie
    exempt = next(row for row in lieu.bulletins().values() if row.net_imposable == 0)

    assert (_euros(bulletin.net_imposable), _euros(bulletin.net_imposable - withheld)) in payments
    assert ("0.00", _euros(exempt.net_avant_impot)) in payments


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def test_le_plafond_du_mois_est_sous_la_base_plafonnee(lieu: Lieu) -> None:
    _declared(lieu)
    plafonds = [block["004"] for block in _blocks(lieu, "S21.G00.79") if block["001"] == "07"]
    expected = [lieu.bulletins()[numero].colonnes["plafond_periode"] for numero in ("LB00101", "LB00201")]

    assert plafonds == [_euros(amount) for amount in expected]


def test_l_ordre_des_agents_du_dossier_ne_change_pas_la_dsn(tmp_path: Path) -> None:
    contents: list[bytes] = []
    turns: tuple[Callable[[list[Donnees]], list[Donnees]], ...] = (lambda rows: rows, lambda rows: rows[::-1])
    for name, turn in zip(("endroit", "envers"), turns, strict=True):
        folder = tmp_path / name
        folder.mkdir()
        registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
        registre.upgrade()
        data = description("lubescaux")
        contents.append(_declared(inscrire(registre, folder, data | {"agents": turn(data["agents"])})).content(NOM))
        registre.close()

    assert contents[0] == contents[1]
