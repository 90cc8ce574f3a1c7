CREATE SQL SECURITY INVOKER VIEW product_availability AS
SELECT
    p.id AS product_id,
    p.sku AS sku,
    COALESCE(SUM(l.available), 0) AS available
FROM products p
LEFT JOIN stock_levels l ON l.product_id = p.id
GROUP BY p.id, p.sku;
