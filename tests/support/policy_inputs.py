"""What policies are told, in the shape that their authors know, one of each kind."""

from typing import Any

from stackyard.policies import PolicyType

AT = 1_700_000_000_000_000_000

REQUEST: dict[str, Any] = {"remote_ip": "192.0.2.1", "timestamp_ns": AT}
SESSION: dict[str, Any] = {
    "account_name": "acme",
    "admin": False,
    "creator_ip": "192.0.2.1",
    "login": "ada",
    "machine": False,
    "member": True,
    "name": "Ada",
    "stack_id": None,
    "teams": ["ops"],
}
SPACE: dict[str, Any] = {"id": "root", "labels": [], "name": "root"}
POOL: dict[str, Any] = {"public": True, "id": None, "name": None, "labels": []}
COMMIT: dict[str, Any] = {
    "author": "ada",
    "branch": "main",
    "created_at": AT,
    "exist_on_tracked_branch": True,
    "hash": "c0ffee",
    "message": "Add",
    "pull_request_id": None,
    "tag": "",
    "url": "https://git.example/c0ffee",
}
HOOKS: dict[str, Any] = {
    f"{when}_{phase}": []
    for when in ("after", "before")
    for phase in ("apply", "destroy", "init", "perform", "plan")
}
SUMMARY: dict[str, Any] = {
    "based_on_local_workspace": False,
    "branch": "main",
    "command": None,
    "commit": COMMIT,
    "created_at": AT,
    "drift_detection": False,
    "id": "01J",
    "state": "PLANNING",
    "triggered_by": None,
    "type": "TRACKED",
    "updated_at": AT,
    "user_provided_metadata": [],
}
RUN: dict[str, Any] = SUMMARY | {
    "changes": [
        {
            "action": "added",
            "phase": "plan",
            "moved": False,
            "entity": {
                "address": "aws_iam_access_key.x",
                "name": "x",
                "type": "aws_iam_access_key",
                "entity_vendor": "terraform",
                "entity_type": "resource",
                "data": {"values": {"user": "fc40d152"}},
            },
        }
    ],
    "creator_session": SESSION,
    "flags": [],
    "runtime_config": HOOKS
    | {
        "after_run": [],
        "environment": {"A": "b"},
        "git_sparse_checkout_paths": [],
        "project_root": "",
        "runner_image": "",
        "terraform_version": "1.5.7",
    },
}
STACK: dict[str, Any] = {
    "additional_project_globs": [],
    "administrative": False,
    "autodeploy": True,
    "autoretry": False,
    "branch": "main",
    "contexts": ["shared"],
    "id": "net",
    "labels": ["depends-on:base"],
    "locked_by": None,
    "name": "Net",
    "namespace": "acme",
    "project_root": None,
    "repository": "infra",
    "roles": [{"id": "space-reader", "name": "Space reader"}],
    "space": SPACE,
    "state": "PLANNING",
    "terraform_version": None,
    "terraform_workflow_tool": "TERRAFORM_FOSS",
    "tracked_commit": COMMIT,
    "worker_pool": POOL,
}
MODULE: dict[str, Any] = {
    "administrative": False,
    "branch": "main",
    "current_version": "1.0.0",
    "id": "tasty",
    "labels": [],
    "name": "tasty",
    "namespace": "acme",
    "project_root": None,
    "repository": "modules",
    "space": SPACE,
    "terraform_provider": "default",
    "terraform_version": None,
    "worker_pool": POOL,
}
PLANNED: dict[str, Any] = {
    "address": "aws_iam_access_key.x",
    "type": "aws_iam_access_key",
    "name": "x",
    "provider_name": "registry.example/aws",
    "mode": "managed",
    "change": {"actions": ["create"], "before": None, "after": {"user": "x"}},
}
VENDORS = ("ansible", "cloudformation", "kubernetes", "pulumi", "terragrunt")
PLAN: dict[str, Any] = dict.fromkeys(VENDORS) | {
    "terraform": {"resource_changes": [PLANNED], "terraform_version": "1.5.7"},
    "spacelift": {"commit": COMMIT, "request": REQUEST, "run": RUN, "stack": STACK},
    "third_party_metadata": {"infracost": {"projects": []}, "custom": {}},
}
REVIEW: dict[str, Any] = {
    "author": "ada",
    "author_roles": [{"ulid": "01J", "slug": "x", "id": "x", "name": "X"}],
    "request": REQUEST,
    "session": {"login": "ada", "name": "Ada", "teams": []},
    "state": "UNCONFIRMED",
    "state_version": 5,
}
PUSH: dict[str, Any] = {
    "in_progress": [SUMMARY],
    "pull_request": None,
    "push": {
        "affected_files": ["main.tf"],
        "author": "ada",
        "branch": "main",
        "created_at": AT,
        "hash": "c0ffee",
        "message": "Add",
        "tag": "",
    },
    "vcs_integration": {
        "id": "github",
        "name": "GitHub",
        "description": "",
        "provider": "GITHUB",
        "is_default": True,
        "labels": [],
        "space": SPACE,
        "created_at": AT,
        "updated_at": AT,
    },
}
REVISION: dict[str, Any] = COMMIT | {"affected_files": ["main.tf"]}
PULL_REQUEST: dict[str, Any] = {
    "id": 7,
    "action": "labeled",
    "action_initiator": "ada",
    "approved": True,
    "author": "ada",
    "base": REVISION,
    "closed": False,
    "comment": "",
    "diff": ["main.tf"],
    "draft": False,
    "head": REVISION,
    "head_owner": "acme",
    "labels": ["deploy"],
    "mergeable": True,
    "title": "Add",
    "undiverged": True,
}
ENDED: dict[str, Any] = RUN | {"states_history": [{"new_state": "FINISHED"}]}
HAPPENING: dict[str, Any] = {
    "account": {"name": "acme"},
    "webhook_endpoints": [{"id": "drift-hook", "labels": []}],
}
UPDATED: dict[str, Any] = {
    "note": "",
    "plan_policy_decision": {"deny": ["no keys"], "warn": []},
    "policy_receipts": [],
    "run": ENDED | {"policy_receipts": []},
    "stack": STACK,
    "state": "FINISHED",
    "timing": [{"duration": 1_000_000, "state": "PLANNING"}],
    "urls": {"run": "https://stackyard.example/stack/net/run/01J"},
    "username": "ada",
}
VERSION: dict[str, Any] = {
    "id": "01J",
    "number": "1.0.0",
    "created_at": AT,
    "state": "ACTIVE",
    "latest": True,
    "commit": COMMIT,
    "test_runs": [
        {"id": "1", "title": "x", "state": "FINISHED"}
        | {"created_at": AT, "updated_at": AT}
    ],
}
ROLE: dict[str, Any] = {
    "id": "01J",
    "name": "Admin",
    "slug": "space-admin",
    "ulid": "01J",
}
SLACK: dict[str, Any] = {
    "channel": {"id": "C1", "name": "ops"},
    "command": "/deploy",
    "team": {"id": "T1", "name": "acme"},
    "user": {"id": "U1"},
}
# Type → inputs as policies know them, and a place where each is not to be trifled with.
INPUTS: list[tuple[PolicyType, dict[str, Any], str]] = [
    (
        PolicyType.ACCESS,
        {"request": REQUEST, "session": SESSION, "stack": STACK},
        "stack",
    ),
    (
        PolicyType.ACCESS,
        {"request": REQUEST, "session": SESSION, "module": MODULE},
        "module.terraform_provider",
    ),
    (
        PolicyType.APPROVAL,
        {
            "reviews": {
                "current": {"approvals": [REVIEW], "rejections": []},
                "older": {"approvals": [], "rejections": []},
            },
            "run": RUN | {"repository_runtime_config_changed": False},
            "stack": STACK,
        },
        "reviews.older.approvals",
    ),
    (PolicyType.GIT_PUSH, PUSH | {"stack": STACK}, "push.affected_files"),
    (
        PolicyType.GIT_PUSH,
        PUSH | {"module": MODULE, "pull_request": PULL_REQUEST},
        "pull_request.head.affected_files",
    ),
    (
        PolicyType.INITIALIZATION,
        {
            "commit": COMMIT,
            "request": {"timestamp_ns": AT},
            "run": RUN,
            "stack": STACK,
        },
        "request.timestamp_ns",
    ),
    (
        PolicyType.INTENT,
        {"resource": {"resource_type": "aws_s3_bucket", "operation": "create"}},
        "resource.operation",
    ),
    (
        PolicyType.LOGIN,
        {
            "attachment": None,
            "request": REQUEST,
            "roles": [ROLE],
            "session": SESSION,
            "spaces": [SPACE],
        },
        "session.member",
    ),
    (
        PolicyType.LOGIN,
        {"request": {"timestamp_ns": AT}, "slack": SLACK, "spaces": [SPACE]},
        "slack.channel.id",
    ),
    (
        PolicyType.NOTIFICATION,
        HAPPENING | {"run_updated": UPDATED},
        "run_updated.run.drift_detection",
    ),
    (
        PolicyType.NOTIFICATION,
        HAPPENING | {"module_version": {"module": MODULE, "version": VERSION}},
        "module_version.version.state",
    ),
    (
        PolicyType.NOTIFICATION,
        HAPPENING
        | {"internal_error": {"error": "x", "message": "y", "severity": "ERROR"}},
        "internal_error.severity",
    ),
    (PolicyType.PLAN, PLAN, "terraform.resource_changes"),
    (
        PolicyType.TASK,
        {
            "request": REQUEST | {"command": "ls"},
            "session": SESSION,
            "stack": STACK,
        },
        "request.command",
    ),
    (
        PolicyType.TRIGGER,
        {
            "run": ENDED,
            "stack": STACK,
            "stacks": [STACK | {"queued_runs": 0}],
            "workflow": [
                {"id": "1", "stack_id": "net", "state": "FINISHED", "type": "TRACKED"}
            ],
        },
        "run.triggered_by",
    ),
    (PolicyType.TRIGGER, {"module": MODULE, "stacks": [STACK]}, "module.id"),
]
