"""La loi et le registre de la paie : ici vit tout ce qui décide d'un montant, et ce qui le garde.

Pièces : ``legislation`` (chiffres datés), ``catalogue`` (rubriques), ``engine`` (calcul pur), ``intake`` (éléments
variables reçus), ``documents`` (bulletin, journal), ``store`` (tables), ``month`` (les gestes du mois).
N'y entrent ni Prefect, ni paramiko : l'orchestration est dans ``flows``, le transport dans ``sftp_drop``.
"""
