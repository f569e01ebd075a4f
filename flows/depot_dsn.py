"""Déposer par l'API DSN et relever les retours, sans Prefect : ce qui se note, dans quel ordre, quand s'abstenir.

Éteint par défaut : il faut l'environnement de production et un compte net-entreprises réglé.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dsn import codes
from dsn.retours import RetourRefuse, TypeRetour, read_return
from flows.net_entreprises import (
    Adresses,
    DepotErreur,
    Identifiants,
    NetEntreprises,
    ReponsePerdue,
    RetourListe,
)
from payroll.month.commun import Acte, GesteRefuse, aware
from payroll.month.deposer import (
    Envoi,
    begin_deposit,
    finish_deposit,
    forget_deposit,
    known_flows,
    sendings,
)
from payroll.month.retours import RetourRecu, receive_return
from payroll.settings import Environnement, Reglages
from payroll.store.registre import Registre
from payroll.store.tables_dsn import CurseurReleve, EtatEnvoi

PLAGES_PAR_RELEVE = 48
"""Une relève rattrape au plus deux jours ; la suivante continue."""
_RECOUVREMENT = timedelta(minutes=65)
"""Plus qu'une heure : couvre un doute sur le fuseau au changement d'heure."""
_RECUL = timedelta(minutes=2)
"""Un retour publié à la seconde où l'on interroge pourrait manquer."""
_PREMIERE_RELEVE = timedelta(days=2)
_FENETRE_DEPOTS = timedelta(hours=23)
_LUS = frozenset({"10", "11", "94", "95"})
"""Natures de retour que l'on sait lire : accusé ou rejet, certificat ou bilan, taux nominatifs, taux sur taux."""
_ACCUSES = frozenset({"10", "11"})


class AccesDsn(BaseSettings):
    """Le compte net-entreprises de l'agence, lu dans l'environnement (préfixe ``PAIE_DSN_``)."""

    model_config = SettingsConfigDict(env_prefix="PAIE_DSN_", env_file=".env", extra="ignore")

    siret: str = ""
    nom: str = ""
    prenom: str = ""
    mot_de_passe: SecretStr = SecretStr("")
    fichier_mot_de_passe: Path | None = None
    """Un fichier que seul le compte de la paie peut lire ; l'emporte sur ``mot_de_passe``."""
    service: str = "25"

    def secret(self) -> str:
        """Le mot de passe ; lève :class:`GesteRefuse` si le fichier ne se lit pas."""
        if self.fichier_mot_de_passe is None:
            return self.mot_de_passe.get_secret_value()
        try:
            return self.fichier_mot_de_passe.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise GesteRefuse("Le fichier PAIE_DSN_FICHIER_MOT_DE_PASSE ne se lit pas.") from None


def is_active(reglages: Reglages, acces: AccesDsn) -> bool:
    """Vrai si l'API peut être appelée : en production, avec un compte réglé."""
    return reglages.environnement is Environnement.PRODUCTION and bool(acces.siret)


def open_client(reglages: Reglages, acces: AccesDsn, version: str, adresses: Adresses | None = None) -> NetEntreprises:
    """Le client du compte réglé. Lève :class:`GesteRefuse` hors production ou sans compte : rien n'est appelé."""
    if reglages.environnement is not Environnement.PRODUCTION:
        raise GesteRefuse(
            "Le dépôt par l'API de net-entreprises est éteint : il demande PAIE_ENVIRONNEMENT=production. Les messages "
            "sont dans le dossier des déclarations."
        )
    secret = acces.secret()
    if not (acces.siret and acces.nom and acces.prenom and secret):
        raise GesteRefuse(
            "Le compte net-entreprises n'est pas réglé : PAIE_DSN_SIRET, _NOM, _PRENOM et le mot de passe."
        )
    who = Identifiants(
        siret=acces.siret,
        nom=acces.nom,
        prenom=acces.prenom,
        mot_de_passe=secret,
        service=acces.service,
        version=version,
    )
    return NetEntreprises(who, adresses)


def deposit_all(registre: Registre, client: NetEntreprises, code: str, siret: str, acte: Acte) -> list[str]:
    """Dépose les messages prêts d'un adhérent, un par un ; rend une phrase par message.

    Ce qu'un dépôt précédent a laissé dans le doute est d'abord éclairci ; un doute qui reste bloque ce message-là.
    """
    phrases = settle_doubts(registre, client, code, siret, acte)
    for item in sendings(registre, code, EtatEnvoi.POSE, EtatEnvoi.INSCRIT):
        phrases.append(f"{item.nom} : {_deposit(registre, client, item, acte)}")
    return phrases


def _deposit(registre: Registre, client: NetEntreprises, item: Envoi, acte: Acte) -> str:
    if item.essai:
        return "envoi d'essai, non déposé"
    since = _local(acte.moment - _FENETRE_DEPOTS)
    try:
        before = set(client.list_deposits(since))
    except DepotErreur as error:
        return f"rien n'est parti. {error}"
    content = begin_deposit(registre, item, acte)
    try:
        answer = client.deposit(content)
    except ReponsePerdue as error:
        return str(error)
    except DepotErreur as error:
        forget_deposit(registre, item, acte, str(error))
        return f"rien n'est entré. {error}"
    idflux = _new_flow(registre, client, since, before)
    motif = "" if answer.accepte else "Avis de rejet : lisez-le avant de refaire le message."
    finish_deposit(registre, item, acte, accepted=answer.accepte, report=answer.document, idflux=idflux, motif=motif)
    return "déposé" if answer.accepte else f"rejeté. {motif}"


def _new_flow(registre: Registre, client: NetEntreprises, since: datetime, before: set[str]) -> str:
    """L'identifiant apparu avec ce dépôt ; vide s'il n'est pas seul, car un hasard mêlerait les retours."""
    try:
        appeared = set(client.list_deposits(since)) - before - known_flows(registre)
    except DepotErreur:
        return ""
    return appeared.pop() if len(appeared) == 1 else ""


def settle_doubts(registre: Registre, client: NetEntreprises, code: str, siret: str, acte: Acte) -> list[str]:
    """Cherche dans les dépôts du déclarant ce qu'est devenu chaque envoi resté « en cours » : son accusé le dit."""
    doubtful = sendings(registre, code, EtatEnvoi.EN_COURS)
    if not doubtful:
        return []
    try:
        unknown = set(client.list_deposits(_local(acte.moment - _FENETRE_DEPOTS))) - known_flows(registre)
        answers = [(flow, content) for flow in sorted(unknown) for content in _accuses(client, flow)]
    except DepotErreur as error:
        return [f"{item.nom} : dépôt en doute, non refait. {error}" for item in doubtful]
    return [_settle(registre, item, siret, answers, acte) for item in doubtful]


def _accuses(client: NetEntreprises, flow: str) -> list[bytes]:
    return [client.download(item.url) for item in client.list_returns_of(flow) if item.nature in _ACCUSES and item.url]


def _settle(registre: Registre, item: Envoi, siret: str, answers: Sequence[tuple[str, bytes]], acte: Acte) -> str:
    for flow, content in answers:
        try:
            retour = read_return(content)
        except RetourRefuse:
            continue
        for said in retour.declarations:
            month = f"{said.mois:%Y-%m}" if said.mois else ""
            order = int(said.ordre) if said.ordre.isdecimal() and len(said.ordre) < 10 else -1
            if (said.siret, said.nature, order) == (siret, item.nature, item.numero_ordre) and month in ("", item.mois):
                accepted = retour.type is not TypeRetour.REJET
                finish_deposit(registre, item, acte, accepted=accepted, report=content, idflux=flow)
                return f"{item.nom} : le dépôt resté en doute était {'arrivé' if accepted else 'rejeté'}"
    return (
        f"{item.nom} : dépôt en doute, non refait. Cherchez-le sur net-entreprises ; s'il n'y est pas, « paie deposer "
        f"--refaire {item.nom} » le rendra à déposer."
    )


def collect_remote(registre: Registre, client: NetEntreprises, compte: str, acte: Acte) -> list[RetourRecu]:
    """Relève les retours publiés depuis la dernière fois, par plages ; le curseur n'avance que sur ce qui est lu."""
    until = acte.moment - _RECUL
    start = _cursor(registre, compte, until)
    minutes = 60
    received: list[RetourRecu] = []
    for _ in range(PLAGES_PAR_RELEVE):
        if start >= until:
            break
        end = min(start + timedelta(minutes=minutes), until)
        listed, minutes = client.list_returns(_local(start), _local(end))
        received += [_take(registre, client, item, acte) for item in listed if item.nature in _LUS and item.url]
        _advance(registre, compte, end)
        start = end
    return received


def _take(registre: Registre, client: NetEntreprises, item: RetourListe, acte: Acte) -> RetourRecu:
    name = "-".join(part for part in (item.idflux, item.nature, item.ops) if part)
    return receive_return(registre, f"{name}.xml", client.download(item.url), acte)


def _cursor(registre: Registre, compte: str, until: datetime) -> datetime:
    with registre.transaction() as session:
        row = session.get(CurseurReleve, compte)
        return until - _PREMIERE_RELEVE if row is None else aware(row.jusqu_a) - _RECOUVREMENT


def _advance(registre: Registre, compte: str, moment: datetime) -> None:
    with registre.transaction() as session:
        row = session.get(CurseurReleve, compte)
        if row is None:
            session.add(CurseurReleve(compte=compte, jusqu_a=moment))
        elif aware(row.jusqu_a) < moment:
            row.jusqu_a = moment
            session.add(row)


def _local(moment: datetime) -> datetime:
    """L'instant à l'heure que le service attend."""
    zone = next(row.valeur for row in codes.load().lignes if row.table == "retours" and row.code == "api_fuseau")
    return moment.astimezone(ZoneInfo(zone or "Europe/Paris"))
