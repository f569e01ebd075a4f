"""Prendre : garder d'abord, déplacer ensuite, relire pour finir ; jamais perdu, jamais pris deux fois."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path, PurePosixPath

import pytest

from sftp_drop.client import DropClient
from sftp_drop.decide import DecideLimits, SeenFile
from sftp_drop.take import StoredOutcome, TakeIssue, TakeReport, take_all

A = "valfleuri"
T0 = 1_790_000_000
Poser = Callable[..., Path]


class Doublure:
    """Le vrai client, avec un geste de l'adhérent glissé juste avant un appel."""

    def __init__(self, client: DropClient, appel: str, geste: Callable[[], object]) -> None:
        self._client = client
        self._appel = appel
        self._geste: Callable[[], object] | None = geste

    def __getattr__(self, nom: str) -> object:
        if nom == self._appel and self._geste is not None:
            geste, self._geste = self._geste, None
            geste()
        return getattr(self._client, nom)


def _releve(client: object, coffre, previous=None, **options: object) -> TakeReport:
    """Une relève au second regard, sauf si un premier regard est donné."""
    if previous is None:
        previous = take_all(
            client._client if isinstance(client, Doublure) else client, A, store=coffre, previous={}
        ).look
    return take_all(client, A, store=coffre, previous=previous, **options)


def _sorts(rapport: TakeReport) -> dict[str, TakeIssue]:
    return {sort.name: sort.issue for sort in rapport.outcomes if sort.name != "pris"}


def _archives(racine: Path) -> list[str]:
    return sorted(entree.name for entree in (racine / A / "depot" / "pris").iterdir())


def _depot(racine: Path) -> list[str]:
    return sorted(entree.name for entree in (racine / A / "depot").iterdir() if entree.name != "pris")


def test_un_fichier_stable_est_garde_puis_archive(service: DropClient, coffre, poser: Poser, racine: Path) -> None:
    poser("novembre.csv", b"contenu")
    empreinte = hashlib.sha256(b"contenu").hexdigest()
    premier = take_all(service, A, store=coffre, previous={})

    assert _sorts(premier) == {"novembre.csv": TakeIssue.EN_ATTENTE}
    assert coffre.contenus == {}
    second = take_all(service, A, store=coffre, previous=premier.look)
    (sort,) = [sort for sort in second.outcomes if sort.issue is TakeIssue.PRIS]
    assert (sort.name, sort.sha256, sort.size, sort.stored) == ("novembre.csv", empreinte, 7, StoredOutcome.NOUVEAU)
    assert coffre.contenus == {empreinte: b"contenu"}
    assert coffre.appels == ["novembre.csv"]
    assert _depot(racine) == []
    assert _archives(racine) == [f"20260921-161320-{empreinte[:8]}-novembre.csv"]
    assert second.look == {}
    assert _sorts(take_all(service, A, store=coffre, previous=second.look)) == {}


def test_rien_a_prendre_ne_fait_rien(service: DropClient, coffre) -> None:
    rapport = _releve(service, coffre)

    assert _sorts(rapport) == {}
    assert coffre.appels == []
    assert not rapport.interrupted


def test_un_envoi_a_moitie_arrive_attend_sa_fin(service: DropClient, coffre, poser: Poser) -> None:
    """Serveur sans nom provisoire : le fichier grandit d'un regard à l'autre."""
    regard: dict[str, tuple[int, int]] = {}
    for rang in range(1, 4):
        poser("novembre.csv", b"x" * rang, T0 + rang)
        rapport = take_all(service, A, store=coffre, previous=regard)
        regard = rapport.look
        assert _sorts(rapport) == {"novembre.csv": TakeIssue.EN_ATTENTE}
    take_all(service, A, store=coffre, previous=regard)

    assert coffre.valeurs == [b"xxx"]


def _une_fois_ouvert(patch: pytest.MonkeyPatch, service: DropClient, geste: Callable[[], object]) -> None:
    """Fait ce geste entre la première ouverture d'un fichier et sa lecture."""
    ouvrir, faits = service._sftp.look_and_open, []

    def puis(chemin: PurePosixPath) -> Generator[object, object, object]:
        ouvert = yield from ouvrir(chemin)
        if not faits:
            faits.append(geste())
        return ouvert

    patch.setattr(service._sftp, "look_and_open", puis)


@pytest.mark.parametrize("apres", ["avant d'ouvrir", "ouvert", "récrit sur place"])
@pytest.mark.parametrize("nouveau", [b"autre, plus long", b"AVANT"])
def test_un_fichier_remplace_pendant_la_lecture_attend_la_prochaine_releve(
    service: DropClient, coffre, poser: Poser, racine: Path, apres: str, nouveau: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    chemin = poser("n.csv", b"avant")

    def remplacer() -> None:
        if apres == "ouvert":
            chemin.unlink()  # un autre fichier sous le même nom, comme le fait un renommage
        poser("n.csv", nouveau, T0 + 5)

    with monkeypatch.context() as patch:
        if apres == "avant d'ouvrir":
            rapport = _releve(Doublure(service, "fetch", remplacer), coffre)
        else:
            _une_fois_ouvert(patch, service, remplacer)
            rapport = _releve(service, coffre)

    assert _sorts(rapport) == {"n.csv": TakeIssue.EN_ATTENTE}
    assert coffre.contenus == {}
    assert _depot(racine) == ["n.csv"]
    _releve(service, coffre)
    assert coffre.valeurs == [nouveau]


@pytest.mark.crash
@pytest.mark.parametrize("mtime", [T0, T0 + 5])
def test_un_fichier_remplace_a_l_instant_du_deplacement_est_garde_aussi(
    service: DropClient, coffre, poser: Poser, racine: Path, mtime: int
) -> None:
    """Même taille, et même heure dans le pire cas : seule la relecture après déplacement le voit."""
    poser("n.csv", b"avant")
    client = Doublure(service, "move_to_pris", lambda: poser("n.csv", b"APRES", mtime))
    rapport = _releve(client, coffre)

    assert coffre.valeurs == [b"APRES", b"avant"]
    (sort,) = [sort for sort in rapport.outcomes if sort.name == "n.csv"]
    assert sort.motif == "les deux contenus sont gardés"
    assert sort.sha256 == hashlib.sha256(b"APRES").hexdigest()
    (archive,) = _archives(racine)
    assert hashlib.sha256(b"APRES").hexdigest()[:8] in archive


@pytest.mark.parametrize("appel", ["fetch", "ouvert", "move_to_pris"])
def test_un_fichier_retire_pendant_la_releve_n_est_pas_une_panne(
    service: DropClient, coffre, poser: Poser, appel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chemin = poser("n.csv", b"contenu")
    poser("z.csv", b"autre")
    if appel == "ouvert":
        _une_fois_ouvert(monkeypatch, service, chemin.unlink)
        rapport = _releve(service, coffre)
    else:
        rapport = _releve(Doublure(service, appel, chemin.unlink), coffre)

    attendu = TakeIssue.PRIS if appel == "move_to_pris" else TakeIssue.EN_ATTENTE
    assert _sorts(rapport) == {"n.csv": attendu, "z.csv": TakeIssue.PRIS}
    assert (b"contenu" in coffre.valeurs) is (appel == "move_to_pris")


def test_un_fichier_renomme_en_vol_est_pris_une_fois_sous_son_nouveau_nom(
    service: DropClient, coffre, poser: Poser, racine: Path
) -> None:
    chemin = poser("n.csv.filepart", b"contenu")
    regard = take_all(service, A, store=coffre, previous={}).look
    chemin.rename(chemin.with_name("n.csv"))
    rapport = take_all(service, A, store=coffre, previous=regard)

    assert _sorts(rapport) == {"n.csv": TakeIssue.EN_ATTENTE}
    take_all(service, A, store=coffre, previous=rapport.look)
    assert coffre.appels == ["n.csv"]
    assert _depot(racine) == []


def test_meme_nom_autre_contenu_les_deux_sont_gardes(service: DropClient, coffre, poser: Poser, racine: Path) -> None:
    """Même heure et même taille aussi : l'empreinte les distingue."""
    for contenu in (b"un", b"de"):
        poser("n.csv", contenu)
        _releve(service, coffre)

    assert coffre.valeurs == [b"de", b"un"]
    assert len(_archives(racine)) == 2


def test_meme_contenu_sous_deux_noms_est_garde_une_fois(
    service: DropClient, coffre, poser: Poser, racine: Path
) -> None:
    poser("a.csv", b"contenu")
    poser("b.csv", b"contenu")
    rapport = _releve(service, coffre)

    assert coffre.valeurs == [b"contenu"]
    assert [sort.stored for sort in rapport.outcomes if sort.issue is TakeIssue.PRIS] == [
        StoredOutcome.NOUVEAU,
        StoredOutcome.DEJA_RECU,
    ]
    assert len(_archives(racine)) == 2


def test_le_meme_fichier_redepose_a_l_identique_n_ecrase_pas_son_archive(
    service: DropClient, coffre, poser: Poser, racine: Path
) -> None:
    for _ in range(3):
        poser("n.csv", b"contenu")
        _releve(service, coffre)
    empreinte = hashlib.sha256(b"contenu").hexdigest()[:8]

    assert coffre.valeurs == [b"contenu"]
    assert _archives(racine) == [
        f"20260921-161320-{empreinte}-n.csv",
        f"20260921-161320-{empreinte}.2-n.csv",
        f"20260921-161320-{empreinte}.3-n.csv",
    ]


def test_les_refus_restent_en_place_avec_leur_raison(service: DropClient, coffre, poser: Poser, racine: Path) -> None:
    poser("gros.csv", b"x" * 101)
    poser("paie\u202excod.exe", b"x")
    (racine / A / "depot" / "dossier").mkdir()
    poser("bon.csv", b"x")
    rapport = _releve(service, coffre, limits=DecideLimits(taille_max=100))

    assert _sorts(rapport) == {
        "gros.csv": TakeIssue.REFUSE,
        "paie\u202excod.exe": TakeIssue.REFUSE,
        "dossier": TakeIssue.REFUSE,
        "bon.csv": TakeIssue.PRIS,
    }
    assert all(sort.motif for sort in rapport.outcomes)
    assert "paie\\u202excod.exe" in [sort.shown for sort in rapport.outcomes]
    assert _depot(racine) == ["dossier", "gros.csv", "paie\u202excod.exe"]


def test_tout_refus_se_reconnait_au_regard_suivant(service: DropClient, coffre, poser: Poser, racine: Path) -> None:
    poser("gros.csv", b"x" * 101)
    (racine / A / "depot" / "dossier").mkdir()
    bornes = DecideLimits(taille_max=100)
    premier = take_all(service, A, store=coffre, previous={}, limits=bornes)
    vus = [SeenFile(nom, *premier.look[nom]) for nom, sort in _sorts(premier).items() if sort is TakeIssue.REFUSE]
    second = take_all(service, A, store=coffre, previous=premier.look, already_seen=vus, limits=bornes)

    assert _sorts(premier) == {"gros.csv": TakeIssue.REFUSE, "dossier": TakeIssue.REFUSE}
    assert _sorts(second) == {"gros.csv": TakeIssue.IGNORE, "dossier": TakeIssue.IGNORE}


def test_un_refus_deja_signale_est_ignore(service: DropClient, coffre, poser: Poser) -> None:
    poser("gros.csv", b"x" * 101)
    rapport = _releve(
        service, coffre, limits=DecideLimits(taille_max=100), already_seen=[SeenFile("gros.csv", 101, T0)]
    )

    assert _sorts(rapport) == {"gros.csv": TakeIssue.IGNORE}


@pytest.mark.crash
def test_une_panne_du_magasin_laisse_le_fichier_en_place(
    service: DropClient, coffre, poser: Poser, racine: Path
) -> None:
    poser("n.csv", b"contenu")

    def en_panne(*_: object) -> StoredOutcome:
        raise RuntimeError("base fermée")

    with pytest.raises(RuntimeError, match="base fermée"):
        _releve(service, en_panne, previous={"n.csv": (7, T0)})
    assert _depot(racine) == ["n.csv"]
    _releve(service, coffre)
    assert coffre.valeurs == [b"contenu"]


def test_deux_releves_a_la_fois_ne_prennent_qu_une_fois(
    service: DropClient, coffre, poser: Poser, racine: Path
) -> None:
    poser("n.csv", b"contenu")
    regard = {"n.csv": (7, T0)}
    autre = Doublure(service, "move_to_pris", lambda: take_all(service, A, store=coffre, previous=regard))
    take_all(autre, A, store=coffre, previous=regard)

    assert coffre.valeurs == [b"contenu"]
    assert len(_archives(racine)) == 1
    assert _depot(racine) == []


def test_un_fichier_que_le_serveur_ne_veut_pas_deplacer_n_empeche_pas_les_autres(
    service: DropClient, coffre, poser: Poser, racine: Path
) -> None:
    """Un nom sans défaut mais dont l'archive serait trop longue pour le disque, par exemple."""
    from sftp_drop.errors import DropError

    class Bute(Doublure):
        def move_to_pris(self, code: str, nom: str, cible: str) -> Generator[object, object, object]:
            if nom == "a.csv":
                raise DropError("le serveur n'a pas pu faire ce geste")
            return self._client.move_to_pris(code, nom, cible)

    poser("a.csv", b"a")
    poser("b.csv", b"b")
    rapport = _releve(Bute(service, "", lambda: None), coffre)

    assert _sorts(rapport) == {"a.csv": TakeIssue.EN_ATTENTE, "b.csv": TakeIssue.PRIS}
    _releve(service, coffre)
    assert coffre.valeurs == [b"a", b"b"]
    assert _depot(racine) == []


def test_le_plus_long_nom_permis_s_archive(service: DropClient, coffre, poser: Poser, racine: Path) -> None:
    nom = "é" * 98 + ".csv"
    assert len(os.fsencode(nom)) == 200
    poser(nom, b"x")
    _releve(service, coffre)
    poser(nom, b"x")
    _releve(service, coffre)

    assert len(_archives(racine)) == 2


@pytest.mark.hostile
def test_dix_mille_petits_fichiers_se_prennent_par_lots(service: DropClient, coffre, racine: Path) -> None:
    """Un dépôt inondé ne bloque pas la relève : elle prend son lot, dit que le reste attend, et revient."""
    depot = racine / A / "depot"
    for rank in range(10_050):
        (depot / f"{rank:05d}.csv").write_bytes(b"%d" % rank)
    bornes = DecideLimits(fichiers_max=25)
    regard = take_all(service, A, store=coffre, previous={}, limits=bornes).look
    report = take_all(service, A, store=coffre, previous=regard, limits=bornes)
    issues = Counter(outcome.issue for outcome in report.outcomes)

    assert issues[TakeIssue.PRIS] == 25
    assert issues[TakeIssue.EN_ATTENTE] > 9_900
    assert len(coffre.valeurs) == 25
