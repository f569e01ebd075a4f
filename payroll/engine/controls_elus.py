"""Les refus propres aux élus : mandat, plafond de la strate, écrêtement (CGCT L. 2123-20 et s.)."""

from __future__ import annotations

from collections.abc import Iterator

from payroll.anomalies import Anomalie, Gravite
from payroll.engine.inputs import MANDATS, MANDATS_COMMUNAUX
from payroll.engine.limits import Limits
from payroll.engine.situation import Employeur, Mandat, RegimeRetraite, Situation
from payroll.legislation import Figures
from payroll.money import PPM, apply_rate, format_amount, format_percent, round_half_up

_TEXTES = {
    "maire": "CGCT L. 2123-23",
    "adjoint": "CGCT L. 2123-24",
    "conseiller": "CGCT L. 2123-24-1",
}
# Au-delà, l'adjoint a un plafond propre que la législation ne porte pas.
_POPULATION_ADJOINT_VERIFIEE = 200_000

# Au-delà, c'est une faute de frappe : le plafond légal d'écrêtement est bien plus bas.
_INDEMNITES_MAXIMALES = 10_000_000
_MANDATS_MAXIMAUX = 20


def check_mandate(employeur: Employeur, situation: Situation, limits: Limits) -> Iterator[Anomalie]:
    """Les défauts d'une situation d'élu."""
    if situation.regime_retraite is RegimeRetraite.CNRACL:
        yield Anomalie(
            "regime-retraite-contraire",
            "un élu cotise à l'IRCANTEC, jamais à la CNRACL au titre de son mandat",
            "Corrigez le régime de retraite : IRCANTEC.",
            texte="Loi 72-1201 ; CSS L. 382-31",
        )
    mandat = situation.elu
    if mandat is None:
        yield Anomalie(
            "mandat-manquant",
            "le mandat et son taux d'indemnité ne sont pas donnés",
            "Donnez le mandat et le taux voté par délibération.",
            texte="CGCT L. 2123-20 et s.",
        )
        return
    if mandat.mandat not in MANDATS:
        yield Anomalie(
            "mandat-inconnu", "ce mandat n'est pas connu", "Corrigez le mandat.", recu=mandat.mandat,
            attendu=", ".join(MANDATS),
        )  # fmt: skip
        return
    yield from _check_numbers(mandat)
    yield from _check_ceiling(employeur, mandat, limits)
    yield from _check_total(mandat, limits.figures)
    if mandat.mandat not in MANDATS_COMMUNAUX:
        yield Anomalie(
            "plafond-indemnite-non-verifie",
            "le plafond d'indemnité de ce mandat n'est pas vérifié ici (communes seulement)",
            "Vérifiez le taux voté.",
            gravite=Gravite.AVERTISSEMENT,
            texte="CGCT L. 5211-12",
        )
        if mandat.mandat_commune_moins_3500 is None:
            yield Anomalie(
                "frais-emploi-a-preciser",
                "rien ne dit si l'élu a aussi un mandat indemnisé dans une commune de moins de 3 500 habitants : "
                "la fraction pour frais d'emploi la plus basse est retenue",
                "Précisez-le dans la fiche de l'élu.",
                gravite=Gravite.AVERTISSEMENT,
                texte="CGI art. 81-1°",
            )


def _check_numbers(mandat: Mandat) -> Iterator[Anomalie]:
    if (
        not 0 < mandat.taux_indemnite_ppm <= 2 * PPM
        or not 0 <= mandat.autres_mandats_brut <= _INDEMNITES_MAXIMALES
        or not 1 <= mandat.nombre_mandats_indemnises <= _MANDATS_MAXIMAUX
    ):
        yield Anomalie(
            "mandat-incoherent",
            "le taux d'indemnité, les autres indemnités ou le nombre de mandats est impossible",
            "Corrigez la fiche de l'élu.",
        )
    if mandat.autres_mandats_brut > 0 and mandat.nombre_mandats_indemnises < 2:
        yield Anomalie(
            "mandat-incoherent",
            "l'élu perçoit d'autres indemnités mais n'a qu'un mandat indemnisé",
            "Donnez le nombre de mandats indemnisés.",
            recu=format_amount(mandat.autres_mandats_brut),
        )


def _check_total(mandat: Mandat, figures: Figures) -> Iterator[Anomalie]:
    """Le total des indemnités de tous mandats, au plus une fois et demie l'indemnité parlementaire.

    La loi compare un total net de cotisations : un brut qui tient sous le plafond n'est jamais écrêté.
    """
    terminal, plafond = terminal_and_ceiling(figures)
    total = apply_rate(terminal, mandat.taux_indemnite_ppm) + mandat.autres_mandats_brut
    if total > plafond:
        yield Anomalie(
            "ecretement-non-calcule",
            "le total des indemnités de ses mandats dépasse une fois et demie l'indemnité parlementaire : "
            "la part écrêtée n'est pas calculée",
            "Faites arrêter la part à écrêter, puis saisissez le taux et les autres indemnités réduits.",
            recu=format_amount(total),
            attendu=f"{format_amount(plafond)} au plus",
            texte=figures.text(_PARLEMENTAIRE),
        )


_PARLEMENTAIRE = "elu.indemnite_parlementaire"


def terminal_and_ceiling(figures: Figures) -> tuple[int, int]:
    """Le traitement mensuel de l'indice terminal et le plus grand total d'indemnités sans écrêtement, en centimes."""
    annuel = figures.cents("point_indice.valeur_annuelle_indice_100")
    terminal = round_half_up(figures.integer("indice_brut_terminal.indice_majore") * annuel, 1200)
    return terminal, apply_rate(figures.cents(_PARLEMENTAIRE), figures.rate("elu.ecretement.multiple"))


def ceiling_key(population: int, mandat: str, limits: Limits) -> str:
    """La clé du plafond d'indemnité d'un mandat communal, selon la strate de la commune ; vide pour un autre mandat."""
    if mandat not in _TEXTES:
        return ""
    if mandat == "conseiller":
        return "elu.conseiller_municipal.taux_maximal"
    return f"elu.{mandat}.taux_maximal.{_stratum(population, mandat, limits)}"


def _check_ceiling(employeur: Employeur, mandat: Mandat, limits: Limits) -> Iterator[Anomalie]:
    cle = ceiling_key(employeur.population, mandat.mandat, limits)
    if not cle:
        return
    plafond = limits.figures.rate(cle)
    if mandat.mandat == "adjoint" and employeur.population >= _POPULATION_ADJOINT_VERIFIEE:
        return
    if mandat.taux_indemnite_ppm > plafond:
        yield Anomalie(
            "taux-indemnite-depasse",
            f"le taux d'indemnité dépasse le plafond de la strate de {employeur.population} habitants",
            "Corrigez le taux ; les majorations (chef-lieu, station, enveloppe) ne sont pas encore calculées.",
            recu=format_percent(mandat.taux_indemnite_ppm),
            attendu=f"{format_percent(plafond)} au plus",
            texte=f"{_TEXTES[mandat.mandat]} ; {limits.figures.text(cle)}",
        )


def _stratum(population: int, mandat: str, limits: Limits) -> str:
    """La strate de population, lue dans les clés mêmes de la législation (« 500_999 », « 100000_plus »)."""
    prefix = f"elu.{mandat}.taux_maximal."
    strates = [cle.removeprefix(prefix) for cle in limits.keys(prefix)]
    strates.sort(key=lambda strate: int(strate.split("_")[0]), reverse=True)
    # Une population négative n'a pas de strate : elle est refusée avec l'adhérent.
    return next((strate for strate in strates if population >= int(strate.split("_")[0])), strates[-1])
