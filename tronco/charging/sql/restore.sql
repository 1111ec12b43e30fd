-- After a recovery of the database: rebuild what running calls hold, then admit rated calls again.

-- p_entries: what sipcore wrote down when the calls were let through, the latest of each call:
-- [{call: row of charging_authorization, holds: see charging_holds_of}].
-- Makes every call hold at least that much. What has been settled or released meanwhile stays so;
-- an allowance is never held beyond what it has. Returns the calls that were missing something.
CREATE OR REPLACE FUNCTION charging_restore(p_entries jsonb)
RETURNS SETOF text LANGUAGE plpgsql SET enable_seqscan = off AS $$
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
        PERFORM charging_hold_again(v_call.call_id, v_entry -> 'holds')
        WHERE v_entry -> 'holds' <> '[]';
        RETURN NEXT v_call.call_id;
    END LOOP;
END $$;

-- Make a call hold what charging_holds_of told of it; of an allowance no more than it has. The
-- accounts are locked.
CREATE OR REPLACE FUNCTION charging_hold_again(p_call text, p_holds jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_buckets   jsonb;
    v_accounts  bigint[];
    v_tenants   bigint[];
    v_levels    int[];
    v_costs_u   bigint[];
BEGIN
    SELECT array_agg(account ORDER BY account), array_agg(tenant ORDER BY account),
           array_agg(level ORDER BY account), array_agg(ARRAY[amount_u] ORDER BY account)
    INTO v_accounts, v_tenants, v_levels, v_costs_u
    FROM jsonb_to_recordset(p_holds) AS h (account bigint, tenant bigint, level int, amount_u bigint);
    SELECT jsonb_agg(bucket || hold - 'buckets' - 'amount_u' ORDER BY h.place, b.place)
    INTO v_buckets
    FROM jsonb_array_elements(p_holds) WITH ORDINALITY AS h (hold, place)
    CROSS JOIN jsonb_array_elements(hold -> 'buckets') WITH ORDINALITY AS b (bucket, place);
    SELECT jsonb_agg(bucket || jsonb_build_object('uses', jsonb_build_array(
               least((bucket ->> 'amount')::bigint, l.remaining))) ORDER BY b.place)
    INTO v_buckets
    FROM jsonb_array_elements(v_buckets) WITH ORDINALITY AS b (bucket, place)
    JOIN jsonb_to_recordset(charging_bucket_lefts(v_buckets, p_call))
         AS l (account bigint, allowance bigint, remaining bigint)
      ON l.account = (bucket ->> 'account')::bigint
     AND l.allowance = (bucket ->> 'allowance')::bigint;
    PERFORM charging_hold(p_call, v_accounts, v_tenants, v_levels, v_costs_u, v_buckets, 1);
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
