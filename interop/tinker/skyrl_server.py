"""Start SkyRL's Tinker server from a plain virtual environment.

`python skyrl_server.py --base-model DIR --port N ...` takes the options of `python -m skyrl.tinker.api`.
Two things are arranged around SkyRL's own, unchanged code:
- SkyRL starts its engine process with the `uv run` command line of its parent, and refuses without one: here the
  engine is started by this interpreter.
- skyrl 0.3.0 declares Python >= 3.11, but pydantic refuses its `typing.TypedDict` below 3.12: here that name means
  the `typing_extensions` one, as pydantic asks.
"""

import argparse
import sys
import typing

import typing_extensions

if sys.version_info < (3, 12):
    typing.TypedDict = typing_extensions.TypedDict


def run_engine() -> None:
    from skyrl.tinker import engine

    engine.main()


def run_api() -> None:
    import uvicorn
    from skyrl.tinker import api
    from skyrl.tinker.config import EngineConfig, add_model, config_to_argv

    parser = argparse.ArgumentParser()
    add_model(parser, EngineConfig)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = vars(parser.parse_args())
    host, port = options.pop("host"), options.pop("port")
    config = EngineConfig.model_validate(options)
    api._build_uv_run_cmd_engine = lambda _parent, engine_config: [
        sys.executable,
        __file__,
        "engine",
        *config_to_argv(engine_config),
    ]
    api.app.state.engine_config = config
    uvicorn.run(api.app, host=host, port=port, log_level="warning")


if __name__ == "__main__":
    if sys.argv[1:2] == ["engine"]:
        del sys.argv[1]
        run_engine()
    else:
        run_api()
