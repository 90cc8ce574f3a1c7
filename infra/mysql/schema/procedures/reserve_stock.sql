DELIMITER $$

CREATE PROCEDURE reserve_stock(
    IN p_warehouse_id SMALLINT UNSIGNED,
    IN p_product_id BIGINT UNSIGNED,
    IN p_quantity INT UNSIGNED,
    OUT p_reserved TINYINT
)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Promises stock to an order; p_reserved is 0 when there is not enough'
BEGIN
    UPDATE stock_levels
    SET reserved = reserved + p_quantity
    WHERE warehouse_id = p_warehouse_id
      AND product_id = p_product_id
      AND on_hand - reserved >= p_quantity;

    SET p_reserved = ROW_COUNT();
END$$

DELIMITER ;
