"""The page about synthesis: its limits, reasons, layouts and outputs are those of the code."""

import re
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

from emoreason.data_synth.checked import REASONS
from emoreason.data_synth.checks.limits import LENGTHS, Limits
from emoreason.data_synth.draft import MODES
from emoreason.data_synth.folder import OUTPUTS
from emoreason.data_synth.read import LAYOUTS
from emoreason.data_synth.writing.exports import FORMS

PAGE = (Path(__file__).parents[2] / "docs/synthesis.md").read_text(encoding="utf-8")


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    known = {one.name: getattr(Limits(), one.name) for one in fields(Limits) if one.name != "lengths"}
    written = re.findall(r"`(\w+)=([\d./]+)`", PAGE)
    assert {name for name, _ in written} == set(known)
    assert {name: float(Fraction(value)) for name, value in written} == known
    for style, (least, most) in LENGTHS.items():
        assert re.search(rf"`?{style}`? {least} to {most}", PAGE)


def test_every_reason_mode_layout_form_and_output_is_on_the_page() -> None:
    first_cells = set(re.findall(r"^\| (?:`[^|]*`[^|]*)\|", PAGE, re.MULTILINE))
    told = {name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}
    outputs = {name if "." in name else f"{name}/" for name in OUTPUTS}
    assert {*REASONS, *MODES, *LAYOUTS, *FORMS, *outputs} - told == set()
