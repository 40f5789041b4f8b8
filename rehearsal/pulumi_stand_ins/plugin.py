"""The process of the plugin: it serves `pulumi.provider.experimental` over gRPC, and doubles errors of the API."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import grpc.aio  # type: ignore[import-untyped]  # grpcio ships no types
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from rehearsal.pulumi_stand_ins import read_plugin_version
from rehearsal.pulumi_stand_ins.api_client import ApiRequestError
from rehearsal.pulumi_stand_ins.parent_watch import end_with_parent
from rehearsal.pulumi_stand_ins.provider import CloudflareProvider, Notify
from rehearsal.pulumi_stand_ins.resource import RefusedByPluginError

_SEVERITY = {"info": engine_pb2.INFO, "warning": engine_pb2.WARNING, "error": engine_pb2.ERROR}
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Servicer(ProviderServicer):
    """The SDK's servicer, changed as in the official plugin: no detailed diffs, and each error of the API twice."""

    def __init__(self, cloudflare: CloudflareProvider, *, engine_address: str, notify: Notify) -> None:
        super().__init__([], read_plugin_version(), cloudflare, engine_address)
        self._notify = notify

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802  # the service's signature
        """Leave the comparison to the engine, because the SDK 3.259.0 fails on its own response."""
        return provider_pb2.DiffResponse()

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        answer = await self._answer_or_abort(super().Diff, request, context)
        answer.hasDetailedDiff = False  # the SDK always sets it, and the official plugin never does
        return answer

    async def Configure(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await self._answer_or_abort(super().Configure, request, context)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await self._answer_or_abort(super().Check, request, context)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await self._answer_or_abort(super().Create, request, context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await self._answer_or_abort(super().Update, request, context)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await self._answer_or_abort(super().Read, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: D102, N802
        return await self._answer_or_abort(super().Delete, request, context)

    async def _answer_or_abort(self, handle: Callable[[Any, Any], Awaitable[Any]], request: Any, context: Any) -> Any:
        """Return the response, or abort the request. The official plugin logs an error of the API, too."""
        try:
            return await handle(request, context)
        except ApiRequestError as error:
            self._notify("error", request.urn, error.logged)
            return await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except RefusedByPluginError as error:
            return await context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _log(engine: Any, severity: str, urn: str, message: str) -> None:
    engine.Log(engine_pb2.LogRequest(severity=_SEVERITY[severity], urn=urn, message=message))


async def _serve(engine_address: str) -> None:
    engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(engine_address))
    notify = partial(_log, engine)
    server = grpc.aio.server(options=_UNLIMITED)
    servicer = Servicer(CloudflareProvider(notify=notify), engine_address=engine_address, notify=notify)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


def main(arguments: Sequence[str]) -> None:
    """Print the port, and serve the engine at the address in the last argument until it ends."""
    end_with_parent()
    asyncio.run(_serve(arguments[-1]))
