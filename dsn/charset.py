"""Les caractères permis dans un message (CT2025.1.3 §3.4 à 3.7) et la règle de translittération.

Règle, dans l'ordre :

1. le texte est mis en forme composée (NFC) ; les blancs de toute sorte deviennent une espace simple, sans espace en
   début ni en fin ;
2. un caractère imprimable d'ISO 8859-1 est gardé (``é``, ``ç``, ``«``…) ;
3. un caractère de ``TABLE`` prend son équivalent (``œ`` → ``oe``, ``’`` → ``'``, ``€`` → ``EUR``, ``–`` → ``-``…) ;
4. une lettre accentuée hors d'ISO 8859-1 perd son accent (``ő`` → ``o``) ;
5. tout autre caractère devient ``?``.

Chaque remplacement ou retrait est rendu en note (``œ → oe``) : rien ne disparaît sans être dit.

Les cases grisées ou bleues des tables du cahier technique sont illisibles dans le texte disponible : aucun caractère
imprimable d'ISO 8859-1 n'est donc refusé ici.
"""

from __future__ import annotations

import re
import unicodedata

TABLE = {
    "œ": "oe",
    "Œ": "OE",
    "ĳ": "ij",
    "Ĳ": "IJ",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ı": "i",
    "ŋ": "n",
    "‘": "'",
    "’": "'",
    "‛": "'",
    "ʼ": "'",
    "′": "'",
    "“": '"',
    "”": '"',
    "„": '"',
    "‹": "<",
    "›": ">",
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "―": "-",
    "−": "-",
    "…": "...",
    "•": "-",
    "€": "EUR",
    "™": "TM",
    "№": "N°",
    "\u00ad": "",
    "\u200b": "",
    "\ufeff": "",
}
"""Équivalents écrits ; le trait d'union conditionnel et les espaces sans chasse sont retirés, et c'est dit."""

UNKNOWN = "?"
REMOVED = "(retiré)"
ALLOWED = bytes([*range(0x20, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)])
"""Les octets permis dans une valeur."""


def allowed(character: str) -> bool:
    """Vrai pour un caractère imprimable d'ISO 8859-1 (20 à 7E, A1 à FF sauf AD)."""
    code = ord(character)
    return 0x20 <= code <= 0x7E or (0xA1 <= code <= 0xFF and code != 0xAD)


def plain(text: str) -> bool:
    """Vrai si tous les caractères sont permis ; un seul passage, en C."""
    try:
        return not text.encode("latin-1").translate(None, ALLOWED)
    except UnicodeEncodeError:
        return False


def transliterate(value: str) -> tuple[str, tuple[str, ...]]:
    """La valeur telle quelle si elle est permise, sinon nettoyée par ``clean``."""
    return (value, ()) if plain(value) else clean(value)


def clean(text: str) -> tuple[str, tuple[str, ...]]:
    """Le texte permis, et les remplacements faits (``œ → oe``), à dire à la personne."""
    result: list[str] = []
    notes: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if character.isspace():
            result.append(" ")
        elif allowed(character):
            result.append(character)
        else:
            replacement = _replacement(character)
            result.append(replacement)
            notes.append(f"{_name(character)} → {replacement or REMOVED}")
    return re.sub(r" {2,}", " ", "".join(result)).strip(), tuple(dict.fromkeys(notes))


def localite(text: str) -> str:
    """La localité dans la forme exigée (p.97) : lettres non accentuées, chiffres, espaces simples."""
    plain = unicodedata.normalize("NFKD", clean(text)[0])
    ascii_only = "".join(character for character in plain if not unicodedata.combining(character))
    return re.sub(r"[^A-Za-z0-9]+", " ", ascii_only).strip()


def lost(notes: tuple[str, ...]) -> bool:
    """Vrai si un caractère au moins n'a pas d'équivalent."""
    return any(note.endswith(f"→ {UNKNOWN}") for note in notes)


def _replacement(character: str) -> str:
    if character in TABLE:
        return TABLE[character]
    if not character.isprintable():
        return UNKNOWN
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
    return plain if plain and all(allowed(part) for part in plain) else UNKNOWN


def _name(character: str) -> str:
    return character if character.isprintable() else f"caractère U+{ord(character):04X}"
