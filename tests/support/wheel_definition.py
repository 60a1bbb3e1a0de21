"""The published wheel metrics once more, slowly, step by step as the original computes them.

Written from the specification alone (label field -> surface -> bases -> synonym runs -> wheel words -> class); shares
nothing with ``emoreason.rewards`` but its data files.
"""

import csv
from importlib.resources import files

RUNS = "12345678"


def rows(name):
    text = (files("emoreason.rewards") / "data" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


class Definition:
    def __init__(self, year):
        self.year = year
        self.surface_to_bases = {}
        for row in rows("wheel_forms.csv"):
            forms = row["forms"] + ("|" + row["forms_v2025_only"] if year == "v2025" else "")
            for surface in [*forms.split("|"), row["base"]]:
                if surface.strip():
                    self.surface_to_bases.setdefault(surface.strip().lower(), []).append(row["base"])
        self.runs = [{} for _ in RUNS]
        for row in rows("wheel_synonyms.csv"):
            for run, found in zip(RUNS, self.runs, strict=True):
                found.setdefault(row["wheel_word"], set()).add(row["wheel_word"])
                if run in row["runs"]:
                    found.setdefault(row["synonym"], set()).add(row["wheel_word"])
        self.wheels = [[r for r in rows("wheels.csv") if r["wheel"] == str(wheel)] for wheel in range(1, 6)]

    def wheel_words(self, base):
        union = set()
        for run in self.runs:
            union |= run.get(base, set())
        return union

    def level_class(self, wheel, level, word):
        found = None
        for path in self.wheels[wheel - 1]:
            if level == 1 and word in (path["level1"], path["level2"], path["level3"]):
                found = path["level1"]
            if level == 2 and word in (path["level2"], path["level3"]):
                found = path["level2"]
        children = sorted(p["level2"] for p in self.wheels[wheel - 1] if p["level1"] == word)
        return children[0] if level == 2 and children else found

    def label_class(self, label, metric):
        bases = sorted(self.surface_to_bases.get(label, []))
        if not bases:
            return None
        if metric == "case1":
            return bases[0]
        if metric == "case2":
            return sorted(self.wheel_words(bases[0]))[0]
        wheel, level = int(metric[len("case3_wheel")]), int(metric[-1])
        candidates = [word for base in bases for word in self.wheel_words(base)]
        for word in sorted(candidates):
            found = self.level_class(wheel, level, word)
            if found is not None:
                return found
        return None

    def fscore(self, gold, predicted, metric):
        """F, P, R over a corpus of parsed label lists; nan for v2025 and 0 for v2026 where undefined."""
        undefined = float("nan") if self.year == "v2025" else 0.0
        precisions, recalls = [], []
        for clip in gold:
            truth = {self.label_class(word, metric) for word in gold[clip] or ["neutral"]} - {None}
            answer = {self.label_class(word, metric) for word in predicted[clip]} - {None}
            if truth:
                precisions.append(len(truth & answer) / len(answer) if answer else 0)
                recalls.append(len(truth & answer) / len(truth))
        if not precisions:
            return undefined, undefined, undefined
        p, r = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
        return (2 * p * r / (p + r) if p + r else undefined), p, r


def field_of(text):
    """Parse a label field character by character."""
    if text.startswith("["):
        text = text[1:]
    if text.endswith("]"):
        text = text[:-1]
    pieces, piece = [], ""
    for character in text:
        if character in "'\",":
            pieces.append(piece)
            piece = ""
        else:
            piece += character
    return [p.strip().lower().strip() for p in [*pieces, piece] if p.strip()]
