"""The Pulumi program: reads the settings, plans, creates the resources, exports the outputs."""

from infra.imports import collection_paused

with collection_paused():
    import pulumi

    from infra import account, errors, resources
    from infra.plan import plan
    from infra.resources.outputs import list_outputs
    from infra.resources.state import read_state
    from infra.settings.reading import read_settings
    from infra.settings.source import stack_source

try:
    settings = read_settings(stack_source())
    with account.open_account(settings) as live:
        planned = plan(settings, live, read_state=read_state)
except errors.DeploymentError as error:
    raise pulumi.RunError(errors.name_stack(str(error), pulumi.get_stack())) from None
for warning in planned.warnings:
    pulumi.log.warn(errors.name_stack(warning, pulumi.get_stack()))
resources.create(planned)
for name, value in list_outputs(planned.workers[0].manifest, key=settings.ace_api_key).items():
    pulumi.export(name, value)
