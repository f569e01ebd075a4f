"""La documentation des cas et des règles dit ce que le code fait : mêmes codes, mêmes clés, mêmes refus."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from payroll.catalogue import load
from payroll.engine import cases_reading
from payroll.engine.situation import Cumuls

RACINE = Path(__file__).parents[2]
CAS = (RACINE / "docs" / "cas.md").read_text(encoding="utf-8")
REGLES = (RACINE / "docs" / "regles.md").read_text(encoding="utf-8")
MOTEUR = RACINE / "payroll" / "engine"


def test_docs_cas_liste_tous_les_codes_de_ligne_dans_l_ordre() -> None:
    listes = re.findall(r"^\| `([a-z0-9_]+)` \| (.+?) \| .+? \| (.*?) \|$", CAS.split("## Les codes de ligne")[1], re.M)
    attendus = [(r.code, r.libelle, ", ".join(r.saisie)) for r in load().values()]
    assert listes == attendus


def test_docs_cas_nomme_toutes_les_cles_lues() -> None:
    cles = {
        name
        for group in ("_CASE_KEYS", "_EMPLOYEUR_KEYS", "_AGENT_KEYS", "_ELU_KEYS", "_ARRET_KEYS", "_ATTENDU_KEYS")
        for name in getattr(cases_reading, group)
    } | {item.name for item in fields(Cumuls)}
    assert {cle for cle in cles if not re.search(rf"\b{cle}\b", CAS)} == set()


def test_docs_regles_nomme_chaque_refus_du_moteur() -> None:
    codes = set()
    for path in [*MOTEUR.glob("controls*.py"), MOTEUR / "lignes.py"]:
        codes |= set(re.findall(r'Anomalie\(\s*"([a-z0-9-]+)"', path.read_text(encoding="utf-8")))
    assert len(codes) > 30
    assert {code for code in codes if f"`{code}`" not in REGLES} == set()
