"""Un document qui n'est plus vrai quitte le dossier de l'adhérent, jamais le registre ; le journal le dit."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.transport import deliver
from payroll.month.clore import close_month
from payroll.month.commun import find_adherent, put_document
from payroll.month.conserver import erase
from payroll.month.dus import mark_withdrawn, pending_withdrawals
from payroll.month.fiches import produce_year
from payroll.periods import Month
from payroll.store.tables import Adherent, Contrat, DocumentRemplace, DocumentRetour, Evenement
from sftp_drop import keys
from sftp_drop.accounts import Account, Accounts, ServiceAccount
from sftp_drop.client import connect
from sftp_drop.server import EmbeddedServer
from sftp_drop.settings import SftpSettings
from tests.documents.readers import pdf_text
from tests.month.gestes import MOIS, Lieu, acte


@pytest.fixture
def rendu(lieu: Lieu) -> Lieu:
    lieu.jusqu_a_la_restitution()
    return lieu


def row(lieu: Lieu, name: str, mois: Month = MOIS) -> DocumentRetour:
    (found,) = (row for row in lieu.rows(DocumentRetour) if row.chemin == name and row.mois == str(mois))
    return found


def stale(lieu: Lieu) -> list[str]:
    return [document.chemin for document in pending_withdrawals(lieu.registre, lieu.code)]


def events(lieu: Lieu) -> list[dict[str, object]]:
    return [event.detail for event in lieu.rows(Evenement) if event.geste == "retirer"]


def test_sans_compte_a_debiter_le_fichier_de_virement_d_avant_est_retire(rendu: Lieu) -> None:
    before = rendu.content("virements.xml")
    rendu.set(Adherent, iban="")

    assert rendu.produire(minutes=60) == 3
    assert rendu.dus() == ["LISEZMOI.pdf", "virements.txt"]
    assert stale(rendu) == ["virements.xml"]
    assert "virements.xml" not in pdf_text(rendu.content("LISEZMOI.pdf"))
    assert events(rendu) == [{"documents": ["virements.xml"]}]
    assert rendu.registre.pieces.get(row(rendu, "virements.xml").sha256) == before, "rien ne se perd"


def test_chaque_version_d_un_document_se_retrouve_et_survit_au_menage_des_pieces(rendu: Lieu) -> None:
    before = {name: rendu.content(name) for name in ("virements.txt", "LISEZMOI.pdf")}
    rendu.set(Adherent, iban="")
    rendu.produire(minutes=60)
    erase(rendu.registre, "bulletins", acte(61))

    kept = {row.chemin: row for row in rendu.rows(DocumentRemplace)}
    assert set(kept) == set(before)
    for name, content in before.items():
        assert rendu.registre.pieces.get(kept[name].sha256) == content
        assert (kept[name].mois, kept[name].remplace_le) == (str(MOIS), acte(60).moment)
        assert kept[name].depose_le is not None


def test_retirer_se_repete_sans_effet(rendu: Lieu) -> None:
    rendu.set(Adherent, iban="")
    rendu.produire(minutes=60)
    assert rendu.produire(minutes=61) == 0
    assert len(events(rendu)) == 1
    due = pending_withdrawals(rendu.registre, rendu.code)
    mark_withdrawn(rendu.registre, rendu.code, due, acte(62))
    mark_withdrawn(rendu.registre, rendu.code, due, acte(63))
    assert stale(rendu) == []
    assert row(rendu, "virements.xml").ote_le == acte(62).moment


def test_un_document_retire_redevient_du_s_il_redevient_vrai(rendu: Lieu) -> None:
    iban = rendu.rows(Adherent)[0].iban
    before = row(rendu, "virements.xml").sha256
    rendu.set(Adherent, iban="")
    rendu.produire(minutes=60)
    mark_withdrawn(rendu.registre, rendu.code, pending_withdrawals(rendu.registre, rendu.code), acte(61))
    rendu.set(Adherent, iban=iban)
    rendu.produire(minutes=62)

    assert stale(rendu) == []
    assert "virements.xml" in rendu.dus()
    assert row(rendu, "virements.xml").sha256 == before


def test_un_bulletin_renomme_ne_laisse_pas_l_ancien(rendu: Lieu) -> None:
    """Un contrat que l'on rend à un autre agent du dossier : son bulletin change de nom."""
    with rendu.registre.transaction() as session:
        contrats = sorted(rendu.rows(Contrat), key=lambda contrat: contrat.numero)
        moved = session.get_one(Contrat, contrats[1].id)
        moved.agent_id = contrats[0].agent_id
        session.add(moved)
    rendu.produire(minutes=60)

    assert stale(rendu) == ["bulletin-2026-11-LB001.pdf", "bulletin-2026-11-LB002.pdf"]
    assert [name for name in rendu.dus() if name.startswith("bulletin-")] == [
        f"bulletin-2026-11-LB001-{contrat.numero}.pdf" for contrat in contrats[:2]
    ]


def test_l_ancien_sommaire_part_quand_le_nouveau_arrive(rendu: Lieu) -> None:
    with rendu.registre.transaction() as session:
        adherent = find_adherent(session, rendu.code)
        put_document(session, rendu.registre, adherent, MOIS, "LISEZMOI.txt", b"avant", acte(55).moment)
    rendu.deposer_documents(56)
    rendu.produire(minutes=60)
    assert stale(rendu) == ["LISEZMOI.txt"]


def test_les_reponses_aux_depots_et_la_dsn_ne_sont_jamais_retirees(rendu: Lieu) -> None:
    with rendu.registre.transaction() as session:
        adherent = find_adherent(session, rendu.code)
        for name in ("accuse-variables-2026-11-abc.txt", "a-corriger-2026-11-abc.xlsx", "note.odt"):
            put_document(session, rendu.registre, adherent, MOIS, name, b"x", acte(55).moment)
    rendu.produire(minutes=60)
    assert stale(rendu) == []


def test_une_annee_n_a_qu_un_classeur_de_fiches(rendu: Lieu) -> None:
    produce_year(rendu.registre, rendu.code, 2026, acte(60))
    rendu.deposer_documents(61)
    close_month(rendu.registre, rendu.code, MOIS, acte(62))
    rendu.jusqu_a_la_restitution(Month(2026, 12))
    assert produce_year(rendu.registre, rendu.code, 2026, acte(63)) == Month(2026, 12)

    assert [(due.mois, due.chemin) for due in pending_withdrawals(rendu.registre, rendu.code)] == [
        ("2026-11", "fiches-2026.xlsx")
    ]
    index = rendu.registre.pieces.get(row(rendu, "LISEZMOI.pdf").sha256)
    assert "fiches-2026.xlsx" not in pdf_text(index)
    assert row(rendu, "fiches-2026.xlsx", Month(2026, 12)).retire_le is None


def test_le_document_retire_quitte_le_dossier_sftp_apres_l_arrivee_du_nouveau(
    rendu: Lieu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys.generate(tmp_path / "service")
    keys.generate(tmp_path / "hote")
    service = ServiceAccount(cles=(keys.ensure(tmp_path / "service"),))
    accounts = Accounts(adherents=(Account(code=rendu.code, cles=(keys.ensure(tmp_path / "hote"),)),), service=service)
    folder = tmp_path / "racine" / rendu.code / "retour" / str(MOIS)
    with EmbeddedServer(tmp_path / "racine", accounts, host_key_file=tmp_path / "hote") as server:
        settings = SftpSettings(port=server.port, cle_privee=tmp_path / "service", empreinte=server.fingerprint)
        with connect(settings) as client:
            client.put_folder(rendu.code, str(MOIS), {"virements.xml": b"ancien", "note.txt": b"de l'agence"})
            rendu.set(Adherent, iban="")
            rendu.produire(minutes=60)
            seen: list[list[str]] = []
            remove = client.remove_return

            def watched(code: str, path: str) -> bool:
                seen.append(sorted(entry.name for entry in folder.iterdir()))
                return remove(code, path)

            monkeypatch.setattr(client, "remove_return", watched)
            assert deliver(rendu.registre, client, rendu.code, acte(61)) == 2
            assert seen == [["LISEZMOI.pdf", "note.txt", "virements.txt", "virements.xml"]]
            assert sorted(path.name for path in folder.iterdir()) == ["LISEZMOI.pdf", "note.txt", "virements.txt"]
            assert stale(rendu) == []
            assert deliver(rendu.registre, client, rendu.code, acte(62)) == 0
