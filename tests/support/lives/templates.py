"""A template, its version as a draft and as it is published, and what is made of it."""

from typing import Final

from tests.support.lives.course import (
    HERE,
    Course,
    Sender,
    Variables,
    living,
    read,
    until_gone,
)
from tests.support.lives.kinds import course

_BODY: Final = """\
inputs:
  - {id: env, name: Environment, default: dev}
stacks:
  - name: NAME-${{ inputs.env }}
    key: app
    vcs:
      reference: {value: main, type: branch}
      repository: demo
      namespace: us
      provider: GITLAB
    vendor: {terraform: {manage_state: true, version: "1.5.0"}}
"""


async def live_of_a_template(sender: Sender, name: str) -> None:
    body = _BODY.replace("NAME", name)
    valid = await sender.data("ValidateTemplateVersionTemplate", template=body)
    assert valid == {"errors": []}, valid
    async with living(sender, course("template", name)) as template:
        draft = a_draft(name)
        other = draft | {"labels": ["a"], "instructions": "# Do"}
        other["versionNumber"] = "1.0.1"
        version = of_a_version(template["id"], draft, other)
        async with living(sender, version) as made:
            public = await sender.data(
                "TemplateVersionUpdate",
                id=made["id"],
                input=other | {"state": "PUBLISHED"},
            )
            assert public["state"] == "PUBLISHED", public
            assert await read(sender, version, made["id"]) == public
            found = await sender.data(
                "TemplateVersionReadByNumber",
                templateId=template["id"],
                versionNumber="1.0.1",
            )
            assert found == {"templateVersionByNumber": public}
            await _deploy(sender, template["id"], made["id"], name)


def a_draft(name: str, number: str = "1.0.0") -> Variables:
    return {
        "versionNumber": number,
        "state": "DRAFT",
        "template": _BODY.replace("NAME", name),
        "labels": [],
        "instructions": None,
    }


def of_a_version(template: str, first: Variables, then: Variables) -> Course:
    return Course(
        ("TemplateVersionCreate", {"input": {"templateID": template} | first}),
        ("TemplateVersionRead", {"templateId": template, "versionId": HERE}),
        ("TemplateVersionDelete", {"id": HERE}),
        ("TemplateVersionUpdate", {"id": HERE, "input": then}),
        at=("templateVersion",),
    )


async def _deploy(sender: Sender, template: str, version: str, name: str) -> None:
    inputs = [{"id": "env", "value": "prod"}]
    given: Variables = {"name": name, "description": None, "inputs": inputs}
    made = await sender.data(
        "TemplateDeploymentCreate", id=version, input={"space": "root"} | given
    )
    named = {"id": made["id"], "templateID": template}
    assert [one["id"] for one in made["stacks"]] == [f"{name}-prod"], made
    assert await sender.data("TemplateDeployment", **named) == made
    changed = await sender.data(
        "TemplateDeploymentUpdate",
        **named,
        input=given | {"versionId": version, "description": "d"},
    )
    assert changed["description"] == "d", changed
    assert await sender.data("TemplateDeployment", **named) == changed
    await sender.data("TemplateDeploymentDelete", **named)
    await until_gone(sender, "TemplateDeployment__2", **named)
