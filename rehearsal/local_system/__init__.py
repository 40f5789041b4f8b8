"""A complete local system for one run: ACE, Cloudflare with its edge, a stack, and an environment for commands."""

from __future__ import annotations

from rehearsal.local_system.system import ACCOUNT_ID, ROOT, STACK, LocalSystem, run_local_system

__all__ = ["ACCOUNT_ID", "ROOT", "STACK", "LocalSystem", "run_local_system"]
