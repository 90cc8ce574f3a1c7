CREATE SQL SECURITY INVOKER VIEW daily_sales AS
SELECT
    DATE(t.placed_at) AS sales_date,
    t.currency_code AS currency_code,
    COUNT(*) AS order_count,
    SUM(t.total) AS revenue,
    AVG(t.total) AS average_order_value
FROM order_totals t
WHERE t.status_code NOT IN ('pending', 'cancelled', 'refunded')
GROUP BY DATE(t.placed_at), t.currency_code;
