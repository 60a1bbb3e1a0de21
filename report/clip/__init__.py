"""What a page shows of the clip itself: media, keyframes, waveform, faces blurred; made in the killable child."""
