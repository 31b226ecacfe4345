"""The SQL of the queue.

Times are the server's: `statement_timestamp()`, which an index can serve, where
something is looked for. A pooler in transaction mode may stand in between.
"""

from typing import Final

from sqlalchemy import BigInteger, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

CHANNEL: Final = "stackyard_queue"

# A connection keeps the plans of what it says often. One that was made while the queue
# was empty reads the whole table, and would go on doing so when the queue is full.
BY_INDEX_ONLY: Final = text(
    """
    SELECT set_config('enable_seqscan', 'off', :local),
        set_config('enable_bitmapscan', 'off', :local),
        set_config('enable_hashjoin', 'off', :local),
        set_config('enable_mergejoin', 'off', :local)
    """
)

SEND: Final = text(
    f"""
    WITH sent AS (
        INSERT INTO message_queue_messages
            (queue, message_group, body, due_at, visible_at)
        VALUES (:queue, :message_group, :body,
            clock_timestamp() + make_interval(secs => :delay),
            clock_timestamp() + make_interval(secs => :delay))
        RETURNING queue)
    SELECT pg_notify('{CHANNEL}', queue) FROM sent
    """  # noqa: S608 - a constant of ours
).bindparams(bindparam("body", type_=JSONB))

# A row comes back if the id is new, or was last used too long ago to matter. A
# concurrent sender of the same id waits here for the first one's commit.
REMEMBER: Final = text(
    """
    INSERT INTO message_queue_deduplications AS known
        (queue, scope, deduplication, expires_at)
    VALUES (:queue, :scope, :deduplication,
        clock_timestamp() + make_interval(secs => :window))
    ON CONFLICT (queue, scope, deduplication)
    DO UPDATE SET expires_at = excluded.expires_at
    WHERE known.expires_at <= clock_timestamp()
    RETURNING queue
    """
)

# What `taken` holds is either given out or, once too often received, put aside. Both
# queues are told of a dead letter: what stood behind it in its group is free now.
_GIVE_OUT: Final = f"""
    dead AS (
        UPDATE message_queue_messages AS m
        SET queue = :dead_letters, dead_from = m.queue, dead_at = clock_timestamp(),
            dead_reason = 'received ' || taken.counted
                || ' times and never acknowledged',
            receipt = NULL, receives = 0, returns = 0,
            visible_at = clock_timestamp(), due_at = clock_timestamp()
        FROM taken WHERE m.id = taken.id AND taken.counted >= :most
        RETURNING pg_notify('{CHANNEL}', :dead_letters),
            pg_notify('{CHANNEL}', :queue))
    UPDATE message_queue_messages AS m
    SET receives = m.receives + 1, receipt = gen_random_uuid(),
        visible_at = clock_timestamp() + make_interval(secs => :visibility)
    FROM taken WHERE m.id = taken.id AND taken.counted < :most
    RETURNING m.id, m.body, m.message_group, m.receipt, m.receives, m.returns,
        m.dead_from, m.dead_reason
    """  # noqa: S608 - a constant of ours

RECEIVE: Final = text(
    f"""
    WITH taken AS (
        SELECT id, receives - returns AS counted FROM message_queue_messages
        WHERE queue = :queue AND visible_at <= statement_timestamp()
            AND sent_at > statement_timestamp() - make_interval(secs => :retention)
        ORDER BY visible_at, id LIMIT :limit FOR UPDATE SKIP LOCKED),
    {_GIVE_OUT}
    """  # noqa: S608 - constants of ours
)

# The first message of every group, found by leaping from group to group along the
# index, and when it may be received: not before another message of the group, which
# was received before this one was committed, is done.
_HEADS: Final = """
    WITH RECURSIVE groups AS (
        (SELECT message_group AS key FROM message_queue_messages
         WHERE queue = :queue AND message_group > :after
         ORDER BY message_group LIMIT 1)
        UNION ALL
        SELECT (SELECT m.message_group FROM message_queue_messages AS m
                WHERE m.queue = :queue AND m.message_group > groups.key
                ORDER BY m.message_group LIMIT 1)
        FROM groups WHERE groups.key IS NOT NULL),
    heads AS (
        SELECT groups.key, greatest(head.visible_at, (
            SELECT max(busy.visible_at) FROM message_queue_messages AS busy
            WHERE busy.queue = :queue AND busy.message_group = groups.key
                AND busy.receipt IS NOT NULL)) AS ready_at
        FROM groups CROSS JOIN LATERAL (
            SELECT visible_at FROM message_queue_messages
            WHERE queue = :queue AND message_group = groups.key
                AND due_at <= statement_timestamp()
            ORDER BY id LIMIT 1) AS head
        WHERE groups.key IS NOT NULL)
    """

_GROUP_LOCK: Final = "hashtextextended('stackyard_queue/' || :queue || '/' || {}, 0)"

LOCK_GROUPS: Final = text(
    f"""
    {_HEADS}
    SELECT key, pg_try_advisory_xact_lock({_GROUP_LOCK.format("key")}) AS free
    FROM (SELECT key FROM heads WHERE ready_at <= statement_timestamp()
          LIMIT :limit) AS ready
    """  # noqa: S608 - constants of ours
)

# A new statement sees what was committed before the groups were locked; the one above
# might see a head that another consumer has taken since.
RECEIVE_HEADS: Final = text(
    f"""
    WITH taken AS (
        SELECT head.id, head.counted
        FROM unnest(CAST(:groups AS text[])) AS locked (key)
        CROSS JOIN LATERAL (
            SELECT id, receives - returns AS counted, visible_at
            FROM message_queue_messages
            WHERE queue = :queue AND message_group = locked.key
                AND due_at <= statement_timestamp()
            ORDER BY id LIMIT 1) AS head
        WHERE head.visible_at <= statement_timestamp() AND NOT EXISTS (
            SELECT FROM message_queue_messages AS busy
            WHERE busy.queue = :queue AND busy.message_group = locked.key
                AND busy.receipt IS NOT NULL
                AND busy.visible_at > statement_timestamp())
        LIMIT :limit),
    {_GIVE_OUT}
    """  # noqa: S608 - constants of ours
)

LOCK_GROUP: Final = text(
    f"SELECT pg_advisory_xact_lock({_GROUP_LOCK.format(':message_group')})"
)


def _with_receipt(statement: str) -> TextClause:
    return text(statement).bindparams(bindparam("receipt", type_=UUID(as_uuid=False)))


# Only while it is still hidden: later, somebody else may be looking at it.
EXTEND: Final = _with_receipt(
    """
    UPDATE message_queue_messages
    SET visible_at = clock_timestamp() + make_interval(secs => :visibility)
    WHERE id = :id AND receipt = :receipt AND visible_at > clock_timestamp()
    RETURNING id
    """
)

GIVE_BACK: Final = _with_receipt(
    f"""
    UPDATE message_queue_messages
    SET visible_at = clock_timestamp() + make_interval(secs => :delay),
        receipt = NULL, returns = returns + 1
    WHERE id = :id AND receipt = :receipt
    RETURNING pg_notify('{CHANNEL}', queue)
    """  # noqa: S608 - a constant of ours
)

BURY: Final = _with_receipt(
    f"""
    UPDATE message_queue_messages
    SET queue = :dead_letters, dead_from = queue, dead_at = clock_timestamp(),
        dead_reason = :reason, receipt = NULL, receives = 0, returns = 0,
        visible_at = clock_timestamp(), due_at = clock_timestamp()
    WHERE id = :id AND receipt = :receipt
    RETURNING pg_notify('{CHANNEL}', :dead_letters) AS buried,
        pg_notify('{CHANNEL}', :queue) AS freed
    """  # noqa: S608 - a constant of ours
)

KEEP: Final = _with_receipt(
    f"""
    UPDATE message_queue_messages
    SET receipt = NULL, visible_at = '9999-01-01+00', due_at = '9999-01-01+00'
    WHERE id = :id AND receipt = :receipt
    RETURNING pg_notify('{CHANNEL}', :queue)
    """  # noqa: S608 - a constant of ours
)

# In a group, whoever waits for the next message is told that the one before is gone.
ACKNOWLEDGE: Final = text(
    f"""
    WITH done AS (
        DELETE FROM message_queue_messages AS m
        USING unnest(CAST(:ids AS bigint[]), CAST(:receipts AS uuid[]))
            AS given (id, receipt)
        WHERE m.id = given.id AND m.receipt = given.receipt
        RETURNING m.id, m.queue, m.message_group)
    SELECT done.id, CASE WHEN EXISTS (
        SELECT FROM message_queue_messages AS next
        WHERE next.queue = done.queue AND next.message_group = done.message_group
            AND next.id <> done.id)
        THEN pg_notify('{CHANNEL}', done.queue) END
    FROM done
    """  # noqa: S608 - a constant of ours
).bindparams(
    bindparam("ids", type_=ARRAY(BigInteger)),
    bindparam("receipts", type_=ARRAY(UUID(as_uuid=False))),
)

# Counting reads every entry of an index, so each count ends at `:most`.
DEPTHS: Final = text(
    """
    SELECT asked.queue,
        (SELECT count(*) FROM (
            SELECT FROM message_queue_messages AS m WHERE m.queue = asked.queue
                AND m.visible_at <= statement_timestamp() LIMIT :most) AS counted)
            AS visible,
        (SELECT count(*) FROM (
            SELECT FROM message_queue_messages AS m WHERE m.queue = asked.queue
                AND m.visible_at > statement_timestamp() LIMIT :most) AS counted)
            AS hidden
    FROM unnest(CAST(:queues AS text[])) AS asked (queue)
    """
).bindparams(bindparam("queues", type_=ARRAY(Text)))

NEXT_DUE: Final = text(
    """
    SELECT CAST(extract(epoch FROM min(visible_at) - clock_timestamp()) AS float)
    FROM message_queue_messages
    WHERE queue = :queue AND visible_at < '9999-01-01+00'
        AND sent_at > statement_timestamp() - make_interval(secs => :retention)
    """
)

# The head of a group that is ready now, or else whatever appears next.
NEXT_DUE_IN_ORDER: Final = text(
    f"""
    {_HEADS}
    SELECT CAST(extract(epoch FROM least(
        (SELECT min(ready_at) FROM heads),
        (SELECT min(visible_at) FROM message_queue_messages
         WHERE queue = :queue AND visible_at > statement_timestamp()
            AND visible_at < '9999-01-01+00')) - clock_timestamp()) AS float)
    """  # noqa: S608 - constants of ours
)
