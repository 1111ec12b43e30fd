-- The end of calls, in batches: settled at a price, or released for nothing. One batch a transaction:
-- a second would take its locks out of order.
-- Without sequential scans: all is by key, and a plan made while tables were small outlives that.
-- Twice is "already done". A call that was released and turns out to have been answered is charged.

-- Undo what calls hold, and count them off their meters. They are locked, in order, by the caller.
CREATE OR REPLACE FUNCTION charging_unhold(p_calls text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM charging_meter
    WHERE key IN (SELECT unnest(meters) FROM charging_authorization
                  WHERE call_id = ANY (p_calls) AND (state = 'open' OR day_limits_u IS NOT NULL))
    ORDER BY key COLLATE "C" FOR NO KEY UPDATE;
    PERFORM FROM charging_account
    WHERE id IN (SELECT account_id FROM charging_hold WHERE authorization_id = ANY (p_calls))
    ORDER BY id FOR NO KEY UPDATE;
    UPDATE charging_meter m SET active = m.active - ended.calls
    FROM (SELECT key, count(*) AS calls FROM charging_authorization, unnest(meters) AS key
          WHERE call_id = ANY (p_calls) AND state = 'open' GROUP BY key) AS ended
    WHERE m.key = ended.key;
    PERFORM charging_spend(array_agg(authorization_id::text), array_agg(-amount_u))
    FROM charging_hold WHERE authorization_id = ANY (p_calls) AND level = 0 AND state = 'pending';
    UPDATE charging_account a SET held_u = a.held_u - ended.amount
    FROM (SELECT account_id, sum(amount_u) AS amount FROM charging_hold
          WHERE authorization_id = ANY (p_calls) AND state = 'pending' GROUP BY account_id) AS ended
    WHERE a.id = ended.account_id AND ended.amount <> 0;
    UPDATE charging_bucket b SET held = b.held - ended.amount
    FROM (SELECT id, sum(amount) AS amount
          FROM charging_hold, unnest(bucket_ids, bucket_amounts) AS bucket (id, amount)
          WHERE authorization_id = ANY (p_calls) AND state = 'pending' GROUP BY id) AS ended
    WHERE b.id = ended.id;
END $$;

-- Release calls that were never answered. Returns those that were open.
CREATE OR REPLACE FUNCTION charging_release(p_calls text[])
RETURNS text[] LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    v_open text[];
BEGIN
    SELECT coalesce(array_agg(call_id), '{}') INTO v_open
    FROM (SELECT call_id FROM charging_authorization
          WHERE call_id = ANY (p_calls) AND state = 'open'
          ORDER BY call_id FOR NO KEY UPDATE) AS open;
    PERFORM charging_unhold(v_open);
    UPDATE charging_hold SET state = 'released', bucket_ids = '{}', bucket_amounts = '{}'
    WHERE authorization_id = ANY (v_open) AND state = 'pending';
    UPDATE charging_authorization SET state = 'released', closed_at = clock_timestamp()
    WHERE call_id = ANY (v_open);
    RETURN v_open;
END $$;

-- Close calls that ended: charge the answered ones, release the others.
-- p_items: [{call_id, answered_at, duration_ms, trunk_id, levels: [{level, price_u, uses: [..]}]}],
-- each call once; `uses` is what is taken from each bucket of the level's hold, in its order.
-- Returns the calls that are closed by this; the others were closed before, or are unknown.
CREATE OR REPLACE FUNCTION charging_settle(p_items jsonb)
RETURNS text[] LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    v_calls     text[];  -- to be charged
    v_released  text[];
BEGIN
    SELECT coalesce(array_agg(call_id) FILTER (WHERE answered AND state <> 'settled'), '{}'),
           coalesce(array_agg(call_id) FILTER (WHERE NOT answered AND state = 'open'), '{}')
    INTO v_calls, v_released
    FROM (SELECT a.call_id, a.state, item ->> 'answered_at' IS NOT NULL AS answered
          FROM charging_authorization a
          JOIN jsonb_array_elements(p_items) AS item ON item ->> 'call_id' = a.call_id
          ORDER BY a.call_id FOR NO KEY UPDATE OF a) AS known;
    PERFORM charging_unhold(v_calls || v_released);

    -- The entries: each account's calls one after the other, from its balance as it is now.
    WITH price AS (
        SELECT h.account_id, h.tenant_id, h.authorization_id AS call_id, x.place,
               (part ->> 'price_u')::bigint AS price_u, c.called
        FROM jsonb_array_elements(p_items) WITH ORDINALITY AS x (item, place)
        CROSS JOIN jsonb_array_elements(x.item -> 'levels') AS part
        JOIN charging_hold h ON h.authorization_id = x.item ->> 'call_id'
                            AND h.level = (part ->> 'level')::int
        JOIN charging_authorization c ON c.call_id = h.authorization_id
        WHERE h.authorization_id = ANY (v_calls) AND (part ->> 'price_u')::bigint <> 0
          AND NOT EXISTS (SELECT FROM charging_ledgerentry e
                          WHERE e.account_id = h.account_id
                            AND e.key = 'call:' || h.authorization_id)
    ), entry AS (
        INSERT INTO charging_ledgerentry
            (tenant_id, account_id, at, kind, balance_before_u, amount_u, actor, note, source, key)
        SELECT p.tenant_id, p.account_id, clock_timestamp(), 'call',
               a.balance_u + p.price_u
                   - sum(p.price_u) OVER (PARTITION BY p.account_id ORDER BY p.place),
               -p.price_u, 'sistema', p.called, p.call_id, 'call:' || p.call_id
        FROM price p JOIN charging_account a ON a.id = p.account_id
        ORDER BY p.account_id, p.place
        RETURNING account_id, amount_u
    ), total AS (
        SELECT account_id, sum(amount_u) AS amount FROM entry GROUP BY account_id
    )
    UPDATE charging_account a
    SET balance_u = a.balance_u + total.amount, used_u = a.used_u - total.amount
    FROM total WHERE a.id = total.account_id;

    PERFORM charging_spend(array_agg(item ->> 'call_id'), array_agg((part ->> 'price_u')::bigint))
    FROM jsonb_array_elements(p_items) AS item
    CROSS JOIN jsonb_array_elements(item -> 'levels') AS part
    WHERE part ->> 'level' = '0' AND item ->> 'call_id' = ANY (v_calls);

    UPDATE charging_bucket b SET used = b.used + ended.amount
    FROM (SELECT bucket.id, sum(uses.amount::bigint) AS amount
          FROM jsonb_array_elements(p_items) AS item
          CROSS JOIN jsonb_array_elements(item -> 'levels') AS part
          JOIN charging_hold h ON h.authorization_id = item ->> 'call_id'
                              AND h.level = (part ->> 'level')::int
          CROSS JOIN unnest(h.bucket_ids) WITH ORDINALITY AS bucket (id, place)
          JOIN jsonb_array_elements_text(part -> 'uses') WITH ORDINALITY AS uses (amount, place)
            ON uses.place = bucket.place
          WHERE h.authorization_id = ANY (v_calls) AND h.state = 'pending'
          GROUP BY bucket.id) AS ended
    WHERE b.id = ended.id AND ended.amount <> 0;

    UPDATE charging_hold h SET state = 'settled', price_u = (part ->> 'price_u')::bigint
    FROM jsonb_array_elements(p_items) AS item
    CROSS JOIN jsonb_array_elements(item -> 'levels') AS part
    WHERE h.authorization_id = ANY (v_calls) AND h.authorization_id = item ->> 'call_id'
      AND h.level = (part ->> 'level')::int;
    UPDATE charging_hold SET state = 'released', bucket_ids = '{}', bucket_amounts = '{}'
    WHERE authorization_id = ANY (v_released) AND state = 'pending';

    UPDATE charging_authorization a
    SET state = CASE WHEN a.call_id = ANY (v_calls) THEN 'settled' ELSE 'released' END,
        closed_at = clock_timestamp(),
        answered_at = (item ->> 'answered_at')::timestamptz,
        duration_ms = (item ->> 'duration_ms')::bigint, trunk_id = (item ->> 'trunk_id')::bigint
    FROM jsonb_array_elements(p_items) AS item
    WHERE a.call_id = ANY (v_calls || v_released) AND a.call_id = item ->> 'call_id';
    RETURN v_calls || v_released;
END $$;
