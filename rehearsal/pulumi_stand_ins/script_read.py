"""Merge the live settings of a script into its state, as blindly as a refresh by the official plugin does."""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.property_values import Props, drop_none, rename_to_camel, to_camel

_REPLACED = ("compatibilityDate", "compatibilityFlags", "logpush", "usageModel")
_OVERLAID = ("limits", "observability")


def merge_settings(state: Props, settings: Mapping[str, Any]) -> Props:
    """Return the state with the live settings (the API's answer).

    A setting that the answer leaves out keeps its value of the state. So the removal of ``limits`` or of
    ``observability`` is not seen, and an empty object is a value.
    """
    shown = {to_camel(name): value for name, value in settings.items()}
    live = {name: rename_to_camel(value) for name, value in shown.items() if value is not None}
    merged = state | {name: live[name] for name in _REPLACED if name in live}
    merged |= {name: _overlay(state.get(name), live[name]) for name in _OVERLAID if name in live}
    if "placement" in live:
        merged["placement"] = live["placement"] if "mode" in live["placement"] else None
    if "tailConsumers" in shown:
        merged["tailConsumers"] = live.get("tailConsumers")
    bindings = merge_bindings(state.get("bindings", []), settings.get("bindings", []))
    if bindings or "bindings" in state:
        merged["bindings"] = bindings
    return {name: value for name, value in merged.items() if value is not None}


def merge_bindings(known: list[Props], live: list[Mapping[str, Any]]) -> list[Props]:
    """Return the bindings of the state without missing secrets, then the live ones that the state does not have.

    A changed or removed binding of another type than ``secret_text`` is not seen, nor is an added secret.
    """
    secrets = {each["name"] for each in live if each["type"] == "secret_text"}
    names = {(each["type"], each["name"]) for each in known}
    kept = [each for each in known if each["type"] != "secret_text" or each["name"] in secrets]
    added = [each for each in live if each["type"] != "secret_text" and (each["type"], each["name"]) not in names]
    return [*kept, *({to_camel(name): value for name, value in drop_none(each).items()} for each in added)]


def _overlay(old: Any, new: Any) -> Any:
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    return {**old, **{name: _overlay(old.get(name), value) for name, value in new.items()}}
