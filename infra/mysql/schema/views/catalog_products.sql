-- What the storefront shows on a product card. Stands on two other views.
CREATE SQL SECURITY INVOKER VIEW catalog_products AS
SELECT
    p.id AS product_id,
    p.sku AS sku,
    p.slug AS slug,
    p.name AS name,
    p.brand AS brand,
    p.price AS price,
    p.currency_code AS currency_code,
    a.available AS available,
    COALESCE(g.review_count, 0) AS review_count,
    g.average_rating AS average_rating
FROM products p
JOIN product_availability a ON a.product_id = p.id
LEFT JOIN product_ratings g ON g.product_id = p.id
WHERE p.is_active = 1;
