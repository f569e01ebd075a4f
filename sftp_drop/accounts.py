"""Les comptes du serveur embarqué : un par adhérent, un pour le service ; lus dans ``comptes.json``."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Annotated, Self

import paramiko
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from sftp_drop import keys, layout


class AccountsError(Exception):
    """Un fichier de comptes refusé ; le message liste tout ce qui ne va pas, sans montrer de secret."""


def _cle(ligne: str) -> str:
    try:
        keys.parse_public(ligne)
    except keys.KeyFileError as erreur:
        raise ValueError(str(erreur)) from erreur
    return ligne


ClePublique = Annotated[str, AfterValidator(_cle)]
Code = Annotated[str, AfterValidator(layout.check_code)]


class Account(BaseModel):
    """Un adhérent : son code est son identifiant de connexion et le nom de sa prison."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code
    cles: tuple[ClePublique, ...] = ()
    mot_de_passe: SecretStr | None = None
    """Démonstration seulement : sans effet si ``mots_de_passe_permis`` n'est pas vrai."""


class ServiceAccount(BaseModel):
    """Le compte de l'agence : voit toutes les prisons ; une clé, jamais de mot de passe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    utilisateur: Code = "alpi"
    cles: tuple[ClePublique, ...] = Field(min_length=1)


class Accounts(BaseModel):
    """Tous les comptes du serveur embarqué."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    adherents: tuple[Account, ...] = ()
    service: ServiceAccount | None = None
    mots_de_passe_permis: bool = False

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        noms = [compte.code for compte in self.adherents]
        if self.service is not None:
            noms.append(self.service.utilisateur)
        doubles = sorted({nom for nom in noms if noms.count(nom) > 1})
        if doubles:
            raise ValueError("compte déclaré deux fois : " + ", ".join(doubles))
        return self

    @classmethod
    def load(cls, chemin: Path) -> Accounts:
        """Lit ``comptes.json`` ; ``AccountsError`` dit tout ce qui ne va pas."""
        try:
            return cls.model_validate_json(chemin.read_bytes())
        except OSError as erreur:
            raise AccountsError(f"fichier de comptes illisible : {chemin}") from erreur
        except ValidationError as erreur:
            # Ni « input » ni « ctx » : la valeur fautive peut être un mot de passe.
            constats = [
                f"{'.'.join(str(part) for part in constat['loc']) or 'fichier'} : {constat['msg']}"
                for constat in erreur.errors(include_input=False, include_url=False, include_context=False)
            ]
            raise AccountsError(f"fichier de comptes refusé ({chemin}) : " + " ; ".join(constats)) from None

    @property
    def codes(self) -> frozenset[str]:
        """Les codes des adhérents, donc les noms des prisons."""
        return frozenset(compte.code for compte in self.adherents)

    def accepts_key(self, utilisateur: str, cle: paramiko.PKey) -> bool:
        """Vrai si cette clé ouvre ce compte."""
        offerte = (cle.get_name(), cle.asbytes())
        return any(keys.parse_public(ligne) == offerte for ligne in self._keys_of(utilisateur))

    def accepts_password(self, utilisateur: str, mot_de_passe: str) -> bool:
        """Vrai si les mots de passe sont permis et que celui-ci est le bon."""
        if not self.mots_de_passe_permis:
            return False
        for compte in self.adherents:
            if compte.code == utilisateur and compte.mot_de_passe is not None:
                attendu = compte.mot_de_passe.get_secret_value()
                return bool(attendu) and hmac.compare_digest(attendu.encode(), mot_de_passe.encode())
        return False

    def is_service(self, utilisateur: str) -> bool:
        """Vrai pour le compte de l'agence."""
        return self.service is not None and self.service.utilisateur == utilisateur

    def _keys_of(self, utilisateur: str) -> tuple[str, ...]:
        if self.service is not None and self.service.utilisateur == utilisateur:
            return self.service.cles
        return next((compte.cles for compte in self.adherents if compte.code == utilisateur), ())
