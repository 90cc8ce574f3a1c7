DELIMITER $$

CREATE PROCEDURE purge_expired_sessions(IN p_batch_size INT UNSIGNED)
    MODIFIES SQL DATA
    SQL SECURITY INVOKER
    COMMENT 'Deletes expired sessions, p_batch_size rows at a time, so that no lock is held for long'
BEGIN
    DECLARE v_deleted INT UNSIGNED DEFAULT 0;

    REPEAT
        DELETE FROM sessions
        WHERE expires_at < UTC_TIMESTAMP(3)
        ORDER BY expires_at
        LIMIT p_batch_size;

        SET v_deleted = ROW_COUNT();
    UNTIL v_deleted < p_batch_size END REPEAT;
END$$

DELIMITER ;
