"""All commands, in the order of their use. Each imports what it needs when it is called."""

from __future__ import annotations

import typer

from quakescribe.cli import audited, compared, project, simulated, stages, trained, weights

app = typer.Typer(
    name="quakescribe",
    help="From continuous recordings of a local seismic network to an earthquake catalogue one can trust.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PROJECT = "In a project"
STAGES = "One stage, on plain files"
TRY = "Try it"

app.command(rich_help_panel=PROJECT)(project.init)
app.command(rich_help_panel=PROJECT)(project.check)
app.command(rich_help_panel=PROJECT)(project.run)
app.command(rich_help_panel=PROJECT)(trained.train)
app.add_typer(weights.weights, name="weights", rich_help_panel=PROJECT)
app.command(rich_help_panel=PROJECT)(audited.audit)
app.command(rich_help_panel=PROJECT)(compared.compare)
app.command(rich_help_panel=PROJECT)(project.export)
app.command(rich_help_panel=PROJECT)(project.report)
app.command(rich_help_panel=PROJECT)(project.settings)
app.command(rich_help_panel=STAGES)(stages.pick)
app.command(rich_help_panel=STAGES)(stages.associate)
app.command(rich_help_panel=STAGES)(stages.locate)
app.command(rich_help_panel=STAGES)(stages.measure)
app.command(rich_help_panel=STAGES)(stages.convert)
app.add_typer(simulated.simulate, name="simulate", rich_help_panel=TRY)
app.command(rich_help_panel=TRY)(simulated.demo)


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Print the version and leave.", is_eager=True),
) -> None:
    if version:
        import quakescribe

        typer.echo(quakescribe.__version__)
        raise typer.Exit
