CREATE EVENT purge_sessions
    ON SCHEDULE EVERY 1 HOUR STARTS '2024-01-01 00:10:00'
    ON COMPLETION PRESERVE
    ENABLE
    COMMENT 'Expired sessions'
DO CALL purge_expired_sessions(1000);
