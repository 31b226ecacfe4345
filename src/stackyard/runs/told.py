"""What webhooks are told of a run. The names are those of the reference product."""

from typing import Any

from stackyard.runs.model import Run, Transition
from stackyard.stacks import Project


def state_change(run: Run, step: Transition, project: Project) -> dict[str, Any]:
    """Return what there is to say of a run that has come into another state."""
    return {
        "state": str(step.state),
        "stateVersion": step.version,
        "timestamp": int(step.at.timestamp()),
        "run": {
            "id": run.id,
            "branch": run.branch,
            "commit": _commit(run.commit),
            "createdAt": int(run.created_at.timestamp()),
            "delta": _delta(run),
            "driftDetection": run.drift_detection,
            "triggeredBy": run.triggered_by,
            "type": str(run.type),
        },
        "stack": {
            "id": project.id,
            "name": project.name,
            "description": project.description,
            "labels": project.labels,
        },
    }


def _commit(commit: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without one it is not known yet which it will be; of some, only the hash is."""
    return commit and {
        "authorLogin": commit.get("author_login"),
        "authorName": commit.get("author_name") or "",
        "hash": commit["hash"],
        "message": commit.get("message") or "",
        "timestamp": commit.get("timestamp") or 0,
        "url": commit.get("url"),
    }


def _delta(run: Run) -> dict[str, int | None] | None:
    """Without one nothing is planned yet."""
    if run.resource_count is None:
        return None
    return {
        "added": run.add_count,
        "changed": run.change_count,
        "deleted": run.delete_count,
        "resources": run.resource_count,
    }
