DELIMITER $$

CREATE PROCEDURE cancel_order(IN p_order_id BIGINT UNSIGNED)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Cancels an order that is not final and returns what was taken from stock for it'
BEGIN
    DECLARE v_is_final TINYINT DEFAULT NULL;

    SELECT s.is_final INTO v_is_final
    FROM orders o
    JOIN order_statuses s ON s.code = o.status_code
    WHERE o.id = p_order_id
    FOR UPDATE;

    IF v_is_final IS NULL THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cancel_order: no such order';
    ELSEIF v_is_final THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'cancel_order: the order has reached a final status';
    END IF;

    INSERT INTO stock_movements (warehouse_id, product_id, quantity, reason, order_id)
    SELECT warehouse_id, product_id, -SUM(quantity), 'return', p_order_id
    FROM stock_movements
    WHERE order_id = p_order_id
    GROUP BY warehouse_id, product_id
    HAVING SUM(quantity) < 0;

    UPDATE orders
    SET status_code = 'cancelled', cancelled_at = CURRENT_TIMESTAMP(3)
    WHERE id = p_order_id;
END$$

DELIMITER ;
