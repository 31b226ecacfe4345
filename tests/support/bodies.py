"""Bodies of blueprints and templates for tests."""

import textwrap


def a_blueprint(*, space: str = "root", more: str = "", options: str = "") -> str:
    """Return one that asks for an `env` and a `token`; *more* belongs to its stack."""
    return f"""\
inputs:
  - {{id: env, name: Environment, type: select, options: [dev, prod], default: dev}}
  - {{id: token, name: Token, type: secret, description: For the cloud}}
options: {{{options}}}
stack:
  name: app-${{{{ inputs.env }}}}
  space: {space}
  vcs: {{branch: main, provider: GITHUB, repository: infra}}
  vendor: {{terraform: {{manage_state: true, version: "1.5.0"}}}}
  environment:
    variables:
      - {{name: TOKEN, value: "${{{{ inputs.token }}}}", secret: true}}
{textwrap.indent(textwrap.dedent(more), "  ")}"""


def a_template(
    *, name: str = "site", key: str = "app", inputs: str = "", more: str = ""
) -> str:
    """Return one that asks for an `env`, a `token` and *inputs*; *more* is as above."""
    return f"""\
inputs:
  - {{id: env, name: Environment, default: dev}}
  - {{id: token, name: Token, type: secret}}
{textwrap.indent(textwrap.dedent(inputs), "  ")}
stacks:
  - name: {name}-${{{{ inputs.env }}}}
    key: {key}
    autodeploy: true
    vcs:
      reference: {{value: master, type: branch}}
      repository: terraform-bacon-tasty
      provider: GITHUB
    vendor: {{terraform: {{manage_state: true, version: "1.5.0"}}}}
    environment:
      variables:
        - {{name: TOKEN, value: "${{{{ inputs.token }}}}", secret: true}}
{textwrap.indent(textwrap.dedent(more), "    ")}"""
