"""A person's Terraform: it signs in by their browser, and takes modules from us."""

import json
from pathlib import Path

import httpx
from tests.support.edge import ADMIN
from tests.support.git_backend import OwnTls
from tests.support.module_desk import FOREIGN, Desk, desk, make, server, version
from tests.support.terraform import Machine, listening

__all__ = ["desk", "server"]  # fixtures


async def test_terraform_itself_signs_in_and_loads_a_module(
    desk: Desk, tmp_path: Path
) -> None:
    await make(desk, projectRoot=FOREIGN)
    await version(desk, "deep", "3.0.0")
    await version(desk, "newest", "3.0.1")
    tls = OwnTls.make(tmp_path)
    terraform = Machine(tmp_path, tls)

    async def say_yes(page: str) -> None:
        async with httpx.AsyncClient(verify=tls.trusted(), timeout=30) as browser:
            right = {"username": ADMIN.username, "password": ADMIN.password}
            await browser.post(f"https://{host}/session", json=right)
            assert "Sign in Terraform?" in (await browser.get(page)).text
            sent = await browser.post(page)
            back = await browser.get(sent.headers["location"])
        assert back.status_code == 200

    async with listening(desk.whole, tls) as host:
        source = f"{host}/acme/tasty/default"
        (terraform.code / "main.tf").write_text(
            'module "tasty" {\n'
            f'  source  = "{source}"\n  version = "~> 3.0"\n  deep    = 1\n'
            "}\n"
        )
        refused = await terraform.run("get")
        signed_in = await terraform.log_in(host, say_yes)
        taken = await terraform.run("get")

    assert "401 Unauthorized" in refused
    assert "Success!" in signed_in
    assert f"Downloading {source} 3.0.1 for tasty" in taken
    modules = terraform.code / ".terraform" / "modules"
    listed = json.loads((modules / "modules.json").read_text())["Modules"]
    assert [one["Dir"] for one in listed if one["Key"] == "tasty"] == [
        f".terraform/modules/tasty/{FOREIGN}"
    ]
    assert (
        modules / "tasty" / FOREIGN / "main.tf"
    ).read_text() == 'variable "deep" {}\n'
