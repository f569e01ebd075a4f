"""Des retours de net-entreprises inventés, à la forme que ``dsn/codes/retours.yaml`` décrit."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape


def individu(nir: str | None, taux: str | None = None, nom: str = "INVENTE") -> str:
    """Un individu ; ``taux`` absent : aucune balise, la DGFiP n'en transmet pas."""
    rate = "" if taux is None else f"<taux_imposition_PAS>{taux}</taux_imposition_PAS>"
    number = "" if nir is None else f"<NIR>{nir}</NIR>"
    return f"<salarie>{number}<nom_famille>{nom}</nom_famille>{rate}</salarie>"


def anomalie(code: str, message: str, ligne: str = "12", rubrique: str = "S21.G00.40.020", valeur: str = "200") -> str:
    """Un constat du point de dépôt, avec la rubrique qui l'a déclenché et sa valeur."""
    return (
        f"<description><code>{code}</code><categorie>bloquante</categorie><message>{escape(message)}</message>"
        f"<numero_ligne>{ligne}</numero_ligne></description><valeurs><rubrique_declenchante>"
        f"<identifiant>{rubrique}</identifiant><valeur>{valeur}</valeur></rubrique_declenchante></valeurs>"
    )


def retour(
    type_: str = "94",
    *,
    identifiant: str | None = "20261200000007",
    siret: str = "99900207700014",
    mois: str = "01112026",
    ordre: str = "1",
    nature: str = "01",
    idflux: str = "flux-1",
    etat: str = "",
    individus: Iterable[str] = (),
    anomalies: Iterable[str] = (),
    anomalies_envoi: Iterable[str] = (),
) -> bytes:
    """Un retour complet d'une déclaration."""
    attribute = "" if identifiant is None else f' identifiant="{identifiant}"'
    conformity = f"<niveau_conformite><etat_conformite>{etat}</etat_conformite></niveau_conformite>" if etat else ""
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>'
        f'<g:rapport xmlns:g="http://www.gip-mds.fr/" type="{type_}"{attribute}>'
        f"<envoi><envoi_identification><idflux>{idflux}</idflux></envoi_identification>"
        f"{''.join(f'<envoi_anomalie>{item}</envoi_anomalie>' for item in anomalies_envoi)}</envoi>"
        f"<declaration><declaration_identification><nature>{nature}</nature><type>01</type><fraction>11</fraction>"
        f"<ordre>{ordre}</ordre><mois>{mois}</mois><SIREN>{siret[:9]}</SIREN>"
        f"<nic_affectation>{siret[9:]}</nic_affectation></declaration_identification>"
        f"<declaration_bilan>{conformity}{''.join(individus)}</declaration_bilan>"
        f"{''.join(f'<declaration_anomalie>{item}</declaration_anomalie>' for item in anomalies)}"
        "</declaration></g:rapport>"
    )
    return text.encode("iso-8859-1")
