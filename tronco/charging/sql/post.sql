-- The ledger: postings and the closing of cycles, both under the account's row lock.

-- Post one entry. The same key twice on an account is "already done"; the same key for something
-- else is an error. A credit is announced, so that running calls may be prolonged.
CREATE OR REPLACE FUNCTION charging_post(
    p_account bigint, p_kind text, p_amount_u bigint, p_key text,
    p_actor text, p_note text, p_source text,
    OUT entry_id bigint, OUT balance_u bigint, OUT already boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_account  charging_account;
    v_entry    charging_ledgerentry;
BEGIN
    SELECT * INTO v_account FROM charging_account WHERE id = p_account FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account-unknown' USING ERRCODE = 'TR404',
            DETAIL = jsonb_build_object('account', p_account);
    END IF;
    SELECT * INTO v_entry FROM charging_ledgerentry WHERE account_id = p_account AND key = p_key;
    already := FOUND;
    IF already THEN
        IF v_entry.kind <> p_kind OR v_entry.amount_u <> p_amount_u THEN
            RAISE EXCEPTION 'key-reused' USING ERRCODE = 'TR409',
                DETAIL = jsonb_build_object('account', p_account, 'key', p_key, 'entry', v_entry.id);
        END IF;
        entry_id := v_entry.id;
        balance_u := v_account.balance_u;
        RETURN;
    END IF;
    INSERT INTO charging_ledgerentry
        (tenant_id, account_id, at, kind, balance_before_u, amount_u, actor, note, source, key)
    VALUES (v_account.tenant_id, p_account, clock_timestamp(), p_kind, v_account.balance_u,
            p_amount_u, p_actor, p_note, p_source, p_key)
    RETURNING id INTO entry_id;
    balance_u := v_account.balance_u + p_amount_u;
    UPDATE charging_account a SET balance_u = charging_post.balance_u WHERE id = p_account;
    IF p_amount_u > 0 THEN
        PERFORM pg_notify('tronco_credit', p_account::text);
    END IF;
END $$;

-- Close the open cycle of an account and begin the one of p_next. What calls consumed of the plan
-- leaves the balance: all of it when postpaid, up to the ceiling under a control plan (beyond it
-- calls are paid by top-ups, which stay spent), nothing when prepaid.
CREATE OR REPLACE FUNCTION charging_close_cycle(
    p_account bigint, p_next date, p_actor text, OUT closed boolean, OUT moved_u bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_account  charging_account;
    v_kind     text;
BEGIN
    closed := false;
    moved_u := 0;
    SELECT * INTO v_account FROM charging_account WHERE id = p_account FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'account-unknown' USING ERRCODE = 'TR404',
            DETAIL = jsonb_build_object('account', p_account);
    END IF;
    IF v_account.cycle_start >= p_next THEN
        RETURN;
    END IF;
    SELECT kind INTO v_kind FROM catalog_plan WHERE id = v_account.plan_id;
    moved_u := CASE v_kind
        WHEN 'postpaid' THEN v_account.used_u
        WHEN 'control' THEN least(v_account.used_u, greatest(v_account.limit_u, 0))
        ELSE 0
    END;
    IF moved_u <> 0 THEN
        PERFORM charging_post(p_account, 'cycle', moved_u,
                              format('cycle:%s', v_account.cycle_start), p_actor, '', '');
    END IF;
    UPDATE charging_account SET used_u = 0, cycle_start = p_next WHERE id = p_account;
    closed := true;
END $$;
