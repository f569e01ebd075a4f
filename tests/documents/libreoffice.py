"""LibreOffice, comme l'a la secrétaire : en français, sur un profil neuf, un seul démarrage pour tous les classeurs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

_REGLAGES = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse">
<value>fr-FR</value></prop></item>
</oor:items>
"""
DELAI = 240


def to_pdf(workbooks: Mapping[str, bytes], folder: Path) -> dict[str, Path]:
    """Nom → PDF de chaque classeur. Échoue si LibreOffice se plaint, ou s'il en manque un."""
    settings = folder / "profil" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_REGLAGES, encoding="utf-8")
    entrees, sorties = folder / "entrees", folder / "sorties"
    entrees.mkdir()
    for name, content in workbooks.items():
        (entrees / f"{name}.xlsx").write_bytes(content)
    profil = f"-env:UserInstallation={(folder / 'profil').as_uri()}"
    done = subprocess.run(
        ["soffice", profil, "--headless", "--norestore", "--convert-to", "pdf", "--outdir", str(sorties)]
        + [str(path) for path in sorted(entrees.iterdir())],
        capture_output=True,
        text=True,
        timeout=DELAI,
        check=False,
    )
    said = "\n".join((done.stdout, done.stderr))
    assert done.returncode == 0, said
    # Java manque à cette pose, et Calc n'en a que faire : la seule plainte admise.
    expected = ("convert ", "Warning: failed to launch javaldx")
    wrong = [line for line in said.splitlines() if line.strip() and not line.startswith(expected)]
    assert not wrong, said
    found = {path.stem: path for path in sorties.iterdir()}
    assert set(found) == set(workbooks), said
    return found
