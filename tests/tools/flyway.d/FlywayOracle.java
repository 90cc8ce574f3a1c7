import java.util.ArrayList;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.output.CompositeResult;
import org.flywaydb.core.api.output.ErrorOutput;
import org.flywaydb.core.api.output.OperationResult;
import org.flywaydb.core.internal.exception.FlywayMigrateException;
import org.flywaydb.core.internal.util.JsonUtils;

/**
 * Runs Flyway's verbs in turn, configured by Flyway's own environment variables (FLYWAY_URL, FLYWAY_LOCATIONS, ...).
 * `info` prints one line per migration: version, description, type, state and checksum, separated by tabs.
 * Exits 1 with Flyway's message on standard error when a verb fails.
 *
 * After `json`, prints what Flyway's command line prints with -outputType=json, and exits as that does.
 */
public final class FlywayOracle {
    public static void main(String[] arguments) {
        List<String> verbs = new ArrayList<>(List.of(arguments));
        if (verbs.remove("json")) {
            System.exit(printJson(verbs));
        }
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
            case "clean" -> flyway.clean();
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

    private static int printJson(List<String> verbs) {
        List<OperationResult> results = new ArrayList<>();
        try {
            Flyway flyway = Flyway.configure().envVars().load();
            for (String verb : verbs) {
                results.add(result(flyway, verb));
            }
        } catch (FlywayMigrateException e) {
            results.add(ErrorOutput.fromMigrateException(e));
            print(results);
            return 1;
        } catch (Exception e) {
            // An error of any other kind is printed alone.
            System.out.println(JsonUtils.getJsonMapper().writeValueAsString(ErrorOutput.toOperationResult(e)));
            return 1;
        }
        print(results);
        return 0;
    }

    private static void print(List<OperationResult> results) {
        Object whole = results.size() == 1 ? results.get(0) : new CompositeResult<>(results);
        System.out.println(JsonUtils.getJsonMapper().writeValueAsString(whole));
    }

    private static OperationResult result(Flyway flyway, String verb) {
        return switch (verb) {
            case "migrate" -> flyway.migrate();
            case "validate" -> flyway.validateWithResult();
            case "repair" -> flyway.repair();
            case "baseline" -> flyway.baseline();
            case "clean" -> flyway.clean();
            case "info" -> flyway.info().getInfoResult();
            default -> throw new FlywayException("unknown verb " + verb);
        };
    }
}
