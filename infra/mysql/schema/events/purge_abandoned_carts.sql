DELIMITER $$

CREATE EVENT purge_abandoned_carts
    ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01 03:30:00'
    ON COMPLETION PRESERVE
    ENABLE
    COMMENT 'A cart lives 30 days, 90 when its owner is known'
DO
BEGIN
    DELETE FROM carts
    WHERE customer_id IS NULL AND updated_at < UTC_TIMESTAMP(3) - INTERVAL 30 DAY;

    DELETE FROM carts
    WHERE customer_id IS NOT NULL AND updated_at < UTC_TIMESTAMP(3) - INTERVAL 90 DAY;
END$$

DELIMITER ;
