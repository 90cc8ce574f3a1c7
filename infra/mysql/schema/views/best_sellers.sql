CREATE SQL SECURITY INVOKER VIEW best_sellers AS
SELECT
    p.id AS product_id,
    p.sku AS sku,
    p.name AS name,
    SUM(i.quantity) AS units_sold
FROM orders o
JOIN order_items i ON i.order_id = o.id
JOIN products p ON p.id = i.product_id
WHERE o.placed_at >= CURRENT_DATE - INTERVAL 30 DAY
  AND o.status_code NOT IN ('cancelled', 'refunded')
GROUP BY p.id, p.sku, p.name;
