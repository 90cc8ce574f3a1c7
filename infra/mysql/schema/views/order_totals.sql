-- Whoever reads the total of an order reads it here.
CREATE SQL SECURITY INVOKER VIEW order_totals AS
SELECT
    o.id AS order_id,
    o.order_number AS order_number,
    o.customer_id AS customer_id,
    o.status_code AS status_code,
    o.currency_code AS currency_code,
    o.placed_at AS placed_at,
    order_total(o.id) AS total
FROM orders o;
