-- The ladder, and what is held of it.
--
-- Every statement and expression here costs each call some microseconds, most of them paid anew in
-- each transaction: so arguments are plain arrays, and what only calls with allowances need is apart.
--
-- A ladder has a grid of durations and, for each account in ascending order (that of locking):
--   p_accounts, p_levels   its id, and its place in the chain (0 is the customer's)
--   p_plans                the plan that priced it, or null: whatever it is now
--   p_needs_u              what must be available to begin, or null
--   p_costs_u              a row of what the call costs by each point, from its beginning
-- p_day_u, null for no limit: how much more calls may cost the customer today.
-- p_buckets, null where no allowance covers the call:
--   [{account, tenant, level, allowance, cycle, granted, expect, uses: [amount by each point]}]
--   `expect` is what the bucket must have left for this call, or null when it is enough that it
--   covers the last point.

-- How far along a ladder can every account go? Takes the locks; changes nothing but to open the
-- buckets of a new cycle. p_call is the call that is being extended: what it holds is its own.
--
-- verdict: ok (point from 1; 0 when nothing can be paid), stale (the plan is another one by now),
-- allowance (`lefts` is what each bucket has: price again), suspended.
-- reason is why not all of the ladder can be climbed, short_level the level that stopped the climb,
-- and available_u what it had.
CREATE OR REPLACE FUNCTION charging_afford(
    p_accounts bigint[], p_levels int[], p_plans bigint[], p_needs_u bigint[], p_costs_u bigint[],
    p_buckets jsonb, p_call text, p_is_incoming boolean, p_day_u bigint,
    OUT verdict text, OUT point int, OUT short_level int, OUT available_u bigint, OUT lefts jsonb,
    OUT reason text
) LANGUAGE plpgsql AS $$
DECLARE
    v_plan    bigint;
    v_status  text;
    v_free_u  bigint;  -- null: no limit
    v_own_u   bigint := 0;
    v_day     int;
BEGIN
    point := array_length(p_costs_u, 2);
    FOR i IN 1 .. cardinality(p_accounts) LOOP
        IF p_accounts[i] <= p_accounts[i - 1] THEN
            RAISE EXCEPTION 'lock-order' USING ERRCODE = 'TR500';
        END IF;
        SELECT CASE WHEN p_is_incoming THEN coalesce(incoming_plan_id, plan_id) ELSE plan_id END,
               status, balance_u - held_u + limit_u INTO v_plan, v_status, v_free_u
        FROM charging_account WHERE id = p_accounts[i] FOR NO KEY UPDATE;
        IF v_plan IS NULL OR v_plan <> p_plans[i] THEN
            verdict := 'stale';
            RETURN;
        END IF;
        IF v_status <> 'active' THEN
            verdict := 'suspended';
            reason := verdict;
            short_level := p_levels[i];
            RETURN;
        END IF;
        IF p_call IS NOT NULL THEN
            SELECT amount_u INTO v_own_u FROM charging_hold
            WHERE authorization_id = p_call AND level = p_levels[i];
        END IF;
        CONTINUE WHEN v_free_u IS NULL;
        -- What costs nothing more is granted even to an account taken below zero meanwhile.
        WHILE point > 0 AND (p_costs_u[i][point] - v_own_u > greatest(v_free_u, 0)
                             OR v_free_u < p_needs_u[i])
        LOOP
            point := point - 1;
            short_level := p_levels[i];
            available_u := v_free_u;
            reason := 'no-credit';
        END LOOP;
    END LOOP;
    IF p_day_u IS NOT NULL THEN
        v_day := charging_afford_day(p_levels, p_needs_u, p_costs_u, p_call, p_day_u);
        IF v_day < point OR v_day = 0 THEN
            point := v_day;
            short_level := 0;
            available_u := p_day_u;
            reason := 'too-much-today';
        END IF;
    END IF;
    verdict := 'ok';
    IF p_buckets IS NOT NULL THEN
        lefts := charging_bucket_lefts(p_buckets, p_call);
        IF NOT charging_buckets_fit(p_buckets, lefts) THEN
            verdict := 'allowance';
        END IF;
    END IF;
END $$;

-- How far along a ladder does the day's limit reach? See above.
CREATE OR REPLACE FUNCTION charging_afford_day(
    p_levels int[], p_needs_u bigint[], p_costs_u bigint[], p_call text, p_day_u bigint
) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_customer  constant int := array_position(p_levels, 0);
    v_own_u     bigint := 0;
    v_point     int := array_length(p_costs_u, 2);
BEGIN
    IF p_call IS NOT NULL THEN
        SELECT amount_u INTO v_own_u FROM charging_hold
        WHERE authorization_id = p_call AND level = 0;
    END IF;
    WHILE v_point > 0 AND (p_costs_u[v_customer][v_point] - v_own_u > greatest(p_day_u, 0)
                           OR p_day_u < p_needs_u[v_customer])
    LOOP
        v_point := v_point - 1;
    END LOOP;
    RETURN v_point;
END $$;

-- p_buckets as rows, in its order.
CREATE OR REPLACE FUNCTION charging_buckets_of(p_buckets jsonb)
RETURNS TABLE (place bigint, account bigint, tenant bigint, level int, allowance bigint, cycle date,
               granted bigint, expect bigint, uses bigint[])
LANGUAGE sql IMMUTABLE AS $$
    SELECT x.place, x.account, x.tenant, x.level, x.allowance, x.cycle, x.granted, x.expect, x.uses
    FROM ROWS FROM (jsonb_to_recordset(p_buckets) AS (
        account bigint, tenant bigint, level int, allowance bigint, cycle date, granted bigint,
        expect bigint, uses bigint[])) WITH ORDINALITY
    AS x (account, tenant, level, allowance, cycle, granted, expect, uses, place)
$$;

-- What each bucket has left for a call, with what that call holds of it already:
-- [{account, allowance, remaining}]. Opens those of a new cycle. Their accounts are locked.
CREATE OR REPLACE FUNCTION charging_bucket_lefts(p_buckets jsonb, p_call text)
RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO charging_bucket
        (tenant_id, account_id, allowance_id, cycle_start, granted, used, held)
    SELECT tenant, account, allowance, cycle, granted, 0, 0 FROM charging_buckets_of(p_buckets)
    ON CONFLICT (account_id, allowance_id, cycle_start) DO NOTHING;
    RETURN (
        SELECT jsonb_agg(jsonb_build_object(
            'account', p.account, 'allowance', p.allowance,
            'remaining', b.granted - b.used - b.held
                         + coalesce(h.bucket_amounts[array_position(h.bucket_ids, b.id)], 0))
            ORDER BY p.place)
        FROM charging_buckets_of(p_buckets) p
        JOIN charging_bucket b ON b.account_id = p.account AND b.allowance_id = p.allowance
                              AND b.cycle_start = p.cycle
        LEFT JOIN charging_hold h ON h.authorization_id = p_call AND h.level = p.level
    );
END $$;

-- Whether a ladder was built on what the buckets really have.
CREATE OR REPLACE FUNCTION charging_buckets_fit(p_buckets jsonb, p_lefts jsonb)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT bool_and(CASE WHEN p.expect IS NULL THEN p.uses[cardinality(p.uses)] <= l.remaining
                         ELSE p.expect = l.remaining END)
    FROM charging_buckets_of(p_buckets) p
    JOIN jsonb_to_recordset(p_lefts) AS l (account bigint, allowance bigint, remaining bigint)
      USING (account, allowance)
$$;

-- Make what a call holds of its accounts and their buckets that of a point of a ladder. All are
-- locked, and the buckets open.
CREATE OR REPLACE FUNCTION charging_hold(
    p_call text, p_accounts bigint[], p_tenants bigint[], p_levels int[], p_costs_u bigint[],
    p_buckets jsonb, p_point int
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_own_u  bigint;
BEGIN
    FOR i IN 1 .. cardinality(p_accounts) LOOP
        SELECT amount_u INTO v_own_u FROM charging_hold
        WHERE authorization_id = p_call AND level = p_levels[i];
        UPDATE charging_account SET held_u = held_u + p_costs_u[i][p_point] - coalesce(v_own_u, 0)
        WHERE id = p_accounts[i];
        IF p_levels[i] = 0 THEN
            PERFORM charging_spend(ARRAY[p_call], ARRAY[p_costs_u[i][p_point] - coalesce(v_own_u, 0)]);
        END IF;
        INSERT INTO charging_hold (authorization_id, tenant_id, account_id, level, amount_u,
                                   bucket_ids, bucket_amounts, state)
        VALUES (p_call, p_tenants[i], p_accounts[i], p_levels[i], p_costs_u[i][p_point],
                '{}', '{}', 'pending')
        ON CONFLICT (authorization_id, level) DO UPDATE SET amount_u = excluded.amount_u;
    END LOOP;
    IF p_buckets IS NOT NULL THEN
        PERFORM charging_hold_buckets(p_call, p_buckets, p_point);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION charging_hold_buckets(p_call text, p_buckets jsonb, p_point int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE charging_bucket b
    SET held = b.held + p.uses[p_point]
             - coalesce(h.bucket_amounts[array_position(h.bucket_ids, b.id)], 0)
    FROM charging_buckets_of(p_buckets) p
    JOIN charging_hold h ON h.authorization_id = p_call AND h.level = p.level
    WHERE b.account_id = p.account AND b.allowance_id = p.allowance AND b.cycle_start = p.cycle;
    UPDATE charging_hold h SET bucket_ids = held.ids, bucket_amounts = held.amounts
    FROM (SELECT p.level, array_agg(b.id ORDER BY p.place) AS ids,
                 array_agg(p.uses[p_point] ORDER BY p.place) AS amounts
          FROM charging_buckets_of(p_buckets) p
          JOIN charging_bucket b ON b.account_id = p.account AND b.allowance_id = p.allowance
                                AND b.cycle_start = p.cycle
          GROUP BY p.level) AS held
    WHERE h.authorization_id = p_call AND h.level = held.level;
END $$;
