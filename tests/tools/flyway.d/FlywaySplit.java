import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.configuration.Configuration;
import org.flywaydb.core.internal.parser.Parser;
import org.flywaydb.core.internal.parser.ParsingContext;
import org.flywaydb.core.internal.resource.StringResource;
import org.flywaydb.core.internal.sqlscript.SqlStatement;
import org.flywaydb.core.internal.sqlscript.SqlStatementIterator;
import org.flywaydb.database.mysql.MySQLParser;
import org.flywaydb.database.mysql.mariadb.MariaDBParser;
import tools.jackson.databind.json.JsonMapper;

/**
 * What Flyway's own parser makes of scripts: `split mysql|mariadb DIRECTORY` prints one JSON object for each file of
 * the directory, in the order of names. Placeholders are not replaced.
 */
public final class FlywaySplit {
    public static void main(String[] arguments) throws IOException {
        Configuration configuration = Flyway.configure().placeholderReplacement(false);
        JsonMapper json = new JsonMapper();
        TreeSet<Path> files = new TreeSet<>();
        try (DirectoryStream<Path> directory = Files.newDirectoryStream(Path.of(arguments[1]))) {
            directory.forEach(files::add);
        }
        for (Path file : files) {
            Parser parser = "mariadb".equals(arguments[0])
                ? new MariaDBParser(configuration, new ParsingContext())
                : new MySQLParser(configuration, new ParsingContext());
            Map<String, Object> record = new LinkedHashMap<>();
            record.put("file", file.getFileName().toString());
            List<Map<String, Object>> statements = new ArrayList<>();
            try (SqlStatementIterator found =
                     parser.parse(new StringResource(Files.readString(file, StandardCharsets.UTF_8)))) {
                while (found.hasNext()) {
                    SqlStatement statement = found.next();
                    Map<String, Object> one = new LinkedHashMap<>();
                    one.put("line", statement.getLineNumber());
                    one.put("delimiter", statement.getDelimiter());
                    one.put("sql", statement.getSql());
                    statements.add(one);
                }
            } catch (FlywayException e) {
                record.put("error", e.getMessage());
            }
            record.put("statements", statements);
            System.out.println(json.writeValueAsString(record));
        }
    }
}
