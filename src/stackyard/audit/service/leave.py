from stackyard.audit.errors import AuditAdminOnlyError
from stackyard.kernel.access import Access, Action, Subject
from stackyard.kernel.errors import NotFoundError
from stackyard.kernel.ids import ROOT


async def require_administrator(access: Access, by: Subject) -> None:
    """Ask for the root space; that there is a trail is no secret."""
    try:
        await access.require(by, Action.SPACE_ADMIN, space=ROOT)
    except NotFoundError as error:
        raise AuditAdminOnlyError(subject=by.name) from error
