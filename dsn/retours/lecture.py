"""La lecture d'un retour : bornée avant d'ouvrir, sans entité ni DTD ; ce qui ne va pas est une anomalie située.

Une anomalie dit le rang de l'individu dans le retour, jamais son NIR ni son nom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from dsn import codes, values
from dsn.anomalies import Anomaly
from dsn.codes import Ligne

TAILLE_MAX = 20_000_000
"""Octets : un compte-rendu de mille agents en fait un vingtième."""
INDIVIDUS_MAX = 100_000
_TEXTE_MAX = 400
_NIR = re.compile(r"[0-9]{6}[0-9AB][0-9]{6}")
_IDENTIFIANT = re.compile(r"[0-9]{1,18}")
_CHIFFRES = re.compile(r"[0-9][0-9 .]{8,}[0-9]")
_RUBRIQUE = re.compile(r"S[0-9]{2}\.G[0-9]{2}\.[0-9]{2}(\.[0-9]{3})?")
_PLEIN = 1_000_000


class TypeRetour(StrEnum):
    ACCUSE = "accuse"
    REJET = "rejet"
    CERTIFICAT = "certificat"
    BILAN = "bilan"
    TAUX = "taux"


LIBELLES = {
    TypeRetour.ACCUSE: "accusé d'enregistrement",
    TypeRetour.REJET: "avis de rejet",
    TypeRetour.CERTIFICAT: "certificat de conformité",
    TypeRetour.BILAN: "bilan d'anomalies",
    TypeRetour.TAUX: "compte-rendu des taux de prélèvement",
}


class RetourRefuse(ValueError):  # noqa: N818  (mot du métier : un refus motivé)
    """Ce fichier n'est pas un retour que l'on sache lire ; le message dit pourquoi et quoi faire."""


@dataclass(frozen=True, slots=True)
class IndividuTaux:
    """Un individu du compte-rendu des taux."""

    rang: int
    """Son rang dans le retour, à partir de 1 : c'est lui que les anomalies citent."""
    nir: str
    """Treize caractères, sans clé."""
    taux_ppm: int | None
    """``None`` : la DGFiP ne transmet aucun taux, la grille par défaut s'applique ; jamais zéro."""


@dataclass(frozen=True, slots=True)
class AnomalieRetour:
    """Un constat du point de dépôt : son code, son texte sans donnée personnelle, la ligne et la rubrique en cause."""

    code: str
    categorie: str
    message: str
    ligne: int
    rubrique: str


@dataclass(frozen=True, slots=True)
class DeclarationRetour:
    """Ce que le retour dit d'une déclaration de l'envoi."""

    siret: str
    nature: str
    type: str
    fraction: str
    ordre: str
    mois: date | None
    etat: str
    individus: tuple[IndividuTaux, ...]
    anomalies: tuple[AnomalieRetour, ...]


@dataclass(frozen=True, slots=True)
class Retour:
    """Un retour lu."""

    type: TypeRetour
    idflux: str
    identifiant_taux: str
    """À reporter dans la DSN qui applique ces taux ; vide si le retour n'en porte pas."""
    declarations: tuple[DeclarationRetour, ...]
    anomalies_envoi: tuple[AnomalieRetour, ...]
    constats: tuple[Anomaly, ...]
    """Ce qui n'a pas pu être lu, ligne par ligne ; le reste vaut."""


def read_return(content: bytes) -> Retour:
    """Lit un retour ; un individu illisible n'arrête rien. Lève :class:`RetourRefuse` si la forme ne convient pas."""
    form = _form()
    root = _root(content, form)
    kind = _kind(root, form)
    constats: list[Anomaly] = []
    identifier = _at(root, form["identifiant_taux"])
    if kind is TypeRetour.TAUX and not _IDENTIFIANT.fullmatch(identifier):
        raise RetourRefuse(
            "Ce compte-rendu ne porte pas d'identifiant de taux lisible (attribut « identifiant », 1 à 18 chiffres) : "
            "sans lui, la DSN qui applique ces taux serait rejetée. Aucun taux n'est pris ; gardez-le et signalez-le."
        )
    declarations = tuple(_declaration(element, form, constats) for element in root.findall(form["declaration"]))
    if kind is TypeRetour.TAUX and not declarations:
        raise RetourRefuse("Ce compte-rendu ne porte aucune déclaration : aucun taux n'est pris.")
    return Retour(
        type=kind,
        idflux=_text(root, form["flux"])[:60],
        identifiant_taux=identifier if kind is TypeRetour.TAUX else "",
        declarations=declarations,
        anomalies_envoi=tuple(_anomalies(root, form["anomalie_envoi"])),
        constats=tuple(constats),
    )


def _form() -> dict[str, str]:
    rows: list[Ligne] = [row for row in codes.load().lignes if row.table == "retours"]
    return {row.code: row.valeur or "" for row in rows}


def _root(content: bytes, form: dict[str, str]) -> Element:
    if len(content) > TAILLE_MAX:
        raise RetourRefuse(f"Ce fichier dépasse {TAILLE_MAX // 1_000_000} Mo : il n'est pas ouvert.")
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        raise RetourRefuse(
            "Ce fichier n'est pas un XML lisible (ou il porte des entités, refusées). Téléchargez-le de nouveau depuis "
            "net-entreprises."
        ) from None
    if root.tag != f"{{{form['espace_de_noms']}}}{form['racine']}":
        raise RetourRefuse(
            "Ce XML n'est pas un retour au format attendu (racine « rapport » du GIP-MDS) : peut-être un retour "
            "NEOReS, que l'on ne sait pas lire. Il est gardé, rien n'en est pris."
        )
    return root


def _kind(root: Element, form: dict[str, str]) -> TypeRetour:
    declared = (root.get("type") or "").strip()
    for kind in TypeRetour:
        if declared and declared in form[f"type_{kind}"].split("|"):
            return kind
    shown = declared[:20] if declared.isalnum() else "absent ou illisible"
    raise RetourRefuse(
        f"Type de retour inconnu (« {shown} ») : seuls l'accusé, le rejet, le certificat, le bilan d'anomalies et le "
        "compte-rendu des taux sont lus. Il est gardé, rien n'en est pris."
    )


def _declaration(element: Element, form: dict[str, str], constats: list[Anomaly]) -> DeclarationRetour:
    head = element.find(form["identification"])
    found = {
        name: _text(head, name)[:40] if head is not None else ""
        for name in ("nature", "type", "fraction", "ordre", "mois", "SIREN", "nic_affectation")
    }
    return DeclarationRetour(
        siret=found["SIREN"] + found["nic_affectation"],
        nature=found["nature"],
        type=found["type"],
        fraction=found["fraction"],
        ordre=found["ordre"],
        mois=_month(found["mois"]),
        etat=_text(element, form["etat"])[:40],
        individus=tuple(_people(element, form, constats)),
        anomalies=tuple(_anomalies(element, form["anomalie_declaration"])),
    )


def _people(element: Element, form: dict[str, str], constats: list[Anomaly]) -> Iterator[IndividuTaux]:
    for rank, person in enumerate(element.findall(form["salarie"]), start=1):
        if rank > INDIVIDUS_MAX:
            constats.append(_say("RET-03", f"Plus de {INDIVIDUS_MAX} individus : les suivants ne sont pas lus."))
            return
        nir = _text(person, form["nir"]).replace(" ", "").upper()
        nir = nir[:13] if len(nir) == 15 else nir
        if not _NIR.fullmatch(nir):
            constats.append(
                _say("RET-01", f"Individu n° {rank} du retour : NIR absent ou illisible, son taux est ignoré.")
            )
            continue
        present = person.find(form["taux"]) is not None
        rate = values.taux_ppm(_text(person, form["taux"]).replace(",", ".")) if present else None
        if present and (rate is None or not 0 <= rate <= _PLEIN or rate % 100):
            # Une balise vide ou fautive n'est pas une absence : la prendre pour telle changerait l'impôt de l'agent.
            text = f"Individu n° {rank} du retour : taux illisible, son taux précédent est gardé."
            constats.append(_say("RET-02", text))
            continue
        yield IndividuTaux(rank, nir, rate)


def _anomalies(element: Element, path: str) -> Iterator[AnomalieRetour]:
    for item in element.findall(path):
        line = _text(item, "description/numero_ligne")
        trigger = _text(item, "valeurs/rubrique_declenchante/identifiant")
        yield AnomalieRetour(
            code=_text(item, "description/code")[:40],
            categorie=_text(item, "description/categorie")[:40],
            message=anonymous(_text(item, "description/message")),
            ligne=int(line) if line.isdecimal() and len(line) <= 9 else 0,
            rubrique=trigger if _RUBRIQUE.fullmatch(trigger) else "",
        )


def anonymous(text: str) -> str:
    """Le texte d'un organisme, sans les suites de chiffres qui pourraient être un NIR, un SIRET ou un compte."""
    return _CHIFFRES.sub("…", " ".join(text.split()))[:_TEXTE_MAX]


def _month(text: str) -> date | None:
    """Le mois déclaré, sous les écritures que la norme et les retours emploient : 01MMAAAA, MMAAAA, AAAA-MM, AAAAMM."""
    digits = text.replace("-", "").replace("/", "")
    if not digits.isdecimal() or not digits.isascii():
        return None
    candidates = {
        8: (digits[2:], digits[4:6] + digits[:4]),
        6: (digits, digits[4:] + digits[:4]),
    }.get(len(digits), ())
    for month_year in candidates:
        found = values.jour(f"01{month_year}")
        if found is not None and 2000 <= found.year <= 2100:
            return found
    return None


def _at(root: Element, path: str) -> str:
    if path.startswith("@"):
        return (root.get(path[1:]) or "").strip()
    return _text(root, path)


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _say(code: str, message: str) -> Anomaly:
    return Anomaly(0, "", code, True, message)
