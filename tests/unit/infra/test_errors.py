"""The stack in the commands of a message."""

from infra.errors import name_stack


def test_a_printed_command_changes_the_previewed_stack_and_not_the_selected_one():
    text = "run: pulumi config set workerName NAME && pulumi config set bucket NAME. Run: pulumi config rm OLD. `pulumi up`"
    assert name_stack(text, "dev") == (
        "run: pulumi config set --stack dev workerName NAME && pulumi config set --stack dev bucket NAME. "
        "Run: pulumi config rm --stack dev OLD. `pulumi up`"
    )
    assert name_stack("run: pulumi config set --secret aceApiKey", "dev") == (
        "run: pulumi config set --stack dev --secret aceApiKey"
    )
