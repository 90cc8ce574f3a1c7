DELIMITER $$

CREATE TRIGGER orders_record_first_status
AFTER INSERT ON orders
FOR EACH ROW
BEGIN
    INSERT INTO order_status_history (order_id, from_status, to_status)
    VALUES (NEW.id, NULL, NEW.status_code);
END$$

DELIMITER ;
