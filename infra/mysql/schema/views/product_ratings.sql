CREATE SQL SECURITY INVOKER VIEW product_ratings AS
SELECT
    r.product_id AS product_id,
    COUNT(*) AS review_count,
    ROUND(AVG(r.rating), 1) AS average_rating
FROM product_reviews r
GROUP BY r.product_id;
