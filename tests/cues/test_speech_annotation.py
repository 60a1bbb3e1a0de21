"""Transcripts from ELAN and Praat: which tier holds the words, and what becomes of them."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import pytest

from emoreason.cues.imports.place import ImportedFileError
from emoreason.cues.sidecar import read_sidecar
from emoreason.cues.speech.annotation import read_annotation
from emoreason.cues.speech.transcript import read_transcript
from emoreason.errors import MediaError

Spans = Sequence[tuple[float, float, str]]


def eaf(path: Path, tiers: Mapping[str, Spans]) -> Path:
    """Write an ELAN file as ELAN lays it out."""
    slots, parts = [], []
    for name, spans in tiers.items():
        annotations = ""
        for start, end, text in spans:
            first, last = len(slots) + 1, len(slots) + 2
            slots += [start, end]
            annotations += (
                f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a{last}" TIME_SLOT_REF1="ts{first}" '
                f'TIME_SLOT_REF2="ts{last}"><ANNOTATION_VALUE>{escape(text)}</ANNOTATION_VALUE>'
                "</ALIGNABLE_ANNOTATION></ANNOTATION>"
            )
        parts.append(f'<TIER LINGUISTIC_TYPE_REF="default-lt" TIER_ID="{escape(name)}">{annotations}</TIER>')
    order = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="ts{number}" TIME_VALUE="{round(1000 * time)}"/>'
        for number, time in enumerate(slots, 1)
    )
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00+00:00" '
        'FORMAT="3.0" VERSION="3.0"><HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>'
        f'<TIME_ORDER>{order}</TIME_ORDER>{"".join(parts)}<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="default-lt" '
        'GRAPHIC_REFERENCES="false" TIME_ALIGNABLE="true"/></ANNOTATION_DOCUMENT>',
        encoding="utf-8",
    )
    return path


def textgrid(path: Path, tiers: Mapping[str, Spans], end_s: float = 10.0) -> Path:
    """Write a TextGrid in Praat's long form; unlabelled intervals fill the holes."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {end_s}"]
    lines += ["tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, spans) in enumerate(tiers.items(), 1):
        filled, at = [], 0.0
        for start, end, text in spans:
            filled += [(at, start, "")] * (start > at) + [(start, end, text)]
            at = end
        filled += [(at, end_s, "")] * (end_s > at)
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += ["        xmin = 0", f"        xmax = {end_s}", f"        intervals: size = {len(filled)}"]
        for index, (start, end, text) in enumerate(filled, 1):
            quoted = text.replace('"', '""')
            lines += [f"        intervals [{index}]:", f"            xmin = {start}", f"            xmax = {end}"]
            lines += [f'            text = "{quoted}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def said(path: Path, *tiers: str) -> list[tuple[str, float | None, float | None]]:
    return [(line.text, line.start_s, line.end_s) for line in read_transcript(read_annotation(path, tiers))]


WORDS: Spans = [(1.0, 2.5, "Good <and> well & --> done."), (3.0, 4.25, 'She said "no".')]


@pytest.mark.parametrize(("write", "suffix"), [(eaf, ".eaf"), (textgrid, ".TextGrid")])
def test_the_only_tier_is_the_transcript_and_its_words_stay_as_they_are(tmp_path, write, suffix) -> None:
    assert said(write(tmp_path / f"talk{suffix}", {"default": WORDS})) == [(t, a, b) for a, b, t in WORDS]


@pytest.mark.parametrize(("write", "suffix"), [(eaf, ".eaf"), (textgrid, ".TextGrid")])
def test_the_tier_of_speech_is_known_by_its_name(tmp_path, write, suffix) -> None:
    tiers = {"AU12": [(0.0, 1.0, "C")], "Transcription": WORDS, "comments": [(0.0, 9.0, "noisy")]}
    assert [line[0] for line in said(write(tmp_path / f"talk{suffix}", tiers))] == [t for _, _, t in WORDS]


def test_single_words_become_phrases(tmp_path) -> None:
    words = [(0.5, 0.8, "good"), (0.8, 1.2, "and"), (1.3, 1.6, "well"), (2.5, 3.0, "then")]
    phones = [(0.5, 0.6, "g"), (0.6, 0.8, "ʊd")]
    path = textgrid(tmp_path / "mfa.TextGrid", {"words": words, "phones": phones})
    assert said(path) == [("good and well", 0.5, 1.6), ("then", 2.5, 3.0)]


def test_two_speakers_must_be_chosen_and_may_be_taken_together(tmp_path) -> None:
    path = eaf(tmp_path / "talk.eaf", {"Anna speech": [(2.0, 3.0, "Yes.")], "Ben speech": [(0.0, 1.0, "Well?")]})
    with pytest.raises(
        ImportedFileError, match=r"several tiers hold words; choose with --tier.*'Anna speech', 'Ben speech'"
    ):
        read_annotation(path)
    assert said(path, "Anna speech") == [("Yes.", 2.0, 3.0)]
    assert [line[0] for line in said(path, "Anna speech", "Ben speech")] == ["Ben speech: Well?", "Anna speech: Yes."]
    with pytest.raises(ImportedFileError, match="has no tier 'Carl'"):
        read_annotation(path, ["Carl"])


def test_tiers_whose_names_tell_nothing_must_be_chosen(tmp_path) -> None:
    path = textgrid(tmp_path / "talk.TextGrid", {"A": WORDS, "B": WORDS})
    with pytest.raises(ImportedFileError, match="it is not clear which tier holds the words"):
        read_annotation(path)


def test_beside_a_clip_it_is_taken_if_it_is_clear(tmp_path) -> None:
    (tmp_path / "talk.wav").write_bytes(b"")
    textgrid(tmp_path / "talk.TextGrid", {"sentences": WORDS})
    text = read_sidecar(tmp_path / "talk.wav")
    assert text is not None
    assert "Good &lt;and&gt; well" in text
    textgrid(tmp_path / "talk.TextGrid", {"A": WORDS, "B": WORDS})
    with pytest.raises(MediaError, match="choose with --tier"):
        read_sidecar(tmp_path / "talk.wav")
    assert read_sidecar(tmp_path / "talk.wav", ["B"]) is not None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.eaf", b"no xml"),
        (
            "a.eaf",
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>',
        ),
        ("a.TextGrid", b"no grid"),
        ("a.TextGrid", b"ooBinaryFile\x08TextGrid"),
        ("a.TextGrid", b'File type = "ooTextFile"\nObject class = "TextGrid"\n0 1 <exists> 99999999 "IntervalTier"'),
    ],
)
def test_broken_files_give_one_line(tmp_path, name, data) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImportedFileError) as caught:
        read_annotation(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_no_file_no_folder_no_pipe(tmp_path) -> None:
    for path in (tmp_path / "none.eaf", tmp_path):
        with pytest.raises(MediaError):
            read_annotation(path)
