DELIMITER $$

CREATE TRIGGER orders_record_status_change
AFTER UPDATE ON orders
FOR EACH ROW
BEGIN
    IF NEW.status_code <> OLD.status_code THEN
        INSERT INTO order_status_history (order_id, from_status, to_status)
        VALUES (NEW.id, OLD.status_code, NEW.status_code);
    END IF;
END$$

DELIMITER ;
