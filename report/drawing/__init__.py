"""Records -> what the page's templates draw: timeline, wheel, plane, claims, cues."""
