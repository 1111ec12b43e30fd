-- What the calls of a day cost, for limits by the day: what they hold, and their price once settled.
--
-- A call belongs to the day of São Paulo on which it came in, and so does all that it costs. A day's
-- row belongs to its meter's lock.

CREATE OR REPLACE FUNCTION charging_day_of(p_at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_at AT TIME ZONE 'America/Sao_Paulo')::date
$$;

-- How much more may calls of that day cost the customer? Null: no limit. The meters are locked.
CREATE OR REPLACE FUNCTION charging_day_left(p_meters text[], p_limits_u bigint[], p_at timestamptz)
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT min(meter.limit_u - coalesce(d.spent_u, 0))
    FROM unnest(p_meters, p_limits_u) AS meter (key, limit_u)
    LEFT JOIN charging_meterday d ON d.key = meter.key AND d.day = charging_day_of(p_at)
    WHERE meter.limit_u IS NOT NULL
$$;

-- These calls cost the customer so much more, or less, than was known. Their meters are locked.
CREATE OR REPLACE FUNCTION charging_spend(p_calls text[], p_amounts_u bigint[])
RETURNS void LANGUAGE sql AS $$
    INSERT INTO charging_meterday (key, day, spent_u)
    SELECT meter.key, charging_day_of(a.started_at), sum(x.amount_u)
    FROM unnest(p_calls, p_amounts_u) AS x (call_id, amount_u)
    JOIN charging_authorization a ON a.call_id = x.call_id AND a.day_limits_u IS NOT NULL
    CROSS JOIN unnest(a.meters, a.day_limits_u) AS meter (key, limit_u)
    WHERE meter.limit_u IS NOT NULL
    GROUP BY meter.key, charging_day_of(a.started_at)
    ON CONFLICT (key, day) DO UPDATE SET spent_u = charging_meterday.spent_u + excluded.spent_u
$$;
