"""``emoreason serve``: an OpenAI-compatible endpoint that returns evidence."""

import os
from pathlib import Path

import click


@click.command()
@click.option("--engine", default="evidence")
@click.option("--upstream")
@click.option("--model")
@click.option("--host", default="127.0.0.1")
@click.option("--port", type=int, default=8000)
@click.option("--state", type=click.Path(path_type=Path))
def serve(engine, upstream, model, host, port, state) -> None:  # type: ignore[no-untyped-def]
    """Serve."""
    from ..serving.running import serve as run
    from ..serving.settings import ServeSettings

    key = os.environ.get("EMOREASON_API_KEY")
    run(
        ServeSettings(
            engine="upstream" if upstream or model else engine,
            url=upstream,
            model=model,
            host=host,
            port=port,
            state=state,
            keys=(key,) if key else (),
        )
    )
