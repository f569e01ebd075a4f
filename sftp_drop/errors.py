"""Ce qui peut mal tourner avec le serveur SFTP ; chaque message est en français et ne cite aucun nom de fichier."""

from __future__ import annotations


class DropError(Exception):
    """Le dépôt n'a pas fait ce qu'on lui demandait ; le message est en français et dit quoi faire."""


class TransientError(DropError):
    """Serveur injoignable ou connexion coupée : refaire le même geste plus tard est sans danger."""


class HostKeyRefusedError(DropError):
    """La clé d'hôte du serveur n'est pas celle qu'on attend : on n'envoie rien, on ne lit rien."""


class AuthRefusedError(DropError):
    """Le serveur n'a pas accepté notre clé."""


class MissingError(DropError):
    """Le fichier n'est pas, ou n'est plus, sur le serveur."""


class DeniedError(DropError):
    """Le serveur refuse ce geste à notre compte, ou l'entrée n'est pas un fichier ordinaire."""


class AlreadyThereError(DropError):
    """La place est prise : rien n'a été écrasé."""


class ChangedError(DropError):
    """Le fichier a changé pendant qu'on le lisait."""


class TooBigError(DropError):
    """Le fichier dépasse la taille permise."""
