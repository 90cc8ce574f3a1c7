DELIMITER $$

CREATE TRIGGER stock_movements_refuse_update
BEFORE UPDATE ON stock_movements
FOR EACH ROW
BEGIN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'stock_movements is append-only: insert an adjustment';
END$$

DELIMITER ;
