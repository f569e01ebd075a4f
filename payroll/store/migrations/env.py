"""Le pas de migration d'Alembic : la base lui est donnée par :class:`payroll.store.registre.Registre`."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

import payroll.store.tables
import payroll.store.tables_acces
import payroll.store.tables_dsn  # l’import déclare les tables dans SQLModel.metadata
import payroll.store.tables_rappels
import payroll.store.tables_revision
import payroll.store.tables_saisies  # noqa: F401  (un nom suffit à lier le paquet)

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    # SQLite ne sait pas modifier une colonne en place : Alembic recopie la table (render_as_batch).
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
