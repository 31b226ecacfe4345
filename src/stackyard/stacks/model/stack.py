"""A stack: code, the tool that understands it, and what was made with it.

Entity and row. Every method decides; none awaits, and time and caller are arguments.
"""

from datetime import datetime
from typing import Final

from stackyard.kernel.access import Subject
from stackyard.stacks.errors import (
    StackDeletingError,
    StackLockedError,
    StackProtectedError,
)
from stackyard.stacks.model.migration import VendorMigration
from stackyard.stacks.model.project import Project, ProjectKind, StackState, owner_key
from stackyard.stacks.model.vendors import vendor_to_row

# Words of runs that stacks do not have. A queued run has not touched its stack; one
# that was canceled or skipped never started, like one that was discarded.
_SHOWN_AS: Final[dict[str, StackState | None]] = {
    "QUEUED": None,
    "CANCELED": StackState.DISCARDED,
    "SKIPPED": StackState.DISCARDED,
}


class Stack(Project):
    __mapper_args__ = {"polymorphic_identity": ProjectKind.STACK}  # noqa: RUF012 - SQLAlchemy reads it as written

    def migrate(self, migration: VendorMigration, *, at: datetime) -> list[str]:
        """Go over to another tool; return what stands against it, if anything does."""
        if self.deleting:
            raise StackDeletingError(stack=self.id)
        labels = self.labels if migration.labels is None else list(migration.labels)
        found = migration.problems(self.vendor, labels)
        if found:
            return found
        vendor = migration.migrated(self.vendor, manages_state=self.manages_state)
        found = vendor.problems(manages_state=self.manages_state)
        if not found:
            self.vendor_config, self.labels = vendor_to_row(vendor), labels
            self.updated_at = at
        return found

    def lock(self, *, note: str | None, by: Subject, at: datetime) -> None:
        """Keep it for *by*; once more by the same renews the note."""
        if self.is_locked_by_other_than(by):
            raise StackLockedError(stack=self.id, locked_by=self.locked_by)
        self.locked_by, self.lock_owner = by.name, owner_key(by)
        self.lock_note, self.locked_at = note or None, at

    def unlock(self) -> bool:
        """Set it free; False if it was."""
        was_locked = self.lock_owner is not None
        self.locked_by = self.lock_owner = self.lock_note = self.locked_at = None
        return was_locked

    def disable(self) -> None:
        self.is_disabled = True

    def enable(self) -> bool:
        """Let runs begin again; False if they could already."""
        was_disabled = self.is_disabled
        self.is_disabled = False
        return was_disabled

    def request_deletion(self, *, destroy_resources: bool, at: datetime) -> None:
        """Begin to go. Asking once more changes nothing but may ask for more."""
        if self.protect_from_deletion:
            raise StackProtectedError(stack=self.id)
        self.destroy_on_delete = self.destroy_on_delete or destroy_resources
        self.deletion_requested_at = self.deletion_requested_at or at

    def keep(self) -> None:
        """What it had made could not be destroyed: it stays."""
        self.deletion_requested_at = None
        self.destroy_on_delete = False

    def show_state(self, run_state: str, *, at: datetime) -> None:
        """Show the state of the newest tracked run, in the words that stacks have.

        News that arrives after newer news is dropped.
        """
        state = (
            _SHOWN_AS[run_state] if run_state in _SHOWN_AS else StackState(run_state)
        )
        if state is None or (self.state_set_at and at < self.state_set_at):
            return
        self.state, self.state_set_at = state, at
