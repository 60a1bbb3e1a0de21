"""Imports: what other tools measured (OpenFace, py-feat, MediaPipe blendshapes, openSMILE) -> cues."""
