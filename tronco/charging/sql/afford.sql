-- How far along a ladder can every account of a chain go?
--
-- p_points  number of points of the ladder's grid
-- p_levels  one object an account, in ascending order of `account`, which is the order of locking:
--           account, level, tenant (the account's owner)
--           plan      the plan that priced it (absent: whatever it is now)
--           costs     [µR$ at each point], all that the call costs by then
--           needs_u   what must be available to begin (absent: nothing)
--           buckets   [{allowance, cycle, granted, expect, uses: [amount at each point]}]
--                     `expect` is what the bucket must have left for this call, or null when it
--                     is enough that it covers the last point
-- p_call    the call that is being extended; what it holds already is its own
--
-- Takes the locks and changes nothing but to open the buckets of a new cycle.
-- verdict: ok (point from 1; 0 when nothing can be paid), stale (the plan is another one by now),
-- allowance (detail: what each bucket has left; price again), suspended.
-- short_level is the level that stopped the climb, and available_u what it had.
CREATE OR REPLACE FUNCTION charging_afford(
    p_points int, p_levels jsonb, p_call text,
    OUT verdict text, OUT point int, OUT short_level int, OUT available_u bigint, OUT detail jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    v_level     jsonb;
    v_bucket    jsonb;
    v_account   charging_account;
    v_hold      charging_hold;
    v_id        bigint;
    v_last      bigint := 0;
    v_free_u    bigint;  -- null: no limit
    v_own       bigint := 0;
    v_left      bigint;
    v_matches   boolean := true;
    v_buckets   jsonb := '[]';
BEGIN
    verdict := 'ok';
    point := p_points;
    FOR v_level IN SELECT value FROM jsonb_array_elements(p_levels) LOOP
        v_id := (v_level ->> 'account')::bigint;
        IF v_id <= v_last THEN
            RAISE EXCEPTION 'lock-order' USING ERRCODE = 'TR500';
        END IF;
        v_last := v_id;
        SELECT * INTO v_account FROM charging_account WHERE id = v_id FOR NO KEY UPDATE;
        IF NOT FOUND OR v_account.plan_id <> coalesce((v_level ->> 'plan')::bigint, v_account.plan_id)
        THEN
            verdict := 'stale';
            RETURN;
        END IF;
        IF v_account.status <> 'active' THEN
            verdict := 'suspended';
            short_level := (v_level ->> 'level')::int;
            RETURN;
        END IF;
        IF p_call IS NOT NULL THEN
            SELECT * INTO v_hold FROM charging_hold
            WHERE authorization_id = p_call AND account_id = v_id AND state = 'pending';
            v_own := coalesce(v_hold.amount_u, 0);
        END IF;
        v_free_u := v_account.balance_u - v_account.held_u + v_account.limit_u;
        IF v_free_u < (v_level ->> 'needs_u')::bigint THEN
            point := 0;
            short_level := (v_level ->> 'level')::int;
            available_u := v_free_u;
        END IF;
        -- What costs nothing more is always granted, even to an account taken below zero meanwhile.
        WHILE point > 0 AND (v_level -> 'costs' ->> point - 1)::bigint - v_own > greatest(v_free_u, 0)
        LOOP
            point := point - 1;
            short_level := (v_level ->> 'level')::int;
            available_u := v_free_u;
        END LOOP;
        FOR v_bucket IN SELECT value FROM jsonb_array_elements(v_level -> 'buckets') LOOP
            v_left := charging_bucket_left(v_account, v_bucket, v_hold);
            v_matches := v_matches AND CASE
                WHEN v_bucket ->> 'expect' IS NULL
                THEN (v_bucket -> 'uses' ->> p_points - 1)::bigint <= v_left
                ELSE (v_bucket ->> 'expect')::bigint = v_left
            END;
            v_buckets := v_buckets || jsonb_build_object(
                'account', v_id, 'allowance', v_bucket -> 'allowance', 'left', v_left);
        END LOOP;
    END LOOP;
    detail := v_buckets;
    IF NOT v_matches THEN
        verdict := 'allowance';
    END IF;
END $$;

-- What a bucket has left for a call, with what that call holds of it already; opens it if need be.
-- The caller holds the account's lock.
CREATE OR REPLACE FUNCTION charging_bucket_left(
    p_account charging_account, p_bucket jsonb, p_hold charging_hold
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_row charging_bucket;
BEGIN
    SELECT * INTO v_row FROM charging_bucket
    WHERE account_id = p_account.id AND allowance_id = (p_bucket ->> 'allowance')::bigint
      AND cycle_start = (p_bucket ->> 'cycle')::date;
    IF NOT FOUND THEN
        INSERT INTO charging_bucket
            (tenant_id, account_id, allowance_id, cycle_start, granted, used, held)
        VALUES (p_account.tenant_id, p_account.id, (p_bucket ->> 'allowance')::bigint,
                (p_bucket ->> 'cycle')::date, (p_bucket ->> 'granted')::bigint, 0, 0)
        RETURNING * INTO v_row;
    END IF;
    RETURN v_row.granted - v_row.used - v_row.held
        + coalesce(p_hold.bucket_amounts[array_position(p_hold.bucket_ids, v_row.id)], 0);
END $$;

-- Make what a call holds of one account exactly that of a point of the ladder.
-- The caller holds the account's lock.
CREATE OR REPLACE FUNCTION charging_hold_set(p_call text, p_level jsonb, p_point int)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_account  bigint := p_level ->> 'account';
    v_amount   bigint := p_level -> 'costs' ->> p_point - 1;
    v_old      charging_hold;
    v_bucket   jsonb;
    v_use      bigint;
    v_id       bigint;
    v_ids      bigint[] := '{}';
    v_uses     bigint[] := '{}';
BEGIN
    SELECT * INTO v_old FROM charging_hold
    WHERE authorization_id = p_call AND account_id = v_account AND state = 'pending';
    FOR v_bucket IN SELECT value FROM jsonb_array_elements(p_level -> 'buckets') LOOP
        v_use := v_bucket -> 'uses' ->> p_point - 1;
        SELECT id INTO v_id FROM charging_bucket
        WHERE account_id = v_account AND allowance_id = (v_bucket ->> 'allowance')::bigint
          AND cycle_start = (v_bucket ->> 'cycle')::date;
        UPDATE charging_bucket
        SET held = held + v_use
                 - coalesce(v_old.bucket_amounts[array_position(v_old.bucket_ids, v_id)], 0)
        WHERE id = v_id;
        v_ids := v_ids || v_id;
        v_uses := v_uses || v_use;
    END LOOP;
    UPDATE charging_account SET held_u = held_u + v_amount - coalesce(v_old.amount_u, 0)
    WHERE id = v_account AND v_amount <> coalesce(v_old.amount_u, 0);
    INSERT INTO charging_hold (authorization_id, tenant_id, account_id, level, amount_u,
                               bucket_ids, bucket_amounts, state)
    VALUES (p_call, (p_level ->> 'tenant')::bigint, v_account, (p_level ->> 'level')::int, v_amount,
            v_ids, v_uses, 'pending')
    ON CONFLICT (authorization_id, level) DO UPDATE
    SET amount_u = excluded.amount_u, bucket_ids = excluded.bucket_ids,
        bucket_amounts = excluded.bucket_amounts;
END $$;
