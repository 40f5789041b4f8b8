"""The plugin's process: `pulumi.provider.experimental` served over gRPC, with errors in one line."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import grpc.aio  # type: ignore[import-untyped]  # grpcio ships no types
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from rehearsal.provider import plugin_version
from rehearsal.provider.api import ApiError
from rehearsal.provider.lifeline import end_with_parent
from rehearsal.provider.resource import RefusedError
from rehearsal.provider.stand_in import StandIn

_SEVERITY = {"info": engine_pb2.INFO, "warning": engine_pb2.WARNING}
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Servicer(ProviderServicer):
    """The SDK's servicer, where it differs from the official plugin's: no detailed diffs, errors in one line."""

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802  # the service's signature
        """Leave the comparison to the engine: the SDK 3.259.0 fails on its own answer."""
        return provider_pb2.DiffResponse()

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        answer = await _told(super().Diff, request, context)
        answer.hasDetailedDiff = (
            False  # the SDK claims one even where there is none, and the official plugin sends none
        )
        return answer

    async def Configure(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Configure, request, context)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Check, request, context)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Create, request, context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Update, request, context)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Read, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await _told(super().Delete, request, context)


async def _told(handle: Callable[[Any, Any], Awaitable[Any]], request: Any, context: Any) -> Any:
    """Answer, or end the request with the refusal's one line."""
    try:
        return await handle(request, context)
    except (ApiError, RefusedError) as error:
        return await context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _log(engine: Any, severity: str, urn: str, message: str) -> None:
    engine.Log(engine_pb2.LogRequest(severity=_SEVERITY[severity], urn=urn, message=message))


async def _serve(engine_address: str) -> None:
    engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine_address))
    stand_in = StandIn(notify=partial(_log, engine))
    server = grpc.aio.server(options=_UNLIMITED)
    servicer = Servicer([], plugin_version(), stand_in, engine_address)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


def main(arguments: Sequence[str]) -> None:
    """Serve one engine, whose address is the last argument, until it ends; print the port first."""
    end_with_parent()
    asyncio.run(_serve(arguments[-1]))
