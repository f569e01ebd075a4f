"""Un point de dépôt pour les essais : il parle le protocole de l'API DSN, et se dérègle à la demande."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.etree.ElementTree import fromstring

from flows.net_entreprises import Adresses, Identifiants
from tests.dsn.retours.fabrique import retour

SIRET, MOT_DE_PASSE = "99900010200015", "motdepasse&<é"
IDENTIFIANTS = Identifiants(siret=SIRET, nom="AGENCE", prenom="PAIE", mot_de_passe=MOT_DE_PASSE)


@dataclass
class Etat:
    """Ce que le point de dépôt a reçu, et comment il doit répondre."""

    jeton: str = "jeton-1"
    authentifications: int = 0
    deposes: list[bytes] = field(default_factory=list)
    flux: list[str] = field(default_factory=list)
    retours: list[dict[str, str]] = field(default_factory=list)
    """Chaque retour : idflux, nature, ops, statut, document (chemin), publication."""
    documents: dict[str, bytes] = field(default_factory=dict)
    rejeter: bool = False
    pannes: dict[str, list[int]] = field(default_factory=dict)
    """Chemin → codes à répondre d'abord, un par appel."""
    couper_apres_depot: bool = False
    realm: str = ""
    plages: list[tuple[str, str]] = field(default_factory=list)
    minutes: int = 60
    agents: set[str] = field(default_factory=set)
    lenteur: float = 0
    url: str = ""


def _handler(state: Etat) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def answer(self, code: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def fails(self, service: str) -> bool:
            codes = state.pannes.get(service, [])
            if not codes:
                return False
            code = codes.pop(0)
            self.answer(code, b"", WWW_Authenticate=f'DSNLogin realm="{state.realm}"')
            return True

        def authorized(self) -> bool:
            state.agents.add(self.headers.get("User-Agent", ""))
            if self.headers.get("Authorization") == f"DSNLogin jeton={state.jeton}":
                return True
            self.answer(401, b"", WWW_Authenticate='DSNLogin realm="jeton invalide"')
            return False

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/authentifier/1.0/":
                self.authenticate(body)
            elif self.path == "/deposer-dsn/2.0/" and not self.fails("deposer") and self.authorized():
                self.deposit(body)

        def authenticate(self, body: bytes) -> None:
            state.authentifications += 1
            if self.fails("authentifier"):
                return
            said = {child.tag: child.text for child in fromstring(body)}
            good = {"siret": SIRET, "nom": "AGENCE", "prenom": "PAIE", "motdepasse": MOT_DE_PASSE, "service": "25"}
            if self.headers["Content-Type"] != "application/xml" or self.headers.get("Content-Encoding"):
                self.answer(400)
            elif said == good:
                self.answer(200, state.jeton.encode())
            else:
                self.answer(401, b"", WWW_Authenticate='DSNLogin realm="identifiants incorrects"')

        def deposit(self, body: bytes) -> None:
            if self.headers.get("Content-Encoding") != "gzip":
                self.answer(400)
                return
            state.deposes.append(gzip.decompress(body))
            state.flux.append(f"flux-{len(state.flux) + 1}")
            if state.couper_apres_depot:
                self.close_connection = True
                self.connection.close()
            elif state.rejeter:
                self.answer(422, b"<avis de rejet>")
            else:
                self.answer(200, b"<accuse>")

        def do_GET(self) -> None:
            time.sleep(state.lenteur)
            _, service, *rest = self.path.split("/")
            if self.fails(service) or not self.authorized():
                return
            if service == "lister-depots":
                deposits = [{"idflux": flux, "statut": "OK"} for flux in state.flux]
                # Un seul dépôt : le service rend un objet, et non un tableau.
                shown: Any = deposits[0] if len(deposits) == 1 else deposits
                self.send_json({"depots": {"declarant": {"siret": SIRET, "depot": shown}}})
            elif service == "lister-retours-declarant":
                self.list_returns(rest[1], rest[2])
            elif service == "lister-retours-flux":
                self.send_json(self.shown([item for item in state.retours if item["idflux"] == rest[1]]))
            else:
                self.answer(200, state.documents[rest[-1]])

        def list_returns(self, start: str, end: str) -> None:
            begin, stop = (datetime.strptime(f"{text}+0000", "%Y%m%d%H%M%S%z") for text in (start, end))
            if (stop - begin).total_seconds() > state.minutes * 60:
                self.answer(422)
                return
            state.plages.append((start, end))
            found = [item for item in state.retours if start <= item["publication"] < end]
            self.send_json(self.shown(found))

        def shown(self, items: list[dict[str, str]]) -> Any:
            rows = [
                {
                    "id": item["idflux"],
                    "retour": {
                        "nature": item["nature"],
                        "ops": item.get("ops", ""),
                        "statut": "OK",
                        "url": item.get("url", f"{state.url}/telecharger/{item['document']}"),
                    },
                }
                for item in items
            ]
            return {"retours": {"flux": rows}}

        def send_json(self, data: Any) -> None:
            body = gzip.compress(json.dumps(data).encode())
            self.answer(200, body, Content_Encoding="gzip", Accept_Ranges=f"minutes=0-{state.minutes}")

    return Handler


@contextmanager
def point_de_depot() -> Iterator[tuple[Etat, Adresses]]:
    """Le serveur, sur un port libre de la machine, et les adresses qui y mènent."""
    state = Etat()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base = state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield (
            state,
            Adresses(
                authentification=f"{base}/authentifier/1.0/",
                depot=f"{base}/deposer-dsn/2.0/",
                depots=f"{base}/lister-depots/2.0/",
                retours=f"{base}/lister-retours-declarant/2.0/",
                retours_flux=f"{base}/lister-retours-flux/2.0/",
                telechargement=frozenset({base}),
            ),
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def publish(
    state: Etat, idflux: str, nature: str, publication: str, document: bytes | None = None, **more: str
) -> None:
    """Publie un retour ; ``publication`` : AAAAMMJJHHMMSS, à l'heure de Paris."""
    name = f"{idflux}-{nature}-{len(state.documents)}"
    state.documents[name] = document or retour("CCO", etat="OK")
    state.retours.append({"idflux": idflux, "nature": nature, "document": name, "publication": publication, **more})
