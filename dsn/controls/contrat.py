"""Les contrôles du contrat et de la retraite complémentaire (40, 71)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dsn.controls import keys
from dsn.controls.registry import BlockControl, on_block, on_declaration, register
from dsn.controls.scope import Node, Scope

SANS_CNRACL = frozenset(
    "01 02 03 07 08 09 10 29 32 53 54 60 70 80 81 82 89 90 91 92 93".split()  # noqa: SIM905 - liste de la page 191
)
A_TERME = frozenset({"02", "03", "10", "29", "70", "92"})
DETACHEMENT = frozenset({"20", "21"})
_HORS_FP = "99"
_CPRPF = "134"


def _complementary(item: Node) -> set[str]:
    return {kid.get("002") or "" for kid in item.kids("71")}


def _ended_before_month(item: Node, scope: Scope) -> bool:
    return any(
        end.get("002") != "099"
        and (found := end.day("001")) is not None
        and scope.month is not None
        and found < scope.month
        for end in item.kids("62")
    )


def _real_end(item: Node) -> Node | None:
    """La fin de contrat déclarée, hors annulation."""
    return next((end for end in item.kids("62") if end.get("002") != "099"), None)


@on_block("S21.G00.40.001", "CCH-13")
def debut_avant_fin(item: Node, _scope: Scope) -> str | None:
    """Le début précède la fin."""
    end, start = _real_end(item), item.day("001")
    found = end.day("001") if end else None
    return "Le contrat commence après sa fin." if start and found and start > found else None


@on_block("S21.G00.40.001", "CCH-15")
def debut_apres_naissance(item: Node, _scope: Scope) -> str | None:
    """Le début suit la naissance."""
    start, birth = item.day("001"), item.parent.day("006") if item.parent else None
    return "Le contrat commence avant la naissance de l'agent." if start and birth and start <= birth else None


@on_block("S21.G00.40.003", "CCH-11")
def cadre(item: Node, _scope: Scope) -> str | None:
    """Cadre : statut conventionnel 03, 04 ou 08."""
    if item.get("003") == "01" and item.get("002") not in {"03", "04", "08"}:
        return "Le statut cadre (003 = 01) ne va pas avec ce statut conventionnel."
    return None


@on_block("S21.G00.40.003", "CCH-16")
def cadre_complementaire(item: Node, _scope: Scope) -> str | None:
    """Cadre : RETC, RUAA ou CNBF."""
    if (
        item.get("003") in {"01", "02"}
        and item.get("020") != _CPRPF
        and not _complementary(item) & {"RETC", "RUAA", "CNBF"}
    ):
        return "Un statut cadre (01 ou 02) demande un régime complémentaire RETC, RUAA ou CNBF."
    return None


@on_block("S21.G00.40.003", "CCH-17")
def non_cadre_complementaire(item: Node, _scope: Scope) -> str | None:
    """Non cadre : RETA ou RUAA ; pour l'Ircantec, employer 98."""
    if (
        item.get("003") == "04"
        and item.get("002") != "04"
        and item.get("020") != _CPRPF
        and not _complementary(item) & {"RETA", "RUAA"}
    ):
        return "Non cadre (04) demande un régime RETA ou RUAA ; pour un affilié de l'Ircantec, déclarez 98."
    return None


@on_block("S21.G00.40.003", "SIG-12")
def ircantec_categorie(item: Node, _scope: Scope) -> str | None:
    """Ircantec : 04, 98 ou 99."""
    if _complementary(item) & {"IRCANTEC", "CRPNPAC"} and item.get("003") not in {"04", "98", "99"}:
        return "Avec l'Ircantec, le statut catégoriel attendu est 98 (ou 04, 99)."
    return None


@on_block("S21.G00.40.006", "CSL-11")
def libelle_emploi(item: Node, _scope: Scope) -> str | None:
    """Libellé d'emploi lisible."""
    value = item.get("006") or ""
    if value and (keys.repeated(value) or not value[0].isalnum()):
        return "Le libellé de l'emploi répète un caractère plus de deux fois ou commence par un signe."
    return None


@on_block("S21.G00.40.008", "CCH-11")
def apprenti_public(item: Node, _scope: Scope) -> str | None:
    """Apprentissage du secteur public : contrat 02 ou 92."""
    if item.get("008") == "81" and item.get("007") not in {"02", "92"}:
        return "Un contrat d'apprentissage du secteur public (81) est un contrat de nature 02."
    return None


@on_block("S21.G00.40.008", "CCH-15")
def contrat_aide(item: Node, _scope: Scope) -> str | None:
    """PEC, CUI et professionnalisation : contrat de droit privé."""
    if item.get("008") in {"21", "41", "42", "61"} and item.get("007") not in {
        "01",
        "02",
        "03",
        "08",
        "82",
        "91",
        "92",
    }:
        return "Un parcours emploi compétences ou un contrat aidé est un contrat de droit privé (nature 01 ou 02)."
    return None


@on_declaration("S21.G00.40.009", "CCH-12")
def numero_unique(scope: Scope) -> Iterator[tuple[Node, str]]:
    """Un numéro de contrat par individu."""
    for person in scope.all("30"):
        seen: set[str] = set()
        for item in person.kids("40"):
            number = item.get("009") or ""
            if number in seen:
                yield item, "Deux contrats du même agent portent le même numéro."
            seen.add(number)


@on_block("S21.G00.40.009", "CCH-13")
def contrat_remunere(item: Node, _scope: Scope) -> str | None:
    """Au moins un bloc 51 par contrat."""
    if item.parent and not any(pay.get("010") == item.get("009") for pay in item.parent.all("51")):
        return "Aucune rémunération (bloc 51) ne cite ce contrat."
    return None


@on_block("S21.G00.40.010", "CCH-11")
def terme_apres_debut(item: Node, _scope: Scope) -> str | None:
    """Le terme suit le début."""
    start, end = item.day("001"), item.day("010")
    return "La fin prévue du contrat précède son début." if start and end and end < start else None


@on_block("S21.G00.40.010", "CCH-12")
def terme_obligatoire(item: Node, _scope: Scope) -> str | None:
    """CDD : date de fin prévisionnelle."""
    if item.get("007") in A_TERME and not item.get("010"):
        return f"Un contrat de nature {item.get('007')} demande une date de fin prévisionnelle."
    return None


def _quota(units: frozenset[str], limit: int, text: str) -> BlockControl:
    def control(item: Node, _scope: Scope) -> str | None:
        amounts = (item.amount("012"), item.amount("013"))
        return text if item.get("011") in units and any(amount and amount > limit for amount in amounts) else None

    return control


on_block("S21.G00.40.011", "CCH-12")(
    _quota(frozenset({"12", "20"}), 3_100, "Une quotité en jours ne dépasse pas 31.00 par mois.")
)
on_block("S21.G00.40.011", "CCH-13")(
    _quota(frozenset({"10", "21"}), 25_000, "Une quotité en heures ne dépasse pas 250.00 par mois.")
)


@on_block("S21.G00.40.011", "CCH-15")
def activite_attendue(item: Node, scope: Scope) -> str | None:
    """Quotité en heures ou en jours : au moins un bloc Activité pour ce contrat."""
    if item.get("011") not in {"10", "12"} or _ended_before_month(item, scope) or not item.parent:
        return None
    mine = [pay for pay in item.parent.all("51") if pay.get("010") == item.get("009")]
    if not any(pay.kids("53") for pay in mine):
        return "La quotité est en heures ou en jours : un bloc Activité (53) est attendu pour ce contrat."
    return None


@on_block("S21.G00.40.012", "CCH-11")
def quotite_nulle(item: Node, _scope: Scope) -> str | None:
    """Zéro interdit pour les unités jusqu'à 21."""
    unit = item.get("011") or ""
    if unit.isdecimal() and int(unit) <= 21 and item.amount("012") == 0:
        return "La quotité de référence ne peut pas être nulle avec cette unité (employez l'unité 99 pour un élu)."
    return None


@on_block("S21.G00.40.014", "CCH-11")
def temps_partiel_droit(item: Node, _scope: Scope) -> str | None:
    """Temps partiel de droit : fonction publique."""
    if item.get("014") in {"40", "41", "42"} and item.get("026") == _HORS_FP and item.get("020") != _CPRPF:
        return "Le temps partiel de droit suppose un statut d'emploi de la fonction publique (026)."
    return None


@on_block("S21.G00.40.018", "CCH-14")
def regime_agricole(item: Node, scope: Scope) -> str | None:
    """Régime agricole : point de dépôt MSA."""
    if item.get("018") == "300" and scope.envoi and scope.envoi.get("007") != "02":
        return "Le régime agricole se déclare au point de dépôt MSA."
    return None


@on_block("S21.G00.40.019", "CCH-11")
def lieu_de_travail(item: Node, scope: Scope) -> str | None:
    """Lieu de travail autre que l'établissement : bloc 85."""
    place = item.get("019")
    if place and place != scope.siret() and not any(other.get("001") == place for other in scope.all("85")):
        return "Ce lieu de travail n'est pas l'établissement : décrivez-le dans un bloc S21.G00.85."
    return None


@on_block("S21.G00.40.020", "CCH-12")
def cnracl_nature(item: Node, _scope: Scope) -> str | None:
    """CNRACL : natures 20, 21, 50, 51 et 52 seulement."""
    if item.get("020") == "120" and item.get("007") in SANS_CNRACL:
        return f"Un contrat de nature {item.get('007')} ne peut pas relever de la CNRACL (120)."
    return None


@on_block("S21.G00.40.021", "SIG-11")
def motif_recours(item: Node, _scope: Scope) -> str | None:
    """CDD de droit privé sans dispositif : motif de recours attendu."""
    if item.get("007") in {"02", "03", "92"} and item.get("008") == "99" and not item.get("021"):
        return "Le motif de recours est attendu pour ce contrat à durée déterminée."
    return None


@on_block("S21.G00.40.027", "CCH-11")
def affectation_chomage(item: Node, _scope: Scope) -> str | None:
    """Code affectation : convention de gestion seulement."""
    return _only_if_convention(item, "027")


@on_block("S21.G00.40.032", "CCH-11")
def date_convention(item: Node, _scope: Scope) -> str | None:
    """Date d'effet : convention de gestion seulement."""
    return _only_if_convention(item, "032")


def _only_if_convention(item: Node, suffix: str) -> str | None:
    if item.get(suffix) and item.get("029") != "02":
        return "Cette rubrique suppose une convention de gestion avec l'assurance chômage (029 = 02)."
    return None


@on_block("S21.G00.40.029", "CCH-11")
def chomage_apprenti(item: Node, _scope: Scope) -> str | None:
    """Régime particulier des apprentis : dispositif 81."""
    if item.get("029") == "05" and item.get("008") != "81":
        return "Le régime de chômage des apprentis du secteur public suppose le dispositif 81."
    return None


@on_block("S21.G00.40.029", "SIG-12")
def chomage_public(item: Node, scope: Scope) -> str | None:
    """Employeur public : gestion de l'assurance chômage attendue."""
    establishment = scope.first("11")
    if establishment and establishment.get("017") in {"02", "03"} and not item.get("029"):
        return "Employeur public : le type de gestion de l'assurance chômage est attendu."
    return None


@on_block("S21.G00.40.030", "CCH-11")
def date_adhesion(item: Node, _scope: Scope) -> str | None:
    """Date d'adhésion si et seulement si adhésion."""
    if bool(item.get("030")) != (item.get("029") in {"03", "04"}):
        return "La date d'adhésion accompagne l'adhésion à l'assurance chômage (029 = 03 ou 04), et elle seule."
    return None


@on_block("S21.G00.40.033", "CCH-11")
def numero_convention(item: Node, _scope: Scope) -> str | None:
    """Numéro de convention si et seulement si convention de gestion."""
    if bool(item.get("033")) != (item.get("029") == "02"):
        return "Le numéro de convention accompagne la convention de gestion (029 = 02), et elle seule."
    return None


@on_block("S21.G00.40.043", "SIG-11")
def taux_at(item: Node, _scope: Scope) -> str | None:
    """Taux AT : interdit avec 999ZZ, attendu sinon."""
    if (item.get("040") == "999ZZ") == bool(item.get("043")):
        return "Le taux accident du travail accompagne le code risque notifié ; il est interdit avec 999ZZ."
    return None


@on_block("S21.G00.40.053", "CCH-11")
def nature_poste(item: Node, _scope: Scope) -> str | None:
    """Nature du poste : fonction publique seulement."""
    if item.get("053") and item.get("026") == _HORS_FP and item.get("020") != _CPRPF:
        return "La nature du poste ne se déclare pas avec un statut d'emploi 99."
    return None


@on_block("S21.G00.40.054", "CCH-11")
def quotite_temps_complet(item: Node, _scope: Scope) -> str | None:
    """Quotité du temps complet si et seulement si poste à temps non complet."""
    if bool(item.get("054")) != (item.get("053") == "02"):
        return "La quotité du temps complet (054) accompagne un poste à temps non complet (053 = 02), et lui seul."
    return None


def _reserved_fp(suffix: str) -> Callable[[Scope], Iterator[tuple[Node, str]]]:
    def run(scope: Scope) -> Iterator[tuple[Node, str]]:
        for item in scope.all("40"):
            if item.get(suffix) and item.get("026") == _HORS_FP:
                yield item, "Rubrique réservée à la fonction publique : interdite avec un statut d'emploi 99."

    return run


for _suffix in ("052", "057", "058", "059", "060", "061", "062", "064", "065", "080"):
    register(f"S21.G00.40.{_suffix}", "CCH-11", _reserved_fp(_suffix))


@on_block("S21.G00.40.063", "CCH-11")
def ancien_employeur(item: Node, _scope: Scope) -> str | None:
    """Indice de l'ancien employeur public si et seulement si celui-ci est déclaré."""
    if bool(item.get("063")) != bool(item.get("062")):
        return "L'indice d'origine (063) et l'ancien employeur public (062) vont ensemble."
    return None


@on_block("S21.G00.40.066", "CCH-11")
def type_detachement(item: Node, _scope: Scope) -> str | None:
    """Type de détachement si et seulement si nature 20 ou 21."""
    if bool(item.get("066")) != (item.get("007") in DETACHEMENT):
        return "Le type de détachement (066) accompagne un contrat de nature 20 ou 21, et lui seul."
    return None


@on_block("S21.G00.40.075", "CCH-11")
def classement_marin(item: Node, _scope: Scope) -> str | None:
    """Catégorie de classement : marins."""
    return "Réservé aux marins (régime 136)." if item.get("075") and item.get("020") != "136" else None


@on_block("S21.G00.40.076", "CCH-11")
def engagement_maritime(item: Node, _scope: Scope) -> str | None:
    """Contrat d'engagement maritime : nature 93."""
    if bool(item.get("076")) != (item.get("007") == "93"):
        return "L'identifiant d'engagement maritime accompagne une ligne de service (93), et elle seule."
    return None


@on_declaration("S21.G00.71.002", "CCH-12")
def sans_complementaire(scope: Scope) -> Iterator[tuple[Node, str]]:
    """90000 : seul bloc 71 du contrat."""
    for item in scope.all("40"):
        blocks = item.kids("71")
        if len(blocks) > 1 and "90000" in _complementary(item):
            yield (
                next(kid for kid in blocks if kid.get("002") == "90000"),
                ("« Pas de régime complémentaire » (90000) exclut tout autre régime pour ce contrat."),
            )


@on_block("S21.G00.71.002", "CCH-13")
def retc_cadre(item: Node, _scope: Scope) -> str | None:
    """RETC : cadre."""
    contract = item.parent
    if item.get("002") != "RETC" or contract is None:
        return None
    allowed = contract.get("003") in {"01", "02"} or (contract.get("003") == "04" and contract.get("002") == "04")
    return None if allowed else "Le régime RETC suppose un statut cadre."
