DELIMITER $$

CREATE PROCEDURE release_stock(
    IN p_warehouse_id SMALLINT UNSIGNED,
    IN p_product_id BIGINT UNSIGNED,
    IN p_quantity INT UNSIGNED
)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Takes back a promise made by reserve_stock'
BEGIN
    UPDATE stock_levels
    SET reserved = reserved - p_quantity
    WHERE warehouse_id = p_warehouse_id
      AND product_id = p_product_id;
END$$

DELIMITER ;
