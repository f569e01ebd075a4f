"""Les seuils que les contrôles relisent pour chaque agent, lus une seule fois par lot."""

from __future__ import annotations

from payroll.legislation import Figures


class Limits:
    """Les nombres de la législation d'un mois, retenus à la première lecture ; un absent lève à chaque lecture."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self._integers: dict[str, int] = {}
        self._known: dict[str, bool] = {}
        self._keys: dict[str, tuple[str, ...]] = {}

    def integer(self, key: str) -> int:
        """Un nombre entier (heures, jours, habitants) ; lève ``FigureMissing``."""
        if key not in self._integers:
            self._integers[key] = self.figures.integer(key)
        return self._integers[key]

    def has(self, key: str) -> bool:
        """Vrai si la clé a une valeur ce mois-ci."""
        if key not in self._known:
            self._known[key] = self.figures.has(key)
        return self._known[key]

    def keys(self, prefix: str) -> tuple[str, ...]:
        """Les clés de la législation qui commencent ainsi."""
        if prefix not in self._keys:
            self._keys[prefix] = tuple(cle for cle in self.figures.chiffres if cle.startswith(prefix))
        return self._keys[prefix]
