"""A language host, which runs the program's unchanged `__main__.py` for the engine."""

import asyncio
import contextvars
import importlib.metadata
import logging
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
from pulumi import RunError, log
from pulumi.automation._server import LanguageServer
from pulumi.runtime import reset_options, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from rehearsal.pulumi_stand_ins.parent_watch import end_with_parent

NAME = "stand-in for Pulumi's Python language host: rehearsals and tests only"
_FAILED = "Program exited with non-zero exit code: {}"


class LanguageHost(LanguageServer):
    """The SDK's own language server, with the program from the request, as in the official host."""

    def __init__(self, *, engine_address: str) -> None:
        super().__init__(lambda: None)
        self._engine_address = engine_address

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802  # the service's signature
        """Run the program once. Its errors are logged and not raised."""
        return contextvars.copy_context().run(self._run, request, context)

    def About(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        about = super().About(request, context)  # type: ignore[no-untyped-call]  # the SDK leaves it untyped
        about.metadata["language host"] = NAME
        return about

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: ARG002, N802
        """Install nothing, because scripts/setup installs the dependencies."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"dependencies are installed by scripts/setup\n")

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return language_pb2.RuntimeOptionsResponse()

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        found = sorted((each.name, each.version) for each in importlib.metadata.distributions())
        dependencies = [language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        return language_pb2.GetProgramDependenciesResponse(dependencies=dependencies)

    def _run(self, request: Any, context: Any) -> Any:
        program = Path(request.info.program_directory, request.info.entry_point).resolve()
        reset_options(
            project=request.project,
            stack=request.stack,
            root_directory=request.info.root_directory,
            parallel=request.parallel,
            engine_address=self._engine_address,
            monitor_address=request.monitor_address,
            preview=request.dryRun,
            organization=request.organization or "organization",
        )
        set_all_config(dict(request.config), list(request.configSecretKeys))
        sys.argv = [str(program), *request.args]
        os.chdir(request.pwd)
        return run_program(lambda: _run_path(program), program=program, parallel=request.parallel, context=context)


def _run_path(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def run_program(run: Callable[[], None], *, program: Path, parallel: int, context: Any) -> Any:
    """Run the program until it or the engine's request ends, and return the response of the official host.

    The response has an exit code, or says that the error was shown.
    """
    loop = asyncio.new_event_loop()
    executor = ThreadPoolExecutor(max_workers=max(parallel, 1) * 4)
    loop.set_default_executor(executor)
    asyncio.set_event_loop(loop)
    work = loop.create_task(run_in_stack(run))
    context.add_callback(lambda: _cancel(loop, work))
    try:
        loop.run_until_complete(work)
    except RunError as error:
        log.error(str(error))
        return language_pb2.RunResponse(error=_FAILED.format(1))
    except SystemExit as end:
        return language_pb2.RunResponse(error=_FAILED.format(end.code) if end.code else "")
    except asyncio.CancelledError:
        return language_pb2.RunResponse(bail=True)
    except Exception as error:  # noqa: BLE001  # any exception of a program is shown to its author
        log.error("Program failed with an unhandled exception:\n" + _format_user_traceback(error, program))
        return language_pb2.RunResponse(bail=True)
    finally:
        executor.shutdown(wait=True)
        _close(loop)
        sys.stdout.flush()
        sys.stderr.flush()
    return language_pb2.RunResponse()


def _cancel(loop: asyncio.AbstractEventLoop, work: asyncio.Task[None]) -> None:
    with suppress(RuntimeError):  # the loop is closed, because the program ended first
        loop.call_soon_threadsafe(work.cancel)


def _close(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()


def _format_user_traceback(error: Exception, program: Path) -> str:
    """Return the traceback from the program's first frame, or the whole one without such a frame."""
    frames = traceback.extract_tb(error.__traceback__)
    main = program if program.suffix else program / "__main__.py"
    first = next((index for index, frame in enumerate(frames) if Path(frame.filename) == main), 0)
    return "".join(traceback.format_exception(error, limit=first - len(frames)))


def main(arguments: Sequence[str]) -> None:
    """Print the port, and serve the engine at the address in the last argument until it ends."""
    end_with_parent()
    # A failed program leaves unobserved futures, and the official host does not report them either.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=unlimited)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine_address=arguments[-1]), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
