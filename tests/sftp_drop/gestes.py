"""Tout ce qu'un client SFTP peut demander d'un chemin : la même liste pour le serveur embarqué et pour OpenSSH."""

from __future__ import annotations

from collections.abc import Callable

import paramiko

Geste = Callable[[paramiko.SFTPClient, str], object]

GESTES: dict[str, Geste] = {
    "lister": lambda sftp, chemin: sftp.listdir(chemin),
    "regarder": lambda sftp, chemin: sftp.stat(chemin),
    "regarder sans suivre": lambda sftp, chemin: sftp.lstat(chemin),
    "lire": lambda sftp, chemin: sftp.open(chemin, "rb"),
    "écrire": lambda sftp, chemin: sftp.open(chemin, "wb"),
    "ajouter": lambda sftp, chemin: sftp.open(chemin, "ab"),
    "lire et écrire": lambda sftp, chemin: sftp.open(chemin, "r+b"),
    "créer seul": lambda sftp, chemin: sftp.open(chemin, "wxb"),
    "effacer": lambda sftp, chemin: sftp.remove(chemin),
    "renommer depuis": lambda sftp, chemin: sftp.rename(chemin, "/depot/neuf.csv"),
    "renommer vers": lambda sftp, chemin: sftp.rename("/depot/a.csv", chemin),
    "remplacer depuis": lambda sftp, chemin: sftp.posix_rename(chemin, "/depot/neuf.csv"),
    "remplacer vers": lambda sftp, chemin: sftp.posix_rename("/depot/a.csv", chemin),
    "créer un dossier": lambda sftp, chemin: sftp.mkdir(chemin),
    "ôter un dossier": lambda sftp, chemin: sftp.rmdir(chemin),
    "changer les droits": lambda sftp, chemin: sftp.chmod(chemin, 0o777),
    "changer le propriétaire": lambda sftp, chemin: sftp.chown(chemin, 0, 0),
    "changer l'heure": lambda sftp, chemin: sftp.utime(chemin, (0, 0)),
    "tronquer": lambda sftp, chemin: sftp.truncate(chemin, 0),
    "lire un lien": lambda sftp, chemin: sftp.readlink(chemin),
    "poser un lien ici": lambda sftp, chemin: sftp.symlink("/etc/passwd", chemin),
    "poser un lien vers": lambda sftp, chemin: sftp.symlink(chemin, "/depot/neuf.csv"),
}

GESTES_D_ECRITURE = [
    nom for nom in GESTES if nom not in {"lister", "regarder", "regarder sans suivre", "lire", "poser un lien vers"}
]
