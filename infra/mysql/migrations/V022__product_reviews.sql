-- Reviews, and one view from which the storefront reads a product card. It stands on two other views, so it
-- must be created after them; the baseline builder finds that order by itself.

CREATE TABLE product_reviews (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    product_id BIGINT UNSIGNED NOT NULL,
    customer_id BIGINT UNSIGNED NOT NULL,
    rating TINYINT UNSIGNED NOT NULL,
    title VARCHAR(120) NOT NULL,
    body TEXT NULL,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (id),
    UNIQUE KEY uq_product_reviews_product_customer (product_id, customer_id),
    KEY idx_product_reviews_customer (customer_id),
    CONSTRAINT fk_product_reviews_customer FOREIGN KEY (customer_id) REFERENCES customers (id),
    CONSTRAINT fk_product_reviews_product FOREIGN KEY (product_id) REFERENCES products (id),
    CONSTRAINT chk_product_reviews_rating CHECK (rating BETWEEN 1 AND 5)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE SQL SECURITY INVOKER VIEW product_ratings AS
SELECT
    r.product_id AS product_id,
    COUNT(*) AS review_count,
    ROUND(AVG(r.rating), 1) AS average_rating
FROM product_reviews r
GROUP BY r.product_id;

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
