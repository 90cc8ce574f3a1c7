CREATE SQL SECURITY INVOKER VIEW customer_order_summary AS
SELECT
    c.id AS customer_id,
    c.full_name AS customer_name,
    t.currency_code AS currency_code,
    COUNT(*) AS order_count,
    SUM(t.total) AS lifetime_value,
    MAX(t.placed_at) AS last_order_at
FROM customers c
JOIN order_totals t ON t.customer_id = c.id
WHERE t.status_code <> 'cancelled'
GROUP BY c.id, c.full_name, t.currency_code;
