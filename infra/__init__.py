"""The Pulumi program's parts: settings, plan, drift, bindings and resources."""
