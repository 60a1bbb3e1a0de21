"""Pictures that carry an Exif block and a colour profile, as cameras and editors write them, in every format."""

from pathlib import Path

import pytest
from media_files import corners, quadrants
from PIL import Image, ImageCms

from emoreason.cues.gather import gather_in_child
from emoreason.cues.media import read_frames


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tiff"])
def test_a_picture_with_exif_is_read(tmp_path: Path, name: str) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0131] = "a maker", "a program"
    colours = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(quadrants()).save(tmp_path / name, exif=exif, icc_profile=colours)
    (frame,) = read_frames(tmp_path / name)
    assert corners(frame.image) == "rgbw"
    assert any(cue.code == "brightness" for cue in gather_in_child(tmp_path / name, extractors=["scene"]).cueset.cues)


@pytest.mark.parametrize(("name", "turned"), [("a.png", "brwg"), ("a.jpg", "brwg"), ("a.webp", "brwg")])
def test_exif_turns_the_picture(tmp_path: Path, name: str, turned: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(quadrants()).save(tmp_path / name, exif=exif, quality=95)
    (frame,) = read_frames(tmp_path / name)
    assert corners(frame.image) == turned
