"""La commande ``paie`` : les mêmes gestes que les flux, au clavier.

Un fichier par sujet (``mois``, ``droit``, ``dsn``, ``depot``, ``garde``…) ; ici, on les assemble. Une commande qui
refuse le dit en une phrase et sort avec le code 1 ; jamais une trace de programme pour une entrée fautive.
"""

from __future__ import annotations

import typer

from desk.command import (
    agents,
    bureau,
    corrections,
    demo,
    deposer,
    depot,
    droit,
    dsn,
    etudes,
    evenements,
    fiches,
    garde,
    gestionnaires,
    mois,
    rappels,
    reprise,
    retours,
    revision,
    saisies,
)

app = typer.Typer(
    name="paie",
    help="Paie à façon de la fonction publique territoriale : du fichier déposé au bulletin et à la DSN.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # une trace ne doit jamais montrer de donnée personnelle
)
mois.register(app)
revision.register(app)
corrections.register(app)
gestionnaires.register(app)
bureau.register(app)
droit.register(app)
etudes.register(app)
depot.register(app)
garde.register(app)
reprise.register(app)
retours.register(app)
evenements.register(app)
fiches.register(app)
deposer.register(app)
agents.register(app)
rappels.register(app)
saisies.register(app)
app.add_typer(dsn.app, name="dsn")
demo.register(app)
