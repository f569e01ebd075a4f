"""Les doutes : tout ce qui n'a pas été lu dans son texte y est, un envoi réel n'attend que ce qui le touche."""

from __future__ import annotations

from payroll.legislation import Nature
from payroll.month.doutes import all_doubts, pay_doubts

_A_PART = {Nature.DOCUMENT, Nature.CONSERVATION}


def test_les_tables_de_documents_et_les_durees_de_garde_y_sont() -> None:
    found = {(doute.nature, doute.code) for doute in all_doubts()}

    assert {
        (Nature.DOCUMENT, "comptes"),
        (Nature.DOCUMENT, "xhl"),
        (Nature.CONSERVATION, "conservation.bulletins"),
    } <= found


def test_chaque_doute_ne_se_dit_qu_une_fois_et_cite_un_texte_a_relire() -> None:
    found = all_doubts()

    assert len({(d.nature, d.identifiant, d.choix_retenu, d.populations) for d in found}) == len(found)
    assert all(doute.sujet and doute.texte and doute.fichier for doute in found)


def test_un_envoi_reel_n_attend_que_les_doutes_de_la_paie_et_de_la_dsn() -> None:
    assert {doute.nature for doute in pay_doubts()} == set(Nature) - _A_PART
    assert [doute for doute in all_doubts() if doute.nature not in _A_PART] == pay_doubts()
