-- Since when has a tenant, or his account, not been active? Null: he is, or nothing is known of it.
CREATE OR REPLACE FUNCTION charging_suspended_since(p_tenant bigint, p_account bigint)
RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT least(
        (SELECT min(pgh_created_at) FROM tenancy_tenantevent
         WHERE pgh_obj_id = p_tenant
           AND pgh_id > coalesce((SELECT max(pgh_id) FROM tenancy_tenantevent
                                  WHERE pgh_obj_id = p_tenant AND status = 'active'), 0)),
        (SELECT min(pgh_created_at) FROM charging_accountevent
         WHERE pgh_obj_id = p_account
           AND pgh_id > coalesce((SELECT max(pgh_id) FROM charging_accountevent
                                  WHERE pgh_obj_id = p_account AND status = 'active'), 0)))
$$;
