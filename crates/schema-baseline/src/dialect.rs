//! The server for which a script is read.

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

/// Vendor and version: they decide which `/*!NNNNN … */` comments are read as SQL, and defaults that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The vendor.
    pub vendor: Vendor,
    /// The version as the server counts it: 80400 is 8.4.0, 101119 is 10.11.19.
    pub version: u32,
}

impl Default for Dialect {
    /// MySQL 8.4, the long-term release.
    fn default() -> Self {
        Self { vendor: Vendor::MySql, version: 80_400 }
    }
}

/// `mysql-8.4` and so on, as a person names a server.
impl std::str::FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is no server; write `mysql-8.4` or `mariadb-11.4`");
        let (vendor, version) = text.split_once('-').unwrap_or((text, ""));
        let vendor = match vendor.to_ascii_lowercase().as_str() {
            "mysql" => Vendor::MySql,
            "mariadb" => Vendor::MariaDb,
            _ => return Err(wrong()),
        };
        if version.is_empty() {
            let version = if vendor == Vendor::MySql { 80_400 } else { 110_400 };
            return Ok(Self { vendor, version });
        }
        let mut numbers = [0_u32; 3];
        for (index, part) in version.split('.').enumerate() {
            let number = part.parse().ok().filter(|number| *number < 100).ok_or_else(wrong)?;
            *numbers.get_mut(index).ok_or_else(wrong)? = number;
        }
        Ok(Self { vendor, version: numbers[0] * 10_000 + numbers[1] * 100 + numbers[2] })
    }
}

impl From<&migrate_core::server::Server> for Dialect {
    fn from(server: &migrate_core::server::Server) -> Self {
        let vendor = match server.dialect {
            migrate_core::server::Dialect::MySql => Vendor::MySql,
            migrate_core::server::Dialect::MariaDb => Vendor::MariaDb,
        };
        let (major, minor, patch) = server.version;
        Self { vendor, version: u32::from(major) * 10_000 + u32::from(minor) * 100 + u32::from(patch) }
    }
}

impl Dialect {
    /// Whether the server reads a `/*!NNNNN … */` comment as SQL. MariaDB skips the gates of MySQL 5.7 to 9.
    pub fn executes(self, gate: Option<u32>) -> bool {
        match (self.vendor, gate) {
            (_, None) => true,
            (Vendor::MySql, Some(gate)) => gate <= self.version,
            (Vendor::MariaDb, Some(gate)) => gate <= self.version && !(50_700..=99_999).contains(&gate),
        }
    }

    /// Whether the server reads a `/*M!NNNNNN … */` comment as SQL.
    pub fn executes_mariadb(self, gate: Option<u32>) -> bool {
        self.vendor == Vendor::MariaDb && gate.is_none_or(|gate| gate <= self.version)
    }

    /// Whether sequences have types, and bounds beyond them become their outermost values.
    pub(crate) fn has_typed_sequences(self) -> bool {
        self.vendor == Vendor::MariaDb && self.version >= 110_500
    }

    /// The character set and collation of a database that names none.
    pub fn default_charset(self) -> (&'static str, &'static str) {
        ("utf8mb4", self.default_collation("utf8mb4").unwrap_or("utf8mb4_general_ci"))
    }

    /// The collation of a character set that is named without one; `None` for an unknown character set.
    pub fn default_collation(self, charset: &str) -> Option<&'static str> {
        let uca1400 = self.vendor == Vendor::MariaDb && self.version >= 110_500;
        Some(match charset {
            "utf8mb4" if self.vendor == Vendor::MySql => "utf8mb4_0900_ai_ci",
            "utf8mb4" if uca1400 => "utf8mb4_uca1400_ai_ci",
            "utf8mb4" => "utf8mb4_general_ci",
            "utf8mb3" if uca1400 => "utf8mb3_uca1400_ai_ci",
            "utf8mb3" => "utf8mb3_general_ci",
            "armscii8" => "armscii8_general_ci",
            "ascii" => "ascii_general_ci",
            "big5" => "big5_chinese_ci",
            "binary" => "binary",
            "cp1250" => "cp1250_general_ci",
            "cp1251" => "cp1251_general_ci",
            "cp1256" => "cp1256_general_ci",
            "cp1257" => "cp1257_general_ci",
            "cp850" => "cp850_general_ci",
            "cp852" => "cp852_general_ci",
            "cp866" => "cp866_general_ci",
            "cp932" => "cp932_japanese_ci",
            "dec8" => "dec8_swedish_ci",
            "eucjpms" => "eucjpms_japanese_ci",
            "euckr" => "euckr_korean_ci",
            "gb18030" => "gb18030_chinese_ci",
            "gb2312" => "gb2312_chinese_ci",
            "gbk" => "gbk_chinese_ci",
            "geostd8" => "geostd8_general_ci",
            "greek" => "greek_general_ci",
            "hebrew" => "hebrew_general_ci",
            "hp8" => "hp8_english_ci",
            "keybcs2" => "keybcs2_general_ci",
            "koi8r" => "koi8r_general_ci",
            "koi8u" => "koi8u_general_ci",
            "latin1" => "latin1_swedish_ci",
            "latin2" => "latin2_general_ci",
            "latin5" => "latin5_turkish_ci",
            "latin7" => "latin7_general_ci",
            "macce" => "macce_general_ci",
            "macroman" => "macroman_general_ci",
            "sjis" => "sjis_japanese_ci",
            "swe7" => "swe7_swedish_ci",
            "tis620" => "tis620_thai_ci",
            "ucs2" => "ucs2_general_ci",
            "ujis" => "ujis_japanese_ci",
            "utf16" => "utf16_general_ci",
            "utf16le" => "utf16le_general_ci",
            "utf32" => "utf32_general_ci",
            _ => return None,
        })
    }
}

/// The character set of a collation: `latin1` of `latin1_bin`.
pub(crate) fn charset_of(collation: &str) -> &str {
    collation.split_once('_').map_or(collation, |(charset, _)| charset)
}

/// The most bytes that one character takes.
pub(crate) fn bytes_per_character(charset: &str) -> u64 {
    match charset {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => 4,
        "utf8mb3" | "ujis" | "eucjpms" => 3,
        "big5" | "cp932" | "euckr" | "gb2312" | "gbk" | "sjis" | "ucs2" => 2,
        _ => 1,
    }
}

/// The present name of a character set or collation: `utf8` has become `utf8mb3`.
pub(crate) fn charset_name(written: &str) -> String {
    let name = written.to_ascii_lowercase();
    if name == "utf8" {
        return "utf8mb3".to_owned();
    }
    match name.strip_prefix("utf8_") {
        Some(rest) => format!("utf8mb3_{rest}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mariadb_skips_the_gates_of_later_mysql() {
        let mariadb = Dialect { vendor: Vendor::MariaDb, version: 101_119 };
        assert!(mariadb.executes(None) && mariadb.executes(Some(50_003)) && mariadb.executes(Some(100_100)));
        assert!(!mariadb.executes(Some(80_000)) && !mariadb.executes(Some(110_000)));
        assert!(mariadb.executes_mariadb(Some(100_600)) && !mariadb.executes_mariadb(Some(110_000)));
        assert!(!Dialect::default().executes_mariadb(None));
        assert!(Dialect::default().executes(Some(80_023)) && !Dialect::default().executes(Some(90_000)));
    }

    #[test]
    fn versions_are_counted_as_servers_do() {
        let of = |text| Dialect::from(&migrate_core::server::Server::parse(text));
        assert_eq!(of("8.4.0"), Dialect::default());
        assert_eq!(of("10.11.19-MariaDB"), Dialect { vendor: Vendor::MariaDb, version: 101_119 });
    }

    #[test]
    fn a_server_is_named_by_vendor_and_version() {
        let of = |text: &str| text.parse::<Dialect>();
        assert_eq!(of("mysql-8.4"), Ok(Dialect::default()));
        assert_eq!(of("MariaDB-10.11.19"), Ok(Dialect { vendor: Vendor::MariaDb, version: 101_119 }));
        assert_eq!(of("mariadb-11"), Ok(Dialect { vendor: Vendor::MariaDb, version: 110_000 }));
        assert_eq!(of("mysql"), Ok(Dialect::default()));
        for wrong in ["", "postgres-16", "mysql-x", "mysql-8.4.1.2", "mysql-8..1", "mysql-800"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn utf8_is_utf8mb3() {
        assert_eq!(charset_name("UTF8"), "utf8mb3");
        assert_eq!(charset_name("utf8_bin"), "utf8mb3_bin");
        assert_eq!(charset_name("utf8mb4_bin"), "utf8mb4_bin");
        assert_eq!(charset_of("latin1_swedish_ci"), "latin1");
        assert_eq!(charset_of("binary"), "binary");
    }
}
