-- After a recovery of the database: rebuild what running calls hold, then admit rated calls again.

-- p_entries: what sipcore wrote down when the calls were let through, the latest of each call:
-- [{call: row of charging_authorization, holds: see charging_holds_of}].
-- Makes every call hold at least that much. What has been settled or released meanwhile stays so;
-- an allowance is never held beyond what it has. Returns the calls that were missing something.
CREATE OR REPLACE FUNCTION charging_restore(p_entries jsonb)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    v_entry  jsonb;
    v_call   charging_authorization;
    v_known  charging_authorization;
BEGIN
    PERFORM FROM charging_authorization
    WHERE call_id IN (SELECT entry -> 'call' ->> 'call_id' FROM jsonb_array_elements(p_entries) AS entry)
    ORDER BY call_id FOR NO KEY UPDATE;
    INSERT INTO charging_meter (key, active, second, starts)
    SELECT DISTINCT jsonb_array_elements_text(entry -> 'call' -> 'meters') COLLATE "C" AS key, 0, 0, 0
    FROM jsonb_array_elements(p_entries) AS entry ORDER BY key
    ON CONFLICT (key) DO NOTHING;
    PERFORM FROM charging_meter
    WHERE key IN (SELECT jsonb_array_elements_text(entry -> 'call' -> 'meters')
                  FROM jsonb_array_elements(p_entries) AS entry)
    ORDER BY key COLLATE "C" FOR NO KEY UPDATE;
    PERFORM FROM charging_account
    WHERE id IN (SELECT (hold ->> 'account')::bigint
                 FROM jsonb_array_elements(p_entries) AS entry,
                      jsonb_array_elements(entry -> 'holds') AS hold)
    ORDER BY id FOR NO KEY UPDATE;

    FOR v_entry IN SELECT value FROM jsonb_array_elements(p_entries) LOOP
        v_call := jsonb_populate_record(NULL::charging_authorization, v_entry -> 'call');
        SELECT * INTO v_known FROM charging_authorization WHERE call_id = v_call.call_id;
        IF NOT FOUND THEN
            INSERT INTO charging_authorization SELECT (v_call).*;
            UPDATE charging_meter SET active = active + 1 WHERE key = ANY (v_call.meters);
        ELSIF v_known.state = 'open' AND v_known.deadline_s < v_call.deadline_s THEN
            UPDATE charging_authorization
            SET deadline_s = v_call.deadline_s,
                answered_at = coalesce(answered_at, v_call.answered_at)
            WHERE call_id = v_call.call_id;
        ELSE
            CONTINUE;
        END IF;
        PERFORM charging_hold_restore(v_call.call_id, hold)
        FROM jsonb_array_elements(v_entry -> 'holds') AS hold;
        RETURN NEXT v_call.call_id;
    END LOOP;
END $$;

-- Make one account's hold of a call what it was. The caller holds the account's lock.
CREATE OR REPLACE FUNCTION charging_hold_restore(p_call text, p_hold jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_buckets jsonb;
BEGIN
    SELECT coalesce(jsonb_agg(bucket || jsonb_build_object('uses', jsonb_build_array(least(
               (bucket ->> 'amount')::bigint,
               charging_bucket_left(a, bucket, h)))) ORDER BY place), '[]')
    INTO v_buckets
    FROM jsonb_array_elements(p_hold -> 'buckets') WITH ORDINALITY AS x (bucket, place)
    JOIN charging_account a ON a.id = (p_hold ->> 'account')::bigint
    LEFT JOIN charging_hold h ON h.authorization_id = p_call AND h.account_id = a.id
                             AND h.state = 'pending';
    PERFORM charging_hold_set(
        p_call,
        p_hold || jsonb_build_object(
            'costs', jsonb_build_array(p_hold -> 'amount_u'), 'buckets', v_buckets),
        1);
END $$;

-- A central has rebuilt its holds. Rated calls are admitted once all centrals that ever ran and are
-- still in use have: another's calls may hold money that this one would give away.
-- Returns the centrals that are still awaited.
CREATE OR REPLACE FUNCTION charging_gate_open(p_central text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    v_awaited text[];
BEGIN
    -- Two centrals at once would not see each other.
    LOCK TABLE charging_gate IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO charging_gate (central, opened_for) VALUES (p_central, pg_postmaster_start_time())
    ON CONFLICT (central) DO UPDATE SET opened_for = excluded.opened_for;
    SELECT coalesce(array_agg(name ORDER BY name), '{}') INTO v_awaited
    FROM centrals_central c
    WHERE is_active AND seen_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM charging_gate g WHERE g.central = c.name
                      AND g.opened_for = pg_postmaster_start_time());
    IF v_awaited = '{}' THEN
        INSERT INTO charging_gate (central, opened_for) VALUES ('*', pg_postmaster_start_time())
        ON CONFLICT (central) DO UPDATE SET opened_for = excluded.opened_for;
    END IF;
    RETURN v_awaited;
END $$;

-- Tell which calls of a central are alive; release the open ones that are not and have not been
-- for p_grace, which must leave the records of ended calls time to arrive. Returns the released.
CREATE OR REPLACE FUNCTION charging_sweep(p_central text, p_live text[], p_grace interval)
RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM charging_authorization
    WHERE central = p_central AND state = 'open' ORDER BY call_id FOR NO KEY UPDATE;
    UPDATE charging_authorization SET seen_at = clock_timestamp()
    WHERE central = p_central AND state = 'open' AND call_id = ANY (p_live);
    RETURN charging_release(ARRAY(
        SELECT call_id::text FROM charging_authorization
        WHERE central = p_central AND state = 'open' AND call_id <> ALL (p_live)
          AND seen_at < clock_timestamp() - p_grace));
END $$;
