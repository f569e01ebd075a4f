"""Le plus haut de mémoire d'un contrôle de DSN, dans un processus qui n'a rien chargé d'autre."""

from __future__ import annotations

import sys

from bench.tableau import highest_memory
from dsn.check_file import check_file

if __name__ == "__main__":
    check_file(sys.argv[1])
    print(highest_memory())
