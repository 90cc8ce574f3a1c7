DELIMITER $$

CREATE FUNCTION order_total(p_order_id BIGINT UNSIGNED) RETURNS DECIMAL(14,2)
    READS SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'What the customer pays for an order; 0 for one without lines'
BEGIN
    DECLARE v_lines DECIMAL(14,2);
    DECLARE v_discount DECIMAL(12,2) DEFAULT 0;

    SELECT COALESCE(SUM(line_total), 0) INTO v_lines
    FROM order_items
    WHERE order_id = p_order_id;

    SELECT COALESCE(MAX(discount), 0) INTO v_discount
    FROM orders
    WHERE id = p_order_id;

    RETURN GREATEST(v_lines - v_discount, 0);
END$$

DELIMITER ;
