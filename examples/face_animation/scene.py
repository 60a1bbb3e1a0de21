"""A scene: who moves which muscle when, seen by which camera; rendered to frames, with the truth as curves."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .warp import (
    ACTION_UNITS,
    GRID_PX,
    MOUTH_COLOUR,
    Field,
    Floats,
    backward_field,
    displacement,
    mouth_opening,
    photographed_face,
)

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Pulse:
    """One movement: raised cosine from ``start_s`` up to ``apex_s``, held for ``hold_s``, down again until ``end_s``.

    ``amplitude`` is in fractions of the inter-ocular distance.
    """

    movement: str
    amplitude: float
    start_s: float
    apex_s: float
    end_s: float
    hold_s: float = 0.0

    def at(self, time_s: float) -> float:
        """Amplitude at a time."""
        if not self.start_s < time_s < self.end_s:
            return 0.0
        if time_s < self.apex_s:
            way = (time_s - self.start_s) / (self.apex_s - self.start_s)
        elif time_s <= self.apex_s + self.hold_s:
            way = 1.0
        else:
            way = (self.end_s - time_s) / (self.end_s - self.apex_s - self.hold_s)
        return self.amplitude * (0.5 - 0.5 * math.cos(math.pi * way))


def talk(
    start_s: float, end_s: float, *, amplitude: float = 0.06, rate_hz: float = 4.0, seed: int = 0
) -> tuple[Pulse, ...]:
    """Jaw and lips of someone talking: ``rate_hz`` syllables a second of varying size."""
    rng = np.random.default_rng(seed)
    length = 1 / rate_hz
    pulses = []
    for start in np.arange(start_s, end_s - length / 2, length):
        size = amplitude * rng.uniform(0.5, 1.0)
        movement = "jaw_drop" if rng.random() < 0.7 else "lips_part"
        pulses.append(Pulse(movement, size, float(start), float(start + 0.45 * length), float(start + 1.1 * length)))
    return tuple(pulses)


@dataclass(frozen=True, slots=True)
class View:
    """Where the camera sees the face: shift (in face widths), zoom factor, roll (degrees)."""

    right: float = 0.0
    below: float = 0.0
    zoom: float = 1.0
    roll_deg: float = 0.0


Camera = Callable[[float], View]


def still(time_s: float) -> View:
    """Return the view of a camera that does not move."""
    return View()


def pan_zoom_roll(period_s: float = 4.0, *, pan: float = 0.25, zoom: float = 0.2, roll_deg: float = 8.0) -> Camera:
    """Move the whole picture, the face itself motionless."""

    def camera(time_s: float) -> View:
        phase = 2 * math.pi * time_s / period_s
        return View(
            right=pan * math.sin(phase),
            below=0.4 * pan * math.sin(1.7 * phase),
            zoom=1 + zoom * math.sin(0.8 * phase),
            roll_deg=roll_deg * math.sin(1.3 * phase),
        )

    return camera


def leave_frame(leave_s: float, return_s: float, *, travel: float = 3.0, move_s: float = 0.6) -> Camera:
    """Pan until the face is outside, stay, and pan back: gone between ``leave_s`` and ``return_s``."""

    def camera(time_s: float) -> View:
        way = np.interp(time_s, [leave_s - move_s, leave_s, return_s, return_s + move_s], [0.0, 1.0, 1.0, 0.0])
        return View(right=-travel * (0.5 - 0.5 * math.cos(math.pi * float(way))))

    return camera


@dataclass(frozen=True, slots=True)
class Actor:
    """One face: its movements, where it is in its part of the picture (fractions), mirrored or not."""

    pulses: tuple[Pulse, ...] = ()
    x: float = 0.5
    y: float = 0.42
    mirrored: bool = False

    def amplitudes(self, time_s: float) -> dict[str, float]:
        """Amplitude of each movement at a time (only those that are not zero)."""
        total: dict[str, float] = {}
        for pulse in self.pulses:
            if value := pulse.at(time_s):
                total[pulse.movement] = total.get(pulse.movement, 0.0) + value
        return total


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a clip shows. Actors stand side by side, each in an equal part of the picture.

    ``face_px`` is the width of a face at zoom 1; ``brightness`` multiplies the picture; ``noise`` is the standard
    deviation of sensor noise (grey levels); ``covered_s`` is when a hand-sized patch hides the mouth.
    """

    duration_s: float = 3.0
    fps: float = 25.0
    width: int = 480
    height: int = 360
    face_px: float = 150.0
    actors: tuple[Actor, ...] = (Actor(),)
    camera: Camera = still
    brightness: float = 1.0
    noise: float = 1.0
    covered_s: tuple[float, float] | None = None
    seed: int = 0

    @property
    def times_s(self) -> Floats:
        """Time of each frame."""
        return np.arange(round(self.duration_s * self.fps)) / self.fps

    def truth(self, action_unit: str, actor: int = 0) -> Floats:
        """Return the amplitude (IOD) of an action unit at each frame."""
        names = [name for name, units in ACTION_UNITS.items() if action_unit in units]
        curves = (self.actors[actor].amplitudes(float(t)) for t in self.times_s)
        return np.array([sum(curve.get(name, 0.0) for name in names) for curve in curves])

    def frames(self) -> Iterator[Image]:
        """Render the frames: uint8 RGB (height, width, 3), in order of time."""
        rng = np.random.default_rng(self.seed)
        panes = [_Pane(self, actor) for actor in self.actors]
        for time_s in self.times_s:
            picture = np.concatenate([pane.render(float(time_s)) for pane in panes], axis=1).astype(np.float32)
            picture *= self.brightness
            picture += self.noise * rng.standard_normal(picture.shape[:2], dtype=np.float32)[..., None]
            yield np.clip(np.rint(picture), 0, 255).astype(np.uint8)


class _Pane:
    """One actor's part of the picture."""

    def __init__(self, scene: Scene, actor: Actor) -> None:
        self.scene, self.actor, self.face = scene, actor, photographed_face()
        self.size = (scene.width // len(scene.actors), scene.height)
        self.background: tuple[View, Image] | None = None

    def render(self, time_s: float) -> Image:
        scene = self.scene
        view = scene.camera(time_s)
        to_frame = self._to_frame(view)
        if self.background is None or self.background[0] != view:
            self.background = (view, self._shoot(to_frame))
        picture = self.background[1].copy()
        if amplitudes := self.actor.amplitudes(time_s):
            self._animate(picture, to_frame, amplitudes)
        if scene.covered_s and scene.covered_s[0] <= time_s < scene.covered_s[1]:
            self._cover(picture, to_frame)
        return picture

    def _to_frame(self, view: View) -> Floats:
        """Affine matrix (2, 3) from photograph px to this part of the picture."""
        scale = view.zoom * self.scene.face_px / self.face.width_px
        turn = math.radians(view.roll_deg)
        matrix = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        if self.actor.mirrored:
            matrix = matrix @ np.diag([-1.0, 1.0])
        middle = self.face.origin + 0.45 * self.face.iod_px * self.face.down
        place = np.array([self.actor.x * self.size[0], self.actor.y * self.size[1]])
        place = place + np.array([view.right, view.below]) * self.scene.face_px
        return np.concatenate([matrix, (place - matrix @ middle)[:, None]], axis=1)

    def _source(self, to_frame: Floats) -> Image:
        """Return the photograph, softened first when it will be made smaller."""
        shrink = 1 / float(np.linalg.norm(to_frame[:, 0]))
        photo = self.face.photo
        return photo if shrink <= 1 else cv2.GaussianBlur(photo, (0, 0), 0.45 * shrink).astype(np.uint8)

    def _shoot(self, to_frame: Floats) -> Image:
        source = self._source(to_frame)
        picture = cv2.warpAffine(source, to_frame, self.size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        return picture.astype(np.uint8, copy=False)

    def _animate(self, picture: Image, to_frame: Floats, amplitudes: dict[str, float]) -> None:
        """Redraw, in place, the part of the picture that the movements reach."""
        field = backward_field(displacement(amplitudes))
        left, top, right, bottom = self._reach(field, to_frame)
        if left >= right or top >= bottom:
            return
        back = cv2.invertAffineTransform(to_frame)
        xs, ys = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
        at = (np.stack([xs, ys, np.ones_like(xs)], axis=2) @ back.T).astype(np.float32)
        on_grid = (at - np.array(field.corner, np.float32)) / GRID_PX
        offsets = cv2.remap(
            field.offsets, on_grid[..., 0], on_grid[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
        )
        source = self._source(to_frame)
        origin = at + offsets
        picture[top:bottom, left:right] = cv2.remap(
            source, origin[..., 0], origin[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        self._darken_mouth(picture, to_frame, amplitudes)

    def _reach(self, field: Field, to_frame: Floats) -> tuple[int, int, int, int]:
        """Bounding box (left, top, right, bottom) of the field in this part of the picture."""
        rows, columns = field.offsets.shape[:2]
        x, y = field.corner
        x_end, y_end = x + GRID_PX * (columns - 1), y + GRID_PX * (rows - 1)
        corners = np.array([[x, y, 1], [x_end, y, 1], [x, y_end, 1], [x_end, y_end, 1]]) @ to_frame.T
        low = np.clip(np.floor(corners.min(axis=0)), 0, self.size).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0)), 0, self.size).astype(int)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def _darken_mouth(self, picture: Image, to_frame: Floats, amplitudes: dict[str, float]) -> None:
        outline, darkness = mouth_opening(amplitudes)
        if not darkness:
            return
        scale = float(np.linalg.norm(to_frame[:, 0]))
        self._paint(picture, outline @ to_frame[:, :2].T + to_frame[:, 2], MOUTH_COLOUR, darkness, 0.5 * scale)

    def _cover(self, picture: Image, to_frame: Floats) -> None:
        """Hold something skin-coloured, about as large as a hand, before the mouth."""
        face = self.face
        mouth = face.origin + 1.15 * face.iod_px * face.down
        angles = np.linspace(0, 2 * np.pi, 40)
        squircle = np.stack([np.sign(f(angles)) * np.abs(f(angles)) ** 0.6 for f in (np.cos, np.sin)], axis=1)
        outline = mouth + squircle * np.array([1.1, 0.65]) * face.iod_px
        self._paint(picture, outline @ to_frame[:, :2].T + to_frame[:, 2], (176, 128, 104), 1.0, 1.0)

    def _paint(
        self, picture: Image, outline: Floats, colour: tuple[int, int, int], strength: float, soft_px: float
    ) -> None:
        """Fill an outline (px) in place, with a soft edge."""
        mask = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
        alpha = cv2.GaussianBlur(mask, (0, 0), max(soft_px, 0.3)).astype(np.float32)[..., None] * (strength / 255)
        picture[:] = np.rint(picture * (1 - alpha) + alpha * np.array(colour, np.float32)).astype(np.uint8)
