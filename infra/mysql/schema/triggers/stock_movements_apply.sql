DELIMITER $$

CREATE TRIGGER stock_movements_apply
AFTER INSERT ON stock_movements
FOR EACH ROW
BEGIN
    INSERT INTO stock_levels (warehouse_id, product_id, on_hand)
    VALUES (NEW.warehouse_id, NEW.product_id, 0)
    ON DUPLICATE KEY UPDATE on_hand = on_hand;

    UPDATE stock_levels
    SET on_hand = on_hand + NEW.quantity,
        reserved = reserved - IF(NEW.reason = 'sale', LEAST(reserved, -NEW.quantity), 0)
    WHERE warehouse_id = NEW.warehouse_id AND product_id = NEW.product_id;
END$$

DELIMITER ;
