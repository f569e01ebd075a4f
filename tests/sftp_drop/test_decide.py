"""La décision, sans serveur : une table de cas, puis des lois."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sftp_drop.decide import (
    MIO,
    Action,
    DecideLimits,
    Ignore,
    Kind,
    Refuse,
    RemoteFile,
    SeenFile,
    Take,
    Wait,
    decide,
    look,
)

T0 = 1_790_000_000


def _une(fichier: RemoteFile, avant: dict[str, tuple[int, int]] | None = None) -> Action:
    (action,) = decide([fichier], look([fichier]) if avant is None else avant)
    return action


@pytest.mark.parametrize(
    ("nom", "attendu", "mot"),
    [
        ("novembre.xlsx", Take, ""),
        ("Éléments d'été.ods", Take, ""),
        (".novembre.csv", Take, ""),
        ("novembre.xlsx.filepart", Wait, "envoi en cours"),
        ("novembre.xlsx.PART", Wait, "envoi en cours"),
        ("novembre.tmp", Wait, "envoi en cours"),
        (".novembre.xlsx.partiel", Wait, "envoi en cours"),
        ("~$novembre.xlsx", Wait, "verrou"),
        (".~lock.novembre.ods#", Wait, "verrou"),
        ("Thumbs.db", Ignore, "Windows"),
        ("desktop.ini", Ignore, "Windows"),
        (".DS_Store", Ignore, "macOS"),
        ("._novembre.xlsx", Ignore, "macOS"),
        ("paie\u202excod.exe", Refuse, "invisible"),
        ("a\rb.xlsx", Refuse, "commande"),
        ("caf\\xe9.csv", Refuse, "illisibles"),
        ("x" * 201, Refuse, "trop long"),
    ],
)
def test_un_fichier_stable_est_juge_sur_son_nom(nom: str, attendu: type, mot: str) -> None:
    action = _une(RemoteFile(nom, 10, T0))

    assert isinstance(action, attendu)
    assert mot in getattr(action, "reason", "")


@pytest.mark.parametrize(
    ("fichier", "attendu", "mot"),
    [
        (RemoteFile("pris", 0, T0, Kind.DOSSIER), Ignore, "archive"),
        (RemoteFile("novembre", 0, T0, Kind.DOSSIER), Refuse, "dossier"),
        (RemoteFile("lien.xlsx", 10, T0, Kind.AUTRE), Refuse, "raccourci"),
        (RemoteFile("pris", 10, T0), Refuse, "réservé"),
        (RemoteFile("vide.xlsx", 0, T0), Wait, "vide"),
        (RemoteFile("gros.xlsx", 20 * MIO + 1, T0), Refuse, "20,1 Mio, le maximum est 20,0 Mio"),
        (RemoteFile("juste.xlsx", 20 * MIO, T0), Take, ""),
    ],
)
def test_nature_et_taille_decident_aussi(fichier: RemoteFile, attendu: type, mot: str) -> None:
    action = _une(fichier, {fichier.name: (fichier.size, fichier.mtime)})

    assert isinstance(action, attendu)
    assert mot in getattr(action, "reason", "")


@pytest.mark.parametrize(
    ("avant", "mot"),
    [
        ({}, "première fois"),
        ({"autre.xlsx": (10, T0)}, "première fois"),
        ({"novembre.xlsx": (9, T0)}, "changé"),
        ({"novembre.xlsx": (10, T0 - 1)}, "changé"),
    ],
)
def test_un_fichier_neuf_ou_qui_bouge_attend(avant: dict[str, tuple[int, int]], mot: str) -> None:
    action = _une(RemoteFile("novembre.xlsx", 10, T0), avant)

    assert isinstance(action, Wait)
    assert mot in action.reason


@pytest.mark.parametrize("mtime", [0, T0, 4_000_000_000])
def test_l_heure_du_poste_de_la_mairie_ne_compte_pas(mtime: int) -> None:
    """Très vieille ou dans l'avenir : un premier regard attend, un second prend."""
    fichier = RemoteFile("novembre.xlsx", 10, mtime)

    assert isinstance(_une(fichier, {}), Wait)
    assert _une(fichier) == Take("novembre.xlsx", 10, mtime)


def test_un_fichier_deja_signale_n_est_redit_que_s_il_change() -> None:
    gros = RemoteFile("gros.xlsx", 30 * MIO, T0)
    (meme,) = decide([gros], {}, {SeenFile("gros.xlsx", 30 * MIO, T0)})
    (autre,) = decide([gros], {}, {SeenFile("gros.xlsx", 31 * MIO, T0)})

    assert isinstance(meme, Ignore)
    assert isinstance(autre, Refuse)


def test_une_releve_prend_au_plus_le_nombre_dit_et_le_reste_attend() -> None:
    liste = [RemoteFile(f"{rang}.xlsx", 1, T0) for rang in range(5)]
    actions = decide(liste, look(liste), limits=DecideLimits(fichiers_max=3))

    assert [type(action) for action in actions] == [Take, Take, Take, Wait, Wait]
    assert "prochaine relève" in getattr(actions[-1], "reason", "")


_noms = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(["novembre.xlsx", "pris", "a.filepart", "~$a.xlsx", "Thumbs.db", "a\u202eb", ".averifier-x"]),
)
_entrees = st.builds(
    RemoteFile, _noms, st.integers(0, 25 * MIO), st.integers(0, 2**32 - 1), st.sampled_from(list(Kind))
)
_listes = st.lists(_entrees, max_size=8, unique_by=lambda entree: entree.name)
_regards = st.dictionaries(_noms, st.tuples(st.integers(0, 25 * MIO), st.integers(0, 2**32 - 1)), max_size=5)


@given(_listes, _regards, st.randoms())
def test_l_ordre_de_la_liste_ne_change_rien(liste, regard, hasard) -> None:
    melange = list(liste)
    hasard.shuffle(melange)

    assert decide(liste, regard) == decide(melange, regard)


@given(_listes, _regards)
def test_chaque_entree_a_une_action_et_une_seule(liste, regard) -> None:
    assert [action.name for action in decide(liste, regard)] == sorted(entree.name for entree in liste)


@given(_listes, _regards)
def test_on_ne_prend_que_ce_qui_n_a_pas_bouge(liste, regard) -> None:
    for action in decide(liste, regard):
        if isinstance(action, Take):
            assert regard[action.name] == (action.size, action.mtime)
            assert action.size > 0


@given(_listes)
def test_un_fichier_pris_ou_refuse_l_est_toujours_pour_la_meme_liste(liste) -> None:
    """Au second regard sur un dossier immobile, chaque fichier convenable est pris ; rien n'attend pour rien."""
    for action in decide(liste, look(liste)):
        if isinstance(action, Wait):
            assert any(mot in action.reason for mot in ("vide", "verrou", "envoi en cours"))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 3))
def test_un_fichier_stable_finit_toujours_par_etre_pris(tailles: list[int], par_passage: int) -> None:
    reste = [RemoteFile(f"{rang}.csv", taille, T0) for rang, taille in enumerate(tailles)]
    regard: dict[str, tuple[int, int]] = {}
    for _ in range(len(tailles) + 1):
        actions = decide(reste, regard, limits=DecideLimits(fichiers_max=par_passage))
        regard = look(reste)
        pris = {action.name for action in actions if isinstance(action, Take)}
        reste = [fichier for fichier in reste if fichier.name not in pris]

    assert reste == []
