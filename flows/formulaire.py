"""Les champs des formulaires de Prefect : un type et un titre français par paramètre, partagés par tous les gestes.

L'explication d'un champ est celle du « Args: » de son flux. Aucun champ ne porte de mot de passe ni de nom d'agent :
Prefect garde ses paramètres en clair.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field


def _titled(title: str) -> Any:
    # Prefect nomme le champ d'après le paramètre ; le titre du schéma, lui, se garde.
    return Field(json_schema_extra={"title": title})


Mois = Annotated[str, _titled("Mois de paie (AAAA-MM)")]
Adherents = Annotated[list[str], _titled("Adhérents, par leur code")]
Adherent = Annotated[str, _titled("Adhérent, par son code")]
SansFichier = Annotated[bool, _titled("Calculer aussi sans fichier")]
Approbateur = Annotated[str, _titled("Votre compte de gestionnaire")]
CodeUnique = Annotated[str, _titled("Code à usage unique")]
Commentaire = Annotated[str, _titled("Commentaire")]
Motif = Annotated[str, _titled("Raison")]
Confirmation = Annotated[str, _titled("Confirmation des lignes douteuses")]
Voie = Annotated[Literal["dossier", "api"], _titled("Par quelle voie")]
Quand = Annotated[Literal["au jour prévu", "maintenant"], _titled("Quand")]
