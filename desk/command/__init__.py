"""La commande ``paie`` : les mêmes gestes que les flux, au clavier.

Un fichier par sujet (``mois``, ``droit``, ``dsn``, ``depot``, ``garde``…), chacun avec son ``register(app)`` ;
``sommaire.py`` dit quelle commande vit où, et ne charge que celle qu'on demande. Une commande qui refuse le dit en une
phrase et sort avec le code 1 ; jamais une trace de programme pour une entrée fautive.
"""

from __future__ import annotations

import typer

from desk.command.sommaire import Sommaire

app = typer.Typer(
    name="paie",
    cls=Sommaire,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # une trace ne doit jamais montrer de donnée personnelle
)


@app.callback()
def paie() -> None:
    """Paie à façon de la fonction publique territoriale : du fichier déposé au bulletin et à la DSN."""
