"""D'un mois à l'autre, et d'un envoi à l'autre du même mois : ce qui a changé se dit, ce qui est faux se remplace."""

from __future__ import annotations

import io
from datetime import date

import pytest

from dsn.message import Block
from dsn.reader import read
from payroll.month.commun import GesteRefuse
from payroll.month.declarer import dsn_name
from payroll.periods import Month
from payroll.store.tables import Adherent, Agent, EtatPaie, MessageDsn, Paie
from tests.month.conftest import Inscrire
from tests.month.gestes import MOIS, Donnees, Lieu, contrat_de, description

OCTOBRE = Month(2026, 10)


def blocs(lieu: Lieu, wanted: str, mois: Month = MOIS) -> list[dict[str, str]]:
    """Les blocs d'un type dans la DSN d'un mois : suffixe → valeur."""
    message, anomalies = read(io.BytesIO(lieu.content(dsn_name(lieu.code, mois))))
    assert anomalies == []

    def values(block: Block) -> dict[str, str]:
        return {field.rubrique[-3:]: field.value for field in block.fields}

    return [values(block) for declaration in message.declarations for block in declaration.find(wanted)]


def avancement(data: Donnees, matricule: str, du: date, **changes: object) -> None:
    """Deux périodes de conditions : celles du dossier, puis celles-ci à partir d'une date."""
    contrat = contrat_de(data, matricule)
    (first,) = contrat["situations"]
    contrat["situations"] = [first | {"au": date.fromordinal(du.toordinal() - 1)}, first | {"du": du, **changes}]


def jouer(lieu: Lieu, *mois: Month) -> Lieu:
    for rang, unmois in enumerate(mois):
        if rang == len(mois) - 1:
            lieu.ouvrir(unmois)
            lieu.calculer(unmois)
            lieu.valider(unmois, commentaire="essai")
            lieu.declarer(unmois)
        else:
            lieu.jusqu_a_la_restitution(unmois)
    return lieu


def test_un_mois_sans_changement_n_en_dit_aucun(inscrire_lieu: Inscrire) -> None:
    lieu = jouer(inscrire_lieu(description("lubescaux")), OCTOBRE, MOIS)

    assert (blocs(lieu, "S21.G00.31"), blocs(lieu, "S21.G00.41")) == ([], [])


def test_un_avancement_se_dit_le_mois_de_son_effet_avec_l_ancien_indice(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    before = contrat_de(data, "LB002")["situations"][0]
    avancement(data, "LB002", date(2026, 11, 1), indice_majore=before["indice_majore"] + 9)
    lieu = jouer(inscrire_lieu(data), OCTOBRE, MOIS)

    assert blocs(lieu, "S21.G00.41", OCTOBRE) == []
    assert blocs(lieu, "S21.G00.41") == [
        {"001": "01112026", "028": "01112026", "035": str(before["indice_majore"])},
    ]


def test_un_nom_corrige_se_dit_en_donnee_identifiante(inscrire_lieu: Inscrire) -> None:
    lieu = inscrire_lieu(description("lubescaux") | {"agents": description("lubescaux")["agents"][:1]})
    lieu.jusqu_a_la_restitution(OCTOBRE)
    (agent,) = lieu.rows(Agent)
    lieu.set(Agent, nom="Ajonc de Test")
    jouer(lieu, MOIS)

    assert blocs(lieu, "S21.G00.31") == [{"001": "01112026", "009": agent.nom}]
    assert blocs(lieu, "S21.G00.30")[0]["002"] == "Ajonc de Test"


def test_une_declaration_fausse_se_remplace_avec_le_numero_d_ordre_suivant(inscrire_lieu: Inscrire) -> None:
    lieu = jouer(inscrire_lieu(description("lubescaux")), MOIS)
    first = lieu.content(dsn_name(lieu.code, MOIS))
    lieu.set(Adherent, adresse="2 place de la Mairie")
    again = lieu.declarer(minutes=60, remplacer=True)

    assert again.nouvelle
    assert [(row.type, row.numero_ordre) for row in lieu.rows(MessageDsn)] == [("01", 1), ("03", 2)]
    assert [(b["002"], b["004"]) for b in blocs(lieu, "S20.G00.05")] == [("03", "2")]
    assert lieu.content(dsn_name(lieu.code, MOIS)) != first
    assert (lieu.paie().etat, lieu.gestes()[-1]) == (EtatPaie.DECLAREE, "remplacer la déclaration")


def test_sans_agent_le_remplacement_est_de_type_05(inscrire_lieu: Inscrire) -> None:
    lieu = jouer(inscrire_lieu(description("lubescaux") | {"agents": []}), MOIS)
    lieu.set(Adherent, adresse="2 place de la Mairie")
    lieu.declarer(minutes=60, remplacer=True)

    assert [(row.type, row.numero_ordre) for row in lieu.rows(MessageDsn)] == [("02", 1), ("05", 2)]


def test_remplacer_par_la_meme_chose_est_refuse(inscrire_lieu: Inscrire) -> None:
    lieu = jouer(inscrire_lieu(description("lubescaux")), MOIS)
    with pytest.raises(GesteRefuse, match="redirait la même chose"):
        lieu.declarer(minutes=60, remplacer=True)

    assert len(lieu.rows(MessageDsn)) == 1


def test_on_ne_remplace_ni_ce_qui_n_est_pas_declare_ni_ce_qui_est_clos(inscrire_lieu: Inscrire) -> None:
    lieu = inscrire_lieu(description("lubescaux"))
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider(commentaire="essai")
    with pytest.raises(GesteRefuse, match="aucune DSN à remplacer"):
        lieu.declarer(remplacer=True)
    lieu.declarer()
    lieu.set(Paie, etat=EtatPaie.CLOSE)
    lieu.set(Adherent, adresse="2 place de la Mairie")
    with pytest.raises(GesteRefuse, match="se porte sur le mois suivant"):
        lieu.declarer(remplacer=True)


def test_un_recalcul_avant_la_declaration_ne_compte_pas_dans_le_numero_d_ordre(inscrire_lieu: Inscrire) -> None:
    """Le numéro d'ordre suit les envois du mois (CT p.135), pas les révisions de la paie."""
    lieu = inscrire_lieu(description("lubescaux"))
    lieu.ouvrir()
    lieu.calculer()
    lieu.set(Agent, territoire_pas="guyane_mayotte")
    lieu.calculer(minutes=12)
    lieu.valider(commentaire="essai")
    lieu.declarer()

    assert lieu.paie().revision == 2
    assert [b["004"] for b in blocs(lieu, "S20.G00.05")] == ["1"]


def test_un_etablissement_secondaire_se_declare_sous_le_siege(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    siege = siret_of(data["siret"][:9], "00099")
    lieu = jouer(inscrire_lieu(data | {"siret_siege": siege}), MOIS)

    assert [(b["001"], b["002"]) for b in blocs(lieu, "S21.G00.06")] == [(data["siret"][:9], siege[9:])]
    assert [b["001"] for b in blocs(lieu, "S21.G00.11")] == [data["siret"][9:]]


def siret_of(siren: str, nic: str) -> str:
    """Un SIRET de ce SIREN dont la clé est juste, au plus près de ce NIC."""
    for last in range(10):
        found = f"{siren}{nic[:4]}{last}"
        digits = [int(digit) * (1 + rank % 2) for rank, digit in enumerate(reversed(found))]
        if sum(digit - 9 * (digit > 9) for digit in digits) % 10 == 0:
            return found
    raise AssertionError("un des dix chiffres convient toujours")
