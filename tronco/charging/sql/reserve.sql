-- Authorisation in one round trip: limits, holds at every level, and the call's row.
--
-- Locks are taken in one order everywhere: calls by id, meters by key, accounts by id; a bucket
-- belongs to its account's lock. (A call that begins is nobody else's to lock.)

-- Whether rated calls may be admitted: every central has rebuilt its holds since the last recovery.
CREATE OR REPLACE FUNCTION charging_gate_is_open() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM charging_gate
                   WHERE central = '*' AND opened_for = pg_postmaster_start_time())
$$;

-- The call: what charging_authorization knows of it; null account and no p_accounts when it is free.
-- p_meters, p_max_calls, p_max_cps: its limits, in ascending order of key; null is no limit.
-- p_day_limits_u: what calls may cost the customer in a day, by each; null when none limits that.
-- The ladder: see afford.sql; p_grid in seconds.
-- p_refusal: a reason found before, which too many calls would precede: {reason, ...}.
--
-- outcome: granted (granted_s: the deadline; null when not charged; detail: what the buckets had;
-- reason: why it is less than all of the ladder),
-- refused (detail: {reason, ...}), repeated (this call was let through before; detail: its row and
-- holds), stale and allowance as in charging_afford (detail: what the buckets have).
CREATE OR REPLACE FUNCTION charging_reserve(
    p_call_id text, p_tenant bigint, p_account bigint, p_circuit bigint, p_did bigint,
    p_central text, p_direction text, p_caller text, p_dialled text, p_called text, p_class text,
    p_at timestamptz, p_facts jsonb,
    p_meters text[], p_max_calls int[], p_max_cps int[], p_day_limits_u bigint[],
    p_grid int[], p_accounts bigint[], p_tenants bigint[], p_levels int[], p_plans bigint[],
    p_needs_u bigint[], p_costs_u bigint[], p_buckets jsonb,
    p_refusal jsonb,
    OUT outcome text, OUT granted_s int, OUT detail jsonb, OUT reason text
) LANGUAGE plpgsql AS $$
DECLARE
    v_second  constant bigint := extract(epoch FROM clock_timestamp());
    v_active  int;
    v_starts  int;
    v_climb   record;
BEGIN
    detail := p_refusal;
    FOR i IN 1 .. cardinality(p_meters) LOOP
        IF p_meters[i] COLLATE "C" <= p_meters[i - 1] COLLATE "C" THEN
            RAISE EXCEPTION 'lock-order' USING ERRCODE = 'TR500';
        END IF;
        SELECT active, CASE WHEN second = v_second THEN starts ELSE 0 END INTO v_active, v_starts
        FROM charging_meter WHERE key = p_meters[i] FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            INSERT INTO charging_meter (key, active, second, starts) VALUES (p_meters[i], 0, 0, 0)
            ON CONFLICT (key) DO NOTHING;
            SELECT active, CASE WHEN second = v_second THEN starts ELSE 0 END
            INTO v_active, v_starts
            FROM charging_meter WHERE key = p_meters[i] FOR NO KEY UPDATE;
        END IF;
        -- Too many calls is worse than too many a second, whichever meter says so.
        IF v_active >= p_max_calls[i] AND detail ->> 'reason' IS DISTINCT FROM 'too-many-calls' THEN
            detail := jsonb_build_object('reason', 'too-many-calls', 'meter', p_meters[i]);
        ELSIF v_starts >= p_max_cps[i] AND coalesce(detail ->> 'reason' NOT LIKE 'too-many-%', true)
        THEN
            detail := jsonb_build_object('reason', 'too-many-per-second', 'meter', p_meters[i]);
        END IF;
    END LOOP;

    IF detail IS NOT NULL THEN
        outcome := 'refused';
    ELSIF p_accounts = '{}' THEN
        outcome := 'granted';
    ELSIF NOT EXISTS (SELECT FROM charging_gate
                      WHERE central = '*' AND opened_for = pg_postmaster_start_time()) THEN
        outcome := 'refused';
        detail := '{"reason": "gate-closed"}';
    ELSE
        v_climb := charging_afford(
            p_accounts, p_levels, p_plans, p_needs_u, p_costs_u, p_buckets, NULL, p_direction = 'in',
            CASE WHEN p_day_limits_u IS NOT NULL
                 THEN charging_day_left(p_meters, p_day_limits_u, p_at) END);
        outcome := CASE WHEN v_climb.verdict = 'ok' AND v_climb.point > 0 THEN 'granted'
                        WHEN v_climb.verdict IN ('ok', 'suspended') THEN 'refused'
                        ELSE v_climb.verdict END;
        granted_s := p_grid[v_climb.point];
        detail := v_climb.lefts;
        reason := v_climb.reason;
        IF outcome = 'refused' THEN
            detail := jsonb_build_object('reason', reason, 'level', v_climb.short_level,
                                         'available_u', v_climb.available_u);
        END IF;
    END IF;

    IF outcome = 'granted' THEN
        INSERT INTO charging_authorization
            (call_id, tenant_id, account_id, circuit_id, did_id, central, direction, caller,
             dialled, called, call_class, started_at, seen_at, deadline_s, state, meters,
             day_limits_u, facts)
        VALUES (p_call_id, p_tenant, p_account, p_circuit, p_did, p_central, p_direction, p_caller,
                p_dialled, p_called, p_class, p_at, p_at, granted_s, 'open', p_meters,
                p_day_limits_u, p_facts)
        ON CONFLICT (call_id) DO NOTHING;
        IF FOUND THEN
            FOR i IN 1 .. cardinality(p_meters) LOOP
                UPDATE charging_meter
                SET active = active + 1, second = v_second,
                    starts = CASE WHEN second = v_second THEN starts + 1 ELSE 1 END
                WHERE key = p_meters[i];
            END LOOP;
            FOR i IN 1 .. cardinality(p_accounts) LOOP
                UPDATE charging_account SET held_u = held_u + p_costs_u[i][v_climb.point]
                WHERE id = p_accounts[i];
                INSERT INTO charging_hold (authorization_id, tenant_id, account_id, level, amount_u,
                                           bucket_ids, bucket_amounts, state)
                VALUES (p_call_id, p_tenants[i], p_accounts[i], p_levels[i],
                        p_costs_u[i][v_climb.point], '{}', '{}', 'pending');
            END LOOP;
            IF p_buckets IS NOT NULL THEN
                PERFORM charging_hold_buckets(p_call_id, p_buckets, v_climb.point);
            END IF;
            IF p_day_limits_u IS NOT NULL AND p_accounts <> '{}' THEN
                PERFORM charging_spend(ARRAY[p_call_id],
                    ARRAY[p_costs_u[array_position(p_levels, 0)][v_climb.point]]);
            END IF;
            RETURN;
        END IF;
    END IF;

    -- The same call asked before: its own holds may be why it would be refused now.
    IF EXISTS (SELECT FROM charging_authorization WHERE call_id = p_call_id) THEN
        outcome := 'repeated';
        SELECT a.deadline_s,
               jsonb_build_object('call', to_jsonb(a), 'holds', charging_holds_of(p_call_id))
        INTO granted_s, detail FROM charging_authorization a WHERE a.call_id = p_call_id;
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
-- p_from_s is the deadline that the ladder begins at; when it is another one by now: stale.
-- outcome: granted (granted_s may be less than asked, or p_from_s when nothing more can be paid, for
-- this reason; detail: what the buckets had), stale, allowance, gate-closed, ended, unknown.
CREATE OR REPLACE FUNCTION charging_extend(
    p_call_id text, p_from_s int, p_answered_at timestamptz,
    p_grid int[], p_accounts bigint[], p_tenants bigint[], p_levels int[], p_costs_u bigint[],
    p_buckets jsonb,
    OUT outcome text, OUT granted_s int, OUT detail jsonb, OUT reason text
) LANGUAGE plpgsql AS $$
DECLARE
    v_call   record;
    v_day_u  bigint;
    v_climb  record;
BEGIN
    SELECT state, deadline_s, started_at, meters, day_limits_u INTO v_call
    FROM charging_authorization WHERE call_id = p_call_id FOR NO KEY UPDATE;
    outcome := CASE
        WHEN NOT FOUND THEN 'unknown'
        WHEN v_call.state <> 'open' THEN 'ended'
        WHEN NOT charging_gate_is_open() THEN 'gate-closed'
        WHEN v_call.deadline_s IS DISTINCT FROM p_from_s THEN 'stale'
        ELSE 'granted'
    END;
    IF outcome <> 'granted' THEN
        RETURN;
    END IF;
    IF v_call.day_limits_u IS NOT NULL THEN
        PERFORM FROM charging_meter WHERE key = ANY (v_call.meters)
        ORDER BY key COLLATE "C" FOR NO KEY UPDATE;
        v_day_u := charging_day_left(v_call.meters, v_call.day_limits_u, v_call.started_at);
    END IF;
    v_climb := charging_afford(p_accounts, p_levels, '{}', '{}', p_costs_u, p_buckets, p_call_id,
                               false, v_day_u);
    detail := v_climb.lefts;
    reason := v_climb.reason;
    IF v_climb.verdict IN ('stale', 'allowance') THEN
        outcome := v_climb.verdict;
        RETURN;
    END IF;
    granted_s := p_from_s;
    IF v_climb.verdict = 'ok' AND v_climb.point > 0 THEN
        granted_s := p_grid[v_climb.point];
        PERFORM charging_hold(p_call_id, p_accounts, p_tenants, p_levels, p_costs_u, p_buckets,
                              v_climb.point);
    END IF;
    UPDATE charging_authorization
    SET deadline_s = granted_s, seen_at = clock_timestamp(),
        answered_at = coalesce(answered_at, p_answered_at)
    WHERE call_id = p_call_id;
END $$;
