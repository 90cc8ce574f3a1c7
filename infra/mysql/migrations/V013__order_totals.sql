-- Four services computed the total of an order in four ways. From here on there is one: a generated column
-- for the line, a function for the order, a view for everybody who reads, and views on that view.

ALTER TABLE order_items
    ADD COLUMN line_total DECIMAL(14,2) GENERATED ALWAYS AS (quantity * unit_price) VIRTUAL AFTER unit_price;

-- With binary logging on, a server accepts a function only if it declares what it does (READS SQL DATA or
-- DETERMINISTIC) and log_bin_trust_function_creators is on or the account is privileged.
DELIMITER $$

CREATE FUNCTION order_total(p_order_id BIGINT UNSIGNED) RETURNS DECIMAL(14,2)
    READS SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'What the customer pays for an order; 0 for one without lines'
BEGIN
    DECLARE v_total DECIMAL(14,2);

    SELECT COALESCE(SUM(line_total), 0) INTO v_total
    FROM order_items
    WHERE order_id = p_order_id;

    RETURN v_total;
END$$

DELIMITER ;

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

CREATE SQL SECURITY INVOKER VIEW customer_order_summary AS
SELECT
    c.id AS customer_id,
    c.name AS customer_name,
    t.currency_code AS currency_code,
    COUNT(*) AS order_count,
    SUM(t.total) AS lifetime_value,
    MAX(t.placed_at) AS last_order_at
FROM customers c
JOIN order_totals t ON t.customer_id = c.id
WHERE t.status_code <> 'cancelled'
GROUP BY c.id, c.name, t.currency_code;
