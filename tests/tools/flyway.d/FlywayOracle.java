import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;

/**
 * Runs Flyway's verbs in turn, configured by Flyway's own environment variables (FLYWAY_URL, FLYWAY_LOCATIONS, ...).
 * `info` prints one line per migration: version, description, type, state and checksum, separated by tabs.
 * Exits 1 with Flyway's message on standard error when a verb fails.
 */
public final class FlywayOracle {
    public static void main(String[] verbs) {
        try {
            Flyway flyway = Flyway.configure().envVars().load();
            for (String verb : verbs) {
                run(flyway, verb);
            }
        } catch (FlywayException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void run(Flyway flyway, String verb) {
        switch (verb) {
            case "migrate" -> System.out.println(flyway.migrate().migrationsExecuted);
            case "validate" -> flyway.validate();
            case "repair" -> flyway.repair();
            case "baseline" -> flyway.baseline();
            case "info" -> {
                for (MigrationInfo row : flyway.info().all()) {
                    System.out.println(String.join("\t",
                        row.getVersion() == null ? "" : row.getVersion().getVersion(), row.getDescription(),
                        row.getType() == null ? "" : row.getType().name(),
                        row.getState().getDisplayName(), String.valueOf(row.getChecksum())));
                }
            }
            default -> throw new FlywayException("unknown verb " + verb);
        }
    }
}
