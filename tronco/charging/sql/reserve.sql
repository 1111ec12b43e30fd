-- Authorisation in one round trip: guards, holds at every level, and the call's row.
--
-- Locks are taken in one order everywhere: existing calls by id, meters by key, accounts by id; a
-- bucket belongs to its account's lock.

-- Whether rated calls may be admitted: every central has rebuilt its holds since the last recovery.
CREATE OR REPLACE FUNCTION charging_gate_is_open() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM charging_gate
                   WHERE central = '*' AND opened_for = pg_postmaster_start_time())
$$;

-- Lock the meters and return the first limit that one call more would break, or null.
-- p_meters: [{key, max_calls, max_cps}] in ascending order of key. Too many calls is worse than
-- too many a second, whichever meter says so.
CREATE OR REPLACE FUNCTION charging_meters_refusal(p_meters jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    v_meter   jsonb;
    v_key     text;
    v_last    text := '';
    v_row     charging_meter;
    v_second  constant bigint := extract(epoch FROM clock_timestamp())::bigint;
    v_calls   jsonb;
    v_cps     jsonb;
BEGIN
    FOR v_meter IN SELECT value FROM jsonb_array_elements(p_meters) LOOP
        v_key := v_meter ->> 'key';
        IF v_key COLLATE "C" <= v_last COLLATE "C" THEN
            RAISE EXCEPTION 'lock-order' USING ERRCODE = 'TR500';
        END IF;
        v_last := v_key;
        SELECT * INTO v_row FROM charging_meter WHERE key = v_key FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            INSERT INTO charging_meter (key, active, second, starts) VALUES (v_key, 0, 0, 0)
            ON CONFLICT (key) DO NOTHING;
            SELECT * INTO v_row FROM charging_meter WHERE key = v_key FOR NO KEY UPDATE;
        END IF;
        IF v_calls IS NULL AND v_row.active >= (v_meter ->> 'max_calls')::int THEN
            v_calls := jsonb_build_object('reason', 'too-many-calls', 'meter', v_key);
        ELSIF v_cps IS NULL AND v_row.second = v_second
              AND v_row.starts >= (v_meter ->> 'max_cps')::int THEN
            v_cps := jsonb_build_object('reason', 'too-many-per-second', 'meter', v_key);
        END IF;
    END LOOP;
    RETURN coalesce(v_calls, v_cps);
END $$;

-- Count one call on meters that are locked already.
CREATE OR REPLACE FUNCTION charging_meters_count(p_keys text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_second constant bigint := extract(epoch FROM clock_timestamp())::bigint;
BEGIN
    UPDATE charging_meter
    SET active = active + 1, second = v_second,
        starts = CASE WHEN second = v_second THEN starts + 1 ELSE 1 END
    WHERE key = ANY (p_keys);
END $$;

-- p_call     the row of charging_authorization, as JSON
-- p_meters   see charging_meters_refusal
-- p_grid     the ladder's durations in seconds; empty for a call that is not charged
-- p_levels   see charging_afford
-- p_refusal  a reason found before, which too many calls would precede: {reason, ...}
--
-- outcome: granted (granted_s: the deadline; null when not charged), refused (detail: {reason, ...}),
-- repeated (this call was let through before; detail: its row and holds), stale and allowance as in
-- charging_afford.
CREATE OR REPLACE FUNCTION charging_reserve(
    p_call jsonb, p_meters jsonb, p_grid int[], p_levels jsonb, p_refusal jsonb,
    OUT outcome text, OUT granted_s int, OUT detail jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_id     constant text := p_call ->> 'call_id';
    v_rated  constant boolean := cardinality(p_grid) > 0;
    v_climb  record;
    v_level  jsonb;
BEGIN
    detail := coalesce(charging_meters_refusal(p_meters), p_refusal);
    IF detail IS NULL AND v_rated AND NOT charging_gate_is_open() THEN
        detail := '{"reason": "gate-closed"}';
    END IF;
    outcome := CASE WHEN detail IS NULL THEN 'granted' ELSE 'refused' END;

    IF outcome = 'granted' AND v_rated THEN
        SELECT * INTO v_climb FROM charging_afford(cardinality(p_grid), p_levels, NULL);
        detail := v_climb.detail;
        IF v_climb.verdict = 'suspended' OR v_climb.verdict = 'ok' AND v_climb.point = 0 THEN
            outcome := 'refused';
            detail := jsonb_build_object(
                'reason', CASE v_climb.verdict WHEN 'ok' THEN 'no-credit' ELSE 'suspended' END,
                'level', v_climb.short_level, 'available_u', v_climb.available_u);
        ELSIF v_climb.verdict <> 'ok' THEN
            outcome := v_climb.verdict;
        ELSE
            granted_s := p_grid[v_climb.point];
        END IF;
    END IF;

    IF outcome = 'granted' THEN
        INSERT INTO charging_authorization
        SELECT * FROM jsonb_populate_record(
            NULL::charging_authorization, p_call || jsonb_build_object('deadline_s', granted_s))
        ON CONFLICT (call_id) DO NOTHING;
        IF FOUND THEN
            PERFORM charging_meters_count(ARRAY(SELECT jsonb_array_elements_text(p_call -> 'meters')));
            IF v_rated THEN
                FOR v_level IN SELECT value FROM jsonb_array_elements(p_levels) LOOP
                    PERFORM charging_hold_set(v_id, v_level, v_climb.point);
                END LOOP;
            END IF;
            RETURN;
        END IF;
    END IF;

    -- The same call asked before: its own holds may be why it is refused now.
    SELECT jsonb_build_object('call', to_jsonb(a), 'holds', charging_holds_of(v_id))
    INTO v_level FROM charging_authorization a WHERE a.call_id = v_id;
    IF FOUND THEN
        outcome := 'repeated';
        detail := v_level;
        granted_s := v_level -> 'call' ->> 'deadline_s';
    END IF;
END $$;

-- What a call holds, in a form that survives the database: buckets by what they are, not by id.
CREATE OR REPLACE FUNCTION charging_holds_of(p_call text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'account', h.account_id, 'tenant', h.tenant_id, 'level', h.level, 'amount_u', h.amount_u,
        'buckets', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'allowance', b.allowance_id, 'cycle', b.cycle_start, 'granted', b.granted,
                'amount', held.amount) ORDER BY held.place), '[]')
            FROM unnest(h.bucket_ids, h.bucket_amounts) WITH ORDINALITY AS held (id, amount, place)
            JOIN charging_bucket b ON b.id = held.id
        )) ORDER BY h.account_id), '[]')
    FROM charging_hold h WHERE h.authorization_id = p_call AND h.state = 'pending'
$$;

-- Raise the holds of a running call to the next slice.
-- p_from is the deadline that the ladder begins at; when it is another one by now: stale.
-- outcome: granted (granted_s may be less than asked, or p_from when nothing more can be paid; then
-- detail says why), stale, allowance, gate-closed, ended, unknown.
CREATE OR REPLACE FUNCTION charging_extend(
    p_call text, p_from int, p_grid int[], p_levels jsonb, p_answered_at timestamptz,
    OUT outcome text, OUT granted_s int, OUT detail jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_call   charging_authorization;
    v_climb  record;
    v_level  jsonb;
BEGIN
    SELECT * INTO v_call FROM charging_authorization WHERE call_id = p_call FOR NO KEY UPDATE;
    outcome := CASE
        WHEN NOT FOUND THEN 'unknown'
        WHEN v_call.state <> 'open' THEN 'ended'
        WHEN NOT charging_gate_is_open() THEN 'gate-closed'
        WHEN v_call.deadline_s IS DISTINCT FROM p_from THEN 'stale'
        ELSE 'granted'
    END;
    IF outcome <> 'granted' THEN
        RETURN;
    END IF;
    SELECT * INTO v_climb FROM charging_afford(cardinality(p_grid), p_levels, p_call);
    detail := v_climb.detail;
    IF v_climb.verdict IN ('stale', 'allowance') THEN
        outcome := v_climb.verdict;
        RETURN;
    END IF;
    granted_s := p_from;
    IF v_climb.verdict = 'ok' AND v_climb.point > 0 THEN
        granted_s := p_grid[v_climb.point];
        FOR v_level IN SELECT value FROM jsonb_array_elements(p_levels) LOOP
            PERFORM charging_hold_set(p_call, v_level, v_climb.point);
        END LOOP;
    END IF;
    IF v_climb.short_level IS NOT NULL THEN
        detail := jsonb_build_object(
            'reason', CASE v_climb.verdict WHEN 'ok' THEN 'no-credit' ELSE v_climb.verdict END,
            'level', v_climb.short_level, 'available_u', v_climb.available_u);
    END IF;
    UPDATE charging_authorization
    SET deadline_s = granted_s, seen_at = clock_timestamp(),
        answered_at = coalesce(answered_at, p_answered_at)
    WHERE call_id = p_call;
END $$;
