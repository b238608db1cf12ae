"""How well sentences are read as records, on every table there is.

python -m bench.sentences [--wrong]: with ``--wrong`` what was read otherwise, and what is right.
"""

from __future__ import annotations

import argparse

from tests.unit.handlers.record_readings import FIGURES, score, told

TABLES = ("sentences.toml", "sentences_heldout.toml", "sentences_heldout2.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--table", choices=TABLES)
    asked = parser.parse_args()
    for name in (asked.table,) if asked.table else TABLES:
        sentences = told(name)
        figures, wrong = score(sentences)
        shown = "  ".join(f"{figure} {figures[figure]:.3f}" for figure in FIGURES)
        print(f"{name} ({len(sentences)}): {shown}")
        if asked.wrong:
            print("\n".join(f"  {line}" for line in wrong))


if __name__ == "__main__":
    main()
