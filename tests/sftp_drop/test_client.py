"""Les gestes du client de l'agence : lire sans dépasser, déplacer sans écraser, poser d'un coup."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from sftp_drop import layout, pipelined
from sftp_drop.client import DropClient, PutOutcome
from sftp_drop.decide import Kind, Refuse, RemoteFile, decide
from sftp_drop.errors import AlreadyThereError, ChangedError, DeniedError, DropError, MissingError, TooBigError
from sftp_drop.session import DropSession, UploadHandle

A = "valfleuri"
Poser = Callable[..., Path]


def test_lister_donne_noms_tailles_heures_et_natures(service: DropClient, poser: Poser) -> None:
    poser("b.csv", b"12345")
    poser("a.csv", b"1", 1_700_000_000)

    assert service.list_depot(A) == [
        RemoteFile("a.csv", 1, 1_700_000_000),
        RemoteFile("b.csv", 5, 1_790_000_000),
        RemoteFile("pris", 0, service.list_depot(A)[-1].mtime, Kind.DOSSIER),
    ]


def test_un_nom_mal_encode_ne_cache_pas_les_autres(service: DropClient, poser: Poser) -> None:
    """Un vieux poste envoie un nom en latin-1 : les autres fichiers se voient, lui est refusé avec sa raison."""
    poser(b"caf\xe9.csv", b"x")
    poser("a.csv", b"x")
    noms = [entree.name for entree in service.list_depot(A)]

    assert noms == ["a.csv", "caf\\xe9.csv", "pris"]
    actions = {action.name: action for action in decide(service.list_depot(A), {})}
    assert isinstance(actions["caf\\xe9.csv"], Refuse)


def test_un_adherent_sans_dossier_est_dit(service: DropClient) -> None:
    with pytest.raises(DropError):
        service.list_depot("inconnu")


@pytest.mark.parametrize("taille", [1, 32 * 1024, 32 * 1024 + 1, 90_000])
def test_lire_donne_les_octets_et_leur_empreinte(service: DropClient, poser: Poser, taille: int) -> None:
    contenu = bytes(rang % 251 for rang in range(taille))
    poser("a.csv", contenu)
    recu = io.BytesIO()
    lu = service.play(service.fetch(A, "a.csv", recu, 100_000))

    assert recu.getvalue() == contenu
    assert (lu.size, lu.mtime, lu.sha256) == (taille, 1_790_000_000, hashlib.sha256(contenu).hexdigest())


def test_lire_au_dela_de_la_taille_permise_s_arrete(service: DropClient, poser: Poser) -> None:
    poser("a.csv", b"x" * 1000)
    recu = io.BytesIO()
    with pytest.raises(TooBigError):
        service.play(service.fetch(A, "a.csv", recu, 999))

    assert recu.getvalue() == b""


def test_lire_un_absent_ou_un_dossier_est_dit(service: DropClient) -> None:
    with pytest.raises(MissingError):
        service.play(service.fetch(A, "absent.csv", io.BytesIO(), 10))
    with pytest.raises(DeniedError):
        service.play(service.fetch(A, "pris", io.BytesIO(), 10))


@pytest.mark.jail
@pytest.mark.parametrize("nom", ["", ".", "..", "a/b", "../../rocheclaire/depot/x", "/etc/passwd"])
def test_le_client_ne_construit_jamais_un_chemin_qui_sort(service: DropClient, nom: str) -> None:
    for geste in (
        lambda: service.play(service.fetch(A, nom, io.BytesIO(), 10)),
        lambda: service.play(service.move_to_pris(A, nom, "x")),
        lambda: service.play(service.move_to_pris(A, "x", nom)),
        lambda: service.play(service.rename_pris(A, nom, "x")),
    ):
        with pytest.raises(layout.InvalidNameError):
            geste()


def test_deplacer_n_ecrase_jamais(service: DropClient, poser: Poser, racine: Path) -> None:
    for contenu in (b"un", b"deux"):
        poser("a.csv", contenu)
        if contenu == b"un":
            service.play(service.move_to_pris(A, "a.csv", "archive.csv"))
    with pytest.raises(AlreadyThereError):
        service.play(service.move_to_pris(A, "a.csv", "archive.csv"))
    with pytest.raises(MissingError):
        service.play(service.move_to_pris(A, "absent.csv", "autre.csv"))

    assert (racine / A / "depot" / "pris" / "archive.csv").read_bytes() == b"un"
    assert (racine / A / "depot" / "a.csv").read_bytes() == b"deux"


def test_poser_un_document_deux_fois_ne_change_rien_la_seconde(service: DropClient, racine: Path) -> None:
    chemin = racine / A / "retour" / "2026-11" / "recu" / "accuse.txt"

    assert service.put_return(A, "2026-11/recu/accuse.txt", b"bien recu") is PutOutcome.DEPOSE
    inode = chemin.stat().st_ino
    assert service.put_return(A, "2026-11/recu/accuse.txt", b"bien recu") is PutOutcome.INCHANGE
    assert chemin.stat().st_ino == inode
    assert service.put_return(A, "2026-11/recu/accuse.txt", b"bien RECU") is PutOutcome.REMPLACE
    assert chemin.read_bytes() == b"bien RECU"
    assert [entree.name for entree in chemin.parent.iterdir()] == ["accuse.txt"]


def test_oter_un_document_se_repete_et_ne_touche_que_lui(service: DropClient, racine: Path) -> None:
    service.put_return(A, "2026-11/a.pdf", b"a")
    service.put_return(A, "2026-11/b.pdf", b"b")

    assert service.remove_return(A, "2026-11/a.pdf") is True
    assert service.remove_return(A, "2026-11/a.pdf") is False
    assert service.remove_return(A, "2026-10/jamais-rendu.pdf") is False
    assert [entree.name for entree in (racine / A / "retour" / "2026-11").iterdir()] == ["b.pdf"]


def test_un_dossier_ne_s_ote_pas_comme_un_document(service: DropClient, racine: Path) -> None:
    service.put_return(A, "2026-11/recu/a.pdf", b"a")
    with pytest.raises(DeniedError):
        service.remove_return(A, "2026-11/recu")
    assert (racine / A / "retour" / "2026-11" / "recu" / "a.pdf").exists()


def test_un_document_vide_se_pose_aussi(service: DropClient, racine: Path) -> None:
    assert service.put_return(A, "2026-11/vide.txt", b"") is PutOutcome.DEPOSE
    assert service.put_return(A, "2026-11/vide.txt", b"") is PutOutcome.INCHANGE
    assert (racine / A / "retour" / "2026-11" / "vide.txt").read_bytes() == b""


def test_un_document_refuse_par_le_serveur_ne_remplace_pas_l_ancien(service: DropClient, racine: Path) -> None:
    service.put_return(A, "2026-11/a.pdf", b"ancien")
    with pytest.raises(DropError):
        service.put_return(A, "2026-11/a.pdf", b"x" * 100_001)

    assert (racine / A / "retour" / "2026-11" / "a.pdf").read_bytes() == b"ancien"


def test_un_envoi_que_le_serveur_perd_a_la_fermeture_est_vu(
    service: DropClient, racine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """paramiko tait l'échec de la fermeture : c'est la taille relue qui le dit."""
    service.put_return(A, "2026-11/a.pdf", b"ancien")
    fermer = UploadHandle.close

    def disque_plein(self: UploadHandle) -> None:
        self.failed = True
        fermer(self)

    monkeypatch.setattr(UploadHandle, "close", disque_plein)
    with pytest.raises(DropError, match="n'a pas gardé"):
        service.put_return(A, "2026-11/a.pdf", b"nouveau")

    assert (racine / A / "retour" / "2026-11" / "a.pdf").read_bytes() == b"ancien"


def test_remplacer_un_document_ne_le_fait_jamais_disparaitre(
    service: DropClient, mairie: paramiko.SFTPClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """À chaque geste du client, l'adhérent lit l'ancien document ou le nouveau."""
    service.put_return(A, "2026-11/a.pdf", b"ancien")
    lus = set()

    # Chaque demande part seule : l'adhérent lit entre deux, rafales comprises.
    monkeypatch.setattr(pipelined, "EN_VOL", 1)
    for nom in ("_async_request", "_read_packet"):
        geste = getattr(service._sftp, nom)

        def puis_lire(*args: object, geste: Callable[..., object] = geste) -> object:
            try:
                return geste(*args)
            finally:
                lus.add(mairie.open("/retour/2026-11/a.pdf").read())

        monkeypatch.setattr(service._sftp, nom, puis_lire)
    service.put_return(A, "2026-11/a.pdf", b"nouveau")

    assert lus == {b"ancien", b"nouveau"}


def test_ce_qui_est_ouvert_doit_etre_ce_qui_a_ete_regarde(
    service: DropClient, poser: Poser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Un fichier échangé contre un autre (ou un lien) entre le regard et l'ouverture n'est pas lu."""
    poser("a.csv", b"avant")
    ouvrir = DropSession.open

    def echanger(*args: object) -> object:
        poser("a.csv", b"apres", 1_790_000_009)
        return ouvrir(*args)

    monkeypatch.setattr(DropSession, "open", echanger)
    recu = io.BytesIO()
    with pytest.raises(ChangedError):
        service.play(service.fetch(A, "a.csv", recu, 100))

    assert recu.getvalue() == b""


def test_un_fichier_qui_grandit_pendant_la_lecture_est_dit(service: DropClient, poser: Poser) -> None:
    taille = pipelined.BLOC * pipelined.EN_VOL * 2
    chemin = poser("a.csv", b"x" * taille)

    class Seau:
        recus = 0

        def write(self, bloc: bytes) -> None:
            if not self.recus:
                with chemin.open("ab") as suite:
                    suite.write(b"y" * 10)
            self.recus += len(bloc)

    with pytest.raises(ChangedError, match="changé de taille"):
        service.play(service.fetch(A, "a.csv", Seau(), 2 * taille))


def test_un_dossier_neuf_parait_entier(
    service: DropClient, mairie: paramiko.SFTPClient, racine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jusqu'au dernier renommage, l'adhérent ne voit rien ; après, il voit tout."""
    vus: list[list[str]] = []
    renommer = DropClient._rename

    def regarder_puis_renommer(self: DropClient, *chemins: layout.PurePosixPath) -> None:
        vus.append(mairie.listdir("/retour"))
        renommer(self, *chemins)

    monkeypatch.setattr(DropClient, "_rename", regarder_puis_renommer)
    faits = service.put_folder(A, "2026-11", {"b.pdf": b"b", "bulletins/a.pdf": b"a"})

    assert vus == [[]]
    assert faits == {"b.pdf": PutOutcome.DEPOSE, "bulletins/a.pdf": PutOutcome.DEPOSE}
    assert mairie.listdir("/retour") == ["2026-11"]
    assert mairie.listdir("/retour/2026-11") == ["b.pdf", "bulletins"]
    assert mairie.open("/retour/2026-11/bulletins/a.pdf").read() == b"a"


def test_un_dossier_de_cent_documents_se_pose_et_se_remplace(service: DropClient, racine: Path) -> None:
    """Plus de documents qu'une session n'en laisse ouvrir à la fois : l'envoi va par rafales."""
    documents = {f"bulletin-{rang:03}.pdf": str(rang).encode() for rang in range(100)}
    faits = [set(service.put_folder(A, "2026-11", documents).values())]
    documents = {nom: contenu + b"bis" for nom, contenu in documents.items()}
    faits.append(set(service.put_folder(A, "2026-11", documents).values()))

    assert faits == [{PutOutcome.DEPOSE}, {PutOutcome.REMPLACE}]
    mois = racine / A / "retour" / "2026-11"
    assert {entree.name: entree.read_bytes() for entree in mois.iterdir()} == documents


def test_un_dossier_present_est_complete_sans_rien_oter(service: DropClient, racine: Path) -> None:
    service.put_return(A, "2026-11/accuse.txt", b"recu")
    service.put_folder(A, "2026-11", {"a.pdf": b"1", "b.pdf": b"1"})
    reste = racine / A / "retour" / ".2026-11.envoi"
    (reste / "sous").mkdir(parents=True)
    (reste / "sous" / "x.pdf").write_bytes(b"coupe")
    faits = service.put_folder(A, "2026-11", {"a.pdf": b"2", "b.pdf": b"1"})

    assert faits == {"a.pdf": PutOutcome.REMPLACE, "b.pdf": PutOutcome.INCHANGE}
    assert sorted(entree.name for entree in (racine / A / "retour" / "2026-11").iterdir()) == [
        "a.pdf",
        "accuse.txt",
        "b.pdf",
    ]
    assert not reste.exists()


def test_le_reste_d_un_envoi_coupe_n_entre_pas_dans_le_dossier_neuf(service: DropClient, racine: Path) -> None:
    reste = racine / A / "retour" / ".2026-11.envoi"
    (reste / "vieux").mkdir(parents=True)
    (reste / "vieux" / "x.pdf").write_bytes(b"perime")
    (reste / "a.pdf").write_bytes(b"perime")
    service.put_folder(A, "2026-11", {"a.pdf": b"a"})

    dossier = racine / A / "retour" / "2026-11"
    assert [entree.name for entree in dossier.iterdir()] == ["a.pdf"]
    assert (dossier / "a.pdf").read_bytes() == b"a"


def test_un_fichier_a_la_place_d_un_dossier_est_dit(service: DropClient, racine: Path) -> None:
    (racine / A / "retour" / "2026-11").write_text("pas un dossier")
    with pytest.raises(DeniedError, match="place d'un dossier"):
        service.put_return(A, "2026-11/a.pdf", b"a")
