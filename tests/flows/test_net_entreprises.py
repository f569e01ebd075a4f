"""Le client de l'API DSN contre un serveur qui parle son protocole : ce qu'il envoie, réessaie, refuse, ne dit pas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flows import net_entreprises
from flows.net_entreprises import Adresses, DepotErreur, DepotIndisponible, NetEntreprises, ReponsePerdue
from tests.flows.point_de_depot import IDENTIFIANTS, MOT_DE_PASSE, Etat, point_de_depot, publish

MESSAGE = "S10.G00.00.001,'PAIE'\r\nS20.G00.05.001,'01'\r\nS21.G00.30.002,'ÉTÉ'\r\n".encode("latin-1")
MIDI = datetime(2026, 12, 15, 12, tzinfo=UTC)


@pytest.fixture
def lieu() -> Iterator[tuple[Etat, Adresses]]:
    with point_de_depot() as found:
        yield found


@pytest.fixture
def etat(lieu: tuple[Etat, Adresses]) -> Etat:
    return lieu[0]


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(lieu: tuple[Etat, Adresses], pauses: list[float]) -> Iterator[NetEntreprises]:
    with NetEntreprises(IDENTIFIANTS, lieu[1], pause=pauses.append) as found:
        yield found


def test_un_depot_envoie_les_octets_du_message_et_rend_l_accuse(client: NetEntreprises, etat: Etat) -> None:
    answer = client.deposit(MESSAGE)
    assert (answer.accepte, answer.document, etat.deposes) == (True, b"<accuse>", [MESSAGE])
    assert etat.agents == {"Client-DSN (paie-a-facon/1; paie-a-facon)"}
    client.deposit(MESSAGE)
    assert etat.authentifications == 1  # le jeton sert tant qu'il vaut


def test_un_rejet_est_une_reponse_gardee(client: NetEntreprises, etat: Etat) -> None:
    etat.rejeter = True
    answer = client.deposit(MESSAGE)
    assert (answer.accepte, answer.document) == (False, b"<avis de rejet>")


def test_un_jeton_perime_se_renouvelle_une_fois(client: NetEntreprises, etat: Etat) -> None:
    client.authenticate()
    etat.jeton = "jeton-2"
    assert client.deposit(MESSAGE).accepte
    assert (etat.authentifications, len(etat.deposes)) == (2, 1)
    etat.pannes["deposer"] = [401, 401]
    with pytest.raises(DepotErreur):
        client.deposit(MESSAGE)
    assert len(etat.deposes) == 1


REFUS = [
    (401, "identifiants incorrects", "mot de passe incorrect"),
    (401, "Expiration du mot de passe", "périmé"),
    (401, "déclarant non-inscrit", "lendemain"),
    (403, "", "bloqué"),
    (407, "", "dangereuse"),
    (429, "", "rapprochés"),
    (503, "", "indisponible"),
    (418, "", "inattendue"),
]


@pytest.mark.parametrize(("code", "realm", "phrase"), REFUS)
def test_un_refus_d_authentification_se_dit_et_ne_se_reessaie_pas(
    code: int, realm: str, phrase: str, client: NetEntreprises, etat: Etat
) -> None:
    etat.pannes["authentifier"], etat.realm = [code, code], realm
    with pytest.raises(DepotErreur) as refused:
        client.deposit(MESSAGE)
    assert phrase in str(refused.value)
    assert (etat.authentifications, etat.deposes) == (1, [])


def test_une_reponse_perdue_n_est_pas_refaite(client: NetEntreprises, etat: Etat) -> None:
    etat.couper_apres_depot = True
    with pytest.raises(ReponsePerdue):
        client.deposit(MESSAGE)
    assert len(etat.deposes) == 1


@pytest.mark.parametrize(("code", "erreur"), [(500, ReponsePerdue), (502, ReponsePerdue), (504, ReponsePerdue)])
def test_une_panne_du_serveur_au_depot_laisse_le_doute(
    code: int, erreur: type[Exception], client: NetEntreprises, etat: Etat
) -> None:
    etat.pannes["deposer"] = [code]
    with pytest.raises(erreur):
        client.deposit(MESSAGE)


def test_un_serveur_absent_dit_que_rien_n_est_parti(lieu: tuple[Etat, Adresses]) -> None:
    nowhere = "http://127.0.0.1:9/"
    with NetEntreprises(IDENTIFIANTS, replace(lieu[1], depot=nowhere)) as client, pytest.raises(DepotIndisponible):
        client.deposit(MESSAGE)


def test_une_lecture_se_reessaie_puis_renonce(client: NetEntreprises, etat: Etat, pauses: list[float]) -> None:
    client.deposit(MESSAGE)
    etat.pannes["lister-depots"] = [503, 429]
    assert client.list_deposits(MIDI) == ["flux-1"]
    assert pauses == [2, 4]
    etat.pannes["lister-depots"] = [503, 503, 503]
    with pytest.raises(DepotIndisponible):
        client.list_deposits(MIDI)
    etat.pannes["lister-depots"] = [403]
    with pytest.raises(DepotErreur, match="bloqué"):
        client.list_deposits(MIDI)


def test_un_ou_plusieurs_depots_se_lisent_de_meme(client: NetEntreprises, etat: Etat) -> None:
    assert client.list_deposits(MIDI) == []
    etat.flux = ["flux-1", "flux-2", "../../x"]
    assert client.list_deposits(MIDI) == ["flux-1", "flux-2"]


def test_les_retours_et_l_etendue_permise_se_lisent_dans_la_reponse(client: NetEntreprises, etat: Etat) -> None:
    publish(etat, "flux-1", "94", "20261215113000", ops="DGFIP")
    found, minutes = client.list_returns(MIDI.replace(hour=11), MIDI)
    assert [(item.idflux, item.nature, item.ops) for item in found] == [("flux-1", "94", "DGFIP")]
    assert minutes == 60
    assert client.download(found[0].url) == etat.documents["flux-1-94-0"]
    assert [item.nature for item in client.list_returns_of("flux-1")] == ["94"]
    with pytest.raises(DepotErreur, match="plage"):
        client.list_returns(MIDI.replace(hour=10), MIDI)


@pytest.mark.hostile
@pytest.mark.parametrize(
    "url", ["https://exemple.fr/x", "file:///etc/passwd", "//127.0.0.1/x", "http://127.0.0.1@exemple.fr/"]
)
def test_un_hote_inconnu_n_est_pas_suivi(url: str, client: NetEntreprises) -> None:
    with pytest.raises(DepotErreur, match="hôte inconnu"):
        client.download(url)


@pytest.mark.hostile
def test_une_reponse_demesuree_est_refusee(client: NetEntreprises, etat: Etat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(net_entreprises, "REPONSE_MAX", 1000)
    publish(etat, "flux-1", "94", "20261215113000", b"x" * 1001)
    (item,) = client.list_returns_of("flux-1")
    with pytest.raises(DepotErreur, match="dépasse"):
        client.download(item.url)


@pytest.mark.hostile
def test_un_identifiant_de_depot_ne_construit_pas_d_adresse(client: NetEntreprises) -> None:
    with pytest.raises(DepotErreur, match="forme attendue"):
        client.list_returns_of("../../authentifier")


@pytest.mark.parametrize("secret", ["", "x" * 31])
def test_un_mot_de_passe_hors_norme_n_est_pas_envoye(secret: str, lieu: tuple[Etat, Adresses]) -> None:
    with (
        NetEntreprises(replace(IDENTIFIANTS, mot_de_passe=secret), lieu[1]) as client,
        pytest.raises(DepotErreur, match="mot de passe"),
    ):
        client.authenticate()
    assert lieu[0].authentifications == 0


@pytest.mark.privacy
def test_ni_mot_de_passe_ni_jeton_dans_ce_qui_s_affiche(client: NetEntreprises, etat: Etat) -> None:
    etat.pannes["authentifier"] = [403]
    with pytest.raises(DepotErreur) as refused:
        client.authenticate()
    assert MOT_DE_PASSE not in f"{IDENTIFIANTS!r} {refused.value!r} {refused.value}"
    assert refused.value.__cause__ is None
